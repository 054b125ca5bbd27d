/*---
id            = "copy-of-yesterday"
title_fr      = "Copie de la veille"
definition_fr = "Le dernier jour répète la veille dans presque tous les territoires, alors que leurs valeurs changeaient d’un jour à l’autre. Les petits départements, calmes pendant des semaines, ne comptent pour rien : chacun est comparé à ses propres habitudes."
stage         = "fetch"
severity      = "hold"
summary_fr    = "Le dernier jour répète exactement la veille dans {count} territoires, dont les valeurs changent d’ordinaire : la source paraît figée."
message_fr    = "{place}, {day} : les mêmes valeurs que la veille."
[parameters]
share_min     = 0.95
usual_max     = 0.6
same_day_max  = 0.8
chance_max    = 0.000001
places_min    = 5
days_min      = 7
---*/
-- Each place has a chance of its own to repeat itself, seen over the days known; the product over the places that repeat
-- is the chance that they all do. A place that always stands still adds nothing to it.
with newest as (select max(day) as day from recent_rows where is_new),
past as (
    select r.place, r.day, r.known_repeats, coalesce(r.largest, 0) > 0 as counts, (n.day - r.day) % 7 = 0 as is_same_weekday
    from recent_rows as r
    cross join newest as n
    where not r.is_new and r.has_day_before and r.day < n.day
),
habits as (
    select place, (1.0 + count(*) filter (where known_repeats)) / (2.0 + count(*)) as chance
    from past
    group by place
),
shares as (
    select is_same_weekday, avg(case when known_repeats then 1.0 else 0.0 end) as share
    from past
    where counts
    group by day, is_same_weekday
),
usual as (
    select
        count(*) as n_days,
        avg(share) as mean_share,
        coalesce(max(share) filter (where is_same_weekday), 0) as same_day_share
    from shares
),
now as (
    select r.place, r.day, r.repeats, r.fingerprint, h.chance
    from recent_rows as r
    join newest as n on n.day = r.day
    join habits as h on h.place = r.place
    where r.is_new and r.has_day_before and r.largest > 0
),
judged as (
    select
        count(*) as n_places,
        count(distinct fingerprint) as n_different,
        avg(case when repeats then 1.0 else 0.0 end) as share,
        sum(case when repeats then ln(chance) else 0.0 end) as log_chance
    from now
)
select n.place, n.day, null as "column", null as found, null as expected
from now as n
cross join judged as j
cross join usual as u
where
    n.repeats
    and j.n_places >= {places_min}
    and j.n_different >= 3
    and j.share >= {share_min}
    and j.log_chance < ln({chance_max})
    and u.n_days >= {days_min}
    and u.mean_share <= {usual_max}
    and u.same_day_share <= {same_day_max}
order by n.chance, n.place
