/*---
id            = "cases_7d_rise_sd"
title_fr      = "Personnes positives : évolution sur une semaine, en écarts-types du hasard"
definition_fr = "Différence entre les personnes positives de 7 jours et celles des 7 jours d’avant, rapportée à l’écart-type que le hasard seul donne à la différence de deux comptes (racine de leur somme). Au-dessus de 1,96, une hausse a moins d’une chance sur vingt de venir du hasard."
unit          = "ratio"
decimals      = 1
week          = "window"
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["tests_place_day"]
references    = ["SI-DEP: P", "loi de Poisson: la variance d’un compte est ce compte"]
people        = ["cases_7d", "cases_7d-7d"]
columns       = ["tests.positives"]
window_days   = 14
---*/
select
    geo_type,
    geo_value,
    time_value,
    case
        when trend_broken is not null then null
        when cases_7d + cases_before = 0 then 0.0
        else (cases_7d - cases_before) / sqrt(cast(cases_7d + cases_before as double))
    end as value,
    cases_7d - cases_before as numerator,
    cases_7d + cases_before as denominator,
    case
        when trend_broken is not null then trend_broken
        when reason_7d is not null then reason_7d
        when cases_before is null then 'semaine précédente incomplète'
    end as missing_reason
from tests_place_day
