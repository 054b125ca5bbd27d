/*---
id            = "deaths_7d"
title_fr      = "Décès à l’hôpital, 7 jours"
definition_fr = "Augmentation sur 7 jours du cumul des décès à l’hôpital de patients Covid-19 (SI-VIC). Pas de valeur quand la source a corrigé le cumul à la baisse : ce n’est pas un nombre de décès."
unit          = "deaths"
decimals      = 0
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["hospital_place_day"]
references    = ["SI-VIC: dc"]
people        = ["deaths_7d"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    case when trend_broken is null and deaths_total >= deaths_total_7d_ago then deaths_total - deaths_total_7d_ago end as value,
    deaths_total as numerator,
    deaths_total_7d_ago as denominator,
    case
        when trend_broken is not null then trend_broken
        when reason is not null then reason
        when deaths_total is null then 'cumul non transmis'
        when deaths_total_7d_ago is null then 'pas de cumul 7 jours avant'
        when deaths_total < deaths_total_7d_ago then 'cumul corrigé à la baisse par la source'
    end as missing_reason
from hospital_place_day
