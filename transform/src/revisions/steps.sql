-- What each edition said of each key, beside what the one before it said. Code of a value: 1 changed, 2 filled (it was
-- missing), 3 emptied (it went missing).
with _sequence as (   -- one row per edition, with the day of the one before
    select issued_at, day as _day, lag(day) over (order by issued_at) as _day_before
    from ({editions})
),
_usual as (   -- days from the newest day that an edition speaks of to its issue
    select cast(median(_lag) as int) as _lag
    from (
        select {age_of_newest} as _lag
        from {source}_versions
        where not withdrawn and issued_at <= {issued}
        group by issued_at
    )
),
_stated as (   -- of two records of one edition (a body read again under a mended contract) the later one counts
    select
        {key}, {each: "$"}, issued_at, fetch_id, withdrawn,
        lead(issued_at) over (partition by {key} order by issued_at, recorded_at) as _next_at
    from {source}_versions
    where issued_at <= {issued}
),
_versions as (
    select
        {key}, {each: "$"}, issued_at, fetch_id, withdrawn,
        _next_at is null as _is_last,
        row_number() over w = 1 as _is_first,
        coalesce(lag(withdrawn) over w, false) as _was_withdrawn,
        {each: lag("$") over w as "_before_$"}
    from _stated
    where _next_at is null or _next_at > issued_at
    window w as (partition by {key} order by issued_at)
),
_steps as (
    select
        v.*,
        {age} as _age,
        not v.withdrawn and (v._is_first or v._was_withdrawn) and {is_late} as _is_late,
        {each: case
            when v._is_first or v.withdrawn or v._was_withdrawn or v."$" is not distinct from v."_before_$" then null
            when v."_before_$" is null then 2
            when v."$" is null then 3
            else 1
        end as "_code_$"}
    from _versions as v
    join _sequence as s on s.issued_at = v.issued_at
    cross join _usual as u
)
