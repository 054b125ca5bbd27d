/*---
id       = "capacity_place_day"
title_fr = "Lits ouverts et patients présents par territoire, filière et jour"
grain    = ["geo_type", "geo_value", "care", "time_value"]
sources  = ["hospital_capacity", "participant_days", "membership", "places"]

[categories_fr]
icu = "Réanimation"
intermediate = "Soins intensifs"
continuing = "Surveillance continue"
medicine = "Médecine"
surgery = "Chirurgie"
rehabilitation = "Soins de suite (SSR)"
home = "Hospitalisation à domicile"
---*/
-- The establishments expected on a day are those of participant_days. A sum exists when each of them declared beds and patients
-- that day; columns `_known` are the sums of those that did, and `coverage` is the share of the beds open that they hold, those of
-- the silent ones counted as they last declared them; the share of establishments where one never declared any. Every department of the place takes part in the feed (for any care), or
-- there is no sum: nobody knows how many beds the others have.
with expected as (
    select participant as finess, name, part as care, department, time_value
    from participant_days
    where feed = 'hospital_capacity'
),
declared as (
    select
        e.finess,
        e.name,
        e.care,
        e.department,
        e.time_value,
        h.beds_staffed is not null and h.patients is not null as is_told,
        case when h.patients is not null then h.beds_staffed end as beds_staffed,
        case when h.beds_staffed is not null then h.patients end as patients,
        case when h.beds_staffed is not null and h.patients is not null then h.covid_patients end as covid_patients,
        last_value(h.beds_staffed) ignore nulls over (
            partition by e.finess, e.care order by e.time_value
            rows between unbounded preceding and current row
        ) as beds_last_known
    from expected as e
    left join hospital_capacity as h
        on h.finess = e.finess and h.care = e.care and h.time_value = e.time_value
),
by_department as (
    select
        e.care,
        e.department,
        e.time_value,
        count(*) as n_expected,
        count(*) filter (where e.is_told) as n_reported,
        count(e.covid_patients) as n_covid_reported,
        count(e.beds_last_known) as n_beds_known,
        sum(e.beds_staffed) as beds_open,
        sum(e.beds_last_known) as beds_expected,
        sum(e.patients) as patients,
        sum(e.covid_patients) as covid_patients,
        array_to_string(array_agg(e.name order by e.finess) filter (where not e.is_told), ', ') as silent
    from declared as e
    group by e.care, e.department, e.time_value
),
sums as (
    select
        m.geo_type,
        m.geo_value,
        d.care,
        d.time_value,
        sum(d.n_expected) as n_expected,
        sum(d.n_reported) as n_reported,
        sum(d.n_covid_reported) as n_covid_reported,
        sum(d.n_beds_known) as n_beds_known,
        sum(d.beds_open) as beds_open,
        sum(d.beds_expected) as beds_expected,
        array_to_string(array_agg(d.silent order by d.department) filter (where d.silent <> ''), ', ') as lacking,
        sum(d.patients) as patients,
        sum(d.covid_patients) as covid_patients
    from by_department as d
    join membership as m on m.department = d.department
    group by m.geo_type, m.geo_value, d.care, d.time_value
),
taking_part as (
    select m.geo_type, m.geo_value, count(distinct m.department) as n_departments
    from expected as e
    join membership as m on m.department = e.department
    group by m.geo_type, m.geo_value
),
complete as (
    select
        s.*,
        t.n_departments,
        p.n_departments as n_departments_expected,
        t.n_departments = p.n_departments as all_take_part,
        t.n_departments = p.n_departments and s.n_reported = s.n_expected as is_complete
    from sums as s
    join taking_part as t on t.geo_type = s.geo_type and t.geo_value = s.geo_value
    join places as p on p.geo_type = s.geo_type and p.geo_value = s.geo_value
)
select
    c.geo_type,
    c.geo_value,
    c.care,
    c.time_value,
    c.n_expected,
    c.n_reported,
    case when c.is_complete then c.beds_open end as beds_open,
    case when c.is_complete then c.patients end as patients,
    case when c.is_complete and c.n_covid_reported = c.n_expected then c.covid_patients end as covid_patients,
    case when c.all_take_part then c.beds_open end as beds_open_known,
    case when c.all_take_part then c.patients end as patients_known,
    case when c.all_take_part and c.n_covid_reported = c.n_reported then c.covid_patients end as covid_patients_known,
    case
        when c.all_take_part and c.n_reported = c.n_expected then 1.0
        when c.all_take_part and c.n_beds_known = c.n_expected and c.beds_expected > 0
            then coalesce(cast(c.beds_open as double), 0.0) / c.beds_expected
        when c.all_take_part then cast(c.n_reported as double) / c.n_expected
    end as coverage,
    case when c.n_expected > 1 and c.n_reported > 0 then nullif(c.lacking, '') end as lacking,
    case
        when c.all_take_part and c.n_reported = c.n_expected then null
        when c.n_departments < c.n_departments_expected and c.n_departments = 1
            then '1 département sur ' || c.n_departments_expected || ' participe'
        when c.n_departments < c.n_departments_expected
            then c.n_departments || ' départements sur ' || c.n_departments_expected || ' participent'
        when c.n_expected = 1 then 'l’établissement n’a pas déclaré'
        when c.n_reported = 0 then 'aucun des ' || c.n_expected || ' établissements n’a déclaré'
        when c.n_reported = 1 then '1 établissement sur ' || c.n_expected || ' a déclaré'
        else c.n_reported || ' établissements sur ' || c.n_expected || ' ont déclaré'
    end as reason
from complete as c
order by c.geo_type, c.geo_value, c.care, c.time_value
