/*---
id       = "places"
title_fr = "Territoires : population, lits déclarés, nombre de départements"
grain    = ["geo_type", "geo_value"]
sources  = ["departments", "membership"]
---*/
-- A sum over departments exists only when each of them gives its part, but for beds: an empty cell of the census means
-- that the department declares none, and a place where nobody declares any has null, not 0.
select
    m.geo_type,
    m.geo_value,
    case m.geo_type when 'country' then 'France' when 'region' then max(d.region_name) else max(d.name) end as name,
    count(*) as n_departments,
    case when count(d.population) = count(*) then sum(d.population) end as population,
    case when count(d.population_75plus) = count(*) then sum(d.population_75plus) end as population_75plus,
    max(d.population_year) as population_year,
    nullif(sum(coalesce(d.icu_beds, 0)), 0) as icu_beds,
    nullif(sum(coalesce(d.intermediate_beds, 0)), 0) as intermediate_beds,
    nullif(sum(coalesce(d.continuing_beds, 0)), 0) as continuing_beds,
    nullif(
        sum(coalesce(d.icu_beds, 0) + coalesce(d.intermediate_beds, 0) + coalesce(d.continuing_beds, 0)), 0
    ) as critical_care_beds,
    max(d.beds_year) as beds_year
from membership as m
left join departments as d on d.department = m.department
group by m.geo_type, m.geo_value
order by m.geo_type, m.geo_value
