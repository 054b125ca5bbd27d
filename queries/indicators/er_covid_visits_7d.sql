/*---
id            = "er_covid_visits_7d"
title_fr      = "Passages aux urgences pour suspicion de Covid-19, 7 jours"
definition_fr = "Somme sur 7 jours glissants des passages aux urgences pour suspicion de Covid-19 (OSCOUR). Il faut les 7 jours, et chaque jour tous les départements."
unit          = "visits"
decimals      = 0
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["er_place_day"]
references    = ["OSCOUR"]
people        = ["er_covid_visits_7d"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    case when days_7d = 7 then covid_visits_week end as value,
    case when days_7d = 7 then covid_visits_week end as numerator,
    null as denominator,
    case
        when days_7d = 7 then null
        when days_7d = 0 then 'aucun jour sur 7 disponible'
        when days_7d = 1 then '1 jour sur 7 disponible'
        else days_7d || ' jours sur 7 disponibles'
    end as missing_reason
from er_place_day
