/*---
id       = "er_place_day"
title_fr = "Passages aux urgences et actes SOS Médecins par territoire et jour, et sommes de 7 jours"
grain    = ["geo_type", "geo_value", "time_value"]
sources  = ["er_visits", "membership", "places"]
---*/
-- The feed writes 0 for « no report »: a department's day counts when its total of visits is above 0. A department takes part
-- when it ever gave a visit, and is asked for SOS Médecins when it ever gave a call. A place's sums of 7 days are those of
-- the days reported in its departments; `coverage_7d` is the share of their days that were (all its departments asked,
-- those that never take part included), `lacking` who gave none.
with covered as (
    select
        d.department,
        count(e.department) > 0 as in_feed,
        coalesce(max(e.visits) > 0, false) as takes_part,
        coalesce(max(e.sos_calls) > 0, false) as has_sos,
        coalesce(min(e.time_value), (select min(time_value) from er_visits)) as first_day
    from (select distinct department from membership) as d
    left join er_visits as e on e.department = d.department
    group by d.department
),
days as (
    select
        c.department,
        c.in_feed,
        c.takes_part,
        c.has_sos,
        unnest(generate_series(c.first_day, l.last_day, interval '1 day')) as time_value
    from covered as c
    cross join (select max(time_value) as last_day from er_visits) as l
),
reports as (
    select
        d.department,
        d.time_value,
        d.in_feed,
        d.takes_part,
        d.has_sos,
        case when e.visits > 0 and e.covid_visits is not null then e.covid_visits end as covid_visits,
        case when e.visits > 0 and e.covid_visits is not null then e.visits end as visits,
        case when d.has_sos and e.sos_calls > 0 and e.sos_covid_calls is not null then e.sos_covid_calls end
            as sos_covid_calls,
        case when d.has_sos and e.sos_calls > 0 and e.sos_covid_calls is not null then e.sos_calls end as sos_calls
    from days as d
    left join er_visits as e on e.department = d.department and e.time_value = d.time_value
),
weeks as (
    select
        r.*,
        count(r.visits) over week as days_7d,
        sum(r.covid_visits) over week as covid_visits_week,
        sum(r.visits) over week as visits_week,
        count(r.sos_calls) over week as sos_days_7d,
        sum(r.sos_covid_calls) over week as sos_covid_calls_week,
        sum(r.sos_calls) over week as sos_calls_week
    from reports as r
    window week as (partition by r.department order by r.time_value rows between 6 preceding and current row)
),
sums as (
    select
        m.geo_type,
        m.geo_value,
        w.time_value,
        count(w.visits) as n_reported,
        count(*) filter (where w.takes_part) as n_taking_part,
        count(*) filter (where w.has_sos) as n_sos_expected,
        count(*) filter (where w.days_7d = 7) as n_whole,
        sum(w.days_7d) as days_reported,
        sum(w.covid_visits_week) as covid_visits_week,
        sum(w.covid_visits_week) filter (where w.days_7d = 7) as covid_visits_whole,
        sum(w.visits_week) as visits_week,
        sum(w.sos_days_7d) filter (where w.has_sos) as sos_days_reported,
        sum(w.sos_covid_calls_week) as sos_covid_calls_week,
        sum(w.sos_calls_week) as sos_calls_week,
        array_to_string(array_agg(n.name order by m.department) filter (where w.days_7d = 0), ', ') as lacking,
        array_to_string(array_agg(n.name order by m.department) filter (where w.days_7d < 7), ', ') as lacking_whole,
        array_to_string(
            array_agg(n.name order by m.department) filter (where w.has_sos and w.sos_days_7d = 0), ', '
        ) as sos_lacking
    from weeks as w
    join membership as m on m.department = w.department
    join places as n on n.geo_type = 'department' and n.geo_value = w.department
    group by m.geo_type, m.geo_value, w.time_value
    having max(cast(w.in_feed as int)) = 1
),
full_days as (   -- days on which all that take part reported
    select
        s.*,
        count(*) filter (where s.n_reported > 0 and s.n_reported = s.n_taking_part) over week as days_7d
    from sums as s
    window week as (
        partition by s.geo_type, s.geo_value order by s.time_value rows between 6 preceding and current row
    )
)
select
    s.geo_type,
    s.geo_value,
    s.time_value,
    p.n_departments as n_expected,
    s.n_reported,
    s.n_taking_part,
    s.n_sos_expected,
    s.n_whole,
    s.days_7d,
    s.covid_visits_week,
    s.covid_visits_whole,
    s.visits_week,
    s.sos_covid_calls_week,
    s.sos_calls_week,
    cast(s.days_reported as double) / (7 * p.n_departments) as coverage_7d,
    cast(s.n_whole as double) / p.n_departments as coverage_whole,
    cast(s.sos_days_reported as double) / nullif(7 * s.n_sos_expected, 0) as sos_coverage_7d,
    case when p.n_departments > 1 and s.visits_week is not null then nullif(s.lacking, '') end as lacking,
    case when p.n_departments > 1 and s.n_whole > 0 then nullif(s.lacking_whole, '') end as lacking_whole,
    case when s.n_sos_expected > 1 and s.sos_calls_week is not null then nullif(s.sos_lacking, '') end as sos_lacking,
    case
        when s.days_reported = 7 * p.n_departments then null
        when s.days_reported = 0 and p.n_departments = 1 then 'aucun passage déclaré'
        when s.days_reported = 0 then 'aucun des ' || p.n_departments || ' départements n’a transmis'
        when p.n_departments = 1 and s.days_reported = 1 then '1 jour sur 7 déclaré'
        when p.n_departments = 1 then s.days_reported || ' jours sur 7 déclarés'
        when s.n_whole = 1 then '1 département sur ' || p.n_departments || ' a transmis les 7 jours'
        when s.n_whole = 0 then 'aucun des ' || p.n_departments || ' départements n’a transmis les 7 jours'
        else s.n_whole || ' départements sur ' || p.n_departments || ' ont transmis les 7 jours'
    end as reason,
    case
        when s.n_sos_expected = 0 then 'sans objet : pas de SOS Médecins'
        when s.sos_days_reported = 0 then 'aucun jour déclaré sur 7'
        when p.n_departments > 1 or s.sos_days_reported = 7 then null
        when s.sos_days_reported = 1 then '1 jour sur 7 déclaré'
        else s.sos_days_reported || ' jours sur 7 déclarés'
    end as sos_reason
from full_days as s
join places as p on p.geo_type = s.geo_type and p.geo_value = s.geo_value
order by s.geo_type, s.geo_value, s.time_value
