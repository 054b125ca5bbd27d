-- One statement a line: each must be refused on every door. Sections are for readers.
-- Files
select * from '/etc/passwd'
select * from "/etc/passwd"
select * from '/etc/passwd.csv'
select * from "file:///etc/passwd"
select * from 'lake/tables/tests/x.parquet'
select * from "data.csv"
select * from "../../etc/shadow.json"
select * from "s3://bucket/key.parquet"
select * from "http://127.0.0.1:1/x.csv"
select * from "C:\temp\x.csv"
select * from "*.parquet"
select * from "~/secrets.txt"
select * from read_csv('/etc/passwd')
select * from read_csv_auto('/etc/passwd')
select * from read_parquet('/etc/passwd')
select * from read_json('/etc/passwd')
select * from read_text('/etc/passwd')
select * from read_blob('/etc/passwd')
select * from parquet_scan('/etc/passwd')
select * from parquet_metadata('/etc/passwd')
select * from glob('/etc/*')
select * from sniff_csv('/etc/passwd')
select * from st_read('/etc/passwd')
select * from sqlite_scan('/tmp/x.db', 't')
select read_text('/etc/passwd')
select pg_read_file('/etc/passwd')
select pg_catalog.pg_read_file('/etc/passwd')
select pg_read_binary_file('/etc/passwd')
select pg_ls_dir('/')
select * from pg_ls_dir('/')
select pg_ls_logdir()
select pg_ls_waldir()
select * from pg_stat_file('/etc/passwd')
select lo_import('/etc/passwd')
select lo_export(1, '/tmp/x')
select lo_get(1)
select lo_create(0)
select load_extension('/tmp/x.so')
select * from csv_scan('/etc/passwd')
select getenv('HOME')
select system('id')
select * from system('id')
select shell('id')
select * from dblink('host=127.0.0.1', 'select 1') as t(a int)
select dblink_connect('host=127.0.0.1')
select http_get('http://127.0.0.1/')
select query_to_xml('select 1', true, true, '')
select xmlparse(document '<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>')
select inet_client_addr()
-- COPY
copy tests to '/tmp/vigie-hostile.csv'
copy (select 1) to '/tmp/vigie-hostile.csv'
copy (select 1) to '/tmp/vigie-hostile.parquet' stored as parquet
copy tests from '/etc/passwd'
copy tests from program 'id'
copy tests to program 'cat'
copy tests to stdout
copy (select * from tests) to stdout with csv
COPY tests (department) FROM stdin
-- External tables, definitions
create external table t stored as csv location '/etc/passwd'
create external table if not exists t (a int) stored as parquet location '/etc'
create table t (a int)
create table t as select 1
create temporary table t as select 1
create unlogged table t (a int)
create view v as select 1
create or replace view tests as select 1
create materialized view v as select 1
create schema s
create database d
create function f() returns int language sql as 'select 1'
create function f(int) returns int language c as '/tmp/x.so', 'f'
create index i on tests (department)
create extension dblink
create role r superuser
create user u password 'x'
create sequence s
create type t as (a int)
create trigger t before insert on tests for each row execute function f()
create server s foreign data wrapper f
create publication p for all tables
create foreign table t (a int) server s
drop table tests
drop table if exists tests
drop view tests
drop schema public cascade
drop database vigie
drop function version
drop role analyste
alter table tests add column a int
alter table tests rename to t
alter role analyste superuser
alter system set x = 1
alter user u password 'y'
truncate tests
truncate table tests, fetches
comment on table tests is 'x'
grant all on tests to public
revoke all on tests from public
-- Rows written
insert into tests values (1)
insert into tests select * from tests
insert into fetches_versions select * from fetches
insert into tests default values
update tests set tests = 0
update tests set tests = 0 where department = '31' returning *
delete from tests
delete from tests where true returning *
merge into tests using departments on true when matched then delete
replace into tests values (1)
with x as (insert into tests values (1) returning *) select * from x
with x as (update tests set tests = 0 returning *) select * from x
with x as (delete from tests returning *) select * from x
with x as (select 1) insert into tests select * from x
with x as (select 1) delete from tests
with x as (select 1) update tests set tests = 0
select * into t from tests
select 1 into temporary t
select * into outfile '/tmp/x' from tests
select * from tests for update
select * from tests for share
select * from tests for no key update nowait
table tests for update
-- Several at once
select 1; select 2
select 1; drop table tests
select 1;; copy tests to '/tmp/x'
begin; drop table tests; commit
select 1 /* ; */ ; delete from tests
select ';'; drop table tests
set application_name = 'x'; copy tests to '/tmp/x'
explain select 1; drop table tests
-- Comments and quotes
/* select */ drop table tests
-- */ select 1
/*/**/*/ delete from tests
dr/**/op table tests
copy/**/tests/**/to/**/'/tmp/x'
select * from/**/"/etc/passwd"
select * from U&"\002Fetc\002Fpasswd"
select * from "／etc／passwd.csv"
ｄrop table tests
ＤＲＯＰ ＴＡＢＬＥ tests
drop table tests
select * from "\/etc/passwd"
select E'\x27' from "/etc/passwd"
select $$x$$ from "/etc/passwd"
-- EXPLAIN
explain drop table tests
explain insert into tests values (1)
explain analyze insert into tests select * from tests
explain analyze delete from tests
explain analyze copy (select 1) to '/tmp/vigie-hostile.csv'
explain copy tests to '/tmp/x'
explain analyze create table t as select 1
explain verbose update tests set tests = 0
explain explain drop table tests
explain analyze select * from '/etc/passwd'
explain select pg_read_file('/etc/passwd')
explain analyze with x as (delete from tests returning *) select * from x
describe "/etc/passwd"
-- PREPARE, cursors, procedures
prepare p as drop table tests
prepare p as select pg_read_file('/etc/passwd')
prepare p as copy tests to '/tmp/x'
execute p
execute p('/etc/passwd')
deallocate all
declare c cursor for select pg_read_file('/etc/passwd')
declare c cursor with hold for delete from tests
fetch all from c
move c
close c
do $$ begin perform pg_read_file('/etc/passwd'); end $$
call f()
call system('id')
execute immediate 'drop table tests'
-- Settings
set datafusion.execution.batch_size = 1
set datafusion.catalog.information_schema = false
set datafusion.runtime.memory_limit = '100G'
set datafusion.runtime.temp_directory = '/tmp/x'
set datafusion.catalog.location = '/etc'
set datafusion.catalog.format = 'csv'
set datafusion.explain.format = 'indent'
set session datafusion.optimizer.max_passes = 0
set local datafusion.execution.target_partitions = 99
set default_transaction_read_only = off
set transaction_read_only to off
set role analyste
set role none
set session authorization postgres
set session_replication_role = replica
set lo_compat_privileges = on
set vigie.role = 'analyste'
set vigie.as_of = '2020-13-45'
set vigie.as_of = 'x''; drop table tests; --'
set vigie.as_of = (select pg_read_file('/etc/passwd'))
set search_path = public; drop table tests
reset datafusion.execution.batch_size
reset role
reset all
show datafusion.execution.batch_size
show all
show config_file
show hba_file
show data_directory
-- The service and the machine
load 'x.so'
load data infile '/etc/passwd' into table tests
install httpfs
attach '/tmp/x.db' as x
detach x
use x
pragma database_list
vacuum
vacuum full tests
analyze tests
reindex table tests
cluster tests
checkpoint
lock table tests
listen x
notify x, 'y'
unlisten *
discard all
kill 1
shutdown
select pg_terminate_backend(1)
select pg_cancel_backend(1)
select pg_reload_conf()
select pg_rotate_logfile()
select pg_sleep(3600)
select set_config('datafusion.execution.batch_size', '1', false)
select current_setting('data_directory')
select pg_promote()
select * from pg_catalog.pg_shadow
select * from pg_authid
select rolpassword from pg_authid
select * from pg_stat_activity, pg_read_file('/etc/passwd')
select * from as_of('/etc/passwd', '2020-10-12')
select * from as_of('tests; drop table tests', '2020-10-12')
select * from as_of('tests', '/etc/passwd')
select * from as_of('tests', (select pg_read_file('/etc/passwd')))
select * from as_of(read_text('/etc/passwd'), '2020-10-12')
select * from tests where department = (select pg_read_file('/etc/passwd'))
select * from tests where exists (select * from "/etc/passwd")
select * from tests join lateral read_csv('/etc/passwd') on true
select * from tests natural join "/etc/passwd.csv"
select (select count(*) from '/etc/passwd')
select case when true then pg_read_file('/etc/passwd') end
select count(*) filter (where pg_read_file('x') is null) from tests
select sum(lo_import('/etc/passwd')) over () from tests
select * from tests order by pg_read_file('/etc/passwd')
select * from tests limit pg_read_file('/etc/passwd')
values (pg_read_file('/etc/passwd'))
select 1 union select pg_read_file('/etc/passwd')
select 1 union all select count(*) from '/etc/passwd'
select array[pg_read_file('/etc/passwd')]
select cast(pg_read_file('/etc/passwd') as int)
