/*---
id            = "discharges_7d"
title_fr      = "Retours à domicile, 7 jours"
worse         = "down"
definition_fr = "Augmentation sur 7 jours du cumul des retours à domicile après hospitalisation pour Covid-19 (SI-VIC), département par département. Un département dont la source a corrigé le cumul à la baisse n’est pas compté, et la valeur le dit ; sous 95 % des départements, il n’y a pas de valeur."
unit          = "patients"
decimals      = 0
week          = "window"
coverage      = { unit_fr = "départements", at_least = 0.95 }
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["hospital_place_day"]
references    = ["SI-VIC: rad"]
people        = ["discharges_7d"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    case when trend_broken is null and n_discharged_known = n_expected then discharged_7d end as value,
    discharged_total as numerator,
    discharged_total_7d_ago as denominator,
    case
        when trend_broken is null and n_discharged_known = n_expected
            then cast(n_discharged_counted as double) / n_expected
    end as coverage,
    coalesce(lacking, case when n_expected > 1 then discharged_fallen end) as lacking,
    case
        when trend_broken is not null then trend_broken
        when reason is not null then reason
        when discharged_total is null then 'cumul non transmis'
        when n_discharged_known < n_expected then 'pas de cumul 7 jours avant'
        when n_discharged_counted < n_expected 
            then 'cumul corrigé à la baisse par la source' || case when n_expected > 1 then ' (' || discharged_fallen || ')' else '' end
    end as missing_reason
from hospital_place_day
