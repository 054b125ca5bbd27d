/*---
id            = "positivity_7d"
title_fr      = "Taux de positivité, 7 jours"
subject       = { text_fr = "Le taux de positivité" }
axis_fr       = "% des personnes testées"
definition_fr = "Personnes positives rapportées aux personnes testées, sommes de 7 jours glissants (SI-DEP)."
unit          = "share"
decimals      = 1
week          = "window"
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["tests_place_day"]
references    = ["SI-DEP: P, T"]
people        = ["cases_7d", "tests_7d"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    cast(cases_7d as double) / nullif(tests_7d, 0) as value,
    cases_7d as numerator,
    tests_7d as denominator,
    lacking_7d as lacking,
    case
        when reason_7d is not null then reason_7d
        when tests_7d = 0 then 'aucune personne testée en 7 jours'
    end as missing_reason
from tests_place_day
