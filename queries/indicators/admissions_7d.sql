/*---
id            = "admissions_7d"
title_fr      = "Nouvelles hospitalisations, 7 jours"
label_fr      = "Admissions à l’hôpital, 7 jours"
subject       = { text_fr = "Les admissions à l’hôpital en 7 jours", plural = true, feminine = true }
axis_fr       = "patients"
definition_fr = "Somme sur 7 jours glissants des nouvelles hospitalisations de patients Covid-19 (SI-VIC). Il faut les 7 jours, et chaque jour tous les départements."
unit          = "patients"
decimals      = 0
week          = "window"
coverage      = { unit_fr = "départements", at_least = 1.0 }
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["admissions_place_day"]
references    = ["SI-VIC: incid_hosp"]
people        = ["admissions_7d"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    admissions_7d_known as value,
    admissions_7d_known as numerator,
    null as denominator,
    coverage_7d as coverage,
    lacking_7d as lacking,
    reason_7d as missing_reason
from admissions_place_day
