-- The delay triangle: what was known of a day some days after it, against what is known of it now. Days count that are
-- older than the longest lag, of the last {window_days} days. A lag counts where an edition was issued on that very day, so
-- that an edition that was never fetched is not taken for a delay of the publisher.
with _editions as (
    select distinct day as _day from ({editions})
),
_stated as (
    select
        {key}, {each: "$"}, issued_at, recorded_at, withdrawn,
        cast(to_local_time(issued_at at time zone 'Europe/Paris') as date) - {day} as _from
    from {source}_versions
    where
        issued_at <= {issued}
        and {day} <= (select max(_day) - {lag_max} from _editions)
        and {day} > (select max(_day) - {lag_max} - {window_days} from _editions)
),
_versions as (   -- a version stands from its lag until that of the next one
    select
        {day} as _day, {each: "$"}, withdrawn, {places} as _places,
        greatest(_from, 0) as _from,
        least(coalesce(lead(_from) over w, {lag_max} + 1), {lag_max} + 1) as _until,
        lead(_from) over w is null as _is_last
    from _stated
    window w as (partition by {key} order by issued_at, recorded_at)
),
_placed as (
    select _day, {each: "$"}, _from, _until, _is_last, unnest(_places) as _place
    from _versions
    where not withdrawn
),
_finals as (
    select _place, _day, {each: sum("$") as "$"}
    from _placed
    where _is_last
    group by _place, _day
),
_known as (
    select _place, _day, _lag, {each: sum("$") as "$"}
    from (
        select _place, _day, {each: "$"}, unnest(range(_from, _until)) as _lag
        from _placed
        where _from < _until
    )
    group by _place, _day, _lag
),
_lags as (
    select unnest(range(0, {lag_max} + 1)) as _lag
),
_pairs as (
    select
        f._place, l._lag,
        unnest(make_array({each: '$'})) as _column,
        unnest(make_array({each: cast(k."$" as double)})) as _known,
        unnest(make_array({each: cast(f."$" as double)})) as _final
    from _finals as f
    cross join _lags as l
    join _editions as e on e._day = f._day + cast(l._lag as int)
    left join _known as k on k._place = f._place and k._day = f._day and k._lag = l._lag
)
select
    _column as value_column,
    _place as department,
    _lag as lag_days,
    count(*) as days_observed,
    sum(coalesce(_known, 0)) as known,
    sum(_final) as final,
    sum(coalesce(_known, 0)) / nullif(sum(_final), 0) as share_known,
    count(case when abs(_known - _final) <= {tolerance} * abs(_final) then 1 end) as days_settled
from _pairs
where _final is not null
group by _column, _place, _lag
