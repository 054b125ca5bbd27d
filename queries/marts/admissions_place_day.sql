/*---
id       = "admissions_place_day"
title_fr = "Nouvelles admissions par territoire et jour, et sommes de 7 jours"
grain    = ["geo_type", "geo_value", "time_value"]
sources  = ["hospital_admissions", "membership", "places", "broken_trends"]
---*/
-- One row a place and day, from the place's first report to the feed's last day. A day counts when all departments of the
-- place reported, a sum of 7 days when all 7 count: `lacking_7d` names the departments that miss one, columns `_known` are
-- the sums of those that miss none. Columns `_before` are the sums of the 7 days before; `trend_broken` is
-- set when the two weeks together cross a change of definition.
with sums as (
    select
        m.geo_type,
        m.geo_value,
        a.time_value,
        count(*) as n_reported,
        sum(a.admissions) as admissions,
        sum(a.icu_admissions) as icu_admissions
    from hospital_admissions as a
    join membership as m on m.department = a.department
    where a.admissions is not null and a.icu_admissions is not null
    group by m.geo_type, m.geo_value, a.time_value
),
by_department as (   -- the weeks of each department: who has one, and who is missing
    select
        d.department,
        d.time_value,
        count(s.department) over week as n_days,
        sum(s.admissions) over week as admissions,
        sum(s.icu_admissions) over week as icu_admissions
    from (
        select f.department, unnest(generate_series(f.first_day, l.last_day, interval '1 day')) as time_value
        from (select department, min(time_value) as first_day from hospital_admissions group by department) as f
        cross join (select max(time_value) as last_day from hospital_admissions) as l
    ) as d
    left join (select * from hospital_admissions where admissions is not null and icu_admissions is not null) as s
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
        sum(w.admissions) filter (where w.n_days = 7) as admissions_7d_known,
        sum(w.icu_admissions) filter (where w.n_days = 7) as icu_admissions_7d_known
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
        from (select department, min(time_value) as first_day from hospital_admissions group by department) as d
        join membership as m on m.department = d.department
        group by m.geo_type, m.geo_value
    ) as f
    join places as p on p.geo_type = f.geo_type and p.geo_value = f.geo_value
    cross join (select max(time_value) as last_day from hospital_admissions) as l
),
complete as (
    select
        d.geo_type,
        d.geo_value,
        d.time_value,
        d.population,
        d.n_departments as n_expected,
        coalesce(s.n_reported, 0) as n_reported,
        case when s.n_reported = d.n_departments then s.admissions end as admissions,
        case when s.n_reported = d.n_departments then s.icu_admissions end as icu_admissions
    from days as d
    left join sums as s
        on s.geo_type = d.geo_type and s.geo_value = d.geo_value and s.time_value = d.time_value
),
weeks as (
    select
        c.*,
        count(c.admissions) over week as n_days,
        sum(c.admissions) over week as admissions_week,
        sum(c.icu_admissions) over week as icu_admissions_week,
        count(*) filter (where c.admissions = 0) over fortnight as n_days_without,
        regr_slope(ln(nullif(c.admissions, 0)), c.time_value - date '2020-01-01') over fortnight as log_slope
    from complete as c
    window
        week as (
            partition by c.geo_type, c.geo_value order by c.time_value rows between 6 preceding and current row
        ),
        fortnight as (
            partition by c.geo_type, c.geo_value order by c.time_value rows between 13 preceding and current row
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
        w.admissions,
        w.icu_admissions,
        w.n_days as days_7d,
        case when w.n_days = 7 then w.admissions_week end as admissions_7d,
        case when w.n_days = 7 then w.icu_admissions_week end as icu_admissions_7d,
        w.n_days_without as days_without_14d,
        w.log_slope
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
    k.admissions_7d_known,
    k.icu_admissions_7d_known,
    c.admissions,
    c.icu_admissions,
    c.days_7d,
    c.admissions_7d,
    c.icu_admissions_7d,
    lag(c.admissions_7d, 7) over place as admissions_before,
    lag(c.icu_admissions_7d, 7) over place as icu_admissions_before,
    c.days_7d + coalesce(lag(c.days_7d, 7) over place, 0) as days_14d,
    c.days_without_14d,
    c.log_slope,
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
    where b.source = 'hospital_admissions' and b.column_name in ('*', 'admissions', 'icu_admissions') and b.days_since <= 13
    group by b.geo_type, b.geo_value, b.time_value
) as b
-- The few broken days are the hashed side.
right join sums_7d as c
    on c.geo_type = b.geo_type and c.geo_value = b.geo_value and c.time_value = b.time_value
left join known_7d as k on k.geo_type = c.geo_type and k.geo_value = c.geo_value and k.time_value = c.time_value
window place as (partition by c.geo_type, c.geo_value order by c.time_value)
order by c.geo_type, c.geo_value, c.time_value
