/*---
id            = "contradicting-sources"
title_fr      = "Sources qui se contredisent"
definition_fr = "Le même fait dit par deux sources : les patients de réanimation selon SI-VIC et selon la déclaration des lits ; l’évolution des patients hospitalisés sur une semaine et ce que disent entrées, sorties et décès. Une marge laisse place aux transferts et aux définitions voisines."
stage         = "bulletin"
severity      = "warn"
[parameters]
gap_share = 0.25
gap_least = 30
beds_least = 10
---*/
with stays as (
    select
        h.geo_type,
        h.geo_value,
        h.hospital_patients - h.hospital_patients_7d_ago as moved,
        a.admissions_7d as entered,
        (h.discharged_total - h.discharged_total_7d_ago) + (h.deaths_total - h.deaths_total_7d_ago) as left_7d
    from hospital_place_day as h
    join admissions_place_day as a
        on a.geo_type = h.geo_type and a.geo_value = h.geo_value and a.time_value = h.time_value
    where h.time_value = (select sunday from bulletin)
),
beds as (
    select
        geo_type,
        geo_value,
        max(covid_patients) filter (where care = 'icu') as least,
        sum(covid_patients) filter (where care in ('icu', 'intermediate', 'continuing')) as most
    from capacity_place_day
    where time_value = (select sunday from bulletin)
    group by geo_type, geo_value
),
said as (
    select
        c.place,
        c.place_fr,
        s.moved as found,
        s.entered - s.left_7d as expected,
        'l’évolution des patients hospitalisés sur la semaine (' || cast(s.moved as bigint)
        || ') contredit les entrées moins les sorties et décès (' || cast(s.entered - s.left_7d as bigint) || ')' as what
    from stays as s
    join scope as c on c.geo_type = s.geo_type and c.geo_value = s.geo_value
    where abs(s.moved - (s.entered - s.left_7d)) > {gap_share} * (abs(s.entered) + abs(s.left_7d)) + {gap_least}
    union all
    select
        c.place,
        c.place_fr,
        h.icu_patients,
        case when h.icu_patients < b.least then b.least else b.most end,
        cast(h.icu_patients as bigint) || ' patients en réanimation selon SI-VIC, '
        || case
            when h.icu_patients < b.least then cast(b.least as bigint) || ' patients Covid-19 en réanimation'
            else cast(b.most as bigint) || ' patients Covid-19 en réanimation, soins intensifs et surveillance continue'
        end || ' selon la déclaration des lits'
    from hospital_place_day as h
    join scope as c on c.geo_type = h.geo_type and c.geo_value = h.geo_value
    join beds as b on b.geo_type = h.geo_type and b.geo_value = h.geo_value
    where
        h.time_value = (select sunday from bulletin)
        and (
            h.icu_patients < (1 - {gap_share}) * b.least - {beds_least}
            or h.icu_patients > (1 + {gap_share}) * b.most + {beds_least}
        )
)
select
    place,
    (select sunday from bulletin) as day,
    null as "column",
    found,
    expected,
    place_fr || ' : ' || what || '.' as message
from said
order by place, what
