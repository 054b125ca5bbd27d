/*---
id            = "place-gone"
title_fr      = "Territoire ou nom disparu"
definition_fr = "Un département, une plateforme, un établissement que l’on connaissait n’est plus dans une édition complète : ses lignes sont retirées, leur passé compris, et les indicateurs qui reposent sur elles n’ont plus de valeur. Trop peu de lignes pour un retrait massif, mais un territoire entier. L’édition est appliquée, car les autres territoires attendent leur nouveau jour ; le ou les noms sont dits."
stage         = "fetch"
severity      = "warn"
kinds         = ["snapshot"]
[parameters]
names_max = 12
---*/
with gone as (
    select
        "column",
        title_fr,
        name_fr,
        n_known,
        row_number() over (partition by "column" order by n_known desc, name) as place,
        count(*) over (partition by "column") as n,
        sum(n_known) over (partition by "column") as n_rows
    from edition_names
    where change = 'gone'
)
select
    null as place,
    null as day,
    "column",
    max(n) as found,
    null as expected,
    case when "column" is null then '' else '« ' || max(title_fr) || ' » : ' end
    || case when max(n) = 1 then 'ne donne plus ' else max(n) || ' noms ne sont plus donnés : ' end
    || string_agg(name_fr, ', ' order by place)
    || case when max(n) > {names_max} then '…' else '' end
    || case
        when max(n_rows) = 1 then '. La ligne connue est retirée.'
        else '. Les ' || cast(max(n_rows) as bigint) || ' lignes connues sont retirées, leur passé compris.'
    end as message
from gone
where place <= {names_max}
group by "column"
order by 3
