/*---
id            = "icu_covid_share_open"
title_fr      = "Part des patients Covid-19 en réanimation"
definition_fr = "Patients Covid-19 rapportés à tous les patients présents en réanimation ce jour, tels que les établissements les déclarent."
unit          = "share"
decimals      = 1
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["capacity_place_day"]
references    = ["déclarations des établissements"]
people        = ["numerator", "denominator"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    cast(covid_patients as double) / nullif(patients, 0) as value,
    covid_patients as numerator,
    patients as denominator,
    case
        when reason is not null then reason
        when covid_patients is null then 'patients Covid-19 non déclarés'
        when patients = 0 then 'aucun patient en réanimation'
    end as missing_reason
from capacity_place_day
where care = 'icu'
