/*---
id            = "tests_7d"
title_fr      = "Personnes testées, 7 jours"
worse         = "down"
definition_fr = "Somme sur 7 jours glissants des personnes testées, par jour de prélèvement et département de résidence (SI-DEP). Il faut les 7 jours, et chaque jour tous les départements."
unit          = "tests"
decimals      = 0
week          = "window"
coverage      = { unit_fr = "départements", at_least = 1.0 }
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["tests_place_day"]
references    = ["SI-DEP: T"]
people        = ["tests_7d"]
columns       = ["tests.tests"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    tests_7d_known as value,
    tests_7d_known as numerator,
    null as denominator,
    coverage_7d as coverage,
    lacking_7d as lacking,
    reason_7d as missing_reason
from tests_place_day
