/*---
id       = "reinforcement_place_day"
title_fr = "Demandes de renfort par territoire, profession et jour, sommes de 7 jours"
grain    = ["geo_type", "geo_value", "category", "time_value"]
sources  = ["reinforcement", "membership", "places"]

[categories_fr]
renfort-covid = "Renfort-Covid"
nurse = "Infirmiers"
icu_nurse = "Infirmiers de réanimation"
physician = "Médecins"
anaesthetist = "Anesthésistes-réanimateurs"
physiotherapist = "Kinésithérapeutes"
doctor = "Médecins"
nursing_assistant = "Aides-soignants"
---*/
-- Category is a profession, or '' for all of them. A row of the feed is a demand, so a day without a row asks for nobody
-- and is not a gap; but every department of the place must take part in the feed.
with reports as (
    select profession as category, department, time_value, requested, filled_48h from reinforcement
    union all
    select '' as category, department, time_value, requested, filled_48h from reinforcement
),
sums as (
    select
        m.geo_type,
        m.geo_value,
        r.category,
        r.time_value,
        sum(r.requested) as requested,
        sum(r.filled_48h) as filled_48h
    from reports as r
    join membership as m on m.department = r.department
    where r.requested is not null and r.filled_48h is not null
    group by m.geo_type, m.geo_value, r.category, r.time_value
),
taking_part as (
    select m.geo_type, m.geo_value, count(distinct m.department) as n_departments
    from reinforcement as r
    join membership as m on m.department = r.department
    group by m.geo_type, m.geo_value
),
days as (
    select
        f.geo_type,
        f.geo_value,
        f.category,
        unnest(generate_series(f.first_day, l.last_day, interval '1 day')) as time_value
    from (
        select geo_type, geo_value, category, min(time_value) as first_day
        from sums
        group by geo_type, geo_value, category
    ) as f
    cross join (select max(time_value) as last_day from reinforcement) as l
),
complete as (
    select
        d.geo_type,
        d.geo_value,
        d.category,
        d.time_value,
        t.n_departments,
        p.n_departments as n_departments_expected,
        s.requested,
        s.filled_48h
    from days as d
    join taking_part as t on t.geo_type = d.geo_type and t.geo_value = d.geo_value
    join places as p on p.geo_type = d.geo_type and p.geo_value = d.geo_value
    left join sums as s
        on s.geo_type = d.geo_type and s.geo_value = d.geo_value and s.category = d.category
        and s.time_value = d.time_value
)
select
    c.geo_type,
    c.geo_value,
    c.category,
    c.time_value,
    sum(c.requested) filter (where c.n_departments = c.n_departments_expected) over week as requested_week,
    sum(c.filled_48h) filter (where c.n_departments = c.n_departments_expected) over week as filled_48h_week,
    case
        when c.n_departments < c.n_departments_expected and c.n_departments = 1
            then '1 département sur ' || c.n_departments_expected || ' participe'
        when c.n_departments < c.n_departments_expected
            then c.n_departments || ' départements sur ' || c.n_departments_expected || ' participent'
    end as reason
from complete as c
window week as (
    partition by c.geo_type, c.geo_value, c.category order by c.time_value rows between 6 preceding and current row
)
order by c.geo_type, c.geo_value, c.category, c.time_value
