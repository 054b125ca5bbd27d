/*---
id             = "week_to_week"
title_fr       = "Tous les indicateurs d’un territoire, semaine contre semaine"
description_fr = "La valeur de la semaine demandée et celle d’avant. Un écart n’est donné que lorsque les deux existent."
parameters     = [
    { name = "week", type = "date", title_fr = "Lundi de la semaine", default = "2020-10-12" },
    { name = "geo_type", type = "text", title_fr = "department, region ou country", default = "region" },
    { name = "geo_value", type = "text", title_fr = "Code du territoire", default = "76" },
]
---*/
with this_week as (
    select indicator, category, value, status, missing_reason
    from indicators
    where time_type = 'week' and time_value = $week and geo_type = $geo_type and geo_value = $geo_value
),
week_before as (
    select indicator, category, value
    from indicators
    where
        time_type = 'week'
        and time_value = cast($week as date) - interval '7 days'
        and geo_type = $geo_type
        and geo_value = $geo_value
)
select
    c.title_fr,
    t.category,
    c.unit,
    t.value,
    b.value as value_before,
    t.value - b.value as change,
    t.status,
    t.missing_reason
from this_week as t
join catalogue_indicators as c on c.indicator = t.indicator
left join week_before as b on b.indicator = t.indicator and b.category = t.category
order by c.title_fr, t.category
