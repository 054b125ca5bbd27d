/*---
id            = "regional-sum"
title_fr      = "La somme des départements n’est pas la région"
definition_fr = "Pour les indicateurs qui se comptent (patients, cas, passages…), la valeur d’une région ou de la France est la somme de celles de ses départements, quand tous sont connus."
stage         = "bulletin"
severity      = "hold"
summary_fr    = "La somme des départements ne fait pas la valeur imprimée pour l’ensemble ({count} valeurs) : une définition ou un calcul est faux."
message_fr    = "{place}, {day}, {column} : {found}, et {expected} pour la somme des départements."
[parameters]
gap_max = 0.5
---*/
with sums as (
    select o.indicator, o.category, o.time_value, m.geo_type, m.geo_value, count(*) as n_known, sum(o.value) as total
    from observations as o
    join membership as m on o.geo_type = 'department' and m.department = o.geo_value and m.geo_type <> 'department'
    where o.value is not null and o.unit in ('patients', 'cases', 'deaths', 'tests', 'visits', 'nurses', 'doctors', 'consultations', 'centres')
    group by o.indicator, o.category, o.time_value, m.geo_type, m.geo_value
)
select w.place, w.time_value as day, w.indicator as "column", w.value as found, s.total as expected
from observations as w
join sums as s
    on s.indicator = w.indicator and s.category = w.category and s.time_value = w.time_value
    and s.geo_type = w.geo_type and s.geo_value = w.geo_value
join places as p on p.geo_type = w.geo_type and p.geo_value = w.geo_value
where w.value is not null and s.n_known = p.n_departments and abs(w.value - s.total) > {gap_max}
order by w.indicator, w.place, w.time_value desc
