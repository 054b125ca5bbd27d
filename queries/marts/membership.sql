/*---
id       = "membership"
title_fr = "Départements de chaque territoire"
grain    = ["geo_type", "geo_value", "department"]
sources  = ["departments"]
---*/
-- Each department in itself, in its region and in France. Three collectivities report tests and belong to no region:
-- each counts for itself only.
select 'department' as geo_type, department as geo_value, department from departments
union all
select 'region', region, department from departments
union all
select 'country', 'FR', department from departments
union all
select 'department', code as geo_value, code as department
from (values ('975'), ('977'), ('978')) as collectivity (code)
where code not in (select department from departments)
