/*---
id       = "supply_place_day"
title_fr = "Stocks, commandes, livraisons et usage par territoire, produit et jour"
grain    = ["geo_type", "geo_value", "product", "time_value"]
sources  = ["test_supply", "participant_days", "membership", "places"]

[categories_fr]
rt_pcr = "Tests RT-PCR"
antigen = "Tests antigéniques"
surgical_mask = "Masques chirurgicaux"
ffp2_mask = "Masques FFP2"
laboratory = "Laboratoires"
pharmacy = "Pharmacies"
wholesaler = "Grossistes"
mobile_team = "Équipes mobiles"
hospital = "Hôpitaux"
---*/
-- A place's day counts when all kinds of holder expected on it (participant_days) reported, and when every department of the
-- place has one.
with expected as (
    select participant as holder, part as product, department, time_value
    from participant_days
    where feed = 'test_supply'
),
by_department as (
    select
        e.product,
        e.department,
        e.time_value,
        count(*) as n_expected,
        count(t.department) as n_reported,
        case when count(t.stock) = count(*) then sum(t.stock) end as stock,
        case when count(t.used) = count(*) then sum(t.used) end as used,
        case when count(t.ordered + t.delivered) = count(*) then sum(t.ordered) end as ordered,
        case when count(t.ordered + t.delivered) = count(*) then sum(t.delivered) end as delivered
    from expected as e
    left join test_supply as t
        on t.product = e.product and t.holder = e.holder and t.department = e.department
        and t.time_value = e.time_value
    group by e.product, e.department, e.time_value
),
sums as (
    select
        m.geo_type,
        m.geo_value,
        d.product,
        d.time_value,
        sum(d.n_expected) as n_expected,
        count(*) as n_departments,
        sum(d.n_reported) as n_reported,
        case when count(d.stock) = count(*) then sum(d.stock) end as stock,
        case when count(d.used) = count(*) then sum(d.used) end as used,
        case when count(d.ordered) = count(*) then sum(d.ordered) end as ordered,
        case when count(d.delivered) = count(*) then sum(d.delivered) end as delivered
    from by_department as d
    join membership as m on m.department = d.department
    group by m.geo_type, m.geo_value, d.product, d.time_value
),
complete as (
    select s.*, p.n_departments as n_departments_expected, s.n_departments = p.n_departments as all_take_part
    from sums as s
    join places as p on p.geo_type = s.geo_type and p.geo_value = s.geo_value
)
select
    c.geo_type,
    c.geo_value,
    c.product,
    c.time_value,
    case when c.all_take_part then c.stock end as stock,
    count(c.used) filter (where c.all_take_part) over week as used_days_7d,
    sum(c.used) filter (where c.all_take_part) over week as used_week,
    count(c.ordered) filter (where c.all_take_part) over fortnight as order_days_14d,
    sum(c.ordered) filter (where c.all_take_part) over fortnight as ordered_fortnight,
    sum(c.delivered) filter (where c.all_take_part) over fortnight as delivered_fortnight,
    case
        when c.n_departments < c.n_departments_expected and c.n_departments = 1
            then '1 département sur ' || c.n_departments_expected || ' participe'
        when c.n_departments < c.n_departments_expected
            then c.n_departments || ' départements sur ' || c.n_departments_expected || ' participent'
        when c.n_reported = c.n_expected then null
        when c.n_expected = 1 then 'aucune donnée transmise'
        when c.n_reported = 0 then 'aucune des ' || c.n_expected || ' déclarations attendues n’est arrivée'
        when c.n_reported = 1 then '1 déclaration sur ' || c.n_expected || ' est arrivée'
        else c.n_reported || ' déclarations sur ' || c.n_expected || ' sont arrivées'
    end as reason
from complete as c
window
    week as (
        partition by c.geo_type, c.geo_value, c.product order by c.time_value rows between 6 preceding and current row
    ),
    fortnight as (
        partition by c.geo_type, c.geo_value, c.product order by c.time_value rows between 13 preceding and current row
    )
order by c.geo_type, c.geo_value, c.product, c.time_value
