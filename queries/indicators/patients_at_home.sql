/*---
id            = "patients_at_home"
title_fr      = "Patients suivis à domicile"
axis_fr       = "patients"
definition_fr = "Patients suivis à domicile par les infirmiers des plateformes ce jour, ensemble puis par plateforme."
unit          = "patients"
decimals      = 0
week          = "sunday"
grain         = ["geo_type", "geo_value", "category", "time_value"]
sources       = ["nurse_place_day"]
references    = ["plateformes"]
people        = ["patients_at_home"]
---*/
select
    geo_type,
    geo_value,
    category,
    time_value,
    patients_at_home as value,
    patients_at_home as numerator,
    null as denominator,
    case when patients_at_home is null then coalesce(reason, 'suivi à domicile non déclaré') end as missing_reason
from nurse_place_day
