/*---
id            = "admissions_7d_change"
title_fr      = "Nouvelles hospitalisations : évolution sur une semaine"
definition_fr = "Somme des 7 derniers jours comparée à celle des 7 jours précédents, en part de celle-ci. Pas de valeur quand elle était nulle, ni quand une rupture de définition sépare les deux."
unit          = "share"
decimals      = 1
week          = "window"
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["admissions_place_day"]
references    = ["SI-VIC: incid_hosp"]
people        = ["admissions_7d", "admissions_7d-7d"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    case when trend_broken is null then cast(admissions_7d - admissions_before as double) / nullif(admissions_before, 0) end as value,
    admissions_7d - admissions_before as numerator,
    admissions_before as denominator,
    lacking_7d as lacking,
    case
        when trend_broken is not null then trend_broken
        when reason_7d is not null then reason_7d
        when admissions_before is null then 'semaine précédente incomplète'
        when admissions_before = 0 then 'aucune admission la semaine précédente'
    end as missing_reason
from admissions_place_day
