/*---
id            = "stated-totals"
title_fr      = "Un total énoncé n’est pas celui des flux"
definition_fr = "Un document énonce un total, et les flux du même jour (ou, à défaut, du premier jour qui suit) en donnent un autre. Les deux lectures sont dites ; aucune ne corrige l’autre."
stage         = "bulletin"
severity      = "warn"
---*/
with found as (
    select
        c.place,
        c.place_fr,
        s.document,
        s.stated_on,
        s.indicator,
        s.value as stated,
        s.tolerance,
        s.quote_fr,
        o.time_value,
        sum(o.value) as counted,
        row_number() over (
            partition by c.place, s.document, s.indicator, s.category, s.stated_on order by o.time_value
        ) as nth
    from stated_totals as s
    join scope as c on c.geo_type = s.geo_type and c.geo_value = s.geo_value
    join observations as o
        on o.place = c.place and o.indicator = s.indicator and o.time_value >= s.stated_on
        and (o.category = s.category or (s.category = '*' and o.category not like '%/%'))
    where
        s.stated_on > (select sunday from bulletin) - interval '14 days'
        and o.value is not null
    group by
        c.place, c.place_fr, s.document, s.stated_on, s.indicator, s.category, s.value, s.tolerance, s.quote_fr,
        o.time_value
)
select
    place,
    time_value as day,
    indicator as "column",
    counted as found,
    stated as expected,
    place_fr || ' : ' || cast(counted as bigint) || ' selon les flux (' || to_char(time_value, '%d/%m/%Y')
    || '), ' || cast(stated as bigint) || ' selon « ' || quote_fr || ' » (' || document || ').' as message
from found
where nth = 1 and abs(counted - stated) > tolerance
order by place, indicator, document
