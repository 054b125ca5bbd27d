/*---
id            = "care_occupancy_open"
title_fr      = "Occupation des lits ouverts, par filière de soins"
definition_fr = "Tous les patients présents rapportés aux lits armés ce jour (ouverts et dotés en personnel), par filière : réanimation, soins intensifs, surveillance continue, médecine, chirurgie, soins de suite et de réadaptation, hospitalisation à domicile."
unit          = "share"
decimals      = 1
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
    cast(patients as double) / nullif(beds_open, 0) as value,
    patients as numerator,
    beds_open as denominator,
    case
        when reason is not null then reason
        when beds_open = 0 then 'aucun lit ouvert'
    end as missing_reason
from capacity_place_day
