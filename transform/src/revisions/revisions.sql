-- One row per key and value column: how often it was revised, how late, by how much.
{steps},
_keys as (
    select
        {key},
        min(issued_at) as _first_issued_at,
        max(case when _is_first then _age end) as _report_lag,
        bool_or(_is_late and _is_first) as _late,
        sum(case when withdrawn then 1 else 0 end) as _n_withdrawn,
        sum(case when _was_withdrawn and not withdrawn then 1 else 0 end) as _n_returned,
        bool_or(_is_last and withdrawn) as _withdrawn,
        {each: max(case when _is_first then "$" end) as "_first_$",
        max(case when _is_last then "$" end) as "_last_$",
        count(case when "_code_$" = 1 then 1 end) as "_changed_$",
        count(case when "_code_$" = 2 then 1 end) as "_filled_$",
        count(case when "_code_$" = 3 then 1 end) as "_emptied_$",
        max(case when "_code_$" is not null then issued_at end) as "_at_$",
        max(case when "_code_$" is not null then _age end) as "_age_$",
        max(case when "_code_$" = 1 then abs("$" - "_before_$") end) as "_largest_$"}
    from _steps
    group by {key}
),
_columns as (
    select
        {key}, _first_issued_at, _report_lag, _late, _n_withdrawn, _n_returned, _withdrawn,
        unnest(make_array({each: '$'})) as _column,
        unnest(make_array({each: cast("_first_$" as double)})) as _first,
        unnest(make_array({each: cast("_last_$" as double)})) as _last,
        unnest(make_array({each: "_changed_$"})) as _changed,
        unnest(make_array({each: "_filled_$"})) as _filled,
        unnest(make_array({each: "_emptied_$"})) as _emptied,
        unnest(make_array({each: "_at_$"})) as _at,
        unnest(make_array({each: "_age_$"})) as _age,
        unnest(make_array({each: cast("_largest_$" as double)})) as _largest
    from _keys
)
select
    {key},
    _column as value_column,
    _first_issued_at as first_issued_at,
    _report_lag as report_lag_days,
    _late as late,
    _first as first_value,
    _last as last_value,
    _changed as n_changes,
    _filled as n_filled,
    _emptied as n_emptied,
    _at as last_revised_at,
    _age as last_revised_age_days,
    _largest as largest_change,
    _last - _first as net_change,
    _n_withdrawn as n_withdrawn,
    _n_returned as n_returned,
    _withdrawn as withdrawn
from _columns
