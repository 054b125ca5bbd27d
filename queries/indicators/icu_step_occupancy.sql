/*---
id            = "icu_step_occupancy"
title_fr      = "Occupation du palier de lits de réanimation"
label_fr      = "Occupation de la réanimation (tous, palier)"
definition_fr = "Tous les patients de réanimation, Covid-19 ou non, rapportés aux lits du palier en vigueur dans la région (capacité habituelle ou lits ouverts annoncés). À défaut de déclaration de tous les établissements : patients Covid-19 (SI-VIC) et les autres tels que publiés en dernier pour la région, sinon dans la même proportion des lits habituels qu’ailleurs, 28 jours au plus. Sans cela, pas de valeur. Un palier réservé au Covid-19 n’est rapporté qu’à ces patients."
reading_fr    = "du palier en vigueur (tous patients)"
second_readings = ["icu_occupancy_initial", "icu_occupancy_open", "icu_occupancy_critical_care"]
unit          = "share"
decimals      = 1
week          = "sunday"
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["icu_place_day"]
references    = ["paliers annoncés par les agences régionales de santé (capacity_steps)", "comptes publiés des autres patients (icu_other_patients)"]
people        = ["numerator"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    case when reason is null then cast(step_patients as double) / step_beds end as value,
    case when reason is null then step_patients end as numerator,
    step_beds as denominator,
    reason as missing_reason
from icu_place_day
where step_from is not null
