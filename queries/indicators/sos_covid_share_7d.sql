/*---
id            = "sos_covid_share_7d"
title_fr      = "Part des actes SOS Médecins pour suspicion de Covid-19, 7 jours"
label_fr      = "Actes SOS Médecins pour suspicion de Covid-19"
axis_fr       = "% des actes"
definition_fr = "Actes SOS Médecins pour suspicion de Covid-19 rapportés à tous les actes, sur les jours déclarés parmi les 7 derniers. Seuls comptent les départements où SOS Médecins exerce ; sous la moitié de leurs jours, il n’y a pas de valeur."
unit          = "share"
decimals      = 1
week          = "window"
coverage      = { unit_fr = "jours de déclaration des départements", at_least = 0.5 }
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["er_place_day"]
references    = ["SurSaUD: SOS Médecins"]
people        = ["numerator", "denominator"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    cast(sos_covid_calls_week as double) / nullif(sos_calls_week, 0) as value,
    sos_covid_calls_week as numerator,
    sos_calls_week as denominator,
    sos_coverage_7d as coverage,
    sos_lacking as lacking,
    sos_reason as missing_reason
from er_place_day
