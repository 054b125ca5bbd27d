/*---
id            = "cases_7d_change"
title_fr      = "Personnes positives : évolution sur une semaine"
definition_fr = "Personnes positives des 7 derniers jours comparées à celles des 7 jours précédents, en part de celles-ci. Pas de valeur quand il n’y en avait aucune, ni quand une rupture de définition sépare les deux."
unit          = "share"
decimals      = 1
week          = "window"
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["tests_place_day"]
references    = ["SI-DEP: P"]
people        = ["cases_7d", "cases_7d-7d"]
columns       = ["tests.positives"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    case when trend_broken is null then cast(cases_7d - cases_before as double) / nullif(cases_before, 0) end as value,
    cases_7d - cases_before as numerator,
    cases_before as denominator,
    lacking_7d as lacking,
    case
        when trend_broken is not null then trend_broken
        when reason_7d is not null then reason_7d
        when cases_before is null then 'semaine précédente incomplète'
        when cases_before = 0 then 'aucun cas la semaine précédente'
    end as missing_reason
from tests_place_day
