/*---
id            = "feed_overdue"
title_fr      = "Retard des sources"
definition_fr = "Âge, en jours, de la dernière édition reçue d’une source, rapporté au délai au-delà duquel elle est périmée. Au-dessus de 1, la source est périmée."
unit          = "ratio"
decimals      = 2
grain         = ["geo_type", "geo_value", "time_value"]
sources       = []
references    = ["contrats des sources: cadence.error_after"]
---*/
-- `feeds` comes from the runner: one row a source that was ever fetched, with the day its newest edition was issued.
select
    'source' as geo_type,
    f.source as geo_value,
    a.day as time_value,
    (a.day - f.issued_on) / f.error_after_days as value,
    a.day - f.issued_on as numerator,
    f.error_after_days as denominator,
    null as missing_reason
from feeds as f
cross join as_of as a
