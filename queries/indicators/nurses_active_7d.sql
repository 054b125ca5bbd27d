/*---
id            = "nurses_active_7d"
title_fr      = "Infirmiers actifs sur 7 jours"
label_fr      = "Infirmiers actifs, 7 jours"
worse         = "down"
definition_fr = "Infirmiers libéraux ayant accepté au moins une demande dans les 7 derniers jours, sur l’ensemble des plateformes puis par plateforme."
unit          = "nurses"
decimals      = 0
week          = "window"
grain         = ["geo_type", "geo_value", "category", "time_value"]
sources       = ["nurse_place_day"]
references    = ["plateformes"]
---*/
select
    geo_type,
    geo_value,
    category,
    time_value,
    active_7d as value,
    active_7d as numerator,
    null as denominator,
    case when active_7d is null then coalesce(reason, 'activité non déclarée') end as missing_reason
from nurse_place_day
