/*---
id             = "revised_most"
title_fr       = "Les valeurs de patients hospitalisés les plus révisées depuis leur première publication"
description_fr = "Pour la source hospital_stock ; la même vue existe pour chaque source (nom_revisions)."
parameters     = [{ name = "n", type = "integer", title_fr = "Nombre de lignes", default = "20" }]
---*/
select
    department,
    time_value,
    value_column,
    first_value,
    last_value,
    net_change,
    n_changes,
    last_revised_at
from hospital_stock_revisions
where n_changes > 0
order by abs(net_change) desc, time_value, department, value_column
limit cast($n as bigint)
