/*---
id            = "mass-revision"
title_fr      = "Révision massive"
definition_fr = "Une édition complète qui change la valeur d’une grande part des lignes déjà connues, jours encore provisoires mis à part : nouvelle façon de compter, autre périmètre, colonnes ou jours déplacés. Le seuil est celui du contrat (bounds.revised_share_max) pour toute la série, et la moitié des lignes, changées d’un dixième au moins, pour les cinq dernières semaines. Une source qui ajuste d’une unité beaucoup de jours passés n’est pas retenue. Cela arrive pour de bon (les tests de décembre 2020), et l’édition est appliquée ; la part est dite."
stage         = "fetch"
severity      = "warn"
kinds         = ["snapshot"]
[parameters]
rows_min         = 20
recent_share_max = 0.5
move_min         = 0.1
---*/
with lines as (
    select
        place,
        day,
        bool_or(value is distinct from known) as is_revised,
        bool_or(
            (value is null) <> (known is null) or abs(value - known) > {move_min} * greatest(abs(known), 10)
        ) as is_other,
        day > (select max(day) from recent where is_given) - {settling_days} as is_young
    from recent
    where is_given and not is_new and day is not null
    group by place, day
),
seen as (   -- young days are expected to move
    select
        count(*) filter (where is_young) as n_young,
        count(*) filter (where is_young and is_revised) as n_young_revised,
        count(*) filter (where not is_young) as n_recent,
        count(*) filter (where not is_young and is_revised) as n_recent_revised,
        count(*) filter (where not is_young and is_other) as n_recent_other
    from lines
),
spans as (
    select
        'déjà établies' as which,
        f.rows_again - f.one_in * s.n_young as n_again,
        f.rows_revised - f.one_in * s.n_young_revised as n_revised,
        {revised_share_max} as share_max
    from edition_facts as f
    cross join seen as s
    where f.is_dated and 2 * s.n_recent_other >= s.n_recent_revised   -- not small adjustments
    union all
    select 'déjà établies des cinq dernières semaines', n_recent, n_recent_other, {recent_share_max} from seen
)
select
    null as place,
    null as day,
    null as "column",
    n_revised as found,
    n_again as expected,
    n_revised || ' lignes ' || which || ' sur ' || n_again || ' changent de valeur ('
    || cast(round(100.0 * n_revised / n_again) as bigint) || ' % ; au plus '
    || cast(round(100.0 * share_max) as bigint)
    || ' % d’ordinaire). Façon de compter, périmètre, colonnes ou jours ont pu changer.' as message
from spans
where n_again >= {rows_min} and n_revised > share_max * n_again
order by which
limit 1
