/*---
id       = "telemedicine_place_day"
title_fr = "Téléconsultation par territoire, plateforme et jour"
grain    = ["geo_type", "geo_value", "category", "time_value"]
sources  = ["telemedicine", "participant_days", "membership", "places"]

[categories_fr]
medicam = "MEDICAM"
---*/
-- Category is a platform, or '' for all of them. A place's day counts when all platforms expected on it (participant_days)
-- reported, and when every department of the place has one.
with reports as (
    select platform as category, * from telemedicine
    union all
    select '' as category, * from telemedicine
),
days as (
    select participant as platform, department, time_value
    from participant_days
    where feed = 'telemedicine'
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
        case when count(r.doctors_registered) = count(*) then sum(r.doctors_registered) end as doctors_registered,
        case when count(r.consultations) = count(*) then sum(r.consultations) end as consultations
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
        case when count(d.doctors_registered) = count(*) then sum(d.doctors_registered) end as doctors_registered,
        case when count(d.consultations) = count(*) then sum(d.consultations) end as consultations
    from by_department as d
    join membership as m on m.department = d.department
    group by m.geo_type, m.geo_value, d.category, d.time_value
),
complete as (
    select s.*, p.n_departments as n_departments_expected, s.n_departments = p.n_departments as all_take_part
    from sums as s
    join places as p on p.geo_type = s.geo_type and p.geo_value = s.geo_value
)
select
    c.geo_type,
    c.geo_value,
    c.category,
    c.time_value,
    c.n_expected,
    c.n_reported,
    case when c.all_take_part then c.doctors_registered end as doctors_registered,
    count(c.consultations) filter (where c.all_take_part) over week as days_7d,
    sum(c.consultations) filter (where c.all_take_part) over week as consultations_week,
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
