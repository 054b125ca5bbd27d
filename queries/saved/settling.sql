/*---
id             = "settling"
title_fr       = "Après combien de jours les chiffres d’une source ne bougent plus"
description_fr = "Délai déclaré par le contrat, délai mesuré sur les éditions reçues, délai appliqué pour marquer les points provisoires."
---*/
select
    s.source,
    c.title_fr,
    s.declared_days,
    s.measured_days,
    s.used_days,
    s.editions
from settling_times as s
join catalogue_sources as c on c.source = s.source
order by s.source
