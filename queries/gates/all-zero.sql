/*---
id            = "all-zero"
title_fr      = "Colonne entièrement à zéro"
definition_fr = "Tous les zéros d’une colonne pour un jour, ou pour toute l’édition, alors qu’elle n’était jamais nulle les semaines d’avant : un zéro à la place d’une valeur manquante. Un jour férié peut être nul et n’est pas retenu."
stage         = "fetch"
severity      = "hold"
summary_fr    = "Toutes les valeurs d’une colonne sont à zéro, alors qu’elle n’était jamais nulle jusqu’ici ({count} colonnes et jours)."
message_fr    = "{day}, {column} : zéro partout, environ {expected} au total d’habitude."
[parameters]
total_min  = 20
days_min   = 7
places_min = 3
---*/
with totals as (
    select
        measure,
        day,
        sum(value) filter (where is_given) as total,
        count(value) filter (where is_given) as n_places,
        sum(known) as total_known,
        count(known) as n_known
    from recent
    group by measure, day
),
usual as (
    select measure, count(*) as n_days, min(total_known) as least, median(total_known) as middle
    from totals
    where n_known > 0
    group by measure
)
select null as place, t.day, t.measure as "column", 0 as found, u.middle as expected
from totals as t
join usual as u on u.measure = t.measure
left join events as e on e.kind = 'holiday' and t.day >= e.starts and t.day <= coalesce(e.ends, e.starts)
where
    e.event_id is null
    and t.total = 0
    and t.n_places >= {places_min}
    and u.least > 0
    and u.middle >= {total_min}
    and (u.n_days >= {days_min} or t.day is null)
order by t.measure, t.day
