/*---
id            = "day-gone"
title_fr      = "Jour disparu"
definition_fr = "Un jour que l’on connaissait, et dont une édition complète ne donne plus aucune ligne, ou bien moins : ses lignes sont retirées, et les sommes glissantes qui le contiennent n’ont plus de valeur. L’édition est appliquée ; les jours sont dits. Une série qui commence plus tard qu’avant est dite en une phrase."
stage         = "fetch"
severity      = "warn"
kinds         = ["snapshot"]
message_fr    = "{day} : {found} lignes données sur {expected} connues ; les autres sont retirées."
[parameters]
share_min = 0.5
---*/
with first_given as (select min(day) as day from edition_days where n_given > 0),
overall as (
    select least(1.0, 1.0 * n_rows / keys_known) as share from edition_facts where keys_known > 0
)
select
    null as place,
    d.day,
    null as "column",
    d.n_given as found,
    d.n_known as expected,
    null as message
from edition_days as d
cross join overall as o
cross join first_given as f
where d.day >= f.day and d.n_given < {share_min} * o.share * d.n_known
union all
select
    null,
    null,
    null,
    count(*),
    null,
    case
        when count(*) = 1 then 'Le jour le plus ancien n’est plus donné : il est retiré.'
        else 'Les ' || count(*) || ' jours les plus anciens ne sont plus donnés : ils sont retirés.'
    end || ' Une source qui ne garde que ses derniers jours est à déclarer comme telle dans son contrat.'
from edition_days as d
cross join first_given as f
where d.day < f.day
having count(*) > 0
order by 2
