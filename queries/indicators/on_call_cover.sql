/*---
id            = "on_call_cover"
title_fr      = "Gardes pourvues"
axis_fr       = "% des gardes du jour"
worse         = "down"
definition_fr = "Postes de garde pourvus rapportés aux postes prévus, pour les tranches qui commencent ce jour ; ensemble, par rôle (médecin régulateur, médecin effecteur, laboratoire, pharmacie), par tranche (jour, soirée, nuit, dimanche), sous grève déclarée et les jours fériés. La semaine : postes pourvus des sept jours rapportés aux postes prévus des sept jours."
unit          = "share"
decimals      = 0
week          = "ratio"
coverage      = { unit_fr = "tranches de garde", at_least = 1.0 }
grain         = ["geo_type", "geo_value", "category", "time_value"]
sources       = ["on_call_place_day"]
references    = ["ARS Occitanie: permanence des soins ambulatoires"]
---*/
select
    geo_type,
    geo_value,
    category,
    time_value,
    cast(filled as double) / nullif(planned, 0) as value,
    filled as numerator,
    planned as denominator,
    coverage,
    lacking,
    case
        when reason is not null then reason
        when planned = 0 then 'sans objet : aucun poste de garde prévu'
    end as missing_reason
from on_call_place_day
