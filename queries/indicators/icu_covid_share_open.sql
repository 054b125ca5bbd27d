/*---
id            = "icu_covid_share_open"
title_fr      = "Part des patients Covid-19 en réanimation"
label_fr      = "dont patients Covid-19 (lits ouverts)"
definition_fr = "Patients Covid-19 rapportés à tous les patients présents en réanimation ce jour, tels que les établissements les déclarent."
unit          = "share"
decimals      = 1
week          = "sunday"
coverage      = { unit_fr = "lits", at_least = 0.9 }
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["capacity_place_day"]
references    = ["déclarations des établissements"]
people        = ["numerator", "denominator"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    cast(covid_patients_known as double) / nullif(patients_known, 0) as value,
    covid_patients_known as numerator,
    patients_known as denominator,
    coverage,
    lacking,
    case
        when reason is not null then reason
        when covid_patients_known is null then 'patients_known Covid-19 non déclarés'
        when patients_known = 0 then 'sans objet : aucun patient en réanimation'
    end as missing_reason
from capacity_place_day
where care = 'icu'
