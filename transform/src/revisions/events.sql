-- One row per revision: a value that an edition changed, filled or emptied, a row that came late, was withdrawn or came
-- back.
{steps},
marked as (
    select
        *,
        case
            when withdrawn then 4
            when was_withdrawn then 5
            when is_first and is_late then 6
        end as row_code
    from steps
),
listed as (
    select
        {key}, issued_at, fetch_id, age_days, is_late,
        unnest(make_array(cast(null as varchar), {each: '$'})) as value_column,
        unnest(make_array(row_code, {each: $_code})) as code,
        unnest(make_array(cast(null as double), {each: cast($_before as double)})) as value_before,
        unnest(make_array(cast(null as double), {each: cast($ as double)})) as value_after
    from marked
    where coalesce(row_code, {each: $_code}) is not null
)
select
    {key}, value_column, issued_at, fetch_id,
    case code
        when 1 then 'changed' when 2 then 'filled' when 3 then 'emptied'
        when 4 then 'withdrawn' when 5 then 'returned' when 6 then 'late'
    end as kind,
    age_days, value_before, value_after, value_after - value_before as change, is_late as late
from listed
where code is not null
