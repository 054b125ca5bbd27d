/*---
id            = "centre_slot_use"
title_fr      = "Créneaux de consultation réservés"
label_fr      = "Créneaux réservés"
axis_fr       = "% des créneaux offerts"
definition_fr = "Créneaux réservés rapportés aux créneaux offerts sur 7 jours, dans les centres ouverts qui déclarent les deux."
unit          = "share"
decimals      = 0
week          = "window"
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["centre_place_day"]
references    = ["registre des centres"]
---*/
with sums as (
    select
        geo_type,
        geo_value,
        time_value,
        coalesce(sum(booked_7d) filter (where status = 'open'), 0) as booked_7d,
        coalesce(sum(offered_7d) filter (where status = 'open'), 0) as offered_7d,
        max(reason) as reason
    from centre_place_day
    group by geo_type, geo_value, time_value
)
select
    geo_type,
    geo_value,
    time_value,
    case when reason is null then cast(booked_7d as double) / nullif(offered_7d, 0) end as value,
    case when reason is null then booked_7d end as numerator,
    case when reason is null then offered_7d end as denominator,
    case
        when reason is not null then reason
        when offered_7d = 0 then 'aucun créneau déclaré dans un centre ouvert'
    end as missing_reason
from sums
