/*---
id       = "participant_days"
title_fr = "Déclarations attendues, par flux, participant et jour"
grain    = ["feed", "participant", "part", "department", "time_value"]
sources  = ["hospital_capacity", "nurse_platform", "telemedicine", "test_supply", "participants"]
---*/
-- Of whom a declaration is expected on a day. One that the register names is expected from its first day there to its last, and is
-- missed before it ever declared; any other from its first declaration until 28 days after its last: who has said nothing for four
-- weeks has closed or left, and no longer blanks its region for ever. Who declared on a day is counted on it, whatever the register
-- says. No day before the feed's first or after its last is asked for. `part` is a kind of care or a product, `all` for platforms.
with told as (
    select
        'hospital_capacity' as feed,
        finess as participant,
        care as part,
        max(department) over (partition by finess, care) as department,
        time_value
    from hospital_capacity
    union all
    select 'nurse_platform' as feed, platform as participant, 'all' as part, department, time_value from nurse_platform
    union all
    select 'telemedicine' as feed, platform as participant, 'all' as part, department, time_value from telemedicine
    union all
    select 'test_supply' as feed, holder as participant, product as part, department, time_value from test_supply
),
spans as (
    select feed, participant, part, department, min(time_value) as first_day, max(time_value) as last_day
    from told
    group by feed, participant, part, department
),
feeds as (
    select feed, min(first_day) as first_day, max(last_day) as last_day
    from spans
    group by feed
),
registered as (
    select
        r.feed,
        r.participant,
        coalesce(s.part, r.part) as part,
        coalesce(s.department, r.department) as department,
        r.valid_from,
        r.valid_to,
        r.name_fr
    from participants as r
    left join spans as s
        on s.feed = r.feed and s.participant = r.participant
        and (r.part = 'all' or s.part = r.part)
        and (s.department = r.department or r.feed = 'hospital_capacity')
    where s.part is not null or r.part <> 'all' or r.feed in ('nurse_platform', 'telemedicine')
),
names as (
    select feed, participant, max(name_fr) as name
    from participants
    group by feed, participant
),
days as (
    select feed, participant, part, department, time_value from told
    union all
    select
        g.feed,
        g.participant,
        g.part,
        g.department,
        unnest(generate_series(
            greatest(g.valid_from, f.first_day), least(coalesce(g.valid_to, f.last_day), f.last_day), interval '1 day'
        )) as time_value
    from registered as g
    join feeds as f on f.feed = g.feed
    union all
    select
        s.feed,
        s.participant,
        s.part,
        s.department,
        unnest(generate_series(s.first_day, least(f.last_day, s.last_day + 28), interval '1 day')) as time_value
    from spans as s
    join feeds as f on f.feed = s.feed
    left join (select distinct feed, participant, part, department from registered) as g
        on g.feed = s.feed and g.participant = s.participant and g.part = s.part and g.department = s.department
    where g.feed is null
)
select distinct
    d.feed,
    d.participant,
    d.part,
    d.department,
    d.time_value,
    coalesce(n.name, d.participant) as name
from days as d
left join names as n on n.feed = d.feed and n.participant = d.participant
