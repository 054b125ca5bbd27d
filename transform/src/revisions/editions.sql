select source, issued_at, cast(to_local_time(issued_at at time zone 'Europe/Paris') as date) as day
from fetches
where outcome in ('new', 'unchanged') and issued_at <= {issued}
group by source, issued_at
