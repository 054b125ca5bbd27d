/*---
id             = "levels"
title_fr       = "Les niveaux des départements d’une région sous une règle, au dernier jour connu"
description_fr = "Le dernier jour où un département au moins a un niveau. « unknown » : des données manquent, et rank_max dit le rang le plus haut qu’elles laissent possible."
parameters     = [
    { name = "rule", type = "text", title_fr = "Règle (catalogue_rules)", default = "zones-2020-09-23" },
    { name = "region", type = "text", title_fr = "Code de la région", default = "76" },
]
---*/
with latest as (
    select max(time_value) as time_value
    from judgements
    where rule = $rule and geo_type = 'department' and level <> 'unknown'
)
select
    d.department,
    d.name,
    j.time_value,
    j.level,
    j.rank,
    j.rank_max
from judgements as j
join latest as l on l.time_value = j.time_value
join departments as d on d.department = j.geo_value
where j.rule = $rule and j.geo_type = 'department' and d.region = $region
order by j.rank desc nulls last, d.department
