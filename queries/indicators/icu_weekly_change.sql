/*---
id            = "icu_weekly_change"
title_fr      = "Patients en réanimation : évolution sur 7 jours"
definition_fr = "Patients Covid-19 en réanimation, soins intensifs ou surveillance continue (SI-VIC : rea) ce jour, moins ceux présents 7 jours avant. La valeur de la semaine compare les deux dimanches."
unit          = "patients"
decimals      = 0
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
    case when trend_broken is null then icu_patients - icu_patients_7d_ago end as value,
    icu_patients as numerator,
    icu_patients_7d_ago as denominator,
    lacking,
    case
        when trend_broken is not null then trend_broken
        when reason is not null then reason
        when icu_patients_7d_ago is null then 'pas de valeur 7 jours avant'
    end as missing_reason
from hospital_place_day
