/*---
id            = "home_requests_unserved_share_7d"
title_fr      = "Demandes de soins à domicile sans réponse en 24 heures"
label_fr      = "Demandes à domicile sans réponse sous 24 h"
axis_fr       = "% des demandes"
definition_fr = "Part des demandes d’infirmier à domicile qui n’ont pas été acceptées sous 24 heures, sur les jours déclarés parmi les 7 derniers ; ensemble des plateformes, puis par plateforme."
unit          = "share"
decimals      = 1
week          = "window"
grain         = ["geo_type", "geo_value", "category", "time_value"]
sources       = ["nurse_place_day"]
references    = ["plateformes"]
people        = ["numerator", "denominator"]
---*/
select
    geo_type,
    geo_value,
    category,
    time_value,
    1.0 - cast(accepted_24h_week as double) / nullif(requests_week, 0) as value,
    requests_week - accepted_24h_week as numerator,
    requests_week as denominator,
    case
        when days_7d = 0 then coalesce(reason, 'demandes non déclarées')
        when requests_week = 0 then 'sans objet : aucune demande en 7 jours'
    end as missing_reason
from nurse_place_day
