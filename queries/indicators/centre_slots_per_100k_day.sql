/*---
id            = "centre_slots_per_100k_day"
title_fr      = "Créneaux de consultation offerts par jour pour 100 000 habitants"
label_fr      = "Créneaux de consultation par jour, pour 100 000 hab."
worse         = "down"
definition_fr = "Créneaux offerts par jour dans les centres ouverts, rapportés à la population (INSEE, année du référentiel) et multipliés par 100 000. Il faut que chaque centre ouvert déclare ses créneaux."
unit          = "slots_per_100k"
decimals      = 1
week          = "sunday"
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["centre_place_day"]
references    = ["registre des centres", "INSEE: population"]
---*/
with sums as (
    select
        geo_type,
        geo_value,
        time_value,
        max(population) as population,
        coalesce(sum(n_centres) filter (where status = 'open'), 0) as n_open,
        coalesce(sum(n_slots_known) filter (where status = 'open'), 0) as n_known,
        coalesce(sum(slots_per_day) filter (where status = 'open'), 0) as slots_per_day,
        max(reason) as reason
    from centre_place_day
    group by geo_type, geo_value, time_value
)
select
    geo_type,
    geo_value,
    time_value,
    case when reason is null and n_known = n_open then 100000.0 * slots_per_day / population end as value,
    case when reason is null and n_known = n_open then slots_per_day end as numerator,
    population as denominator,
    case
        when reason is not null then reason
        when n_known = 0 and n_open = 1 then 'le centre ouvert n’a pas déclaré ses créneaux'
        when n_known = 0 and n_open > 0 then 'aucun des ' || n_open || ' centres ouverts n’a déclaré ses créneaux'
        when n_known = 1 and n_open > 1 then '1 centre ouvert sur ' || n_open || ' a déclaré ses créneaux'
        when n_known < n_open then n_known || ' centres ouverts sur ' || n_open || ' ont déclaré leurs créneaux'
        when population is null then 'population inconnue'
    end as missing_reason
from sums
