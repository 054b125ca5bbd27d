/*---
id            = "icu_admissions_7d"
title_fr      = "Nouvelles admissions en réanimation, 7 jours"
label_fr      = "Admissions en réanimation, 7 jours"
axis_fr       = "patients"
definition_fr = "Somme sur 7 jours glissants des nouvelles admissions de patients Covid-19 en réanimation, soins intensifs ou surveillance continue (SI-VIC). Il faut les 7 jours, et chaque jour tous les départements."
unit          = "patients"
decimals      = 0
week          = "window"
coverage      = { unit_fr = "départements", at_least = 1.0 }
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["admissions_place_day"]
references    = ["SI-VIC: incid_rea"]
people        = ["icu_admissions_7d"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    icu_admissions_7d_known as value,
    icu_admissions_7d_known as numerator,
    null as denominator,
    coverage_7d as coverage,
    lacking_7d as lacking,
    reason_7d as missing_reason
from admissions_place_day
