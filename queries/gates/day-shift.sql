/*---
id            = "day-shift"
title_fr      = "Série décalée d’un jour"
definition_fr = "L’édition donne à chaque jour connu, ou à chacun depuis une date, la valeur que l’on connaissait pour la veille, ou pour le lendemain : la source a changé d’heure ou de fuseau, ou compte autrement le jour de référence. Les courbes bougeraient d’un jour, et l’une des deux dates est fausse : une personne décide. Seules comptent les valeurs qui changent d’un jour à l’autre. Une série hebdomadaire est vue de même, d’une semaine à l’autre."
stage         = "fetch"
severity      = "hold"
[parameters]
share_min  = 0.9
values_min = 20
days_min   = 4
---*/
with known_days as (
    select
        place,
        measure,
        day,
        is_given,
        value,
        known,
        lag(known) over series as known_before,
        lead(known) over series as known_after,
        day - lag(day) over series as step
    from recent
    where day is not null and not is_new
    window series as (partition by place, measure order by day)
),
compared as (   -- values that tell one day from the next
    select 'précédent' as which, day, step, value = known_before as is_hit
    from known_days
    where is_given and value is not null and known <> known_before
    union all
    select 'suivant', day, step, value = known_after
    from known_days
    where is_given and value is not null and known <> known_after
),
per_day as (
    select
        which,
        day,
        count(*) as n,
        count(*) filter (where is_hit) as hits,
        median(cast(step as double)) as step
    from compared
    group by which, day
),
block as (
    select which, min(day) as first_day, max(day) as last_day from per_day where hits >= {share_min} * n group by which
),
shifts as (
    select
        d.which,
        sum(d.n) as n,
        sum(d.hits) as hits,
        count(*) as n_days,
        count(*) filter (where d.hits >= {share_min} * d.n) as n_days_shifted,
        median(d.step) as step
    from per_day as d
    join block as b on b.which = d.which and d.day >= b.first_day and d.day <= b.last_day
    group by d.which
)
select
    null as place,
    null as day,
    null as "column",
    hits as found,
    n as expected,
    'La série paraît décalée '
    || case when step > 1 then 'de ' || cast(step as bigint) || ' jours' else 'd’un jour' end
    || ' : l’édition donne à ' || n_days_shifted || ' relevés de suite la valeur que l’on connaissait pour '
    || case
        when step > 1 then 'le relevé ' || which
        when which = 'précédent' then 'la veille'
        else 'le lendemain'
    end
    || ' (' || cast(hits as bigint) || ' valeurs sur les ' || cast(n as bigint) || ' qui changent d’un relevé à l’autre).' as message
from shifts
where n >= {values_min} and hits >= {share_min} * n and n_days_shifted >= {days_min}
order by hits desc
limit 1
