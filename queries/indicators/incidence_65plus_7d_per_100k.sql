/*---
id            = "incidence_65plus_7d_per_100k"
title_fr      = "Taux d’incidence des 65 ans et plus pour 100 000 habitants, 7 jours"
definition_fr = "Personnes positives de 65 ans et plus en 7 jours, rapportées à la population de cet âge. Le flux reçu n’a pas de classes d’âge : la valeur manque toujours, et les règles qui la demandent donnent un intervalle."
unit          = "per_100k"
decimals      = 1
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["tests_place_day"]
references    = ["SI-DEP: P par classe d’âge"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    cast(null as double) as value,
    null as numerator,
    null as denominator,
    'pas de classes d’âge dans le flux' as missing_reason
from tests_place_day
