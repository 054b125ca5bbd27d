/*---
id            = "test_days_of_cover"
title_fr      = "Jours de couverture des stocks"
label_fr      = "Jours de stock"
worse         = "down"
definition_fr = "Stock de fin de journée divisé par l’usage moyen quotidien des 7 derniers jours, par produit, tous détenteurs déclarants ensemble. Pas de valeur quand rien n’a été utilisé."
unit          = "days"
decimals      = 1
week          = "sunday"
grain         = ["geo_type", "geo_value", "category", "time_value"]
sources       = ["supply_place_day"]
references    = ["DGS-Urgent, décembre 2020: stocks de tests"]
window_days   = 7
---*/
select
    geo_type,
    geo_value,
    product as category,
    time_value,
    case when used_days_7d = 7 then 7.0 * stock / nullif(used_week, 0) end as value,
    stock as numerator,
    case when used_days_7d = 7 then used_week / 7.0 end as denominator,
    case
        when reason is not null then reason
        when stock is null then 'stock non déclaré'
        when used_days_7d = 0 then 'aucun jour d’usage sur 7 disponible'
        when used_days_7d = 1 then '1 jour d’usage sur 7 disponible'
        when used_days_7d < 7 then used_days_7d || ' jours d’usage sur 7 disponibles'
        when used_week = 0 then 'aucune utilisation sur 7 jours'
    end as missing_reason
from supply_place_day
