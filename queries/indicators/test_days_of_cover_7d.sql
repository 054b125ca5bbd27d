/*---
id            = "test_days_of_cover_7d"
title_fr      = "Jours de couverture des stocks, moyenne sur sept jours"
label_fr      = "Jours de stock, moyenne sur sept jours"
worse         = "down"
definition_fr = "Moyenne des stocks de fin de journée des 7 derniers jours, divisée par l’usage moyen quotidien de ces jours, par produit, tous détenteurs déclarants ensemble : une semaine entière, qui contient toujours le creux d’avant une livraison hebdomadaire et le plein d’après. Pas de valeur quand rien n’a été utilisé ou qu’un stock manque."
unit          = "days"
decimals      = 1
week          = "window"
grain         = ["geo_type", "geo_value", "category", "time_value"]
sources       = ["supply_place_day"]
references    = ["DGS-Urgent, décembre 2020: stocks de tests"]
window_days   = 13
---*/
with weeks as (
    select
        *,
        count(stock) over week as stock_days_7d,
        sum(stock) over week as stock_week
    from supply_place_day
    window week as (partition by geo_type, geo_value, product order by time_value rows between 6 preceding and current row)
)

select
    geo_type,
    geo_value,
    product as category,
    time_value,
    case when stock_days_7d = 7 and used_days_7d = 7 then 1.0 * stock_week / nullif(used_week, 0) end as value,
    case when stock_days_7d = 7 then stock_week / 7.0 end as numerator,
    case when used_days_7d = 7 then used_week / 7.0 end as denominator,
    case
        when stock_days_7d = 7 and used_days_7d = 7 and used_week > 0 then null
        when reason is not null then reason
        when stock_days_7d = 0 then 'aucun jour de stock sur 7 disponible'
        when stock_days_7d = 1 then '1 jour de stock sur 7 disponible'
        when stock_days_7d < 7 then stock_days_7d || ' jours de stock sur 7 disponibles'
        when used_days_7d = 0 then 'aucun jour d’usage sur 7 disponible'
        when used_days_7d = 1 then '1 jour d’usage sur 7 disponible'
        when used_days_7d < 7 then used_days_7d || ' jours d’usage sur 7 disponibles'
        when used_week = 0 then 'aucune utilisation sur 7 jours'
    end as missing_reason
from weeks
