/*---
id            = "nurses_registered"
title_fr      = "Infirmiers inscrits sur les plateformes"
label_fr      = "Infirmiers inscrits"
worse         = "down"
definition_fr = "Infirmiers libéraux inscrits à ce jour, sur l’ensemble des plateformes puis par plateforme. Un infirmier inscrit sur deux plateformes compte deux fois."
unit          = "nurses"
decimals      = 0
week          = "sunday"
grain         = ["geo_type", "geo_value", "category", "time_value"]
sources       = ["nurse_place_day"]
references    = ["ARS Occitanie, 18 mars 2020: plus de 3 300 sur Inzee.Care"]
---*/
select
    geo_type,
    geo_value,
    category,
    time_value,
    registered_total as value,
    registered_total as numerator,
    null as denominator,
    case when registered_total is null then coalesce(reason, 'inscriptions non déclarées') end as missing_reason
from nurse_place_day
