/*---
id            = "admissions_7d_per_100k"
title_fr      = "Nouvelles hospitalisations pour 100 000 habitants, 7 jours"
label_fr      = "Admissions pour 100 000 hab., 7 jours"
definition_fr = "Somme sur 7 jours glissants des nouvelles hospitalisations de patients Covid-19, rapportée à la population (INSEE, année du référentiel) et multipliée par 100 000."
unit          = "per_100k"
decimals      = 1
week          = "window"
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["admissions_place_day"]
references    = ["SI-VIC: incid_hosp", "INSEE: population"]
people        = ["admissions_7d"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    100000.0 * admissions_7d / population as value,
    admissions_7d as numerator,
    population as denominator,
    lacking_7d as lacking,
    case
        when reason_7d is not null then reason_7d
        when population is null then 'population inconnue'
    end as missing_reason
from admissions_place_day
