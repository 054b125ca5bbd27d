/*---
id            = "icu_patients"
title_fr      = "Patients en réanimation pour Covid-19"
label_fr      = "Patients en réanimation"
subject       = { text_fr = "Le nombre de patients en réanimation" }
axis_fr       = "patients"
definition_fr = "Patients Covid-19 présents ce jour en réanimation, en soins intensifs ou en surveillance continue : ce que SI-VIC appelle « réanimation » (rea). Une région n’a de valeur que si tous ses départements ont transmis."
reading_fr    = "pour Covid-19"
second_readings = ["icu_patients_all"]
unit          = "patients"
decimals      = 0
week          = "sunday"
coverage      = { unit_fr = "départements", at_least = 1.0 }
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["hospital_place_day"]
references    = ["SI-VIC: rea"]
people        = ["icu_patients"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    icu_patients_known as value,
    icu_patients_known as numerator,
    null as denominator,
    coverage,
    lacking,
    reason as missing_reason
from hospital_place_day
