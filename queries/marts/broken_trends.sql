/*---
id       = "broken_trends"
title_fr = "Jours dont la tendance enjamberait une rupture de définition"
grain    = ["source", "time_value"]
sources  = ["events"]
---*/
-- A national change of definition makes the days before `starts` and those after `ends` impossible to compare. A trend
-- that ends on day t and looks n days back crosses it when days_since <= n: two weeks of sums look 13 days back, a stock
-- against that of the week before 7 days back. One row a source and day.
with breaks as (
    select
        unnest(string_to_array(sources, ',')) as touched,
        starts,
        coalesce(ends, starts) as last_day
    from events
    where kind = 'definition_break' and geo_type = 'country' and sources is not null
),
days as (
    select
        trim(touched) as source,
        starts,
        last_day,
        unnest(generate_series(starts, last_day + 13, interval '1 day')) as time_value
    from breaks
)
select
    source,
    time_value,
    min(time_value - last_day) as days_since,
    'la comparaison enjambe la rupture de définition du '
    || case when date_part('day', max(starts)) = 1 then '1er' else cast(date_part('day', max(starts)) as varchar) end
    || ' '
    || ['janvier', 'février', 'mars', 'avril', 'mai', 'juin', 'juillet', 'août', 'septembre', 'octobre',
        'novembre', 'décembre'][date_part('month', max(starts))]
    || ' ' || cast(date_part('year', max(starts)) as varchar) as reason
from days
group by source, time_value
