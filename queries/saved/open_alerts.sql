/*---
id             = "open_alerts"
title_fr       = "Les alertes en cours"
description_fr = "Une ligne par alerte qui tient encore (active ou en levée) : depuis quand (premier jour au-dessus du seuil), son état et le jour où elle y est entrée, le niveau du dernier jour au-dessus du seuil. indicator, passage_value et passage_threshold sont ceux du dernier passage, pas ceux du jour. Les passages que des données révisées ont annulés ne comptent pas."
---*/
with standing as (   -- what was written more often than revoked
    select
        rule,
        geo_type,
        geo_value,
        time_value,
        state_from,
        state_to,
        level,
        last_value(indicator order by recorded_at) as indicator,
        last_value(value order by recorded_at) as value,
        last_value(threshold order by recorded_at) as threshold,
        last_value(note order by recorded_at) as note
    from alert_events
    group by rule, geo_type, geo_value, time_value, state_from, state_to, level
    having sum(case when coalesce(revoked, false) then -1 else 1 end) > 0
),
passages as (   -- several on one day follow each other: pending then active, clearing then resolved
    select
        s.*,
        max(case when s.state_to = 'pending' then s.time_value end)
            over (partition by s.rule, s.geo_type, s.geo_value) as since,
        row_number() over (
            partition by s.rule, s.geo_type, s.geo_value
            order by
                s.time_value desc,
                case s.state_to
                    when 'inactive' then 5 when 'silent' then 4 when 'resolved' then 3 when 'clearing' then 2
                    when 'active' then 1 else 0
                end desc
        ) as place
    from standing as s
),
standing_now as (
    select * from passages where place = 1 and state_to in ('active', 'clearing')
),
last_over as (
    select
        o.rule,
        o.geo_type,
        o.geo_value,
        last_value(j.level order by j.time_value) as level
    from standing_now as o
    join judgements as j
        on j.rule = o.rule and j.geo_type = o.geo_type and j.geo_value = o.geo_value and j.time_value >= o.since
    where j.rank >= 1
    group by o.rule, o.geo_type, o.geo_value
)
select
    o.rule,
    o.geo_type,
    o.geo_value,
    o.since,
    o.state_to as state,
    o.time_value as state_since,
    coalesce(v.level, o.level) as level,
    o.indicator,
    o.value as passage_value,
    o.threshold as passage_threshold,
    o.note
from standing_now as o
left join last_over as v on v.rule = o.rule and v.geo_type = o.geo_type and v.geo_value = o.geo_value
order by o.geo_type, o.geo_value, o.rule
