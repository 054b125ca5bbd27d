/*---
id             = "indicator_series"
title_fr       = "La série d’un indicateur pour un territoire"
description_fr = "Un point par jour ; une valeur vide a sa raison. Les points « partial » peuvent encore changer."
parameters     = [
    { name = "indicator", type = "text", title_fr = "Indicateur (catalogue_indicators)", default = "icu_patients" },
    { name = "geo_type", type = "text", title_fr = "department, region ou country", default = "region" },
    { name = "geo_value", type = "text", title_fr = "Code du territoire", default = "76" },
    { name = "since", type = "date", title_fr = "Premier jour", default = "2020-03-01" },
]
---*/
select
    time_value,
    category,
    value,
    numerator,
    denominator,
    status,
    missing_reason
from indicators
where
    indicator = $indicator
    and geo_type = $geo_type
    and geo_value = $geo_value
    and time_type = 'day'
    and time_value >= $since
order by time_value, category
