/*---
id            = "care_occupancy_open"
title_fr      = "Occupation des lits ouverts, par filière de soins"
definition_fr = "Tous les patients présents rapportés aux lits armés ce jour (ouverts et dotés en personnel), par filière : réanimation, soins intensifs, surveillance continue, médecine, chirurgie, soins de suite et de réadaptation, hospitalisation à domicile."
unit          = "share"
decimals      = 1
week          = "sunday"
coverage      = { unit_fr = "lits", at_least = 0.9 }
grain         = ["geo_type", "geo_value", "category", "time_value"]
sources       = ["capacity_place_day"]
references    = ["DGS-Urgent, octobre 2020: filières à suivre"]
people        = ["numerator"]
---*/
select
    geo_type,
    geo_value,
    care as category,
    time_value,
    cast(patients_known as double) / nullif(beds_open_known, 0) as value,
    patients_known as numerator,
    beds_open_known as denominator,
    coverage,
    lacking,
    case
        when reason is not null then reason
        when beds_open_known = 0 then 'aucun lit ouvert'
    end as missing_reason
from capacity_place_day
