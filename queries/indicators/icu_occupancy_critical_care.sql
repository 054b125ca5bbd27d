/*---
id            = "icu_occupancy_critical_care"
title_fr      = "Occupation des lits de soins critiques"
label_fr      = "Occupation des soins critiques (Covid-19, lits SAE)"
definition_fr = "Patients Covid-19 en réanimation, soins intensifs ou surveillance continue (SI-VIC : rea), rapportés à tous les lits de soins critiques installés avant l’épidémie : réanimation, soins intensifs et surveillance continue (SAE, année du référentiel)."
reading_fr    = "de tous les lits de soins critiques (Covid-19)"
second_readings = ["icu_occupancy_initial", "icu_occupancy_open", "icu_step_occupancy"]
unit          = "share"
decimals      = 1
week          = "sunday"
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["hospital_place_day"]
references    = ["SI-VIC: rea", "SAE: réanimation, soins intensifs, surveillance continue"]
people        = ["icu_patients"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    cast(icu_patients as double) / critical_care_beds as value,
    icu_patients as numerator,
    critical_care_beds as denominator,
    lacking,
    case
        when reason is not null then reason
        when critical_care_beds is null then 'pas de lits de soins critiques déclarés'
    end as missing_reason
from hospital_place_day
