/*---
id             = "occupancy_steps"
title_fr       = "Occupation des lits de réanimation par département d’une région"
description_fr = "Patients de réanimation rapportés aux lits ouverts (toutes causes, capacity) et aux lits déclarés avant la crise (Covid-19 seulement, SAE) : deux mesures, deux dénominateurs."
parameters     = [{ name = "region", type = "text", title_fr = "Code de la région", default = "76" }]
---*/
with latest as (
    select
        indicator,
        max(time_value) as time_value
    from indicators
    where
        indicator in ('icu_occupancy_open', 'icu_occupancy_initial')
        and geo_type = 'department'
        and time_type = 'day'
        and value is not null
    group by indicator
)
select
    d.department,
    d.name,
    max(i.time_value) filter (where i.indicator = 'icu_occupancy_open') as open_day,
    max(i.value) filter (where i.indicator = 'icu_occupancy_open') as share_of_open_beds,
    max(i.denominator) filter (where i.indicator = 'icu_occupancy_open') as beds_open,
    max(i.time_value) filter (where i.indicator = 'icu_occupancy_initial') as initial_day,
    max(i.value) filter (where i.indicator = 'icu_occupancy_initial') as share_of_initial_beds,
    max(i.denominator) filter (where i.indicator = 'icu_occupancy_initial') as beds_initial
from indicators as i
join latest as l on l.indicator = i.indicator and l.time_value = i.time_value
join departments as d on d.department = i.geo_value
where i.geo_type = 'department' and i.time_type = 'day' and d.region = $region
group by d.department, d.name
order by d.department
