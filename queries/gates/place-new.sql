/*---
id            = "place-new"
title_fr      = "Territoire ou nom nouveau"
definition_fr = "Un nom que la source n’avait jamais donné : une plateforme qui commence, un établissement qui ouvre, mais aussi une ligne de total, un nom écrit autrement, deux territoires mis en un. Ses valeurs s’ajoutent aux sommes. L’édition est appliquée ; le ou les noms sont dits, et celui dont l’écriture ressemble à un nom connu l’est avec lui."
stage         = "fetch"
severity      = "warn"
[parameters]
names_max = 12
---*/
with appeared as (
    select
        "column",
        title_fr,
        name_fr || coalesce(' (écrit autrement que « ' || resembles || ' »)', '') as name_fr,
        row_number() over (partition by "column" order by resembles is null, name) as place,
        count(*) over (partition by "column") as n
    from edition_names
    where change = 'new'
)
select
    null as place,
    null as day,
    "column",
    max(n) as found,
    null as expected,
    case when "column" is null then '' else '« ' || max(title_fr) || ' » : ' end
    || case when max(n) = 1 then 'donne pour la première fois ' else max(n) || ' noms donnés pour la première fois : ' end
    || string_agg(name_fr, ', ' order by place)
    || case when max(n) > {names_max} then '…' else '' end
    || '. Leurs valeurs comptent dans les sommes.' as message
from appeared
where place <= {names_max}
group by "column"
order by 3
