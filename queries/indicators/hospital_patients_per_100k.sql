/*---
id            = "hospital_patients_per_100k"
title_fr      = "Patients hospitalisés pour 100 000 habitants"
label_fr      = "Hospitalisés pour 100 000 hab."
definition_fr = "Patients Covid-19 présents à l’hôpital ce jour, rapportés à la population (INSEE, estimation de l’année du référentiel) et multipliés par 100 000."
unit          = "per_100k"
decimals      = 1
week          = "sunday"
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["hospital_place_day"]
references    = ["SI-VIC: hosp", "INSEE: population"]
people        = ["hospital_patients"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    100000.0 * hospital_patients / population as value,
    hospital_patients as numerator,
    population as denominator,
    lacking,
    case
        when reason is not null then reason
        when population is null then 'population inconnue'
    end as missing_reason
from hospital_place_day
