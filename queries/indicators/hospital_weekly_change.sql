/*---
id            = "hospital_weekly_change"
title_fr      = "Patients hospitalisés : évolution sur 7 jours"
definition_fr = "Patients Covid-19 présents à l’hôpital ce jour, moins ceux présents 7 jours avant. La valeur de la semaine compare les deux dimanches."
unit          = "patients"
decimals      = 0
week          = "sunday"
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["hospital_place_day"]
references    = ["SI-VIC: hosp"]
people        = ["hospital_patients", "hospital_patients-7d"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    case when trend_broken is null then hospital_patients - hospital_patients_7d_ago end as value,
    hospital_patients as numerator,
    hospital_patients_7d_ago as denominator,
    lacking,
    case
        when trend_broken is not null then trend_broken
        when reason is not null then reason
        when hospital_patients_7d_ago is null then 'pas de valeur 7 jours avant'
    end as missing_reason
from hospital_place_day
