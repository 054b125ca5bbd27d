/*---
id            = "er_reporting_days_7d"
title_fr      = "Jours déclarés parmi les 7 derniers, urgences"
definition_fr = "Nombre de jours, parmi les 7 derniers, où des passages aux urgences ont été déclarés dans tous les départements du territoire qui participent au réseau."
unit          = "days"
decimals      = 0
week          = "window"
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["er_place_day"]
references    = ["OSCOUR"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    days_7d as value,
    days_7d as numerator,
    7 as denominator,
    null as missing_reason
from er_place_day
