/*---
id       = "tests_place_day"
title_fr = "Personnes testées et positives par territoire et jour, et sommes de 7 jours"
grain    = ["geo_type", "geo_value", "time_value"]
sources  = ["tests", "membership", "places", "broken_trends"]
---*/
-- One row a place and day, from the place's first report to the feed's last day. A day counts when all departments of the
-- place reported, a sum of 7 days when all 7 count: `lacking_7d` names the departments that miss one, columns `_known` are
-- the sums of those that miss none. `cases_before` is the sum of the 7 days before; `trend_broken` is set
-- when the two weeks together cross a change of definition.
with sums as (
    select
        m.geo_type,
        m.geo_value,
        t.time_value,
        count(*) as n_reported,
        sum(t.tests) as tests,
        sum(t.positives) as cases
    from tests as t
    join membership as m on m.department = t.department
    where t.tests is not null and t.positives is not null
    group by m.geo_type, m.geo_value, t.time_value
),
by_department as (   -- the weeks of each department: who has one, and who is missing
    select
        d.department,
        d.time_value,
        count(s.department) over week as n_days,
        sum(s.tests) over week as tests,
        sum(s.positives) over week as cases
    from (
        select f.department, unnest(generate_series(f.first_day, l.last_day, interval '1 day')) as time_value
        from (select department, min(time_value) as first_day from tests group by department) as f
        cross join (select max(time_value) as last_day from tests) as l
    ) as d
    left join (select * from tests where tests is not null and positives is not null) as s
        on s.department = d.department and s.time_value = d.time_value
    window week as (partition by d.department order by d.time_value rows between 6 preceding and current row)
),
known_7d as (
    select
        m.geo_type,
        m.geo_value,
        w.time_value,
        count(*) filter (where w.n_days = 7) as n_departments_7d,
        array_to_string(array_agg(n.name order by m.department) filter (where w.n_days < 7), ', ') as lacking_7d,
        sum(w.tests) filter (where w.n_days = 7) as tests_7d_known,
        sum(w.cases) filter (where w.n_days = 7) as cases_7d_known
    from by_department as w
    join membership as m on m.department = w.department
    join places as n on n.geo_type = 'department' and n.geo_value = m.department
    group by m.geo_type, m.geo_value, w.time_value
),
days as (
    select
        f.geo_type,
        f.geo_value,
        p.population,
        p.n_departments,
        unnest(generate_series(f.first_day, l.last_day, interval '1 day')) as time_value
    from (
        select m.geo_type, m.geo_value, min(d.first_day) as first_day
        from (select department, min(time_value) as first_day from tests group by department) as d
        join membership as m on m.department = d.department
        group by m.geo_type, m.geo_value
    ) as f
    join places as p on p.geo_type = f.geo_type and p.geo_value = f.geo_value
    cross join (select max(time_value) as last_day from tests) as l
),
complete as (
    select
        d.geo_type,
        d.geo_value,
        d.time_value,
        d.population,
        d.n_departments as n_expected,
        coalesce(s.n_reported, 0) as n_reported,
        case when s.n_reported = d.n_departments then s.tests end as tests,
        case when s.n_reported = d.n_departments then s.cases end as cases
    from days as d
    left join sums as s
        on s.geo_type = d.geo_type and s.geo_value = d.geo_value and s.time_value = d.time_value
),
weeks as (
    select
        c.*,
        count(c.tests) over week as n_days,
        sum(c.tests) over week as tests_week,
        sum(c.cases) over week as cases_week
    from complete as c
    window week as (
        partition by c.geo_type, c.geo_value order by c.time_value rows between 6 preceding and current row
    )
),
sums_7d as (
    select
        w.geo_type,
        w.geo_value,
        w.time_value,
        w.population,
        w.n_expected,
        w.n_reported,
        w.tests,
        w.cases,
        w.n_days as days_7d,
        case when w.n_days = 7 then w.tests_week end as tests_7d,
        case when w.n_days = 7 then w.cases_week end as cases_7d
    from weeks as w
)
select
    c.geo_type,
    c.geo_value,
    c.time_value,
    c.population,
    c.n_expected,
    c.n_reported,
    cast(coalesce(k.n_departments_7d, 0) as double) / c.n_expected as coverage_7d,
    case when k.n_departments_7d > 0 then nullif(k.lacking_7d, '') end as lacking_7d,
    k.tests_7d_known,
    k.cases_7d_known,
    c.tests,
    c.cases,
    c.days_7d,
    c.tests_7d,
    c.cases_7d,
    lag(c.cases_7d, 7) over place as cases_before,
    case
        when c.n_reported = c.n_expected then null
        when c.n_expected = 1 then 'aucune donnée transmise'
        when c.n_reported = 0 then 'aucun des ' || c.n_expected || ' départements n’a transmis'
        when c.n_reported = 1 then '1 département sur ' || c.n_expected || ' a transmis'
        else c.n_reported || ' départements sur ' || c.n_expected || ' ont transmis'
    end as reason,
    case c.days_7d
        when 7 then null
        when 0 then 'aucun jour sur 7 disponible'
        when 1 then '1 jour sur 7 disponible'
        else c.days_7d || ' jours sur 7 disponibles'
    end as reason_7d,
    b.reason as trend_broken
from (
    select b.geo_type, b.geo_value, b.time_value, max(b.reason) as reason
    from broken_trends as b
    where b.source = 'tests' and b.column_name in ('*', 'positives') and b.days_since <= 13
    group by b.geo_type, b.geo_value, b.time_value
) as b
-- The few broken days are the hashed side.
right join sums_7d as c
    on c.geo_type = b.geo_type and c.geo_value = b.geo_value and c.time_value = b.time_value
left join known_7d as k on k.geo_type = c.geo_type and k.geo_value = c.geo_value and k.time_value = c.time_value
window place as (partition by c.geo_type, c.geo_value order by c.time_value)
order by c.geo_type, c.geo_value, c.time_value
