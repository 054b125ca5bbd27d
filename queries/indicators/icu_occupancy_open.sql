/*---
id            = "icu_occupancy_open"
title_fr      = "Occupation des lits de réanimation ouverts"
definition_fr = "Tous les patients en réanimation, Covid-19 ou non, rapportés aux lits de réanimation armés ce jour (ouverts et dotés en personnel), tels que les établissements les déclarent. Il faut la déclaration de chaque établissement."
reading_fr    = "des lits ouverts (tous patients)"
second_readings = ["icu_occupancy_initial", "icu_step_occupancy", "icu_occupancy_critical_care"]
unit          = "share"
decimals      = 1
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["capacity_place_day"]
references    = ["déclarations des établissements"]
people        = ["numerator"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    cast(patients as double) / nullif(beds_open, 0) as value,
    patients as numerator,
    beds_open as denominator,
    case
        when reason is not null then reason
        when beds_open = 0 then 'aucun lit de réanimation ouvert'
    end as missing_reason
from capacity_place_day
where care = 'icu'
