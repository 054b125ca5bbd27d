/*---
id            = "testing_7d_per_100k"
title_fr      = "Taux de dépistage pour 100 000 habitants, 7 jours"
label_fr      = "Dépistage pour 100 000 hab., 7 jours"
axis_fr       = "pour 100 000 habitants"
worse         = "down"
definition_fr = "Personnes testées en 7 jours glissants (SI-DEP), rapportées à la population (INSEE, année du référentiel) et multipliées par 100 000."
unit          = "per_100k"
decimals      = 0
week          = "window"
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["tests_place_day"]
references    = ["SI-DEP: T", "INSEE: population"]
people        = ["tests_7d"]
columns       = ["tests.tests"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    100000.0 * tests_7d / population as value,
    tests_7d as numerator,
    population as denominator,
    lacking_7d as lacking,
    case
        when reason_7d is not null then reason_7d
        when population is null then 'population inconnue'
    end as missing_reason
from tests_place_day
