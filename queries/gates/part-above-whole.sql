/*---
id            = "part-above-whole"
title_fr      = "Une partie dépasse le tout"
definition_fr = "Plus de patients en réanimation que d’hospitalisés, plus de personnes positives que de testées : l’une des deux valeurs est fausse."
stage         = "bulletin"
severity      = "warn"
message_fr    = "{place}, {day}, {column} : {found}, pour un total de {expected}."
---*/
with pairs as (
    select * from (values
        ('icu_patients', 'hospital_patients'),
        ('icu_admissions_7d', 'admissions_7d'),
        ('cases_7d', 'tests_7d')
    ) as pair (part, whole)
)
select a.place, a.time_value as day, a.indicator as "column", a.value as found, b.value as expected
from observations as a
join pairs as p on p.part = a.indicator
join observations as b
    on b.indicator = p.whole and b.category = a.category and b.place = a.place and b.time_value = a.time_value
where a.value > b.value
order by a.time_value desc, a.place, a.indicator
