"""What Python clients do with the Postgres wire of Vigie. Usage: wire.py TASK DSN [ARGUMENTS]; prints JSON."""

import datetime
import decimal
import json
import socket
import sys
import threading
import time

import psycopg


def types(dsn):
    """Parameters, text and binary results, dates and decimals."""
    said = {}
    with psycopg.connect(dsn, autocommit=True) as connection:
        for name, binary in (("text", False), ("binary", True)):
            cursor = connection.cursor(binary=binary)
            cursor.execute(
                "select department, time_value, tests, 1.5::double precision as half, cast('12.34' as decimal(9, 2)) as money,"
                " issued_at, null::bigint as nothing from tests where department = %s and time_value = %s",
                ("31", datetime.date(2020, 10, 5)),
            )
            row = cursor.fetchone()
            assert isinstance(row[1], datetime.date) and isinstance(row[4], decimal.Decimal), row
            assert isinstance(row[5], datetime.datetime) and row[5].tzinfo is not None, row
            said[name] = [str(value) for value in row]
        cursor = connection.cursor()
        cursor.execute("select count(*) from tests where department = any(%s)", (["31", "32"],))
        said["any"] = cursor.fetchone()[0]
        cursor.execute("select count(*) from tests where department = %s", ("31'; drop table tests; --",))
        said["injected"] = cursor.fetchone()[0]
    return said


def as_of(dsn):
    """A session moved in time, and two times in one query."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        last = "select max(time_value) from tests"
        now = connection.execute(last).fetchone()[0]
        connection.execute("set vigie.as_of = '2020-10-10'")
        then = connection.execute(last).fetchone()[0]
        shown = connection.execute("show vigie.as_of").fetchone()[0]
        connection.execute("reset vigie.as_of")
        again = connection.execute(last).fetchone()[0]
        changed = connection.execute(
            "select count(*) from as_of('tests', '2020-10-20') n join as_of('tests', '2020-10-10') o"
            " on n.department = o.department and n.time_value = o.time_value where n.tests <> o.tests"
        ).fetchone()[0]
    return {"now": str(now), "then": str(then), "shown": shown, "again": str(again), "changed": changed}


def pandas(dsn):
    """SQLAlchemy and pandas, as an analyst writes it."""
    import pandas as pd
    import sqlalchemy

    engine = sqlalchemy.create_engine(
        dsn.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        frame = pd.read_sql(
            sqlalchemy.text("select * from tests where department = :department order by time_value"),
            connection,
            params={"department": "31"},
        )
    tables = sqlalchemy.inspect(engine).get_table_names(schema="public")
    return {"rows": len(frame), "columns": list(frame.columns), "day": str(frame["time_value"].iloc[0]), "tables": len(tables)}


def hostile(dsn, file):
    """Every statement of a file by the simple and the extended protocol: those that were carried out, and codes."""
    with open(file, encoding="utf-8") as lines:
        statements = [line.rstrip("\n") for line in lines if line.strip() and not line.startswith("-- ")]
    carried_out, codes = [], {}
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            for prepare in (False, True):
                try:
                    connection.execute(statement.replace("%", "%%"), prepare=prepare)
                    carried_out.append([prepare, statement])
                except psycopg.Error as fault:
                    code = str(fault).strip().rsplit("(", 1)[-1].rstrip(")")
                    codes[code] = codes.get(code, 0) + 1
        alive = connection.execute("select 1").fetchone()[0]
    return {"statements": len(statements), "carried_out": carried_out, "codes": codes, "alive": alive}


def cancel(dsn):
    """A long statement stopped by its client; the connection goes on."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        timer = threading.Timer(1.0, connection.cancel_safe)
        timer.start()
        start = time.monotonic()
        try:
            connection.execute(LONG).fetchall()
            said = "ended"
        except psycopg.Error as fault:
            said = f"{fault.sqlstate} {fault}"
        return {"said": said, "seconds": time.monotonic() - start, "alive": connection.execute("select 1").fetchone()[0]}


LONG = "select sum(a.value * b.value) from generate_series(1, 1000000) a cross join generate_series(1, 1000000) b"


def timeout(dsn):
    """A statement that takes too long."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        try:
            connection.execute(LONG).fetchall()
            said = "ended"
        except psycopg.Error as fault:
            said = f"{fault.sqlstate} {fault}"
        return {"said": said, "alive": connection.execute("select 1").fetchone()[0]}


def half_open(dsn):
    """Connections that say nothing, or stop in the middle: seconds until each is cut."""
    info = psycopg.conninfo.conninfo_to_dict(dsn)
    seconds = []
    for start in (b"", b"\x00\x00\x00\x08", b"\x00\x00\x00\x54\x00\x03\x00\x00user\x00"):
        with socket.create_connection((info["host"], int(info["port"])), timeout=30) as client:
            client.sendall(start)
            began = time.monotonic()
            while client.recv(4096):
                pass
            seconds.append(time.monotonic() - began)
    return {"seconds": seconds}


QUESTIONS = (
    "select count(*), sum(tests) from tests",
    "select department, max(time_value) from tests group by 1 order by 1",
    "select indicator, count(*) from indicators group by 1 order by 2 desc limit 5",
    "select * from catalogue_indicators",
    "select * from tests where department = '31' order by time_value",
)


def too_much(dsn, connections):
    """More rows than are given, then more clients than are let in: what each is told, and whether the first goes on."""
    said = {}
    with psycopg.connect(dsn, autocommit=True) as connection:
        try:
            connection.execute("select value from generate_series(1, 100000)").fetchall()
            said["rows"] = "ended"
        except psycopg.Error as fault:
            said["rows"] = f"{fault.sqlstate} {fault}"
        others = []
        try:
            for _ in range(int(connections)):
                others.append(psycopg.connect(dsn, autocommit=True))
            said["connections"] = "let in"
        except psycopg.Error as fault:
            said["connections"] = str(fault)
        said["alive"] = connection.execute("select 1").fetchone()[0]
        for other in others:
            other.close()
    return said


def crowd(dsn, clients, seconds, hungry):
    """Many clients ask for a while; one of them asks for too much again and again. Errors of the others."""
    until = time.monotonic() + float(seconds)
    asked, errors, refused = [0] * int(clients), [], {}

    def ask(place):
        try:
            with psycopg.connect(dsn, autocommit=True) as connection:
                while time.monotonic() < until:
                    connection.execute(QUESTIONS[(place + asked[place]) % len(QUESTIONS)]).fetchall()
                    asked[place] += 1
        except Exception as fault:  # whatever it is, it is what this task looks for
            errors.append(f"client {place}: {fault}")

    def hunger():
        with psycopg.connect(dsn, autocommit=True) as connection:
            while time.monotonic() < until:
                try:
                    connection.execute(hungry).fetchall()
                    code = "ended"
                except psycopg.Error as fault:
                    code = str(fault).strip().rsplit("(", 1)[-1].rstrip(")")
                refused[code] = refused.get(code, 0) + 1

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(int(clients))]
    threads.append(threading.Thread(target=hunger))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"asked": sum(asked), "least": min(asked), "errors": errors, "hungry": refused}


def catalogue(dsn, file):
    """Rows of each question of a file (one a line), by the simple and the extended protocol."""
    counts = {}
    with psycopg.connect(dsn, autocommit=True) as connection:
        one = lambda sql: str(connection.execute(sql).fetchone()[0])
        schema = one("select oid from pg_catalog.pg_namespace where nspname = 'public'")
        table = one("select oid from pg_catalog.pg_class where relname = 'tests'")
        name = None
        for line in open(file, encoding="utf-8"):
            line = line.strip()
            if line.startswith("-- "):
                name = line[3:]
                continue
            sql = line.replace("{ns}", schema).replace("{rel}", table)
            asked = [connection.cursor(binary=binary).execute(sql, prepare=binary) for binary in (False, True)]
            counts[name] = [len(cursor.fetchall()) for cursor in asked]
        comments = connection.execute(
            "select description from pg_catalog.pg_description where objoid = %s order by objsubid", [table]
        ).fetchall()
        counts["comments"] = [comment for (comment,) in comments]
    return counts


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
