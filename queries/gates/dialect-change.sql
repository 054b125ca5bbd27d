/*---
id            = "dialect-change"
title_fr      = "Changement de forme du fichier"
definition_fr = "Le séparateur, l’encodage ou la compression ne sont plus ceux de l’édition précédente. L’édition est lue et appliquée ; un changement de forme annonce souvent un changement de fond."
stage         = "fetch"
severity      = "warn"
---*/
with forms as (
    select 'séparateur' as what, delimiter as found, delimiter_before as expected from edition_facts
    union all
    select 'encodage', encoding, encoding_before from edition_facts
    union all
    select 'compression', compression, compression_before from edition_facts
)
select
    null as place,
    null as day,
    null as "column",
    found,
    expected,
    'La forme du fichier a changé depuis l’édition précédente : ' || what || ' « '
    || found || ' » au lieu de « ' || expected || ' ». Lu et appliqué.' as message
from forms
where found is not null and expected is not null and found <> expected
order by what
