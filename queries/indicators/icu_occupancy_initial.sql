/*---
id            = "icu_occupancy_initial"
title_fr      = "Occupation des lits de réanimation, capacité initiale"
definition_fr = "Patients Covid-19 en réanimation ou soins intensifs, rapportés aux lits de réanimation installés avant l’épidémie (SAE, année du référentiel). Peut dépasser 100 %, car des lits ont été ouverts depuis."
unit          = "share"
decimals      = 1
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["hospital_place_day"]
references    = ["SI-VIC: rea", "SAE: lits de réanimation", "ARS Occitanie, bulletin du 13 octobre 2020: 159 / 474"]
people        = ["icu_patients"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    cast(icu_patients as double) / icu_beds as value,
    icu_patients as numerator,
    icu_beds as denominator,
    case
        when reason is not null then reason
        when icu_beds is null then 'pas de lits de réanimation déclarés'
    end as missing_reason
from hospital_place_day
