"""DuckDB's side of benches/versions.rs: a line "files TAB instant TAB predicate" in, "seconds count sum" out."""

import sys
import time

import duckdb

QUERY = """
select count(*), sum(value) from (
    select max_by(value, issued_at) as value, max_by(withdrawn, issued_at) as withdrawn
    from read_parquet($files)
    where issued_at <= $issued::timestamptz and {only}
    group by department, time_value, measure
) where not withdrawn
"""

connection = duckdb.connect()
threads = connection.execute("select current_setting('threads')").fetchone()[0]
print(f"DuckDB {duckdb.__version__}, {threads} threads", flush=True)
for line in sys.stdin:
    files, issued, only = line.rstrip("\n").split("\t")
    start = time.perf_counter()
    count, total = connection.execute(QUERY.format(only=only), {"files": files, "issued": issued}).fetchone()
    print(time.perf_counter() - start, count, total, flush=True)
