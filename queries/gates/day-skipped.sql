/*---
id            = "day-skipped"
title_fr      = "Jour sauté"
definition_fr = "L’édition donne un jour nouveau sans celui d’avant, que rien n’a jamais donné, alors que les mêmes jours de la semaine avaient des lignes jusqu’ici : un jour perdu, ou daté d’un autre. Ce qui le contient n’aura pas de valeur."
stage         = "fetch"
severity      = "warn"
message_fr    = "Aucune ligne pour le {day}, alors que des jours plus récents sont donnés."
[parameters]
weeks_min = 2
---*/
with days as (
    select
        day,
        bool_or(not is_new) as is_known,
        bool_or(is_given and is_new) as is_fresh
    from recent_rows
    where day is not null
    group by day
),
bounds as (
    select
        max(day) filter (where is_known) as last_known,
        max(day) filter (where is_fresh) as last_fresh
    from days
),
between_them as (
    select unnest(generate_series(last_known + 1, last_fresh - 1, interval '1 day')) as day
    from bounds
    where last_fresh > last_known + 1
),
missing as (
    select cast(b.day as date) as day
    from between_them as b
    left join days as d on d.day = cast(b.day as date)
    where d.day is null
)
select null as place, m.day, null as "column", null as found, null as expected
from missing as m
join days as d on d.is_known and d.day < m.day and (m.day - d.day) % 7 = 0
group by m.day
having count(*) >= {weeks_min}
order by m.day
