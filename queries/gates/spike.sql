/*---
id            = "spike"
title_fr      = "Saut d’un territoire"
definition_fr = "Un jour nouveau où la valeur d’un territoire bouge bien plus que les mêmes jours des quatre semaines d’avant, et bien plus que celle des autres territoires : un rattrapage, une erreur de saisie, ou un vrai événement à regarder. L’écart est mesuré par la médiane et la dispersion des mouvements passés ; les petits nombres ne comptent pas."
stage         = "fetch"
severity      = "warn"
message_fr    = "{place}, {day}, {column} : {found} ; environ {expected} attendus d’après les mêmes jours des semaines précédentes."
[parameters]
factor    = 8
least     = 30
days      = 7
weeks_min = 3
---*/
with scored as (
    select
        place,
        measure,
        day,
        value,
        day_before + move_usual as expected,
        value - day_before - move_usual as surprise,
        (value - day_before - move_usual) / greatest(
            move_spread,
            sqrt(case when running_total then abs(move_usual) else greatest(value, day_before) end),
            1.0
        ) as score,
        running_total or value < least or value > most as is_unseen
    from recent
    where
        is_new
        and n_weeks >= {weeks_min}
        and value is not null
        and day_before is not null
        and day > (select max(day) from recent where is_new) - {days}
),
peers as (   -- a holiday or a wave moves all places at once
    select measure, day, case when count(*) >= 5 then median(score) else 0 end as score from scored group by measure, day
)
select s.place, s.day, s.measure as "column", s.value as found, round(s.expected) as expected
from scored as s
join peers as p on p.measure = s.measure and p.day = s.day
where
    s.is_unseen and abs(s.surprise) >= {least} and abs(s.score) > {factor} and abs(s.score - p.score) > {factor}
order by abs(s.score) desc, s.place, s.measure
