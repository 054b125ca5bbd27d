/*---
id            = "icu_occupancy_initial"
title_fr      = "Occupation des lits de réanimation, capacité initiale"
label_fr      = "Occupation de la réanimation (Covid-19, lits SAE)"
definition_fr = "Patients Covid-19 en réanimation, soins intensifs ou surveillance continue (SI-VIC : rea), rapportés aux seuls lits de réanimation installés avant l’épidémie (SAE, année du référentiel) : c’est le taux publié en 2020. Le numérateur est plus large que le dénominateur et des lits ont été ouverts depuis, il peut dépasser 100 %. Les autres patients ne sont pas comptés : le reste n’est pas une part de lits libres."
reading_fr    = "des lits installés avant l’épidémie (Covid-19)"
second_readings = ["icu_occupancy_open", "icu_step_occupancy", "icu_occupancy_critical_care"]
unit          = "share"
decimals      = 1
week          = "sunday"
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
    lacking,
    case
        when reason is not null then reason
        when icu_beds is null then 'pas de lits de réanimation déclarés'
    end as missing_reason
from hospital_place_day
