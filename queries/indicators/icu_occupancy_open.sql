/*---
id            = "icu_occupancy_open"
title_fr      = "Occupation des lits de réanimation ouverts"
label_fr      = "Occupation de la réanimation (tous, lits ouverts)"
definition_fr = "Tous les patients en réanimation, Covid-19 ou non, rapportés aux lits de réanimation armés ce jour (ouverts et dotés en personnel), tels que les établissements les déclarent. Quand des établissements n’ont pas déclaré, la part des lits que tiennent les autres est donnée à côté ; sous 90 % des lits, il n’y a pas de valeur."
reading_fr    = "des lits ouverts (tous patients)"
second_readings = ["icu_occupancy_initial", "icu_step_occupancy", "icu_occupancy_critical_care"]
unit          = "share"
decimals      = 1
week          = "sunday"
coverage      = { unit_fr = "lits", at_least = 0.9 }
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["capacity_place_day"]
references    = ["déclarations des établissements"]
people        = ["numerator"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    cast(patients_known as double) / nullif(beds_open_known, 0) as value,
    patients_known as numerator,
    beds_open_known as denominator,
    coverage,
    lacking,
    case
        when reason is not null then reason
        when beds_open_known = 0 then 'aucun lit de réanimation ouvert'
    end as missing_reason
from capacity_place_day
where care = 'icu'
