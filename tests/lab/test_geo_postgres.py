# SPDX-License-Identifier: Apache-2.0
"""`hextet geo` on a real PostgreSQL, private to this test. psql is what writes the tables; maxminddb reads the answers."""
import json
import os
import random
import re
import signal
import subprocess
import threading

import maxminddb
import pytest

pytestmark = pytest.mark.lab

# As the talk shows it.
TALK = """CREATE TABLE {} (id integer NOT NULL, comment character varying(255), country character varying(255),
 created_at timestamp without time zone, network cidr)"""


class Table:
    def __init__(self, hextet, cluster, database, path):
        self.hextet, self.cluster, self.database, self.path = hextet, cluster, database, path

    def spec(self, table=None, **options):
        return self.cluster.spec(self.database, table, **options)

    def sql(self, text):
        return self.cluster.sql(text, self.database)

    def geo(self, *args, **options):
        return self.hextet("geo", *args, **options)

    def build(self, table=None, **options):
        return self.geo("build", "--from", self.spec(table, **options), "--build-epoch", "1", "-o", self.path)

    def rows(self, table=None):
        done = self.geo("exception", "list", self.spec(table), "--output", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def answers(self, addresses):
        with maxminddb.open_database(str(self.path)) as db:
            return [(db.get(a) or {}).get("country", {}).get("iso_code") for a in addresses]


@pytest.fixture
def table(hextet, postgres, tmp_path, request):
    name = re.sub(r"\W+", "_", request.node.name)[:40].lower()
    return Table(hextet, postgres, postgres.database(name), tmp_path / "out.mmdb")


@pytest.fixture
def made(table):
    done = table.geo("init", table.spec())
    assert done.returncode == 0, done.stderr
    return table


def errors(done):
    return [line.split(": error: ")[1] for line in done.stderr.splitlines() if ": error: " in line]


def schema(table):
    """All that init may make."""
    return table.sql("SELECT conname FROM pg_constraint WHERE conrelid = 'geo_exceptions'::regclass UNION ALL"
                     " SELECT tgname FROM pg_trigger UNION ALL SELECT indexname FROM pg_indexes WHERE schemaname = 'public'"
                     " UNION ALL SELECT proname FROM pg_proc WHERE proname LIKE 'hextet%' ORDER BY 1").split()


def test_talk(table):
    """The table as it is, without init: addresses of both families, names and codes, quotes and tabs in comments."""
    table.sql(TALK.format("geo_exceptions"))
    table.sql(r"""INSERT INTO geo_exceptions VALUES
      (1, 'AS2819', 'Czechia', '2018-10-06 10:00:00', '2001:1528::/32'), (2, E'tab\t, \\N and\nline', 'us', NULL, '8.8.8.0/24'),
      (3, NULL, 'Germany', '2018-10-06 10:00:00.000001', '2001:1528:0:1::/64'), (4, '', 'GB', 'infinity', '9.9.9.9')""")
    done = table.build()
    assert done.returncode == 0, done.stderr
    assert table.answers(["2001:1528:132:70::ebe2", "2001:1528:0:1::9", "8.8.8.8", "9.9.9.9", "9.9.9.8"]) == [
        "CZ", "DE", "US", "GB", None]
    assert [(r["id"], r["network"], r["country"], r["comment"], r["created_at"]) for r in table.rows()] == [
        (1, "2001:1528::/32", "Czechia", "AS2819", "2018-10-06 10:00:00"),
        (2, "8.8.8.0/24", "us", "tab\t, \\N and\nline", None),
        (3, "2001:1528:0:1::/64", "Germany", None, "2018-10-06 10:00:00.000001"),
        (4, "9.9.9.9/32", "GB", "", "infinity")]


def test_text_of_all_kinds(table):
    """What COPY escapes is read as PostgreSQL's own JSON has it."""
    rng = random.Random(1)
    parts = ["\\", "N", "n", "t", "\t", "\n", "\r", "\b", "\f", "\v", "''", '"', ",", "é", "x7", "."]
    texts = ["".join(rng.choices(parts, k=rng.randrange(9))) for _ in range(2000)] + ["\\N", "\\.", ""]
    table.sql("CREATE TABLE geo_exceptions (id integer, comment text, country text, created_at timestamp, network cidr)")
    table.sql("INSERT INTO geo_exceptions VALUES (-1, NULL, NULL, NULL, NULL)" + "".join(
        f", ({i}, '{text}', 'CZ', NULL, '20.0.0.0')" for i, text in enumerate(texts)))
    table.sql("DELETE FROM geo_exceptions WHERE id < 0")
    assert [(r["id"], r["comment"]) for r in table.rows()] == [
        tuple(r) for r in json.loads(table.sql(
            "SELECT json_agg(json_build_array(id, comment) ORDER BY id) FROM geo_exceptions"))]


def test_wrong_rows(table):
    table.sql(TALK.format("geo_exceptions"))
    table.sql("INSERT INTO geo_exceptions VALUES (1, NULL, 'CZ', NULL, '8.8.8.0/24'), (5, NULL, NULL, NULL, NULL),"
              " (6, NULL, 'Czehcia', NULL, '8.8.9.0/24'), (7, NULL, repeat('é', 255), NULL, '8.8.9.0/25'),"
              " (8, NULL, E'\\x1b[2J', NULL, '8.8.9.0/26')")
    table.path.write_bytes(b"the file before")
    done = table.build()
    assert done.returncode == 1 and table.path.read_bytes() == b"the file before"
    assert errors(done) == ["row 5: no network [geo-network]", "row 5: no country [geo-country]",
                            'row 6: "Czehcia" is not a country [geo-country]',
                            f'row 7: "{"é" * 60}…" is not a country [geo-country]',
                            r'row 8: "\x1b[2J" is not a country [geo-country]']
    assert 'did you mean "Czechia"?' in done.stderr


def test_300_characters_and_host_bits_in_columns_of_text(table):
    table.sql("CREATE TABLE geo_exceptions (id bigint, country text, network text)")
    table.sql("INSERT INTO geo_exceptions VALUES (1, repeat('x', 300), '8.8.8.8/24'), (9000000000, 'CZ', 'here')")
    assert errors(table.build()) == [
        'row 1: "8.8.8.8/24" has bits set to the right of its length [geo-host-bits]',
        f'row 1: "{"x" * 60}…" is not a country [geo-country]', 'row 9000000000: "here" is not a network [geo-network]']


def test_empty_table(made):
    done = made.build()
    assert done.returncode == 1 and not made.path.exists()


def test_init(made):
    before = schema(made)
    assert before == ["geo_exceptions_network_key", "geo_exceptions_network_key", "geo_exceptions_pkey",
                      "geo_exceptions_pkey", "hextet_geo_country", "hextet_geo_network", "hextet_geo_notify",
                      "hextet_geo_notify"]
    assert made.geo("init", made.spec()).returncode == 0
    assert schema(made) == before
    for values in ("'CZ', NULL", "NULL, '8.8.8.0/24'", "' ', '8.8.8.0/24'", "'CZ', '8.8.8.8/24'",
                   f"'{'x' * 256}', '8.8.8.0/24'"):
        with pytest.raises(AssertionError, match="ERROR"):
            made.sql(f"INSERT INTO geo_exceptions (country, network) VALUES ({values})")
    made.sql("INSERT INTO geo_exceptions (country, network) VALUES ('CZ', '8.8.8.0/24')")
    with pytest.raises(AssertionError, match="duplicate key"):
        made.sql("INSERT INTO geo_exceptions (country, network) VALUES ('DE', '8.8.8.0/24')")


def test_init_of_a_table_with_wrong_rows(table):
    table.sql(TALK.format("geo_exceptions"))
    table.sql("INSERT INTO geo_exceptions VALUES (1, NULL, 'CZ', NULL, '8.8.8.0/24'), (2, NULL, 'DE', NULL, NULL),"
              " (3, NULL, ' ', NULL, '9.9.9.0/24'), (4, NULL, 'DE', NULL, '8.8.8.0/24')")
    done = table.geo("init", table.spec())
    assert done.returncode == 1 and schema(table) == []
    assert errors(done) == ["row 2: no network [geo-network]", "row 3: no country [geo-country]",
                            "row 1, 4: they have the same network [geo-twice]"]
    table.sql("DELETE FROM geo_exceptions WHERE id > 1")
    assert table.geo("init", table.spec()).returncode == 0
    assert schema(table) == ["geo_exceptions_network_key", "geo_exceptions_network_key", "hextet_geo_country",
                             "hextet_geo_network", "hextet_geo_notify", "hextet_geo_notify"]


def test_one_message_for_a_statement(made):
    out = made.sql("LISTEN hextet_geo;\nINSERT INTO geo_exceptions (country, network) VALUES ('CZ', '8.8.8.0/24'),"
                   " ('DE', '8.8.9.0/24'), ('US', '8.8.10.0/24');\nUPDATE geo_exceptions SET country = 'CZ';\n"
                   "BEGIN;\nDELETE FROM geo_exceptions;\nROLLBACK;\nTRUNCATE geo_exceptions;\nSELECT 1;")
    told = re.findall(r'notification "(\w+)" with payload "([^"]+)"', out)
    assert told == [("hextet_geo", "public.geo_exceptions")] * 3


NAMES = ['geo_exceptions', 'Public.Geo_Exceptions', 'geo.exceptions', '"Geo.Schema"."a ""b""; DROP TABLE x"', "ünï.cödé",
         '"select"']


@pytest.mark.parametrize("name", range(len(NAMES)))
def test_names(table, name):
    name = NAMES[name]
    if "." in name and not name.startswith("Public"):
        table.sql(f"CREATE SCHEMA {'%cGeo.Schema%c' % (34, 34) if name[0] == chr(34) else name.split('.')[0]}")
    assert table.geo("init", table.spec(name)).returncode == 0
    done = table.geo("exception", "add", table.spec(name), "8.8.8.0/24", "Czechia", "--comment", "'; DROP TABLE x; --")
    assert done.returncode == 0, done.stderr
    assert table.build(name).returncode == 0
    assert table.answers(["8.8.8.8"]) == ["CZ"]
    assert table.sql(f"SELECT country, network, comment FROM {name}") == "CZ|8.8.8.0/24|'; DROP TABLE x; --"


def test_edit(made):
    def exception(*args):
        return made.geo("exception", args[0], made.spec(), *args[1:])

    assert exception("add", "2a00::/32", "CZ", "--comment", "why").returncode == 0
    done = exception("add", "2A00:0::/32", "DE")
    assert done.returncode == 1
    assert errors(done) == ['2a00::/32 is there already: row 1 says "CZ" [geo-exists]']
    assert exception("add", "2a00::/32", "DE", "--replace").returncode == 0
    assert exception("add", "8.8.8.8", "US").returncode == 0
    assert [(r["id"], r["network"], r["country"], r["comment"]) for r in made.rows()] == [
        (1, "2a00::/32", "DE", "why"), (2, "8.8.8.8/32", "US", None)]
    done = exception("remove", "8.8.8.8", "1", "99999999999", "9.9.9.0/24")
    assert done.returncode == 1 and done.stdout == "removed: 2\n"
    assert errors(done) == ["there is no such row: 99999999999 [geo-exists]", "there is no such row: 9.9.9.0/24 [geo-exists]"]
    assert made.rows() == []


def test_ids_where_the_table_makes_none(table):
    table.sql(TALK.format("geo_exceptions"))
    for i in range(3):
        done = table.geo("exception", "add", table.spec(), f"8.8.{i}.0/24", "US", "--output", "kv")
        assert f"id={i + 1}\n" in done.stdout, done.stderr


def test_a_read_is_one_snapshot(made):
    """All rows change together, all the time; every file has one country."""
    made.sql("INSERT INTO geo_exceptions (country, network)"
             " SELECT 'CZ', ('20.' || i / 256 || '.' || i % 256 || '.0/24')::cidr FROM generate_series(0, 4999) i")
    stop = threading.Event()

    def write():
        with subprocess.Popen(made.cluster.psql_command(made.database), stdin=subprocess.PIPE, text=True) as psql:
            while not stop.is_set():
                psql.stdin.write("UPDATE geo_exceptions SET country = CASE country WHEN 'CZ' THEN 'US' ELSE 'CZ' END;\n"
                                 "\\o /dev/null\nSELECT pg_sleep(0.001);\n")
                psql.stdin.flush()
                if made.sql("SELECT 1") != "1":
                    break

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    try:
        for _ in range(12):
            done = made.build()
            assert done.returncode == 0, done.stderr
            countries = set(made.answers([f"20.{i // 256}.{i % 256}.1" for i in range(5000)]))
            assert len(countries) == 1
            seen |= countries
    finally:
        stop.set()
        writer.join()
    assert seen <= {"CZ", "US"}


SLOW = """CREATE FUNCTION slow(network cidr) RETURNS cidr LANGUAGE plpgsql VOLATILE AS
 $$ BEGIN PERFORM pg_sleep(0.01); RETURN network; END $$;
CREATE TABLE t (id integer, comment text, country text, created_at timestamp, network cidr);
INSERT INTO t SELECT i, repeat('x', 200), 'CZ', NULL, ('20.' || i / 256 || '.' || i % 256 || '.0/24')::cidr
 FROM generate_series(1, 5000) i;
CREATE VIEW slowly AS SELECT id, comment, country, created_at, slow(network) AS network FROM t"""
# Only the sessions that hextet has here, and only while they read.
READING = "FROM pg_stat_activity WHERE application_name = 'hextet' AND query LIKE 'COPY%' AND datname = '{}'"


@pytest.fixture
def reading(table, hextet_path):
    """A build that is in the middle of reading; reading(**options of spec) starts it."""
    table.sql(SLOW)
    started = []

    def start(**options):
        table.path.write_bytes(b"the file before")
        # A pipe that is not read does not stop it: it says little.
        p = subprocess.Popen([str(hextet_path), "geo", "build", "--from", table.spec("slowly", **options), "-o",
                              str(table.path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(p)
        while not table.cluster.sql(f"SELECT pid {READING.format(table.database)}"):
            assert p.poll() is None, p.communicate()
        return p

    yield start
    for p in started:
        p.kill()
        p.wait()


def end(table, process):
    """What a build that could not read all says; the file is the one before."""
    _, said = process.communicate(timeout=60)
    assert process.returncode == 3, said
    assert table.path.read_bytes() == b"the file before"
    return said


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_restart_in_the_middle(table, reading, mode):
    process = reading()
    table.cluster.stop(mode)
    try:
        said = end(table, process)
    finally:
        table.cluster.start()
    assert re.search("the server was shut down meanwhile|the connection to the server was lost|the server crashed", said)
    assert "nothing of what it sent is used; try again" in said
    assert table.build("t").returncode == 0
    assert table.answers(["20.0.1.1"]) == ["CZ"]


def test_cancelled_in_the_middle(table, reading):
    process = reading()
    table.cluster.sql(f"SELECT pg_cancel_backend(pid) {READING.format(table.database)}")
    assert re.search("cannot read the (whole )?table: the server gave up: it took too long", end(table, process))


def test_server_says_nothing(table, reading):
    """A backend that hangs: connect_timeout limits every silence."""
    process = reading(more="connect_timeout=2")
    pid = int(table.cluster.sql(f"SELECT pid {READING.format(table.database)}"))
    os.kill(pid, signal.SIGSTOP)
    try:
        said = end(table, process)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert re.search("cannot read the (whole )?table: the server said nothing for 2 s", said)


def test_a_table_that_somebody_holds_locked(made):
    """The server says why it waits, before our patience is over."""
    made.sql("INSERT INTO geo_exceptions (country, network) VALUES ('CZ', '8.8.8.0/24')")
    holder = subprocess.Popen(made.cluster.psql_command(made.database), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True)
    try:
        holder.stdin.write("BEGIN; LOCK TABLE geo_exceptions; SELECT 'held';\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == "held\n"
        done = made.build(more="connect_timeout=2")
    finally:
        holder.kill()
        holder.wait()
    assert done.returncode == 3 and "another session holds the table locked" in done.stderr, done.stderr


def test_statement_timeout_of_the_role(table, reading):
    assert reading  # its view
    table.sql("DROP ROLE IF EXISTS hasty; CREATE ROLE hasty LOGIN; ALTER ROLE hasty SET statement_timeout = '200ms';"
              " GRANT SELECT ON slowly, t TO hasty")
    done = table.build("slowly", user="hasty")
    assert done.returncode == 3 and "the server gave up: it took too long" in done.stderr


def test_permission(made):
    made.sql("DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN")
    made.sql("INSERT INTO geo_exceptions (country, network) VALUES ('CZ', '8.8.8.0/24')")
    done = made.build(user="reader")
    assert done.returncode == 3 and not made.path.exists()
    assert errors(done) == ["cannot read the table: permission denied for table geo_exceptions [geo-source]"]
    assert 'GRANT what is needed on "geo_exceptions" to reader' in done.stderr
    made.sql("GRANT SELECT ON geo_exceptions TO reader")
    assert made.build(user="reader").returncode == 0
    for command in (["add", made.spec(user="reader"), "9.9.9.0/24", "CZ"], ["remove", made.spec(user="reader"), "1"]):
        done = made.geo("exception", *command)
        assert done.returncode == 3 and "permission denied" in done.stderr
    done = made.geo("init", made.spec("other", user="reader"))
    assert done.returncode == 3 and "permission denied" in done.stderr


def test_passwords(made):
    made.sql("DROP ROLE IF EXISTS bob; DROP ROLE IF EXISTS secretive; CREATE ROLE secretive;"
             " CREATE ROLE bob LOGIN IN ROLE secretive PASSWORD 'correct'; GRANT SELECT ON geo_exceptions TO bob;"
             " INSERT INTO geo_exceptions (country, network) VALUES ('CZ', '8.8.8.0/24')")
    assert made.build(user="bob", more="password=correct").returncode == 0
    done = made.build(user="bob", more="password=hunter2")
    assert done.returncode == 3 and "hunter2" not in done.stderr and "correct" not in done.stderr
    assert 'password authentication failed for user "bob"' in done.stderr
    assert "~/.pgpass" in done.stderr
    done = made.build(user="bob")
    assert done.returncode == 3 and "no password supplied" in done.stderr and "~/.pgpass" in done.stderr


def test_nothing_there(table):
    for spec, message, hint in (
            (table.cluster.spec("none"), 'database "none" does not exist', "createdb makes a database"),
            (table.spec(), 'there is no table "geo_exceptions"', "`hextet geo init` makes it"),
            (table.spec("a.b"), 'there is no table "a"."b"', "`hextet geo init` makes it"),
            (table.spec(user="none"), 'role "none" does not exist', "does pg_hba.conf let this user in?"),
            ("postgres:host=/nonexistent dbname=x", "failed: No such file or directory", "is the server running"),
            ("postgres:host=127.0.0.1 port=1 dbname=x", "failed: Connection refused", "is the server running")):
        done = table.geo("build", "--from", spec, "-o", table.path)
        assert done.returncode == 3 and message in done.stderr and hint in done.stderr
        assert not table.path.exists()


def test_columns_that_are_not_there(table):
    table.sql("CREATE TABLE a (id integer, country text); CREATE TABLE b (id integer, network cidr)")
    assert errors(table.build("a")) == ['the table "a" has no column network [geo-source]']
    assert errors(table.build("b")) == ['the table "b" has no column country [geo-source]']


def test_server_is_starting(table):
    """A standby that lets nobody in is what a server that recovers is like, for as long as it is wanted."""
    signal_file = table.cluster.folder / "data" / "standby.signal"
    table.sql(TALK.format("geo_exceptions"))
    table.cluster.stop()
    signal_file.touch()
    try:
        table.cluster.start("-W", "-o", "-c hot_standby=off")
        for _ in range(100):
            done = table.build()
            assert done.returncode == 3
            if "the server is starting up or shutting down" in done.stderr:
                break
        else:
            pytest.fail(done.stderr)
        assert "try again in a moment" in done.stderr
    finally:
        table.cluster.stop("immediate")
        signal_file.unlink()
        table.cluster.start()


def test_service_file(made, monkeypatch, tmp_path):
    (tmp_path / "services").write_text(f"[oauth]\nhost={made.cluster.host}\ndbname={made.database}\nuser=lab\n")
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    made.sql("INSERT INTO geo_exceptions (country, network) VALUES ('CZ', '8.8.8.0/24')")
    done = made.geo("build", "--from", "postgres:service=oauth#public.geo_exceptions", "-o", made.path)
    assert done.returncode == 0, done.stderr
    assert made.answers(["8.8.8.8"]) == ["CZ"]
    done = made.geo("build", "--from", "postgres:service=none", "-o", made.path)
    assert done.returncode == 3 and 'definition of service "none" not found' in done.stderr
