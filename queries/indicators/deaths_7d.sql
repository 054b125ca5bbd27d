/*---
id            = "deaths_7d"
title_fr      = "Décès à l’hôpital, 7 jours"
definition_fr = "Augmentation sur 7 jours du cumul des décès à l’hôpital de patients Covid-19 (SI-VIC), département par département. Un département dont la source a corrigé le cumul à la baisse ne donne pas de nombre de décès : il n’est pas compté, et la valeur le dit ; sous 95 % des départements, il n’y a pas de valeur."
unit          = "deaths"
decimals      = 0
week          = "window"
coverage      = { unit_fr = "départements", at_least = 0.95 }
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["hospital_place_day"]
references    = ["SI-VIC: dc"]
people        = ["deaths_7d"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    case when trend_broken is null and n_deaths_known = n_expected then deaths_7d end as value,
    deaths_total as numerator,
    deaths_total_7d_ago as denominator,
    case
        when trend_broken is null and n_deaths_known = n_expected
            then cast(n_deaths_counted as double) / n_expected
    end as coverage,
    coalesce(lacking, case when n_expected > 1 then deaths_fallen end) as lacking,
    case
        when trend_broken is not null then trend_broken
        when reason is not null then reason
        when deaths_total is null then 'cumul non transmis'
        when n_deaths_known < n_expected then 'pas de cumul 7 jours avant'
        when n_deaths_counted < n_expected 
            then 'cumul corrigé à la baisse par la source' || case when n_expected > 1 then ' (' || deaths_fallen || ')' else '' end
    end as missing_reason
from hospital_place_day
