/*---
id            = "feed_overdue"
title_fr      = "Retard des sources"
definition_fr = "Âge de la dernière édition reçue d’une source, en jours entiers, rapporté au délai au-delà duquel son contrat la dit périmée. Au-dessus de 1, la source est périmée."
unit          = "ratio"
decimals      = 2
week          = "sunday"
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["feeds", "fetches", "as_of"]
references    = ["contrats des sources: cadence.error_after"]
---*/
-- Sources that were never received have no row. An edition that changed nothing is an edition all the same.
with newest as (
    select source, max(cast(to_local_time(issued_at at time zone 'Europe/Paris') as date)) as issued_on
    from fetches
    where
        outcome in ('new', 'unchanged')
        and cast(to_local_time(issued_at at time zone 'Europe/Paris') as date) <= (select day from as_of)
    group by source
)
select
    'source' as geo_type,
    f.source as geo_value,
    a.day as time_value,
    24.0 * (a.day - n.issued_on) / f.error_after_hours as value,
    a.day - n.issued_on as numerator,
    f.error_after_hours / 24.0 as denominator,
    null as missing_reason
from feeds as f
join newest as n on n.source = f.source
cross join as_of as a
order by f.source
