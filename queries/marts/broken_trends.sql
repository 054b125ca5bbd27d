/*---
id       = "broken_trends"
title_fr = "Jours dont la tendance enjamberait une rupture de définition"
grain    = ["source", "column_name", "geo_type", "geo_value", "time_value"]
sources  = ["events", "as_of", "membership"]
---*/
-- A change of definition makes the days before `starts` and those after `ends` impossible to compare: for the columns it
-- names (all of the source under `*`), in the places it touches (its own, those in it and those it lies in), once
-- it is known. A trend that ends on day t and looks n days back crosses it when days_since <= n: two weeks of sums look 13
-- days back, a stock against that of the week before 7 days back. One row a column, place and day.
with touched_sources as (
    select
        event_id,
        geo_type,
        geo_value,
        starts,
        coalesce(ends, starts) as last_day,
        coalesce(columns, '*') as column_names,
        unnest(string_to_array(sources, ',')) as source_name
    from events
    where
        kind = 'definition_break'
        and sources is not null
        and (known_from is null or known_from <= (select day from as_of))
),
breaks as (
    select
        event_id,
        geo_type,
        geo_value,
        starts,
        last_day,
        trim(source_name) as source,
        unnest(string_to_array(column_names, ',')) as column_name
    from touched_sources
),
-- Places with a department in common: a region is touched by what happens in one of its departments, and the other way
-- round. The country touches all, the collectivities that belong to no region too.
touched as (
    select b.event_id, b.source, b.column_name, b.starts, b.last_day, here.geo_type, here.geo_value
    from breaks as b
    join membership as there on there.geo_type = b.geo_type and there.geo_value = b.geo_value
    join membership as here on here.department = there.department
    union
    select b.event_id, b.source, b.column_name, b.starts, b.last_day, m.geo_type, m.geo_value
    from breaks as b
    cross join membership as m
    where b.geo_type = 'country'
),
days as (
    select
        source,
        trim(column_name) as column_touched,
        geo_type,
        geo_value,
        starts,
        last_day,
        unnest(generate_series(starts, last_day + 13, interval '1 day')) as time_value
    from touched
)
select
    source,
    column_touched as column_name,
    geo_type,
    geo_value,
    time_value,
    min(time_value - last_day) as days_since,
    'la comparaison enjambe la rupture de définition du '
    || case when date_part('day', max(starts)) = 1 then '1er' else cast(date_part('day', max(starts)) as varchar) end
    || ' '
    || ['janvier', 'février', 'mars', 'avril', 'mai', 'juin', 'juillet', 'août', 'septembre', 'octobre',
        'novembre', 'décembre'][date_part('month', max(starts))]
    || ' ' || cast(date_part('year', max(starts)) as varchar) as reason
from days
group by source, column_touched, geo_type, geo_value, time_value
