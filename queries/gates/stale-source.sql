/*---
id            = "stale-source"
title_fr      = "Source périmée"
definition_fr = "La dernière édition d’une source dont des indicateurs sont imprimés est plus vieille que le délai de son contrat (error_after). Ses séries s’arrêtent à leur dernier jour : la suite est un trou, jamais une ligne plate."
stage         = "bulletin"
severity      = "warn"
message_fr    = "« {column} » : dernière édition du {day}, plus ancienne que le délai admis pour cette source ; ses séries s’arrêtent là."
---*/
select
    'source:' || source as place,
    last_issued_on as day,
    title_fr as "column",
    age_hours as found,
    error_after_hours as expected
from feed_states
where state = 'stale' and is_used = 'yes'
order by source
