/*---
id             = "forecast_and_what_came"
title_fr       = "La prévision d’un territoire, et ce qui est venu"
description_fr = "Un point par jour prévu depuis un dimanche : fourchette de 8 chances sur 10, médiane, et la valeur du jour quand elle est connue. « no_change » est le modèle « rien ne change »."
parameters     = [
    { name = "indicator", type = "text", title_fr = "Indicateur prévu", default = "icu_patients" },
    { name = "geo_type", type = "text", title_fr = "department, region ou country", default = "region" },
    { name = "geo_value", type = "text", title_fr = "Code du territoire", default = "76" },
    { name = "model", type = "text", title_fr = "Modèle : damped_trend ou no_change", default = "damped_trend" },
    { name = "since", type = "date", title_fr = "Premier dimanche de référence", default = "2020-03-01" },
]
---*/
with ranges as (
    select
        reference_date,
        target_end_date,
        max(value) filter (where output_type_id = '0.1') as low_80,
        max(value) filter (where output_type_id = '0.5') as median,
        max(value) filter (where output_type_id = '0.9') as high_80
    from forecasts
    where
        target = $indicator
        and geo_type = $geo_type
        and geo_value = $geo_value
        and model_id = 'vigie-' || $model
        and reference_date >= $since
    group by reference_date, target_end_date
)
select
    r.reference_date,
    r.target_end_date,
    r.low_80,
    r.median,
    r.high_80,
    i.value as came,
    i.value between r.low_80 and r.high_80 as within_80
from ranges as r
left join indicators as i
    on i.indicator = $indicator and i.category = '' and i.geo_type = $geo_type and i.geo_value = $geo_value
    and i.time_type = 'day' and i.time_value = r.target_end_date
where r.median is not null
order by r.reference_date, r.target_end_date
