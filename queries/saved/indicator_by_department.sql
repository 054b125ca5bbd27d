/*---
id             = "indicator_by_department"
title_fr       = "Un indicateur dans les départements d’une région, au dernier jour connu"
description_fr = "Du plus haut au plus bas ; un département sans valeur vient à la fin, avec la raison. Le dernier jour est celui où au moins un département a une valeur."
parameters     = [
    { name = "indicator", type = "text", title_fr = "Indicateur (catalogue_indicators)", default = "incidence_7d_per_100k" },
    { name = "region", type = "text", title_fr = "Code de la région", default = "76" },
]
---*/
with latest as (
    select max(i.time_value) as time_value
    from indicators as i
    join departments as d on d.department = i.geo_value
    where
        i.indicator = $indicator
        and i.geo_type = 'department'
        and i.time_type = 'day'
        and d.region = $region
        and i.value is not null
)
select
    d.department,
    d.name,
    i.category,
    i.time_value,
    i.value,
    i.numerator,
    i.denominator,
    i.status,
    i.missing_reason
from indicators as i
join latest as l on l.time_value = i.time_value
join departments as d on d.department = i.geo_value
where
    i.indicator = $indicator
    and i.geo_type = 'department'
    and i.time_type = 'day'
    and d.region = $region
order by i.value desc nulls last, d.department, i.category
