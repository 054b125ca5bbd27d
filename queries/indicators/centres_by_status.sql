/*---
id            = "centres_by_status"
title_fr      = "Centres de consultation par statut"
definition_fr = "Centres de consultation Covid-19 du registre ce jour, par statut (à l’étude, soutenu, ouvert, suspendu, fermé), puis par nature et statut."
unit          = "centres"
decimals      = 0
week          = "sunday"
grain         = ["geo_type", "geo_value", "category", "time_value"]
sources       = ["centre_place_day"]
references    = ["ARS Île-de-France, 29 mars 2020"]

[categories_fr]
"dedicated/open" = "– dont dédiés à la Covid-19"
"reorganised/open" = "– dont structures réorganisées"
project = "Centres en projet"
supported = "Centres accompagnés, pas encore ouverts"
suspended = "Centres suspendus"
closed = "Centres fermés"
---*/
select
    geo_type,
    geo_value,
    case when grouping(kind) = 1 then status else kind || '/' || status end as category,
    time_value,
    sum(n_centres) as value,
    sum(n_centres) as numerator,
    null as denominator,
    max(reason) as missing_reason
from centre_place_day
group by grouping sets ((geo_type, geo_value, status, time_value), (geo_type, geo_value, kind, status, time_value))
