/*---
id            = "near-threshold"
title_fr      = "À une unité d’un autre niveau"
definition_fr = "Territoires que les règles en vigueur classeraient autrement avec une unité de plus ou de moins (un patient, une personne positive) : leur niveau tient à un fil, et une donnée tardive peut le changer. Les règles par score, qui comptent beaucoup de petits seuils, n’en sont pas."
stage         = "bulletin"
severity      = "warn"
---*/
select
    place,
    day,
    indicator as "column",
    numerator as found,
    numerator + step as expected,
    place_fr || ' : ' || level_after_fr || ' avec une unité de ' || case when step > 0 then 'plus' else 'moins' end
    || ' (' || rule_title_fr || ', ' || criterion_title_fr || ' : ' || cast(numerator as bigint) || ').' as message
from what_if
where
    level <> level_after
    and (
        indicator like 'incidence%' or indicator like 'positivity%' or indicator like 'icu%'
        or indicator like 'hospital%' or indicator like 'admissions%'
    )
order by rule, place, criterion, step
