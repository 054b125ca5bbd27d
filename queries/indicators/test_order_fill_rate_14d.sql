/*---
id            = "test_order_fill_rate_14d"
title_fr      = "Commandes livrées, 14 jours"
worse         = "down"
definition_fr = "Quantités livrées rapportées aux quantités commandées sur 14 jours glissants, par produit, tous détenteurs déclarants ensemble. Peut dépasser 100 % quand arrivent des commandes plus anciennes."
unit          = "share"
decimals      = 0
week          = "window"
grain         = ["geo_type", "geo_value", "category", "time_value"]
sources       = ["supply_place_day"]
references    = ["DGS-Urgent, décembre 2020: commandes de tests"]
---*/
select
    geo_type,
    geo_value,
    product as category,
    time_value,
    case when order_days_14d = 14 then cast(delivered_fortnight as double) / nullif(ordered_fortnight, 0) end as value,
    case when order_days_14d = 14 then delivered_fortnight end as numerator,
    case when order_days_14d = 14 then ordered_fortnight end as denominator,
    case
        when order_days_14d = 0 then coalesce(reason, 'aucun jour sur 14 disponible')
        when order_days_14d = 1 then '1 jour sur 14 disponible'
        when order_days_14d < 14 then order_days_14d || ' jours sur 14 disponibles'
        when ordered_fortnight = 0 then 'sans objet : aucune commande sur 14 jours'
    end as missing_reason
from supply_place_day
