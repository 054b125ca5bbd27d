/*---
id            = "shrink"
title_fr      = "Édition bien plus courte que ce qui est connu"
definition_fr = "Une édition complète qui a bien moins de lignes que la série déjà connue, quel que soit le retrait que le contrat admet."
stage         = "fetch"
severity      = "hold"
kinds         = ["snapshot"]
[parameters]
share_min = 0.7
keys_min  = 20
---*/
select
    null as place,
    null as day,
    null as "column",
    n_rows as found,
    keys_known as expected,
    'L’édition n’a que ' || n_rows || ' lignes, contre ' || keys_known || ' connues : elle paraît incomplète.' as message
from edition_facts
where keys_known >= {keys_min} and n_rows < {share_min} * keys_known
