/*---
id       = "on_call_department_day"
title_fr = "Postes de garde prévus et pourvus, et leur coût, par département et jour"
grain    = ["department", "category", "time_value"]
sources  = ["on_call", "events", "membership", "as_of"]
---*/
-- A shift belongs to the day it begins, local time; the roster published ahead is left out until its day comes. Category
-- is '' for all shifts, a role, a slot, `strike` (shifts under a declared strike) or `holiday` (public holidays of the place).
with shifts as (
    select
        department,
        cast(shift_start as date) as time_value,
        role,
        slot,
        planned,
        filled,
        coalesce(strike, false) as strike,
        hours * filled * rate_eur_per_hour as cost
    from on_call
    where cast(shift_start as date) <= (select day from as_of)
),
holiday_dates as (
    select
        geo_type,
        geo_value,
        unnest(generate_series(starts, coalesce(ends, starts), interval '1 day')) as time_value
    from events
    where kind = 'holiday'
),
holidays as (
    select distinct m.department, h.time_value
    from holiday_dates as h
    join membership as m on m.geo_type = h.geo_type and m.geo_value = h.geo_value
),
reports as (
    select
        s.department,
        s.time_value,
        s.planned,
        s.filled,
        s.cost,
        unnest(make_array(
            '',
            s.role,
            s.slot,
            case when s.strike then 'strike' end,
            case when h.department is not null then 'holiday' end
        )) as category
    from shifts as s
    left join holidays as h on h.department = s.department and h.time_value = s.time_value
)
select
    department,
    category,
    time_value,
    count(*) as n_shifts,
    count(*) filter (where planned is not null and filled is not null) as n_told,
    sum(planned) filter (where filled is not null) as planned,
    sum(filled) filter (where planned is not null) as filled,
    case when count(cost) = count(*) then sum(cost) end as cost
from reports
where category is not null
group by department, category, time_value
order by department, category, time_value
