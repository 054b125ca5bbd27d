/*---
id            = "er_covid_share_7d"
title_fr      = "Part des passages aux urgences pour suspicion de Covid-19, 7 jours"
label_fr      = "Passages aux urgences pour suspicion de Covid-19"
subject       = { text_fr = "La part des passages aux urgences pour suspicion", feminine = true }
axis_fr       = "% des passages"
definition_fr = "Passages aux urgences pour suspicion de Covid-19 rapportés à tous les passages (OSCOUR), sur les jours déclarés parmi les 7 derniers, dans les départements du territoire qui participent au réseau. La part des jours attendus qui ont été déclarés est donnée à côté quand il en manque ; sous la moitié, il n’y a pas de valeur. Un total de 0 passage veut dire que personne n’a transmis."
unit          = "share"
decimals      = 1
week          = "window"
coverage      = { unit_fr = "jours de déclaration des départements", at_least = 0.5 }
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["er_place_day"]
references    = ["OSCOUR, 7 jours glissants"]
people        = ["er_covid_visits_7d", "numerator", "denominator"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    cast(covid_visits_week as double) / nullif(visits_week, 0) as value,
    covid_visits_week as numerator,
    visits_week as denominator,
    coverage_7d as coverage,
    lacking,
    reason as missing_reason
from er_place_day
