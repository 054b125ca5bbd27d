/*---
id            = "incidence_65plus_7d_per_100k"
title_fr      = "Taux d’incidence des 65 ans et plus pour 100 000 habitants, 7 jours"
definition_fr = "Personnes positives de 65 ans et plus en 7 jours, rapportées à la population de cet âge (SI-DEP par classe d’âge) ; pour une métropole, le taux publié. Sans flux par âge il n’y a pas de valeur, et les règles qui la demandent donnent un intervalle."
unit          = "per_100k"
decimals      = 1
week          = "window"
grain         = ["geo_type", "geo_value", "time_value"]
sources       = ["tests_by_age", "metropole_incidence", "membership", "places"]
references    = ["SI-DEP: P par classe d’âge", "SI-DEP: taux d’incidence des métropoles"]
---*/
-- A day counts when all departments of the place reported, with the residents of the class; a sum when its 7 days count.
with reported as (
    select
        m.geo_type,
        m.geo_value,
        t.time_value,
        count(*) as n_reported,
        sum(t.positives) as cases,
        sum(t.population) as population
    from tests_by_age as t
    join membership as m on m.department = t.department
    where t.age_class = '65plus' and t.positives is not null and t.population is not null
    group by m.geo_type, m.geo_value, t.time_value
),
days as (
    select
        f.geo_type,
        f.geo_value,
        unnest(generate_series(f.first_day, f.last_day, interval '1 day')) as time_value
    from (
        select r.geo_type, r.geo_value, min(r.time_value) as first_day, max(r.time_value) as last_day
        from reported as r
        group by r.geo_type, r.geo_value
    ) as f
),
complete as (
    select
        d.geo_type,
        d.geo_value,
        d.time_value,
        case when r.n_reported = p.n_departments then r.cases end as cases,
        case when r.n_reported = p.n_departments then r.population end as population
    from days as d
    join places as p on p.geo_type = d.geo_type and p.geo_value = d.geo_value
    left join reported as r
        on r.geo_type = d.geo_type and r.geo_value = d.geo_value and r.time_value = d.time_value
),
weeks as (
    select
        c.geo_type,
        c.geo_value,
        c.time_value,
        c.population,
        count(c.cases) over week as n_days,
        sum(c.cases) over week as cases_week
    from complete as c
    window week as (
        partition by c.geo_type, c.geo_value order by c.time_value rows between 6 preceding and current row
    )
)
select
    w.geo_type,
    w.geo_value,
    w.time_value,
    case when w.n_days = 7 then 100000.0 * w.cases_week / w.population end as value,
    cast(case when w.n_days = 7 then w.cases_week end as double) as numerator,
    cast(w.population as double) as denominator,
    case
        when w.n_days = 1 then '1 jour sur 7 disponible'
        when w.n_days < 7 then w.n_days || ' jours sur 7 disponibles'
        when w.population is null then 'population de la classe inconnue'
    end as missing_reason
from weeks as w
union all
select
    'epci',
    m.epci,
    m.time_value,
    m.rate,
    cast(null as double),
    cast(null as double),
    case when m.rate is null then 'taux non publié' end
from metropole_incidence as m
where m.age_class = '65plus'
order by geo_type, geo_value, time_value
