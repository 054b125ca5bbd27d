/*---
id            = "incidence_7d_per_100k"
title_fr      = "Taux d’incidence pour 100 000 habitants, 7 jours"
label_fr      = "Incidence pour 100 000 hab., 7 jours"
subject       = { text_fr = "L’incidence", feminine = true }
axis_fr       = "pour 100 000 habitants"
definition_fr = "Personnes positives en 7 jours glissants (SI-DEP), rapportées à la population (INSEE, année du référentiel) et multipliées par 100 000 ; pour une métropole, le taux publié."
unit          = "per_100k"
decimals      = 1
week          = "window"
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["tests_place_day", "metropole_incidence"]
references    = ["SI-DEP: P", "INSEE: population"]
people        = ["cases_7d"]
columns       = ["tests.positives"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    100000.0 * cases_7d / population as value,
    cast(cases_7d as double) as numerator,
    cast(population as double) as denominator,
    lacking_7d as lacking,
    case
        when reason_7d is not null then reason_7d
        when population is null then 'population inconnue'
    end as missing_reason
from tests_place_day
union all
select
    'epci',
    m.epci,
    m.time_value,
    m.rate,
    cast(null as double),
    cast(null as double),
    cast(null as varchar),
    case when m.rate is null then 'taux non publié' end
from metropole_incidence as m
where m.age_class = 'all'
order by geo_type, geo_value, time_value
