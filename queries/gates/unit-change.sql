/*---
id            = "unit-change"
title_fr      = "Changement d’unité"
definition_fr = "Les valeurs d’une colonne sont dix, cent ou mille fois plus grandes, ou plus petites, que celles connues pour les mêmes jours (ou, plus grandes, que celles de la veille pour un jour nouveau), et cela dans une grande part des lignes. Un jour nouveau ne compte que s’il dépasse nettement tout ce qui a été vu en quatre semaines : une épidémie qui décuple en un mois n’est pas un changement d’unité."
stage         = "fetch"
severity      = "hold"
summary_fr    = "Une colonne paraît avoir changé d’unité : {count} valeurs sont dix, cent ou mille fois plus grandes ou plus petites qu’attendu."
message_fr    = "{place}, {day}, {column} : {found} au lieu d’environ {expected}."
[parameters]
share_min      = 0.4
keys_min       = 5
value_min      = 10
tolerance_same = 0.03
tolerance_new  = 0.2
---*/
with pairs as (
    select   -- what was known of the same place and day
        measure,
        place,
        day,
        false as is_fresh,
        value as found,
        known as expected,
        {tolerance_same} as tolerance,
        value <> known as differs
    from recent
    where is_given and least(value, known) > 0 and greatest(value, known) >= {value_min}
    union all
    select   -- days that nobody knew, against the day before; only upwards: a young day is often far from complete
        measure,
        place,
        day,
        true as is_fresh,
        value as found,
        coalesce(nullif(day_before, 0), usual) as expected,
        {tolerance_new} as tolerance,
        value > 2 * most as differs
    from recent
    where is_new and n_days >= 7 and coalesce(nullif(day_before, 0), usual) > 0 and value >= {value_min}
),
shifted as (
    select *, differs and abs(power) between 1 and 3 and abs(shift - power) <= tolerance as is_shifted
    from (
        select *, log10(found / expected) as shift, round(log10(found / expected)) as power from pairs
    )
),
counted as (   -- a unit changes for all the days that are given again, or from one new day on
    select
        *,
        count(*) over (partition by measure, is_fresh, new_day) as n_all,
        count(*) filter (where is_shifted) over (partition by measure, is_fresh, new_day, power) as n_shifted
    from (select *, case when is_fresh then day end as new_day from shifted)
)
select place, day, measure as "column", found, expected
from counted
where is_shifted and n_shifted >= {keys_min} and n_shifted >= {share_min} * n_all
order by day desc, measure, found desc, place
