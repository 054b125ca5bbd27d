"""What Python clients do with the Postgres wire of Vigie. Usage: wire.py TASK DSN [ARGUMENTS]; prints JSON."""

import datetime
import decimal
import json
import os
import queue
import signal
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


def code_of(fault):
    """The stable code of an error, or its first line where it has none."""
    said = str(fault).strip().splitlines()[0] if str(fault).strip() else repr(fault)
    return said.rsplit("(", 1)[-1].rstrip(")") if said.endswith(")") else said


def workers(pid):
    """Processes that a server has started."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as stat:
                if int(stat.read().rsplit(")", 1)[1].split()[1]) == int(pid):
                    found.append(int(name))
        except (OSError, IndexError):
            pass  # it has ended meanwhile
    return found


def field(pid, name):
    """A number of /proc/PID/status."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as status:
            return next((int(line.split()[1]) for line in status if line.startswith(name + ":")), 0)
    except OSError:
        return 0


def kill_all(pid):
    """Ends every worker of a server."""
    for worker in workers(pid):
        os.kill(worker, signal.SIGKILL)


def memory(pid):
    """Resident memory of a server and its workers together, in MiB; what they share counts once."""
    return (field(pid, "VmRSS") + sum(field(worker, "RssAnon") for worker in workers(pid))) / 1024


def slope(samples):
    """MB an hour, by least squares, of (seconds, MB)."""
    n = len(samples)
    if n < 2:
        return 0.0
    x, y = sum(s for s, _ in samples) / n, sum(m for _, m in samples) / n
    spread = sum((s - x) ** 2 for s, _ in samples)
    return 3600 * sum((s - x) * (m - y) for s, m in samples) / spread if spread else 0.0


def crowd(dsn, clients, seconds, hungry, pid=None):
    """Many clients ask for a while; one of them asks for too much again and again. Errors of the others, and, where the
    server is named, the resident memory of each of its processes after the first ten minutes (or the first half)."""
    began = time.monotonic()
    until = began + float(seconds)
    settled = began + min(600.0, float(seconds) / 2)
    asked, errors, refused, samples = [0] * int(clients), [], {}, {}

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
                    code = code_of(fault)
                refused[code] = refused.get(code, 0) + 1

    def look():
        while pid and time.monotonic() < until:
            now = time.monotonic()
            for process in [int(pid), *workers(pid)]:
                samples.setdefault(process, []).append((now - began, field(process, "VmRSS") / 1024))
            time.sleep(min(5.0, float(seconds) / 20))

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(int(clients))]
    threads += [threading.Thread(target=hunger), threading.Thread(target=look)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said = {"asked": sum(asked), "least": min(asked), "errors": errors, "hungry": refused}
    if pid:
        late = {p: [s for s in of if s[0] >= settled - began] for p, of in samples.items()}
        # Those that lived through all of the second part.
        stayed = {p: of for p, of in late.items() if len(of) >= len(late[int(pid)]) * 0.9 and p != int(pid)}
        slopes = sorted(slope(of) for of in stayed.values())
        said["memory"] = {
            "front_mb": round(samples[int(pid)][-1][1], 1),
            "front_mb_per_hour": round(slope(late[int(pid)]), 2),
            "workers": len(stayed),
            "worker_mb_largest": round(max((of[-1][1] for of in stayed.values()), default=0), 1),
            "worker_mb_per_hour_median": round(slopes[len(slopes) // 2], 2) if slopes else 0,
            "worker_mb_per_hour_most": round(slopes[-1], 2) if slopes else 0,
            "samples_from_second": round(settled - began),
        }
    return said


def generated():
    """Statements that are large themselves."""
    yield "select " + "(" * 100_000 + "1" + ")" * 100_000
    yield "select " + "+".join(["1"] * 10_000)
    yield "select " + "+".join(["1"] * 1_000_000)
    yield "select " + " and ".join(["1 = 1"] * 200_000)
    yield "select " + "not " * 100_000 + "true"
    yield "select " + "- " * 100_000 + "1"
    yield "select 1" + "::int" * 100_000
    yield "select " + "upper(" * 3_000 + "'x'" + ")" * 3_000
    yield "select " + "[" * 3_000 + "1" + "]" * 3_000
    yield "select " + "case when true then " * 3_000 + "1" + " end" * 3_000
    yield "select case value " + " ".join(f"when {n} then {n}" for n in range(100_000)) + " end from generate_series(1, 9)"
    yield "select 1 in (" + ",".join(str(n) for n in range(1_000_000)) + ")"
    yield "select count(*) from tests where tests in (" + ",".join(str(n) for n in range(200_000)) + ")"
    yield "select length('" + "x" * 15_000_000 + "')"
    yield "select length('" + "x" * 20_000_000 + "')"
    yield "select " + ",".join(f"{n} as c{n}" for n in range(50_000))
    yield " union all ".join(["select 1"] * 20_000)
    yield "select count(*) from " + "(select * from " * 2_000 + "tests" + ") as t" * 2_000
    yield "select count(*) from " + ", ".join(f"tests as t{n}" for n in range(500))
    doubled = ", ".join(f"t{n + 1} as (select * from t{n} union all select * from t{n})" for n in range(40))
    yield f"with t0 as (select 1 as a), {doubled} select count(*) from t40"
    joined = ", ".join(f"t{n + 1} as (select x.a from t{n} x join t{n} y on x.a = y.a)" for n in range(40))
    yield f"with t0 as (select 1 as a), {joined} select count(*) from t40"


def large(dsn, file, pid, limit):
    """Statements that are small to write and huge to compute (a file, a statement a line), from three clients at once,
    beside one that asks once a second: what each is answered and when, the longest wait of that one, and memory."""
    with open(file, encoding="utf-8") as lines:
        statements = [line.rstrip("\n") for line in lines if line.strip() and not line.startswith("-- ")]
    statements += list(generated())
    todo = queue.SimpleQueue()
    for statement in statements:
        todo.put(statement)
    slow, lost, codes, waits, mib, over = [], [], {}, [], [], threading.Event()

    def ask():
        connection = None
        while True:
            try:
                statement = todo.get_nowait()
            except queue.Empty:
                break
            if connection is None or connection.closed:
                connection = psycopg.connect(dsn, autocommit=True)
            began = time.monotonic()
            try:
                connection.execute(statement.replace("%", "%%")).fetchall()
                code = "rows"
            except psycopg.Error as fault:
                code = code_of(fault)
                if fault.sqlstate is None or not str(fault).strip().splitlines()[0].endswith(")"):
                    lost.append([statement[:80], str(fault)[:200]])
            seconds = time.monotonic() - began
            codes[code] = codes.get(code, 0) + 1
            if seconds > float(limit) + 2:
                slow.append([statement[:80], round(seconds, 1), code])

    def witness():
        kept = psycopg.connect(dsn, autocommit=True)
        while not over.wait(1.0):
            began = time.monotonic()
            if len(waits) % 3 == 2:
                kept.close()
                kept = psycopg.connect(dsn, autocommit=True)
            try:
                kept.execute("select count(*) from tests where department = '31'").fetchall()
                waits.append(time.monotonic() - began)
            except psycopg.Error as fault:
                lost.append(["of the witness", str(fault)[:200]])
                kept = psycopg.connect(dsn, autocommit=True)

    def look():
        while not over.wait(0.1):
            mib.append(memory(pid))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    beside = [threading.Thread(target=witness), threading.Thread(target=look)]
    for thread in threads + beside:
        thread.start()
    for thread in threads:
        thread.join()
    over.set()
    for thread in beside:
        thread.join()
    return {
        "statements": len(statements), "codes": codes, "slow": slow, "lost": lost,
        "witness": {"asked": len(waits), "longest": round(max(waits), 2)}, "mib": round(max(mib)),
    }  # fmt: skip


def fallen(dsn, pid):
    """Workers that are killed: in a statement, then between two. What the client is told, and what goes on."""
    said = {}
    count = "select count(*) from tests where department = %s"
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("set vigie.as_of = '2020-10-10'")
        connection.execute("set datestyle = 'ISO, DMY'")
        before = connection.execute(count, ["31"], prepare=True).fetchone()[0]
        timer = threading.Timer(1.0, kill_all, [pid])
        timer.start()
        began = time.monotonic()
        try:
            connection.execute(LONG).fetchall()
            said["told"] = "ended"
        except psycopg.Error as fault:
            said["told"] = f"{fault.sqlstate} {fault}"
        said["seconds"] = time.monotonic() - began
        said["as_of"] = connection.execute("show vigie.as_of").fetchone()[0]
        said["prepared"] = connection.execute(count, ["31"], prepare=True).fetchone()[0] == before
        kill_all(pid)
        time.sleep(0.5)
        said["again"] = connection.execute(count, ["31"], prepare=True).fetchone()[0] == before
        said["as_of_again"] = connection.execute("show vigie.as_of").fetchone()[0]
        # Several statements sent at once: those that were not computed are each answered.
        timer = threading.Timer(1.0, kill_all, [pid])
        timer.start()
        try:
            with connection.pipeline():
                connection.execute(LONG)
                connection.execute("select 1")
            said["pipeline"] = "ended"
        except psycopg.Error as fault:
            said["pipeline"] = code_of(fault)
        said["alive"] = connection.execute("select 1").fetchone()[0]
    # A transaction whose statement is lost has failed, as with PostgreSQL.
    with psycopg.connect(dsn) as connection:
        timer = threading.Timer(1.0, kill_all, [pid])
        timer.start()
        try:
            connection.execute(LONG).fetchall()
        except psycopg.Error as fault:
            said["transaction"] = f"{code_of(fault)} {connection.info.transaction_status.name}"
        connection.rollback()
        said["after"] = connection.execute("select 1").fetchone()[0]
    with psycopg.connect(dsn, autocommit=True) as connection:
        said["others"] = connection.execute("select 1").fetchone()[0]
    return said


def stubborn(dsn):
    """A computation that does not pause, stopped by its client, then by its time."""
    statement, said = "select levenshtein(repeat('ab', 200000), repeat('ba', 200000))", {}
    with psycopg.connect(dsn, autocommit=True) as connection:
        for name in ("cancel", "timeout"):
            if name == "cancel":
                threading.Timer(1.0, connection.cancel_safe).start()
            began = time.monotonic()
            try:
                connection.execute(statement).fetchall()
                said[name] = "ended"
            except psycopg.Error as fault:
                said[name] = code_of(fault)
            said[f"{name}_seconds"] = time.monotonic() - began
        said["alive"] = connection.execute("select 1").fetchone()[0]
    return said


def orphans(dsn, pid):
    """The server is killed while statements run: workers that are left after five seconds."""

    def ask():
        try:
            with psycopg.connect(dsn, autocommit=True) as connection:
                connection.execute(LONG).fetchall()
        except psycopg.Error:
            pass

    for _ in range(3):
        threading.Thread(target=ask, daemon=True).start()
    time.sleep(2.0)
    started = workers(pid)
    os.kill(int(pid), signal.SIGKILL)
    for _ in range(50):
        left = [worker for worker in started if os.path.exists(f"/proc/{worker}")]
        if not left:
            break
        time.sleep(0.1)
    return {"workers": len(started), "left": left}


def greedy(dsn, pid, clients):
    """Many clients that each want all their memory at once, beside one that goes on: what they are told, and memory."""
    codes, mib, waits, over = {}, [], [], threading.Event()
    hungry = "select value, count(*) from generate_series(1, 30000000) group by value order by 2, 1"

    def ask():
        try:
            with psycopg.connect(dsn, autocommit=True) as connection:
                connection.execute(hungry).fetchall()
                code = "rows"
        except psycopg.Error as fault:
            code = code_of(fault)
        codes[code] = codes.get(code, 0) + 1

    def beside():
        with psycopg.connect(dsn, autocommit=True) as connection:
            while not over.wait(0.2):
                began = time.monotonic()
                connection.execute("select count(*) from tests").fetchall()
                waits.append(time.monotonic() - began)

    def look():
        while not over.wait(0.05):
            mib.append(sum(field(worker, "RssAnon") for worker in workers(pid)) / 1024)

    threads = [threading.Thread(target=ask) for _ in range(int(clients))]
    others = [threading.Thread(target=beside), threading.Thread(target=look)]
    for thread in others + threads:
        thread.start()
    for thread in threads:
        thread.join()
    over.set()
    for thread in others:
        thread.join()
    return {"codes": codes, "mib": round(max(mib)), "longest": round(max(waits), 2)}


def figures(dsn, pid, clients, statements):
    """What workers cost: connections, the first answer of each, memory while idle; and a long series of statements."""
    connects, firsts, held = [], [], []
    for _ in range(int(clients)):
        began = time.monotonic()
        connection = psycopg.connect(dsn, autocommit=True)
        connects.append(time.monotonic() - began)
        connection.execute("select 1").fetchone()
        firsts.append(time.monotonic() - began)
        held.append(connection)
    all_held = memory(pid)
    each = sorted(field(worker, "RssAnon") / 1024 for worker in workers(pid)) or [0]
    began = time.monotonic()
    for connection in held:
        connection.execute("select 1").fetchone()
    again = (time.monotonic() - began) / len(held)
    for connection in held:
        connection.close()
    time.sleep(2)
    said = {
        "connect_s": [round(min(connects), 4), round(max(connects), 4)],
        "first_answer_s": [round(min(firsts), 4), round(sorted(firsts)[len(firsts) // 2], 4), round(max(firsts), 4)],
        "next_answer_s": round(again, 4),
        "mib_all": round(all_held), "mib_each": [round(each[0], 1), round(each[-1], 1)],
        "mib_closed": round(memory(pid)),
    }  # fmt: skip
    if int(statements):
        with psycopg.connect(dsn, autocommit=True) as connection:
            grown = {}
            for n in range(1, int(statements) + 1):
                connection.execute(QUESTIONS[n % len(QUESTIONS)]).fetchall()
                if n in (100, 1_000, 3_000, 10_000, 30_000, 100_000) or n == int(statements):
                    grown[n] = round(memory(pid), 1)
            said["mib_after_statements"] = grown
    return said


def torment(dsn, pid, clients, seconds, seed):
    """Workers are killed at random under load. Every statement must be answered: rightly, or by the sentence."""
    import random

    until = time.monotonic() + float(seconds)
    # Each has one right answer: without ties that may come in any order.
    counts = "select indicator, count(*) from indicators group by 1"
    questions = [*QUESTIONS[:2], counts, "select count(*) from as_of('tests', '2020-10-12')"]
    with psycopg.connect(dsn, autocommit=True) as connection:
        right = [sorted(map(str, connection.execute(sql).fetchall())) for sql in questions]
    answered, fell, wrong, longest = [0] * int(clients), [0] * int(clients), [], [0.0] * int(clients)

    def ask(place):
        choice = random.Random(int(seed) * 1000 + place)
        connection = psycopg.connect(dsn, autocommit=True)
        while time.monotonic() < until:
            n = choice.randrange(len(questions))
            began = time.monotonic()
            try:
                if connection.closed:
                    connection = psycopg.connect(dsn, autocommit=True)
                rows = connection.execute(questions[n], prepare=choice.random() < 0.5).fetchall()
                if sorted(map(str, rows)) != right[n]:
                    wrong.append(f"client {place}: another answer to {questions[n]}")
                answered[place] += 1
            except psycopg.Error as fault:
                # "panne": none could be started, because each was killed too.
                if code_of(fault) not in ("processus-arrete", "panne"):
                    wrong.append(f"client {place}: {fault}")
                fell[place] += 1
            longest[place] = max(longest[place], time.monotonic() - began)

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(int(clients))]
    for thread in threads:
        thread.start()
    choice, killed = random.Random(int(seed)), 0
    while time.monotonic() < until - 1:
        time.sleep(0.2 + choice.random() * 0.6)
        found = workers(pid)
        if found:
            os.kill(choice.choice(found), signal.SIGKILL)
            killed += 1
    for thread in threads:
        thread.join()
    return {
        "answered": sum(answered), "least": min(answered), "fell": sum(fell), "killed": killed,
        "wrong": wrong, "longest": round(max(longest), 2),
    }  # fmt: skip


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
