/*---
id            = "frozen-series"
title_fr      = "Série figée"
definition_fr = "Un indicateur du territoire n’a pas bougé d’une unité pendant les sept jours de la semaine, à un niveau où cela n’arrive pas : la source répète sans doute la même valeur."
stage         = "bulletin"
severity      = "warn"
message_fr    = "{place}, {column} : {found} chaque jour de la semaine jusqu’au {day}."
[parameters]
value_min = 100
---*/
select o.place, max(o.time_value) as day, o.indicator as "column", max(o.value) as found, null as expected
from observations as o
join bulletin as b on b.place = o.place
where
    o.time_value > b.sunday - interval '7 days'
    and o.time_value <= b.sunday
    and o.unit in ('patients', 'cases', 'deaths', 'tests', 'visits')
    and o.value is not null
group by o.place, o.indicator, o.category
having count(*) = 7 and min(o.value) = max(o.value) and min(o.value) >= {value_min}
order by o.indicator
