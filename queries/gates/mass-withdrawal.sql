/*---
id            = "mass-withdrawal"
title_fr      = "Retrait massif de lignes"
definition_fr = "Une édition complète qui ne contient plus une grande part des lignes connues est souvent un fichier coupé. Le seuil est celui du contrat (bounds.withdrawn_share_max)."
stage         = "fetch"
severity      = "hold"
kinds         = ["snapshot"]
---*/
select
    null as place,
    null as day,
    null as "column",
    rows_withdrawn as found,
    keys_known as expected,
    rows_withdrawn || ' lignes connues sur ' || keys_known || ' manquent dans cette édition ('
    || cast(round(100.0 * rows_withdrawn / keys_known) as bigint) || ' % ; au plus '
    || cast(round(100.0 * {withdrawn_share_max}) as bigint) || ' % sont admis).' as message
from edition_facts
where keys_known > 0 and 1.0 * rows_withdrawn / keys_known > {withdrawn_share_max}
