/*---
id            = "centres_open"
title_fr      = "Centres de consultation ouverts"
worse         = "down"
definition_fr = "Centres de consultation Covid-19 ouverts ce jour, selon la dernière édition du registre parue à cette date ; ensemble, puis par nature : créés pour l’épidémie ou structures existantes réorganisées."
unit          = "centres"
decimals      = 0
week          = "sunday"
grain         = ["geo_type", "geo_value", "category", "time_value"]
sources       = ["centre_place_day"]
references    = ["ARS Île-de-France, 29 mars 2020"]
---*/
select
    geo_type,
    geo_value,
    case when grouping(kind) = 1 then '' else kind end as category,
    time_value,
    case when max(reason) is null then coalesce(sum(n_centres) filter (where status = 'open'), 0) end as value,
    case when max(reason) is null then coalesce(sum(n_centres) filter (where status = 'open'), 0) end as numerator,
    null as denominator,
    max(reason) as missing_reason
from centre_place_day
group by grouping sets ((geo_type, geo_value, time_value), (geo_type, geo_value, kind, time_value))
