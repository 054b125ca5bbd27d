/*---
id       = "hospital_place_day"
title_fr = "Patients à l’hôpital et cumuls, par territoire et jour"
grain    = ["geo_type", "geo_value", "time_value"]
sources  = ["hospital_stock", "membership", "places", "broken_trends"]
---*/
-- One row a place and day, from the place's first report to the feed's last day: a day nobody reported is there, empty.
-- A sum exists when all departments of the place reported; `reason` says how many did otherwise, `lacking` who did not, and
-- columns `_known` are the sums of those who did. Columns `_7d_ago` are those of seven days before; `trend_broken` is set
-- when that comparison would cross a change of definition. `deaths_7d` and `discharged_7d` are the sums of what the
-- departments' running totals gained: one whose total fell gives no number (`fallen` names it, `n_counted` leaves it out),
-- or the falls of some would hide deaths of others.
with sums as (
    select
        m.geo_type,
        m.geo_value,
        s.time_value,
        count(*) as n_reported,
        sum(s.hospital_patients) as hospital_patients,
        sum(s.icu_patients) as icu_patients,
        case when count(s.discharged_total) = count(*) then sum(s.discharged_total) end as discharged_total,
        case when count(s.deaths_total) = count(*) then sum(s.deaths_total) end as deaths_total
    from hospital_stock as s
    join membership as m on m.department = s.department
    where s.hospital_patients is not null and s.icu_patients is not null
    group by m.geo_type, m.geo_value, s.time_value
),
gains as (
    select
        department,
        time_value,
        deaths_total - lag(deaths_total, 7) over of_department as deaths,
        discharged_total - lag(discharged_total, 7) over of_department as discharged
    from (
        select
            d.department,
            d.time_value,
            case when s.hospital_patients is not null and s.icu_patients is not null then s.deaths_total end
                as deaths_total,
            case when s.hospital_patients is not null and s.icu_patients is not null then s.discharged_total end
                as discharged_total
        from (
            select
                f.department,
                unnest(generate_series(f.first_day, l.last_day, interval '1 day')) as time_value
            from (select department, min(time_value) as first_day from hospital_stock group by department) as f
            cross join (select max(time_value) as last_day from hospital_stock) as l
        ) as d
        left join hospital_stock as s on s.department = d.department and s.time_value = d.time_value
    ) as known
    window of_department as (partition by department order by time_value)
),
gained as (
    select
        m.geo_type,
        m.geo_value,
        g.time_value,
        count(g.deaths) as n_deaths_known,
        count(*) filter (where g.deaths >= 0) as n_deaths_counted,
        sum(g.deaths) filter (where g.deaths >= 0) as deaths_7d,
        array_to_string(array_agg(n.name order by g.department) filter (where g.deaths < 0), ', ') as deaths_fallen,
        count(g.discharged) as n_discharged_known,
        count(*) filter (where g.discharged >= 0) as n_discharged_counted,
        sum(g.discharged) filter (where g.discharged >= 0) as discharged_7d,
        array_to_string(array_agg(n.name order by g.department) filter (where g.discharged < 0), ', ')
            as discharged_fallen
    from gains as g
    join membership as m on m.department = g.department
    join places as n on n.geo_type = 'department' and n.geo_value = g.department
    group by m.geo_type, m.geo_value, g.time_value
),
days as (
    select
        f.geo_type,
        f.geo_value,
        p.population,
        p.icu_beds,
        p.critical_care_beds,
        p.n_departments,
        unnest(generate_series(f.first_day, l.last_day, interval '1 day')) as time_value
    from (
        select m.geo_type, m.geo_value, min(d.first_day) as first_day
        from (select department, min(time_value) as first_day from hospital_stock group by department) as d
        join membership as m on m.department = d.department
        group by m.geo_type, m.geo_value
    ) as f
    join places as p on p.geo_type = f.geo_type and p.geo_value = f.geo_value
    cross join (select max(time_value) as last_day from hospital_stock) as l
),
complete as (
    select
        d.geo_type,
        d.geo_value,
        d.time_value,
        d.population,
        d.icu_beds,
        d.critical_care_beds,
        d.n_departments as n_expected,
        coalesce(s.n_reported, 0) as n_reported,
        s.hospital_patients as hospital_patients_known,
        s.icu_patients as icu_patients_known,
        case when s.n_reported = d.n_departments then s.hospital_patients end as hospital_patients,
        case when s.n_reported = d.n_departments then s.icu_patients end as icu_patients,
        case when s.n_reported = d.n_departments then s.discharged_total end as discharged_total,
        case when s.n_reported = d.n_departments then s.deaths_total end as deaths_total
    from days as d
    left join sums as s
        on s.geo_type = d.geo_type and s.geo_value = d.geo_value and s.time_value = d.time_value
),
lacking as (
    select
        c.geo_type,
        c.geo_value,
        c.time_value,
        array_to_string(array_agg(n.name order by m.department), ', ') as lacking
    from complete as c
    join membership as m on m.geo_type = c.geo_type and m.geo_value = c.geo_value
    join places as n on n.geo_type = 'department' and n.geo_value = m.department
    left join hospital_stock as s
        on s.department = m.department and s.time_value = c.time_value
        and s.hospital_patients is not null and s.icu_patients is not null
    where c.n_reported > 0 and c.n_reported < c.n_expected and s.department is null
    group by c.geo_type, c.geo_value, c.time_value
)
select
    c.geo_type,
    c.geo_value,
    c.time_value,
    c.population,
    c.icu_beds,
    c.critical_care_beds,
    c.n_expected,
    c.n_reported,
    cast(c.n_reported as double) / c.n_expected as coverage,
    l.lacking,
    c.hospital_patients_known,
    c.icu_patients_known,
    c.hospital_patients,
    c.icu_patients,
    c.discharged_total,
    c.deaths_total,
    lag(c.hospital_patients, 7) over place as hospital_patients_7d_ago,
    lag(c.icu_patients, 7) over place as icu_patients_7d_ago,
    lag(c.discharged_total, 7) over place as discharged_total_7d_ago,
    lag(c.deaths_total, 7) over place as deaths_total_7d_ago,
    g.n_deaths_known,
    g.n_deaths_counted,
    g.deaths_7d,
    g.deaths_fallen,
    g.n_discharged_known,
    g.n_discharged_counted,
    g.discharged_7d,
    g.discharged_fallen,
    case
        when c.n_reported = c.n_expected then null
        when c.n_expected = 1 then 'aucune donnée transmise'
        when c.n_reported = 0 then 'aucun des ' || c.n_expected || ' départements n’a transmis'
        when c.n_reported = 1 then '1 département sur ' || c.n_expected || ' a transmis'
        else c.n_reported || ' départements sur ' || c.n_expected || ' ont transmis'
    end as reason,
    b.reason as trend_broken
from (
    select b.geo_type, b.geo_value, b.time_value, max(b.reason) as reason
    from broken_trends as b
    where b.source = 'hospital_stock' and b.column_name in ('*', 'hospital_patients', 'icu_patients') and b.days_since <= 7
    group by b.geo_type, b.geo_value, b.time_value
) as b
-- The few broken days are the hashed side.
right join complete as c
    on c.geo_type = b.geo_type and c.geo_value = b.geo_value and c.time_value = b.time_value
left join gained as g on g.geo_type = c.geo_type and g.geo_value = c.geo_value and g.time_value = c.time_value
left join lacking as l on l.geo_type = c.geo_type and l.geo_value = c.geo_value and l.time_value = c.time_value
window place as (partition by c.geo_type, c.geo_value order by c.time_value)
order by c.geo_type, c.geo_value, c.time_value
