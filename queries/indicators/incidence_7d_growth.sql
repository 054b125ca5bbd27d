/*---
id            = "incidence_7d_growth"
title_fr      = "Taux d’incidence : évolution relative sur une semaine"
definition_fr = "Taux d’incidence sur 7 jours rapporté à celui de 7 jours avant, moins 1. Pas de valeur quand une rupture de définition sépare les deux, ni quand il n’y avait aucun cas."
unit          = "share"
decimals      = 0
week          = "window"
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["tests_place_day"]
references    = ["SI-DEP: P", "zones de circulation active, août 2020: dynamique défavorable"]
people        = ["cases_7d", "cases_7d-7d"]
columns       = ["tests.positives"]
window_days   = 14
---*/
select
    geo_type,
    geo_value,
    time_value,
    case when trend_broken is null then cast(cases_7d as double) / nullif(cases_before, 0) - 1 end as value,
    cases_7d - cases_before as numerator,
    cases_before as denominator,
    case
        when trend_broken is not null then trend_broken
        when reason_7d is not null then reason_7d
        when cases_before is null then 'semaine précédente incomplète'
        when cases_before = 0 then 'aucun cas la semaine précédente'
    end as missing_reason
from tests_place_day
