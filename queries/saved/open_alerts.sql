/*---
id             = "open_alerts"
title_fr       = "Les alertes en cours"
description_fr = "Le dernier passage de chaque alerte, quand elle tient encore (active ou en levée). Les passages que des données révisées ont annulés ne comptent pas."
---*/
with passages as (
    select
        e.*,
        row_number() over (
            partition by e.rule, e.geo_type, e.geo_value
            order by e.time_value desc, e.recorded_at desc
        ) as place
    from alert_events as e
    where not coalesce(e.revoked, false)
)
select
    rule,
    geo_type,
    geo_value,
    time_value as since,
    state_to as state,
    level,
    indicator,
    value,
    threshold,
    "by",
    note
from passages
where place = 1 and state_to in ('active', 'clearing')
order by geo_type, geo_value, rule
