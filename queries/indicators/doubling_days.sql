/*---
id            = "doubling_days"
title_fr      = "Temps de doublement des hospitalisations"
worse         = "down"
definition_fr = "Temps, en jours, dans lequel les nouvelles hospitalisations doubleraient au rythme des 14 derniers jours : logarithme de 2 divisé par la pente de la droite ajustée au logarithme des admissions du jour. Pas de valeur sans croissance, ni au-delà d’un an (la croissance ne se distingue plus d’une stagnation), ni si un des 14 jours est sans admission."
unit          = "days"
decimals      = 0
week          = "window"
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["admissions_place_day"]
references    = ["SI-VIC: incid_hosp"]
window_days   = 14
people        = ["admissions_7d"]
---*/
with growth as (
    select
        *,
        days_14d = 14 and days_without_14d = 0 and trend_broken is null as is_measurable
    from admissions_place_day
)
select
    geo_type,
    geo_value,
    time_value,
    case when is_measurable and log_slope > ln(2) / 365 then ln(2) / log_slope end as value,
    null as numerator,
    case when is_measurable then log_slope end as denominator,
    case
        when trend_broken is not null then trend_broken
        when days_14d <= 1 then days_14d || ' jour sur 14 disponible'
        when days_14d < 14 then days_14d || ' jours sur 14 disponibles'
        when days_without_14d = 1 then '1 jour sur 14 sans admission'
        when days_without_14d > 1 then days_without_14d || ' jours sur 14 sans admission'
        when log_slope <= ln(2) / 365 then 'pas de croissance'
    end as missing_reason
from growth
