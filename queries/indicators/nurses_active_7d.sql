/*---
id            = "nurses_active_7d"
title_fr      = "Infirmiers actifs sur 7 jours"
definition_fr = "Infirmiers libéraux ayant accepté au moins une demande dans les 7 derniers jours, sur l’ensemble des plateformes puis par plateforme."
unit          = "nurses"
decimals      = 0
grain         = ["geo_type", "geo_value", "category", "time_value"]
sources       = ["nurse_place_day"]
references    = ["indicators.md; plateformes"]
---*/
select
    geo_type,
    geo_value,
    category,
    time_value,
    active_7d as value,
    active_7d as numerator,
    null as denominator,
    coalesce(reason, 'activité non déclarée') as missing_reason
from nurse_place_day
