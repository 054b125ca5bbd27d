/*---
id            = "telemedicine_consultations_7d"
title_fr      = "Téléconsultations, 7 jours"
axis_fr       = "actes"
definition_fr = "Somme sur 7 jours glissants des téléconsultations, ensemble des plateformes puis par plateforme. Il faut les 7 jours."
unit          = "consultations"
decimals      = 0
week          = "window"
grain         = ["geo_type", "geo_value", "category", "time_value"]
sources       = ["telemedicine_place_day"]
references    = ["plateformes"]
people        = ["telemedicine_consultations_7d"]
---*/
select
    geo_type,
    geo_value,
    category,
    time_value,
    case when days_7d = 7 then consultations_week end as value,
    case when days_7d = 7 then consultations_week end as numerator,
    null as denominator,
    case
        when days_7d = 7 then null
        when days_7d = 0 then coalesce(reason, 'aucun jour sur 7 disponible')
        when days_7d = 1 then '1 jour sur 7 disponible'
        else days_7d || ' jours sur 7 disponibles'
    end as missing_reason
from telemedicine_place_day
