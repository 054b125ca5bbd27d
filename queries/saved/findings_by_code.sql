/*---
id             = "findings_by_code"
title_fr       = "Les défauts trouvés dans les sources, par code"
description_fr = "Combien de fois, dans combien de relevés, et un exemple de phrase."
parameters     = [{ name = "since", type = "date", title_fr = "Relevés enregistrés depuis ce jour", default = "2020-01-01" }]
---*/
select
    f.source,
    f.code,
    f.severity,
    count(*) as n_findings,
    count(distinct f.fetch_id) as n_fetches,
    max(p.recorded_at) as last_seen,
    max(f.message) as example
from findings as f
join fetches as p on p.fetch_id = f.fetch_id
where p.recorded_at >= $since
group by f.source, f.code, f.severity
order by f.source, n_findings desc, f.code
