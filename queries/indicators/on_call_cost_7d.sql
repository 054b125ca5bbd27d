/*---
id            = "on_call_cost_7d"
title_fr      = "Coût des gardes tenues, 7 jours"
label_fr      = "Coût de la permanence des soins, 7 jours"
definition_fr = "Somme sur 7 jours glissants des heures des postes pourvus multipliées par le tarif horaire de leur tranche (jour, soirée, nuit, dimanche). Il faut les 7 jours."
unit          = "euros"
decimals      = 0
week          = "window"
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["on_call_place_day"]
references    = ["ARS Occitanie: tarifs de régulation et d’effection"]
---*/
select
    geo_type,
    geo_value,
    time_value,
    case when cost_days_7d = 7 then cost_week end as value,
    case when cost_days_7d = 7 then cost_week end as numerator,
    null as denominator,
    case
        when cost_days_7d = 7 then null
        when cost_days_7d = 0 then coalesce(reason, 'heures ou tarifs non déclarés')
        when cost_days_7d = 1 then '1 jour sur 7 disponible'
        else cost_days_7d || ' jours sur 7 disponibles'
    end as missing_reason
from on_call_place_day
where category = ''
