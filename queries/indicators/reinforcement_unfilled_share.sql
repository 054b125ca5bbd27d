/*---
id            = "reinforcement_unfilled_share"
title_fr      = "Demandes de renfort non pourvues en 48 heures"
label_fr      = "Demandes de renfort non pourvues à 48 h"
definition_fr = "Part des renforts demandés par les établissements qui n’étaient pas pourvus 48 heures après, sur les demandes des 7 derniers jours ; ensemble, puis par profession."
unit          = "share"
decimals      = 1
week          = "window"
grain         = ["geo_type", "geo_value", "category", "time_value"]
sources       = ["reinforcement_place_day"]
references    = ["renfort-covid"]
window_days   = 9
---*/
select
    geo_type,
    geo_value,
    category,
    time_value,
    1.0 - cast(filled_48h_week as double) / nullif(requested_week, 0) as value,
    requested_week - filled_48h_week as numerator,
    requested_week as denominator,
    case
        when reason is not null then reason
        when coalesce(requested_week, 0) = 0 then 'sans objet : aucune demande en 7 jours'
    end as missing_reason
from reinforcement_place_day
