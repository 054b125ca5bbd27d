/*---
id            = "incidence_7d_change"
title_fr      = "Taux d’incidence : évolution sur une semaine"
definition_fr = "Taux d’incidence sur 7 jours moins celui de 7 jours avant, en cas pour 100 000 habitants. Pas de valeur quand une rupture de définition sépare les deux."
unit          = "per_100k"
decimals      = 1
week          = "window"
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["tests_place_day"]
references    = ["SI-DEP: P", "INSEE: population", "zones de circulation active, août 2020: tendance défavorable"]
people        = ["cases_7d", "cases_7d-7d"]
columns       = ["tests.positives"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    case when trend_broken is null then 100000.0 * (cases_7d - cases_before) / population end as value,
    cases_7d - cases_before as numerator,
    population as denominator,
    lacking_7d as lacking,
    case
        when trend_broken is not null then trend_broken
        when reason_7d is not null then reason_7d
        when cases_before is null then 'semaine précédente incomplète'
        when population is null then 'population inconnue'
    end as missing_reason
from tests_place_day
