/*---
id            = "centre_open_share"
title_fr      = "Part des centres soutenus qui sont ouverts"
label_fr      = "Part des centres ouverts"
worse         = "down"
definition_fr = "Centres ouverts rapportés aux centres soutenus, ouverts ou suspendus ce jour : ni les projets à l’étude, ni les centres fermés. Ensemble, puis par nature."
unit          = "share"
decimals      = 0
week          = "sunday"
grain         = ["geo_type", "geo_value", "category", "time_value"]
sources       = ["centre_place_day"]
references    = ["ARS Île-de-France, 29 mars 2020: près de 40 centres dédiés, 17 ouverts"]
---*/
with sums as (
    select
        geo_type,
        geo_value,
        case when grouping(kind) = 1 then '' else kind end as category,
        time_value,
        coalesce(sum(n_centres) filter (where status = 'open'), 0) as n_open,
        coalesce(sum(n_centres) filter (where status in ('supported', 'open', 'suspended')), 0) as n_supported,
        max(reason) as reason
    from centre_place_day
    group by grouping sets ((geo_type, geo_value, time_value), (geo_type, geo_value, kind, time_value))
)
select
    geo_type,
    geo_value,
    category,
    time_value,
    case when reason is null then cast(n_open as double) / nullif(n_supported, 0) end as value,
    case when reason is null then n_open end as numerator,
    case when reason is null then n_supported end as denominator,
    case
        when reason is not null then reason
        when n_supported = 0 then 'sans objet : aucun centre soutenu'
    end as missing_reason
from sums
