/*---
id            = "icu_patients_all"
title_fr      = "Tous les patients en réanimation, Covid-19 ou non"
label_fr      = "Patients en réanimation, toutes causes"
definition_fr = "Patients présents en réanimation quelle qu’en soit la raison : ceux que déclarent tous les établissements ; à défaut, pour une région, les patients Covid-19 (SI-VIC) et une estimation des autres, tirée du dernier compte publié, 28 jours au plus."
reading_fr    = "pour toutes causes (déclarés ou estimés)"
second_readings = ["icu_patients"]
unit          = "patients"
decimals      = 0
week          = "sunday"
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["icu_place_day"]
references    = ["déclarations des établissements", "comptes publiés des autres patients (icu_other_patients)"]
people        = ["icu_patients_all"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    patients as value,
    patients as numerator,
    null as denominator,
    patients_reason as missing_reason
from icu_place_day
where step_from is not null or basis is not null
