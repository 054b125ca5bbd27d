/*---
id             = "known_then_and_now"
title_fr       = "Les tests d’un département : ce qu’on en savait un jour, ce qu’on en sait"
description_fr = "Compare, jour par jour, la dernière version publiée à la date donnée et la version en service. La source se change dans le texte de la requête (nom_versions)."
parameters     = [
    { name = "department", type = "text", title_fr = "Code du département", default = "31" },
    { name = "then_day", type = "date", title_fr = "Ce qu’on savait ce jour-là (UTC)", default = "2020-10-12" },
]
---*/
with then_known as (
    select
        v.*,
        row_number() over (
            partition by v.department, v.time_value order by v.issued_at desc, v.recorded_at desc
        ) as place
    from tests_versions as v
    where v.department = $department and v.issued_at < cast($then_day as date) + interval '1 day'
)
select
    n.time_value,
    t.tests as tests_then,
    n.tests as tests_now,
    t.positives as positives_then,
    n.positives as positives_now
from tests as n
left join (
    select * from then_known where place = 1 and not withdrawn
) as t on t.time_value = n.time_value
where
    n.department = $department
    and ((t.tests is distinct from n.tests) or (t.positives is distinct from n.positives))
order by n.time_value
