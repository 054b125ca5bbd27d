/*---
id            = "admissions_7d_growth"
title_fr      = "Nouvelles hospitalisations : évolution sur une semaine, hors petits nombres"
label_fr      = "Évolution des admissions, hors petits nombres"
definition_fr = "Somme des 7 derniers jours moins celle des 7 jours précédents, rapportée à cette dernière, comptée pour 10 au moins. Sous 10 nouvelles hospitalisations en 7 jours l’évolution est tenue pour nulle : passer de 1 à 2 n’est pas un doublement qui alerte. Pas de valeur quand une rupture de définition sépare les deux semaines."
unit          = "share"
decimals      = 1
week          = "window"
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["admissions_place_day"]
references    = ["SI-VIC: incid_hosp", "proposition de Vigie: 10 hospitalisations au moins"]
people        = ["admissions_7d", "admissions_7d-7d"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    case
        when trend_broken is not null or admissions_7d is null or admissions_before is null then null
        when admissions_7d < 10 then 0.0
        else cast(admissions_7d - admissions_before as double) / greatest(admissions_before, 10)
    end as value,
    admissions_7d - admissions_before as numerator,
    admissions_before as denominator,
    case
        when trend_broken is not null then trend_broken
        when reason_7d is not null then reason_7d
        when admissions_before is null then 'semaine précédente incomplète'
    end as missing_reason
from admissions_place_day
