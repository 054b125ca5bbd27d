/*---
id            = "telemedicine_doctors"
title_fr      = "Médecins inscrits en téléconsultation"
label_fr      = "Médecins inscrits en télémédecine"
worse         = "down"
definition_fr = "Médecins inscrits à ce jour sur les plateformes de téléconsultation, ensemble puis par plateforme."
unit          = "doctors"
decimals      = 0
week          = "sunday"
grain         = ["geo_type", "geo_value", "category", "time_value"]
sources       = ["telemedicine_place_day"]
references    = ["ARS Occitanie, 18 mars 2020: plus de 1 850 sur MEDICAM"]
---*/
select
    geo_type,
    geo_value,
    category,
    time_value,
    doctors_registered as value,
    doctors_registered as numerator,
    null as denominator,
    case when doctors_registered is null then coalesce(reason, 'inscriptions non déclarées') end as missing_reason
from telemedicine_place_day
