-- One row per revision: a value that an edition changed, filled or emptied, a row that came late, was withdrawn or came
-- back.
{steps},
_marked as (
    select
        *,
        case
            when withdrawn then 4
            when _was_withdrawn then 5
            when _is_first and _is_late then 6
        end as _row_code
    from _steps
),
_listed as (
    select
        {key}, issued_at, fetch_id, _age, _is_late,
        unnest(make_array(cast(null as varchar), {each: '$'})) as _column,
        unnest(make_array(_row_code, {each: "_code_$"})) as _code,
        unnest(make_array(cast(null as double), {each: cast("_before_$" as double)})) as _before,
        unnest(make_array(cast(null as double), {each: cast("$" as double)})) as _after
    from _marked
    where coalesce(_row_code, {each: "_code_$"}) is not null
)
select
    {key},
    _column as value_column,
    issued_at,
    fetch_id,
    case _code
        when 1 then 'changed' when 2 then 'filled' when 3 then 'emptied'
        when 4 then 'withdrawn' when 5 then 'returned' when 6 then 'late'
    end as kind,
    _age as age_days,
    _before as value_before,
    _after as value_after,
    _after - _before as change,
    _is_late as late
from _listed
where _code is not null
