/*---
id       = "on_call_place_day"
title_fr = "Postes de garde prévus et pourvus, et leur coût, par territoire et jour"
grain    = ["geo_type", "geo_value", "category", "time_value"]
sources  = ["on_call_department_day", "membership", "places"]

[categories_fr]
regulator = "Médecins régulateurs"
on_duty_doctor = "Médecins effecteurs"
laboratory = "Laboratoires"
pharmacy = "Pharmacies"
day = "Journées"
evening = "Soirées"
night = "Nuits"
sunday = "Dimanches"
strike = "Jours de grève"
no_strike = "Hors grève"
holiday = "Jours fériés"
ordinary = "Jours ordinaires"
normal = "Jours ordinaires"
---*/
-- One row a place, category and day, from the place's first shift on: a day without a shift of a role, or without a strike,
-- has 0 posts planned and is no gap. A department that told of no shift at all that day is missing, and so are the shifts
-- of which it did not say how many posts were filled: `coverage` is the share of departments, times that of their shifts.
with told as (
    select department, time_value
    from on_call_department_day
    where category = '' and n_told > 0
),
sums as (
    select
        m.geo_type,
        m.geo_value,
        d.category,
        d.time_value,
        sum(d.n_shifts) as n_shifts,
        sum(d.n_told) as n_told,
        sum(d.planned) as planned,
        sum(d.filled) as filled,
        case when count(d.cost) = count(*) then sum(d.cost) end as cost
    from on_call_department_day as d
    join membership as m on m.department = d.department
    group by m.geo_type, m.geo_value, d.category, d.time_value
),
categories as (
    select category from on_call_department_day
    union
    select role from (values ('regulator'), ('on_duty_doctor'), ('laboratory'), ('pharmacy')) as known (role)
),
place_days as (
    select
        f.geo_type,
        f.geo_value,
        unnest(generate_series(f.first_day, l.last_day, interval '1 day')) as time_value
    from (
        select geo_type, geo_value, min(time_value) as first_day
        from sums
        where category = ''
        group by geo_type, geo_value
    ) as f
    cross join (select max(time_value) as last_day from on_call_department_day) as l
),
present as (
    select m.geo_type, m.geo_value, t.time_value, count(*) as n_departments
    from told as t
    join membership as m on m.department = t.department
    group by m.geo_type, m.geo_value, t.time_value
),
days as (
    select
        d.geo_type,
        d.geo_value,
        d.time_value,
        p.n_departments as n_departments_expected,
        coalesce(a.n_departments, 0) as n_departments
    from place_days as d
    join places as p on p.geo_type = d.geo_type and p.geo_value = d.geo_value
    left join present as a on a.geo_type = d.geo_type and a.geo_value = d.geo_value and a.time_value = d.time_value
),
lacking as (
    select
        d.geo_type,
        d.geo_value,
        d.time_value,
        array_to_string(array_agg(n.name order by m.department), ', ') as lacking
    from days as d
    join membership as m on m.geo_type = d.geo_type and m.geo_value = d.geo_value
    join places as n on n.geo_type = 'department' and n.geo_value = m.department
    left join told as t on t.department = m.department and t.time_value = d.time_value
    where d.n_departments < d.n_departments_expected and d.n_departments_expected > 1 and t.department is null
    group by d.geo_type, d.geo_value, d.time_value
),
complete as (
    select
        d.geo_type,
        d.geo_value,
        c.category,
        d.time_value,
        d.n_departments_expected,
        d.n_departments,
        coalesce(s.n_shifts, 0) as n_shifts,
        coalesce(s.n_told, 0) as n_told,
        coalesce(s.planned, 0) as planned,
        coalesce(s.filled, 0) as filled,
        s.cost,
        l.lacking
    from days as d
    cross join categories as c
    left join sums as s
        on s.category = c.category and s.geo_type = d.geo_type and s.geo_value = d.geo_value
        and s.time_value = d.time_value
    left join lacking as l on l.geo_type = d.geo_type and l.geo_value = d.geo_value and l.time_value = d.time_value
)
select
    c.geo_type,
    c.geo_value,
    c.category,
    c.time_value,
    c.planned,
    c.filled,
    cast(c.n_departments as double) / c.n_departments_expected
    * case when c.n_shifts = 0 then 1.0 else cast(c.n_told as double) / c.n_shifts end as coverage,
    c.lacking,
    count(c.cost) filter (where c.n_departments = c.n_departments_expected) over week as cost_days_7d,
    sum(c.cost) filter (where c.n_departments = c.n_departments_expected) over week as cost_week,
    case
        when c.n_departments = c.n_departments_expected and c.n_told = c.n_shifts then null
        when c.n_departments = c.n_departments_expected and c.n_shifts - c.n_told = 1
            then '1 tranche sans postes déclarés sur ' || c.n_shifts
        when c.n_departments = c.n_departments_expected
            then (c.n_shifts - c.n_told) || ' tranches sans postes déclarés sur ' || c.n_shifts
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
