/*---
id       = "centre_place_day"
title_fr = "Centres de consultation et créneaux par territoire, nature, statut et jour"
grain    = ["geo_type", "geo_value", "kind", "status", "time_value"]
sources  = ["centres_versions", "fetches", "feeds", "membership", "places", "as_of"]

[categories_fr]
project = "En projet"
supported = "Accompagnés"
open = "Ouverts"
suspended = "Suspendus"
closed = "Fermés"
dedicated = "Dédiés Covid-19"
reorganised = "Réorganisés"
---*/
-- A centre is on a day what the newest edition issued by the end of that day (Paris) said of it, and stays so until an
-- edition says otherwise or withdraws it. Each edition says the whole register again, also where nothing changed; the last
-- one is believed for the `error_after` of its contract and no longer: then the register is missing, with its reason. One
-- row a place, kind, status and day, for each pair the place ever had, from its first edition on: no centre in a status is
-- 0. France has counts only when every department is in the register.
with editions as (
    select
        centre_id,
        cast(to_local_time(issued_at at time zone 'Europe/Paris') as date) as first_day,
        issued_at,
        recorded_at,
        department,
        kind,
        status,
        slots_per_day,
        booked_7d,
        offered_7d,
        withdrawn
    from centres_versions
    where cast(to_local_time(issued_at at time zone 'Europe/Paris') as date) <= (select day from as_of)
),
issued as (
    select first_day as issued_on from editions
    union
    select cast(to_local_time(issued_at at time zone 'Europe/Paris') as date)
    from fetches
    where source = 'centres' and outcome in ('new', 'unchanged')
),
believed as (   -- days on which the register is believed, and the edition that says so
    select
        d.time_value,
        max(i.issued_on) as issued_on,
        max(i.issued_on) + cast(max(f.error_after_hours) / 24 as integer) >= d.time_value as is_believed
    from (
        select unnest(generate_series(e.first_day, a.day, interval '1 day')) as time_value
        from (select min(first_day) as first_day from editions) as e
        cross join as_of as a
    ) as d
    join issued as i on i.issued_on <= d.time_value
    cross join (select error_after_hours from feeds where source = 'centres') as f
    group by d.time_value
),
ordered as (   -- the last edition of a day hides those before it: its next_day is later than first_day
    select
        e.*,
        lead(e.first_day) over (partition by e.centre_id order by e.issued_at, e.recorded_at) as next_day,
        (select day from as_of) as last_day
    from editions as e
),
spans as (
    select department, kind, status, slots_per_day, booked_7d, offered_7d, first_day, next_day, last_day
    from ordered
    where not withdrawn and (next_day is null or next_day > first_day)
),
in_force as (
    select
        department,
        kind,
        status,
        slots_per_day,
        booked_7d,
        offered_7d,
        unnest(generate_series(first_day, coalesce(next_day - 1, last_day), interval '1 day'))
            as time_value
    from spans
),
by_department as (
    select
        department,
        kind,
        status,
        time_value,
        count(*) as n_centres,
        count(slots_per_day) as n_slots_known,
        sum(slots_per_day) as slots_per_day,
        sum(booked_7d) filter (where offered_7d is not null) as booked_7d,
        sum(offered_7d) filter (where booked_7d is not null) as offered_7d
    from in_force
    group by department, kind, status, time_value
),
sums as (
    select
        m.geo_type,
        m.geo_value,
        d.kind,
        d.status,
        d.time_value,
        sum(d.n_centres) as n_centres,
        sum(d.n_slots_known) as n_slots_known,
        sum(d.slots_per_day) as slots_per_day,
        sum(d.booked_7d) as booked_7d,
        sum(d.offered_7d) as offered_7d
    from by_department as d
    join membership as m on m.department = d.department
    group by m.geo_type, m.geo_value, d.kind, d.status, d.time_value
),
listed as (
    select m.geo_type, m.geo_value, count(distinct m.department) as n_departments, min(e.first_day) as first_day
    from editions as e
    join membership as m on m.department = e.department
    group by m.geo_type, m.geo_value
),
days as (
    select
        l.geo_type,
        l.geo_value,
        s.kind,
        s.status,
        l.n_departments,
        unnest(generate_series(l.first_day, a.day, interval '1 day')) as time_value
    from listed as l
    join (
        select distinct m.geo_type, m.geo_value, s.kind, s.status
        from spans as s
        join membership as m on m.department = s.department
    ) as s
        on s.geo_type = l.geo_type and s.geo_value = l.geo_value
    cross join as_of as a
),
complete as (
    select
        d.geo_type,
        d.geo_value,
        d.kind,
        d.status,
        d.time_value,
        p.population,
        d.n_departments,
        p.n_departments as n_departments_expected,
        (d.geo_type <> 'country' or d.n_departments = p.n_departments) and coalesce(b.is_believed, false) as is_complete,
        b.issued_on,
        coalesce(b.is_believed, false) as is_believed,
        coalesce(s.n_centres, 0) as n_centres,
        coalesce(s.n_slots_known, 0) as n_slots_known,
        coalesce(s.slots_per_day, 0) as slots_per_day,
        coalesce(s.booked_7d, 0) as booked_7d,
        coalesce(s.offered_7d, 0) as offered_7d
    from days as d
    join places as p on p.geo_type = d.geo_type and p.geo_value = d.geo_value
    left join sums as s
        on s.geo_type = d.geo_type and s.geo_value = d.geo_value and s.kind = d.kind and s.status = d.status
        and s.time_value = d.time_value
    left join believed as b on b.time_value = d.time_value
)
select
    c.geo_type,
    c.geo_value,
    c.kind,
    c.status,
    c.time_value,
    c.population,
    case when c.is_complete then c.n_centres end as n_centres,
    case when c.is_complete then c.n_slots_known end as n_slots_known,
    case when c.is_complete then c.slots_per_day end as slots_per_day,
    case when c.is_complete then c.booked_7d end as booked_7d,
    case when c.is_complete then c.offered_7d end as offered_7d,
    case
        when c.is_complete then null
        when not c.is_believed
            then 'dernière édition du registre le ' || to_char(c.issued_on, '%d/%m/%Y') || ', trop ancienne pour ce jour'
        when c.n_departments = 1 then '1 département sur ' || c.n_departments_expected || ' figure au registre'
        else c.n_departments || ' départements sur ' || c.n_departments_expected || ' figurent au registre'
    end as reason
from complete as c
order by c.geo_type, c.geo_value, c.kind, c.status, c.time_value
