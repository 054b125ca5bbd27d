/*---
id       = "on_call_place_day"
title_fr = "Postes de garde prévus et pourvus, et leur coût, par territoire et jour"
grain    = ["geo_type", "geo_value", "category", "time_value"]
sources  = ["on_call_department_day", "membership", "places"]
---*/
-- A place's day counts when each of its departments has a shift with posts planned and filled.
with sums as (
    select
        m.geo_type,
        m.geo_value,
        d.category,
        d.time_value,
        count(*) filter (where d.is_told) as n_departments,
        sum(d.planned) as planned,
        sum(d.filled) as filled,
        case when count(d.cost) = count(*) then sum(d.cost) end as cost
    from on_call_department_day as d
    join membership as m on m.department = d.department
    group by m.geo_type, m.geo_value, d.category, d.time_value
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
        where category = ''
        group by geo_type, geo_value, category
    ) as f
    cross join (select max(time_value) as last_day from on_call_department_day) as l
    union all
    -- A role or a flag has a row on the days it has shifts: no strike is no gap.
    select geo_type, geo_value, category, time_value from sums where category <> ''
),
complete as (
    select
        d.geo_type,
        d.geo_value,
        d.category,
        d.time_value,
        p.n_departments as n_departments_expected,
        coalesce(a.n_departments, 0) as n_departments,
        s.planned,
        s.filled,
        s.cost
    from days as d
    join places as p on p.geo_type = d.geo_type and p.geo_value = d.geo_value
    left join sums as a
        on a.category = '' and a.geo_type = d.geo_type and a.geo_value = d.geo_value and a.time_value = d.time_value
    left join sums as s
        on s.geo_type = d.geo_type and s.geo_value = d.geo_value and s.category = d.category
        and s.time_value = d.time_value
)
select
    c.geo_type,
    c.geo_value,
    c.category,
    c.time_value,
    case when c.n_departments = c.n_departments_expected then c.planned end as planned,
    case when c.n_departments = c.n_departments_expected then c.filled end as filled,
    count(c.cost) filter (where c.n_departments = c.n_departments_expected) over week as cost_days_7d,
    sum(c.cost) filter (where c.n_departments = c.n_departments_expected) over week as cost_week,
    case
        when c.n_departments = c.n_departments_expected then null
        when c.n_departments_expected = 1 then 'aucune garde déclarée'
        when c.n_departments = 0 then 'aucun des ' || c.n_departments_expected || ' départements n’a transmis'
        when c.n_departments = 1 then '1 département sur ' || c.n_departments_expected || ' a transmis'
        else c.n_departments || ' départements sur ' || c.n_departments_expected || ' ont transmis'
    end as reason
from complete as c
window week as (
    partition by c.geo_type, c.geo_value, c.category order by c.time_value rows between 6 preceding and current row
)
order by c.geo_type, c.geo_value, c.category, c.time_value
