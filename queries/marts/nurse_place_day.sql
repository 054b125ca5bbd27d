/*---
id       = "nurse_place_day"
title_fr = "Infirmiers et demandes de soins à domicile par territoire, plateforme et jour"
grain    = ["geo_type", "geo_value", "category", "time_value"]
sources  = ["nurse_platform", "participant_days", "membership", "places"]

[categories_fr]
inzee-care = "Inzee.Care"
medicam = "MEDICAM"
---*/
-- Category is a platform, or '' for all of them. A place's day counts when all platforms expected on it (participant_days)
-- reported, and when every department of the place has one.
with reports as (
    select platform as category, * from nurse_platform
    union all
    select '' as category, * from nurse_platform
),
days as (
    select participant as platform, department, time_value
    from participant_days
    where feed = 'nurse_platform'
),
expected as (
    select platform as category, * from days
    union all
    select '' as category, * from days
),
by_department as (
    select
        e.category,
        e.department,
        e.time_value,
        count(*) as n_expected,
        count(r.department) as n_reported,
        case when count(r.registered_total) = count(*) then sum(r.registered_total) end as registered_total,
        case when count(r.active_7d) = count(*) then sum(r.active_7d) end as active_7d,
        case when count(r.patients_at_home) = count(*) then sum(r.patients_at_home) end as patients_at_home,
        case when count(r.requests + r.accepted_24h) = count(*) then sum(r.requests) end as requests,
        case when count(r.requests + r.accepted_24h) = count(*) then sum(r.accepted_24h) end as accepted_24h
    from expected as e
    left join reports as r
        on r.category = e.category and r.platform = e.platform and r.department = e.department
        and r.time_value = e.time_value
    group by e.category, e.department, e.time_value
),
sums as (
    select
        m.geo_type,
        m.geo_value,
        d.category,
        d.time_value,
        sum(d.n_expected) as n_expected,
        count(*) as n_departments,
        sum(d.n_reported) as n_reported,
        case when count(d.registered_total) = count(*) then sum(d.registered_total) end as registered_total,
        case when count(d.active_7d) = count(*) then sum(d.active_7d) end as active_7d,
        case when count(d.patients_at_home) = count(*) then sum(d.patients_at_home) end as patients_at_home,
        case when count(d.requests) = count(*) then sum(d.requests) end as requests,
        case when count(d.accepted_24h) = count(*) then sum(d.accepted_24h) end as accepted_24h
    from by_department as d
    join membership as m on m.department = d.department
    group by m.geo_type, m.geo_value, d.category, d.time_value
),
complete as (
    select
        s.*,
        p.n_departments as n_departments_expected,
        p.population_75plus,
        s.n_departments = p.n_departments as all_take_part
    from sums as s
    join places as p on p.geo_type = s.geo_type and p.geo_value = s.geo_value
)
select
    c.geo_type,
    c.geo_value,
    c.category,
    c.time_value,
    c.population_75plus,
    c.n_expected,
    c.n_reported,
    case when c.all_take_part then c.registered_total end as registered_total,
    case when c.all_take_part then c.active_7d end as active_7d,
    case when c.all_take_part then c.patients_at_home end as patients_at_home,
    count(c.requests) filter (where c.all_take_part) over week as days_7d,
    sum(c.requests) filter (where c.all_take_part) over week as requests_week,
    sum(c.accepted_24h) filter (where c.all_take_part) over week as accepted_24h_week,
    case
        when c.n_departments < c.n_departments_expected and c.n_departments = 1
            then '1 département sur ' || c.n_departments_expected || ' participe'
        when c.n_departments < c.n_departments_expected
            then c.n_departments || ' départements sur ' || c.n_departments_expected || ' participent'
        when c.n_reported = c.n_expected then null
        when c.n_expected = 1 then 'aucune donnée transmise'
        when c.n_reported = 0 then 'aucune des ' || c.n_expected || ' déclarations attendues n’est arrivée'
        when c.n_reported = 1 then '1 déclaration sur ' || c.n_expected || ' est arrivée'
        else c.n_reported || ' déclarations sur ' || c.n_expected || ' sont arrivées'
    end as reason
from complete as c
window week as (
    partition by c.geo_type, c.geo_value, c.category order by c.time_value rows between 6 preceding and current row
)
order by c.geo_type, c.geo_value, c.category, c.time_value
