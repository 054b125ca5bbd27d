-- One statement a line, each small to write and huge to compute: each must be answered by a sentence within its time, and
-- cost nobody else anything. Sections are for readers.
-- Texts that repeat
select repeat('x', 2000000000)
select length(repeat('x', 2000000000))
select repeat('vigie', 1000000000)
select repeat(repeat('x', 60000000), 60000000)
select repeat(department, 2000000000) from tests
select repeat('x', cast(value as bigint) * 1000000) from generate_series(1, 1000000)
select max(repeat('x', 50000000 + cast(value as bigint))) from generate_series(1, 100000)
select upper(repeat('x', 2000000000))
select md5(repeat('x', 2000000000))
select reverse(repeat('x', 2000000000))
select case when repeat('x', 2000000000) = 'y' then 1 else 2 end
select count(*) from tests where repeat(department, 2000000000) like '%9%'
select * from tests order by repeat(department, 2000000000)
select repeat(department, 100000000), count(*) from tests group by 1
explain analyze select repeat('x', 2000000000)
-- Texts that are padded
select lpad('x', 2000000000)
select rpad('x', 2000000000)
select lpad('x', 2147483647, 'ab')
select rpad('é', 2147483647, 'é')
select lpad(department, 100000000, '0') from tests
select rpad(rpad('x', 60000000), 2000000000, rpad('y', 60000000))
-- Texts that are replaced
select replace(repeat('x', 60000000), 'x', repeat('y', 1000))
select replace(repeat('x', 60000000), '', repeat('y', 1000))
select replace(replace(replace(repeat('x', 1000), 'x', repeat('x', 1000)), 'x', repeat('x', 1000)), 'x', repeat('x', 1000))
select regexp_replace(repeat('x', 60000000), 'x', repeat('y', 1000), 'g')
select regexp_replace(repeat('x', 60000000), '(x+)', '\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1')
select regexp_replace(repeat('x', 60000000), '', repeat('y', 1000), 'g')
select translate(repeat('x', 60000000), 'x', 'é') || translate(repeat('x', 60000000), 'x', 'é') || repeat('y', 60000000) || repeat('z', 60000000) || repeat('a', 60000000) || repeat('b', 60000000) || repeat('c', 60000000) || repeat('d', 60000000) || repeat('e', 60000000) || repeat('f', 60000000) || repeat('g', 60000000) || repeat('h', 60000000) from generate_series(1, 1000)
select overlay(repeat('x', 60000000) placing repeat('y', 60000000) from 60000000) from generate_series(1, 100000)
-- Texts that are joined
select concat(repeat('x', 60000000), repeat('y', 60000000), repeat('z', 60000000))
select concat_ws(repeat('-', 60000000), 'a', 'b', 'c', 'd', 'e', 'f')
select repeat('x', 60000000) || cast(value as varchar) from generate_series(1, 1000000)
select concat(repeat('x', 60000000), department) from tests
select array_to_string(array_repeat('x', 1000000), repeat('-', 100000))
select array_join(range(1000000), repeat('-', 100000))
select string_agg(repeat('x', 50000000), '') from generate_series(1, 100000)
select string_agg(cast(value as varchar), repeat('-', 10000000)) from generate_series(1, 1000000)
with a as (select repeat('x', 60000000) as s), b as (select s || s || s || s as s from a), c as (select s || s || s || s as s from b), d as (select s || s || s || s as s from c) select length(s || s) from d
with recursive t(n, s) as (select 1, repeat('x', 1000) union all select n + 1, s || s from t where n < 60) select max(length(s)) from t
with recursive t(n, s) as (select 1, repeat('x', 50000000) union all select n + 1, repeat('x', 50000000 + n) from t where n < 100000) select count(distinct s) from t
-- Lists
select array_repeat(1, 2000000000)
select array_repeat('x', 2000000000)
select array_repeat(array_repeat(1, 10000), 10000000)
select array_repeat(repeat('x', 60000000), 1000)
select list_repeat(1, 2000000000)
select array_resize([1], 2000000000)
select array_resize(['x'], 2000000000, repeat('x', 1000))
select list_resize([1, 2], 9223372036854775807, 0)
select range(2000000000)
select range(1, 9223372036854775807)
select generate_series(1, 2000000000)
select generate_series(0, -9223372036854775807, -1)
select generate_series(timestamp '1900-01-01', timestamp '2100-01-01', interval '1 microsecond')
select generate_series(date '0001-01-01', date '9999-12-31', interval '1 day') from generate_series(1, 1000000)
select cardinality(range(2000000000))
select array_sort(range(2000000000))
select array_agg(value) from generate_series(1, 10000000000)
select array_agg(value) over (order by value) from generate_series(1, 1000000)
select unnest(range(2000000000))
select array_concat(range(8000000), range(8000000), range(8000000), range(8000000)) from generate_series(1, 10000)
select flatten(array_repeat(range(8000000), 1000))
select array_transform(range(8000000), v -> repeat('x', 1000000))
select make_array(repeat('x', 60000000), repeat('y', 60000000)) from generate_series(1, 10000)
select array_union(range(8000000), range(1, 8000001)) from generate_series(1, 100000)
select map(range(8000000), range(8000000)) from generate_series(1, 10000)
-- Types with a width, formats
select arrow_cast('x', 'FixedSizeBinary(2000000000)')
select arrow_cast(1, 'FixedSizeList(2000000000, Int64)')
select to_char(timestamp '2020-10-12T00:00:00', repeat('%A %B ', 10000000))
select encode(cast(repeat('x', 60000000) as bytea), 'hex') from generate_series(1, 10000)
-- Rows
select count(*) from generate_series(1, 1000000) a cross join generate_series(1, 1000000) b cross join generate_series(1, 1000000) c
select a.value, b.value from generate_series(1, 100000) a cross join generate_series(1, 100000) b order by 2 desc, 1
select count(distinct a.value * b.value) from generate_series(1, 100000) a cross join generate_series(1, 100000) b
select value, count(*) from generate_series(1, 10000000000) group by value order by 2, 1
select value from generate_series(1, 10000000000) order by value desc
select value, lag(value, 1000) over (order by value), sum(value) over (order by value desc) from generate_series(1, 10000000000)
select sum(a.value * b.value) from generate_series(1, 10000000) a join generate_series(1, 10000000) b on a.value % 7 = b.value % 7
with recursive t(n) as (select 1 union all select n + 1 from t) select count(*) from t
with recursive t(n) as (select 1 union all select n + 1 from t, generate_series(1, 1000) where n < 1000) select count(*) from t
select count(*) from tests a, tests b, tests c, tests d
select a.*, b.*, c.* from tests_versions a, tests_versions b, tests_versions c order by a.tests
select median(a.value * b.value) from generate_series(1, 100000) a cross join generate_series(1, 100000) b
select approx_distinct(a.value), array_agg(distinct a.value * b.value) from generate_series(1, 100000) a cross join generate_series(1, 100000) b
select first_value(s) over (order by value) from (select value, repeat('x', 10000000) as s from generate_series(1, 100000)) t
-- Computation without an end
select sum(a.value * b.value) from generate_series(1, 1000000) a cross join generate_series(1, 1000000) b
select levenshtein(repeat('ab', 20000000), repeat('ba', 20000000))
select regexp_count(repeat('a', 50000000), '(a{1,100}){1,100}b')
select regexp_like(repeat('a', 60000000), '(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)[0-9]b')
select regexp_like('x', '((((((a{1,1000}){1,1000}){1,1000}){1,1000}){1,1000}){1,1000})')
select count(*) from generate_series(1, 100000000) where cast(value as varchar) ~ '(1|2|3)*9(1|2|3)*9'
select max(factorial(20) % value) from generate_series(1, 100000000000)
select count(*) from tests a join tests b on levenshtein(a.department, b.department) < 9 join tests c on levenshtein(a.department, c.department) < 9
