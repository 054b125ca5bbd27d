/*---
id             = "published_history"
title_fr       = "Ce que les bulletins ont imprimé d’un indicateur, édition après édition"
description_fr = "Le chiffre tel que le lecteur l’a lu, avec l’instant jusqu’auquel les données étaient connues."
parameters     = [
    { name = "indicator", type = "text", title_fr = "Indicateur (catalogue_indicators)", default = "icu_patients" },
    { name = "geo_value", type = "text", title_fr = "Code du territoire", default = "76" },
]
---*/
select distinct
    b.week,
    b.territory,
    b.edition,
    b.as_of_issued,
    v.geo_type,
    v.geo_value,
    v.time_value,
    v.printed,
    v.value,
    v.unit
from published_values as v
join bulletins as b on b.bulletin_id = v.bulletin_id
where v.indicator = $indicator and v.geo_value = $geo_value
order by b.week, b.territory, b.edition, v.time_value
