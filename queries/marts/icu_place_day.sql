/*---
id       = "icu_place_day"
title_fr = "Patients de réanimation, Covid-19 ou non, et lits du palier, par territoire et jour"
grain    = ["geo_type", "geo_value", "time_value"]
sources  = ["hospital_place_day", "capacity_place_day", "capacity_steps", "icu_other_patients", "as_of"]
---*/
-- Beds of a step are for all patients, so all patients are counted against them (`step_patients`), or Covid-19 patients alone
-- where the step keeps its beds for them. `basis` says how all are counted:
--   declared  every establishment of the place declared its patients that day;
--   own       Covid-19 patients (SI-VIC), and the others as last published for the region;
--   elsewhere the same with the share of usual beds that others took in the region that published it last.
-- Without one of these there is no count, and `reason` says so: Covid-19 patients alone are never set against beds for all. A
-- published count of others lives 28 days, an opened step 90 days or until the next. A target is no step.
with published as (
    select
        s.region,
        s.valid_from,
        s.beds,
        s.counts,
        s.status
    from capacity_steps as s
    cross join as_of as a
    where s.status in ('usual', 'reached') and s.known_from <= a.day
),
steps as (
    select
        p.*,
        lead(p.valid_from) over (partition by p.region order by p.valid_from, p.status desc, p.beds) as next_from
    from published as p
),
usual as (
    select
        p.region,
        p.valid_from,
        p.beds,
        lead(p.valid_from) over (partition by p.region order by p.valid_from) as next_from
    from published as p
    where p.status = 'usual' and p.counts = 'all'
),
others as (
    select
        o.region,
        o.observed_on,
        o.patients,
        lead(o.observed_on) over (partition by o.region order by o.observed_on) as next_on
    from icu_other_patients as o
    cross join as_of as a
    where o.known_from <= a.day
),
shares as (
    select
        o.region,
        o.observed_on,
        cast(o.patients as double) / u.beds as share,
        lead(o.observed_on) over (order by o.observed_on, cast(o.patients as double) / u.beds) as next_on
    from others as o
    join usual as u
        on u.region = o.region and u.valid_from <= o.observed_on and (u.next_from is null or o.observed_on < u.next_from)
),
days as (
    select
        h.geo_type,
        h.geo_value,
        h.time_value,
        h.icu_patients as covid_patients,
        h.reason as covid_reason,
        case when c.n_reported = c.n_expected then c.patients end as declared_patients,
        case when c.n_reported = c.n_expected then c.patients - c.covid_patients end as declared_others,
        case when c.n_reported = c.n_expected then c.beds_open end as beds_open,
        s.beds,
        s.counts,
        s.status,
        s.valid_from,
        s.status = 'reached' and h.time_value > s.valid_from + interval '90 days' as is_outdated,
        o.patients as own_others,
        o.observed_on as own_on,
        cast(round(e.share * u.beds) as bigint) as others_elsewhere,
        e.observed_on as elsewhere_on,
        e.region as elsewhere
    from hospital_place_day as h
    left join capacity_place_day as c
        on c.geo_type = h.geo_type and c.geo_value = h.geo_value and c.time_value = h.time_value and c.care = 'icu'
    left join steps as s
        on
            h.geo_type = 'region' and s.region = h.geo_value
            and s.valid_from <= h.time_value and (s.next_from is null or h.time_value < s.next_from)
    left join others as o
        on
            h.geo_type = 'region' and o.region = h.geo_value
            and o.observed_on <= h.time_value and (o.next_on is null or h.time_value < o.next_on)
            and h.time_value <= o.observed_on + interval '28 days'
    left join usual as u
        on
            h.geo_type = 'region' and u.region = h.geo_value
            and u.valid_from <= h.time_value and (u.next_from is null or h.time_value < u.next_from)
    left join shares as e
        on
            h.geo_type = 'region'
            and e.observed_on <= h.time_value and (e.next_on is null or h.time_value < e.next_on)
            and h.time_value <= e.observed_on + interval '28 days'
),
based as (
    select
        d.*,
        case
            when d.declared_patients is not null then 'declared'
            when d.covid_patients is null then null
            when d.own_others is not null then 'own'
            when d.others_elsewhere is not null then 'elsewhere'
        end as basis
    from days as d
),
counted as (
    select
        b.*,
        case b.basis
            when 'declared' then b.declared_patients
            when 'own' then b.covid_patients + b.own_others
            when 'elsewhere' then b.covid_patients + b.others_elsewhere
        end as patients,
        case
            when b.basis is not null then null
            when b.covid_patients is null then b.covid_reason
            else 'patients autres que Covid-19 non comptés'
        end as patients_reason
    from based as b
)
select
    c.geo_type,
    c.geo_value,
    c.time_value,
    c.covid_patients,
    c.patients,
    c.basis,
    case c.basis
        when 'declared' then c.declared_others
        when 'own' then c.own_others
        when 'elsewhere' then c.others_elsewhere
    end as other_patients,
    case c.basis
        when 'own' then c.own_on
        when 'elsewhere' then c.elsewhere_on
    end as others_on,
    case when c.basis = 'elsewhere' then c.elsewhere end as others_region,
    c.patients_reason,
    c.beds_open,
    case when not c.is_outdated then c.beds end as step_beds,
    c.counts as step_counts,
    c.status as step_status,
    c.valid_from as step_from,
    case when c.counts = 'covid' then c.covid_patients else c.patients end as step_patients,
    case
        when c.valid_from is null then 'aucun palier de lits connu'
        when c.is_outdated
            then 'dernier palier connu trop ancien (' || c.beds || ' lits le ' || to_char(c.valid_from, '%d/%m/%Y') || ')'
        when c.counts = 'covid' then c.covid_reason
        else c.patients_reason
    end as reason
from counted as c
order by c.geo_type, c.geo_value, c.time_value
