-- After how many days the figures of a source no longer move: as its contract declares, and as measured.
with _lags as (   -- all departments together; a lag seen on too few days says nothing
    select
        value_column, lag_days, days_observed,
        max(case when days_settled < {days_share} * days_observed then lag_days else -1 end)
            over (partition by value_column) as _unsettled
    from {source}_delays
    where department = 'all' and days_observed >= {days_min}
),
_columns as (   -- nothing is measured when the first lag seen is not the day itself, nor when the last one still moves
    select
        value_column,
        min(case when lag_days > _unsettled and (_unsettled >= 0 or lag_days = 0) then lag_days end) as _settled,
        min(case when lag_days > _unsettled then days_observed end) as _days
    from _lags
    group by value_column
),
_measured as (
    select
        -- The longest lags must agree: a figure that has only just come to rest may well move again.
        case when count(*) = count(_settled) and max(_settled) <= {lag_max} - 7 then max(_settled) end as _settled,
        min(_days) as _days
    from _columns
),
_seen as (   -- the name comes out of an aggregate: the engine would push a filter on a constant below it
    select coalesce(max('{source}'), '{source}') as _source, count(distinct day) as _editions from ({editions})
),
_both as (
    select
        s._source,
        case when s._editions >= {days_min} then cast(m._settled as int) end as _measured,
        s._editions,
        coalesce(m._days, 0) as _days
    from _seen as s
    cross join _measured as m
)
select
    _source as source,
    cast({declared} as int) as declared_days,
    _measured as measured_days,
    coalesce(_measured, {declared}) as used_days,
    _editions as editions,
    _days as days_observed
from _both
