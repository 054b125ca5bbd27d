/*---
id            = "er_covid_visits_7d"
title_fr      = "Passages aux urgences pour suspicion de Covid-19, 7 jours"
definition_fr = "Somme sur 7 jours glissants des passages aux urgences pour suspicion de Covid-19 (OSCOUR). Il faut les 7 jours, et chaque jour tous les départements."
unit          = "visits"
decimals      = 0
week          = "window"
coverage      = { unit_fr = "départements", at_least = 1.0 }
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["er_place_day"]
references    = ["OSCOUR"]
people        = ["er_covid_visits_7d"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    covid_visits_whole as value,
    covid_visits_whole as numerator,
    null as denominator,
    coverage_whole as coverage,
    lacking_whole as lacking,
    reason as missing_reason
from er_place_day
