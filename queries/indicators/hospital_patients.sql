/*---
id            = "hospital_patients"
title_fr      = "Patients hospitalisés pour Covid-19"
label_fr      = "Patients hospitalisés"
subject       = { text_fr = "Le nombre de patients hospitalisés" }
axis_fr       = "patients"
definition_fr = "Patients Covid-19 présents à l’hôpital ce jour, tous services, réanimation comprise (SI-VIC). Une région n’a de valeur que si tous ses départements ont transmis."
unit          = "patients"
decimals      = 0
week          = "sunday"
coverage      = { unit_fr = "départements", at_least = 1.0 }
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["hospital_place_day"]
references    = ["SI-VIC: hosp"]
people        = ["hospital_patients"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    hospital_patients_known as value,
    hospital_patients_known as numerator,
    null as denominator,
    coverage,
    lacking,
    reason as missing_reason
from hospital_place_day
