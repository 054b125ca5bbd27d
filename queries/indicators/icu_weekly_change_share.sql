/*---
id            = "icu_weekly_change_share"
title_fr      = "Patients en réanimation : évolution relative sur 7 jours"
definition_fr = "Évolution sur 7 jours des patients Covid-19 en réanimation, soins intensifs ou surveillance continue (SI-VIC : rea), rapportée à leur nombre 7 jours avant. Pas de valeur quand il était nul."
unit          = "share"
decimals      = 1
week          = "sunday"
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["hospital_place_day"]
references    = ["SI-VIC: rea"]
people        = ["icu_patients", "icu_patients-7d"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    case when trend_broken is null then cast(icu_patients - icu_patients_7d_ago as double) / nullif(icu_patients_7d_ago, 0) end as value,
    icu_patients - icu_patients_7d_ago as numerator,
    icu_patients_7d_ago as denominator,
    lacking,
    case
        when trend_broken is not null then trend_broken
        when reason is not null then reason
        when icu_patients_7d_ago is null then 'pas de valeur 7 jours avant'
        when icu_patients_7d_ago = 0 then 'aucun patient 7 jours avant'
    end as missing_reason
from hospital_place_day
