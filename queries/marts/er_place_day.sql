/*---
id       = "er_place_day"
title_fr = "Passages aux urgences et actes SOS Médecins par territoire et jour, et sommes de 7 jours"
grain    = ["geo_type", "geo_value", "time_value"]
sources  = ["er_visits", "membership", "places"]
---*/
-- The feed writes 0 for « no report »: a department's day counts when its total of visits is above 0, and a place's day
-- when it counts for all departments of the place. Sums of 7 days keep the days that count; `days_7d` says how many.
-- SOS Médecins is asked only of the departments where it ever gave a call.
with covered as (
    select department, max(sos_calls) > 0 as has_sos from er_visits group by department
),
reports as (
    select
        e.department,
        e.time_value,
        c.has_sos,
        e.visits > 0 and e.covid_visits is not null as reported,
        c.has_sos and e.sos_calls > 0 and e.sos_covid_calls is not null as sos_reported,
        e.covid_visits,
        e.visits,
        e.sos_covid_calls,
        e.sos_calls
    from er_visits as e
    join covered as c on c.department = e.department
),
sums as (
    select
        m.geo_type,
        m.geo_value,
        r.time_value,
        count(*) filter (where r.reported) as n_reported,
        count(*) filter (where r.sos_reported) as n_sos_reported,
        sum(r.covid_visits) filter (where r.reported) as covid_visits,
        sum(r.visits) filter (where r.reported) as visits,
        sum(r.sos_covid_calls) filter (where r.sos_reported) as sos_covid_calls,
        sum(r.sos_calls) filter (where r.sos_reported) as sos_calls
    from reports as r
    join membership as m on m.department = r.department
    group by m.geo_type, m.geo_value, r.time_value
),
sos_places as (
    select m.geo_type, m.geo_value, count(*) as n_sos
    from covered as c
    join membership as m on m.department = c.department
    where c.has_sos
    group by m.geo_type, m.geo_value
),
days as (
    select
        f.geo_type,
        f.geo_value,
        p.n_departments,
        coalesce(o.n_sos, 0) as n_sos_expected,
        unnest(generate_series(f.first_day, l.last_day, interval '1 day')) as time_value
    from (
        select m.geo_type, m.geo_value, min(d.first_day) as first_day
        from (select department, min(time_value) as first_day from er_visits group by department) as d
        join membership as m on m.department = d.department
        group by m.geo_type, m.geo_value
    ) as f
    join places as p on p.geo_type = f.geo_type and p.geo_value = f.geo_value
    left join sos_places as o on o.geo_type = f.geo_type and o.geo_value = f.geo_value
    cross join (select max(time_value) as last_day from er_visits) as l
),
complete as (
    select
        d.geo_type,
        d.geo_value,
        d.time_value,
        d.n_departments as n_expected,
        coalesce(s.n_reported, 0) as n_reported,
        d.n_sos_expected,
        case when s.n_reported = d.n_departments then s.covid_visits end as covid_visits,
        case when s.n_reported = d.n_departments then s.visits end as visits,
        case when s.n_sos_reported = d.n_sos_expected then s.sos_covid_calls end as sos_covid_calls,
        case when s.n_sos_reported = d.n_sos_expected then s.sos_calls end as sos_calls
    from days as d
    left join sums as s
        on s.geo_type = d.geo_type and s.geo_value = d.geo_value and s.time_value = d.time_value
)
select
    c.geo_type,
    c.geo_value,
    c.time_value,
    c.n_expected,
    c.n_reported,
    c.n_sos_expected,
    c.covid_visits,
    c.visits,
    c.sos_covid_calls,
    c.sos_calls,
    count(c.visits) over week as days_7d,
    sum(c.covid_visits) over week as covid_visits_week,
    sum(c.visits) over week as visits_week,
    count(c.sos_calls) over week as sos_days_7d,
    sum(c.sos_covid_calls) over week as sos_covid_calls_week,
    sum(c.sos_calls) over week as sos_calls_week,
    case
        when c.n_reported = c.n_expected then null
        when c.n_expected = 1 then 'aucun passage déclaré'
        when c.n_reported = 0 then 'aucun des ' || c.n_expected || ' départements n’a transmis'
        when c.n_reported = 1 then '1 département sur ' || c.n_expected || ' a transmis'
        else c.n_reported || ' départements sur ' || c.n_expected || ' ont transmis'
    end as reason
from complete as c
window week as (
    partition by c.geo_type, c.geo_value order by c.time_value rows between 6 preceding and current row
)
order by c.geo_type, c.geo_value, c.time_value
