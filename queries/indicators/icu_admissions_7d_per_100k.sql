/*---
id            = "icu_admissions_7d_per_100k"
title_fr      = "Nouvelles admissions en réanimation pour 100 000 habitants, 7 jours"
definition_fr = "Somme sur 7 jours glissants des nouvelles admissions de patients Covid-19 en réanimation, soins intensifs ou surveillance continue, rapportée à la population (INSEE, année du référentiel) et multipliée par 100 000."
unit          = "per_100k"
decimals      = 1
week          = "window"
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["admissions_place_day"]
references    = ["SI-VIC: incid_rea", "INSEE: population"]
people        = ["icu_admissions_7d"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    100000.0 * icu_admissions_7d / population as value,
    icu_admissions_7d as numerator,
    population as denominator,
    lacking_7d as lacking,
    case
        when reason_7d is not null then reason_7d
        when population is null then 'population inconnue'
    end as missing_reason
from admissions_place_day
