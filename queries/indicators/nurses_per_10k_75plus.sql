/*---
id            = "nurses_per_10k_75plus"
title_fr      = "Infirmiers actifs pour 10 000 habitants de 75 ans et plus"
label_fr      = "Infirmiers pour 10 000 hab. de 75 ans et plus"
worse         = "down"
definition_fr = "Infirmiers libéraux actifs sur 7 jours, rapportés à la population de 75 ans et plus (INSEE, année du référentiel) et multipliés par 10 000 ; ensemble des plateformes, puis par plateforme."
unit          = "per_10k"
decimals      = 1
week          = "window"
grain         = ["geo_type", "geo_value", "category", "time_value"]
sources       = ["nurse_place_day"]
references    = ["plateformes", "INSEE: population"]
---*/
select
    geo_type,
    geo_value,
    category,
    time_value,
    10000.0 * active_7d / nullif(population_75plus, 0) as value,
    active_7d as numerator,
    population_75plus as denominator,
    case
        when reason is not null then reason
        when active_7d is null then 'activité non déclarée'
        when population_75plus is null then 'population de 75 ans et plus inconnue'
    end as missing_reason
from nurse_place_day
