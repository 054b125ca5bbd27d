/*---
id             = "feed_health"
title_fr       = "Le dernier relevé de chaque source"
description_fr = "Issue, date de l’édition en service et lignes mises de côté. Une source jamais relevée y figure, sans date."
---*/
with last_poll as (
    select
        f.*,
        row_number() over (partition by f.source order by f.recorded_at desc) as place
    from fetches as f
)
select
    c.source,
    c.title_fr,
    p.outcome,
    p.issued_at,
    p.recorded_at,
    p.rows_in,
    p.rows_changed,
    p.rows_withdrawn,
    p.rows_quarantined,
    p.message
from catalogue_sources as c
left join (select * from last_poll where place = 1) as p on p.source = c.source
order by c.source
