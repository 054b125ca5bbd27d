/*---
id            = "discharges_7d"
title_fr      = "Retours à domicile, 7 jours"
definition_fr = "Augmentation sur 7 jours du cumul des retours à domicile après hospitalisation pour Covid-19 (SI-VIC). Pas de valeur quand la source a corrigé le cumul à la baisse."
unit          = "patients"
decimals      = 0
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["hospital_place_day"]
references    = ["SI-VIC: rad"]
people        = ["discharges_7d"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    case when trend_broken is null and discharged_total >= discharged_total_7d_ago then discharged_total - discharged_total_7d_ago end as value,
    discharged_total as numerator,
    discharged_total_7d_ago as denominator,
    case
        when trend_broken is not null then trend_broken
        when reason is not null then reason
        when discharged_total is null then 'cumul non transmis'
        when discharged_total_7d_ago is null then 'pas de cumul 7 jours avant'
        when discharged_total < discharged_total_7d_ago then 'cumul corrigé à la baisse par la source'
    end as missing_reason
from hospital_place_day
