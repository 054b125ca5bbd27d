/*---
id            = "shrink-increment"
title_fr      = "Jour nouveau bien moins fourni que d’habitude"
definition_fr = "Un jour nouveau dont bien moins de lignes arrivent que les mêmes jours de la semaine auparavant. Les lignes reçues sont bonnes à prendre : l’édition est appliquée, et le manque est dit."
stage         = "fetch"
severity      = "warn"
kinds         = ["increment"]
message_fr    = "Le {day} n’a que {found} lignes, contre {expected} d’habitude le même jour de la semaine."
[parameters]
share_min = 0.7
rows_min  = 10
---*/
with per_day as (
    select
        day,
        count(*) filter (where is_given) as n_given,
        count(*) filter (where not is_new) as n_known
    from recent_rows
    where day is not null
    group by day
),
usual as (
    select
        d.day,
        d.n_given,
        median(cast(h.n_known as double)) as n_usual,
        count(*) as n_weeks
    from per_day as d
    join per_day as h on h.day < d.day and (d.day - h.day) % 7 = 0
    where d.n_known = 0 and d.n_given > 0 and h.n_known > 0
    group by d.day, d.n_given
)
select null as place, day, null as "column", n_given as found, n_usual as expected
from usual
where n_weeks >= 2 and n_usual >= {rows_min} and n_given < {share_min} * n_usual
order by day
