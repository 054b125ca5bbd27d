/*---
id            = "mass-revision-increment"
title_fr      = "Révision massive de jours établis"
definition_fr = "Un envoi partiel qui change une grande part de tout ce qui était connu des cinq dernières semaines, jours encore provisoires mis à part. Un envoi de corrections, qui ne touche que quelques lignes, n’en est pas un. Le seuil est celui du contrat (bounds.revised_share_max)."
stage         = "fetch"
severity      = "warn"
kinds         = ["increment"]
[parameters]
rows_min = 20
---*/
with lines as (
    select place, day, bool_or(is_given and value is distinct from known) as is_revised
    from recent
    where not is_new and day is not null
    group by place, day
),
settled as (
    select count(*) as n_known, count(*) filter (where is_revised) as n_revised
    from lines
    where day <= (select max(day) from recent where is_given) - {settling_days}
)
select
    null as place,
    null as day,
    null as "column",
    n_revised as found,
    n_known as expected,
    n_revised || ' lignes déjà établies sur les ' || n_known || ' des cinq dernières semaines changent de valeur ('
    || cast(round(100.0 * n_revised / n_known) as bigint) || ' % ; au plus '
    || cast(round(100.0 * {revised_share_max}) as bigint)
    || ' % d’ordinaire). Façon de compter, périmètre, colonnes ou jours ont pu changer.' as message
from settled
where n_known >= {rows_min} and n_revised > {revised_share_max} * n_known
