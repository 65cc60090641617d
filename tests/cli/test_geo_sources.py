# SPDX-License-Identifier: Apache-2.0
"""What `hextet geo` reads: CSV as Python's csv module writes it, SQLite as Python's sqlite3 module does; the answers are
read back by the maxminddb package. Networks are global, so that no row gets a note about where it is."""
import csv
import ipaddress
import json
import os
import random
import sqlite3
import subprocess

import maxminddb
import pytest

from geo_server import Server, wait_for

COUNTRIES = ["CZ", "DE", "US", "ZA", "NZ", "BR"]


@pytest.fixture
def build(hextet, tmp_path):
    """build(*sources, input=None) -> CompletedProcess; build.path is the file."""

    def run(*sources, input=None):
        args = [word for source in sources for word in ("--from", source)]
        return hextet("geo", "build", *args, "--build-epoch", "1", "-o", run.path, input=input)

    run.path = tmp_path / "out.mmdb"
    return run


def answers(path, addresses):
    with maxminddb.open_database(str(path)) as db:
        return [(db.get(str(a)) or {}).get("country", {}).get("iso_code") for a in addresses]


def errors(done):
    """(place, message, hint) of each error."""
    found = []
    for line in done.stderr.splitlines():
        if ": error: " in line:
            place, message = line.split(": error: ")
            found.append([place, message, None])
        elif " hint: " in line and found:
            found[-1][2] = line.split(" hint: ")[1]
    return [tuple(f) for f in found]


COUNTRY_HINT = "a country is an ISO 3166-1 code or its English name"

WRONG = {
    "host bits": (b"1.2.3.4/24,CZ\n", "1:1", '"1.2.3.4/24" has bits set to the right of its length [geo-host-bits]',
                  "write 1.2.3.0/24, or 1.2.3.4 for the address alone"),
    "host bits v6": (b"2a00::1/32,CZ\n", "1:1", '"2a00::1/32" has bits set to the right of its length [geo-host-bits]',
                     "write 2a00::/32, or 2a00::1 for the address alone"),
    "reversed": (b"1.2.3.9,1.2.3.4,CZ\n", "1:1",
                 'the range from "1.2.3.9" to "1.2.3.4" ends before it begins [geo-range]',
                 "swap the two, if that is what is meant"),
    "two families": (b"1.2.3.4,2a00::,CZ\n", "1:1", 'the range from "1.2.3.4" to "2a00::" begins in one family and ends '
                     "in the other [geo-range]", "both ends of a range are of one family"),
    "byte of 256": (b"1.2.3.4,1.2.3.256,CZ\n", "1:15", '"1.2.3.256" is not an address [geo-network]',
                    "each of the four numbers is 0 to 255"),
    "length 33": (b"8.8.8.0/33,CZ\n", "1:9", '"8.8.8.0/33" is not a network [geo-network]', None),
    "leading zero": (b"1.2.3.04,1.2.3.5,CZ\n", "1:7", '"1.2.3.04" is not an address [geo-network]', None),
    "number": (b"16777216,1.0.0.255,AU\n", "1:1", '"16777216" is not an address [geo-network]', None),
    "unknown country": (b"8.8.8.0/24,Czehcia\n", "1:12", '"Czehcia" is not a country [geo-country]',
                        'did you mean "Czechia"?'),
    "unknown code": (b"8.8.8.0/24,ZZ\n", "1:12", '"ZZ" is not a country [geo-country]', COUNTRY_HINT),
    "empty country": (b"8.8.8.0/24,\n", "1:12", "no country [geo-country]", COUNTRY_HINT),
    "blank country": (b'8.8.8.0/24,"  "\n', "1:13", "no country [geo-country]", COUNTRY_HINT),
    "one column": (b"8.8.8.0/24\n", "1:1", "no country [geo-country]", COUNTRY_HINT),
    "empty network": (b",CZ\n", "1:1", "no network [geo-network]", "write an address, or a network such as 2001:db8::/32"),
    "empty end": (b"start,end,country\n8.8.8.0,,CZ\n", "2:9", "no last address [geo-network]",
                  "a range has a first and a last address"),
    "300 characters": (b"8.8.8.0/24," + b"x" * 300 + b"\n", "1:12",
                       f'"{"x" * 60}…" is not a country [geo-country]', COUNTRY_HINT),
    "controls": (b"8.8.8.0/24,\x1b[31mC\x00Z\xff\n", "1:12", r'"\x1b[31mC\x00Z\xff" is not a country [geo-country]',
                 COUNTRY_HINT),
    "right-to-left": ("8.8.8.0/24,\u202eZC\n".encode(), "1:12", r'"\xe2\x80\xaeZC" is not a country [geo-country]',
                      COUNTRY_HINT),
    "code points, not bytes": ('"Ω, Ω",CZ\n8.8.8.0/24,DE\n'.encode(), "1:2", '"Ω, Ω" is not a network [geo-network]', None),
    "bad time": (b"network,country,created_at\n8.8.8.0/24,CZ,yesterday\n", "2:15", '"yesterday" is not a time [geo-time]',
                 "a time is written as 2018-10-06 12:34:56, in UTC"),
    "the 29th": (b"network,country,created_at\n8.8.8.0/24,CZ,2019-02-29 00:00\n", "2:15",
                 '"2019-02-29 00:00" is not a time [geo-time]', "a time is written as 2018-10-06 12:34:56, in UTC"),
    "open quote": (b'8.8.8.0/24,"CZ\n', "1:12", "the quote that opens here is never closed [geo-csv]", None),
    "behind a quote": (b'8.8.8.0/24,"CZ"x\n', "1:16", "there is text behind a closing quote [geo-csv]",
                       "a quote inside a quoted field is written twice"),
    "no country column": (b"network,comment\n8.8.8.0/24,CZ\n", "1:1",
                          "the line of names has no column for the country [geo-csv]", 'name that column "country"'),
    "no network column": (b"id,country\n1,CZ\n", "1:1", "the line of names has no column for the network [geo-csv]",
                          'name that column "network"'),
    "no end column": (b"start,country\n8.8.8.8,CZ\n", "1:1",
                      "the line of names has no column for the end of a range [geo-csv]", 'name that column "end"'),
    "long line": (b"8.8.8.0/24," + b"x" * 65536 + b"\n", "1:1", "this line is longer than 64 KiB [geo-csv]", None),
    "gzip": (b"\x1f\x8b\x08\x00" + bytes(20), "1:1", "this is compressed, not CSV [geo-csv]",
             "gzip -dc FILE | hextet … csv:-"),
    "semicolons": (b"network;country\n8.8.8.0/24;CZ\n", "1:1",
                   "the fields are separated by semicolons, not commas [geo-csv]", "tr ';' , < FILE | hextet … csv:-"),
    "tabs": (b"8.8.8.0/24\tCZ\n", "1:1", "the fields are separated by tabs, not commas [geo-csv]", None),
    "CR alone": (b"8.8.8.0/24,CZ\r9.9.9.0/24,CZ\r", "1:1", "the lines end in CR alone [geo-csv]",
                 "tr '\\r' '\\n' < FILE | hextet … csv:-"),
    "utf-16": ("8.8.8.0/24,CZ\n".encode("utf-16"), "1:1", "this is UTF-16, not CSV [geo-csv]",
               "write it as UTF-8: iconv -f UTF-16 -t UTF-8"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_csv(build, tmp_path, name):
    text, place, message, hint = WRONG[name]
    path = tmp_path / "rows.csv"
    path.write_bytes(text)
    build.path.write_bytes(b"the file before")
    done = build(path)
    assert done.returncode == 1
    found = errors(done)
    assert [f[:2] for f in found] == [(f"{path}:{place}", message)]
    assert hint is None or found[0][2] == hint
    assert build.path.read_bytes() == b"the file before"


def test_all_mistakes_are_named(build, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("1.1.1.1,1.1.1.0,XX\n8.8.8.0,8.8.8.8,CZ\n1.1.300.0,1.1.1.1,DE\n2a00::,1.1.1.1,\n")
    assert [e[0].rsplit(".csv:")[1] for e in errors(build(path))] == ["1:1", "1:17", "3:5", "4:1", "4:16"]


def test_many_mistakes_are_counted(build, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("8.8.8.0/24,CZ\n" * 3 + "8.8.8.0/24,XX\n" * 1234)
    found = errors(build(path))
    assert [e[0] for e in found if "geo-country" in e[1]] == [f"{path}:{n}:12" for n in range(4, 54)]
    assert [e[:2] for e in found if "geo-country" not in e[1]] == [
        (str(path), "1234 rows are wrong; the first 50 of them are named [geo-more]")]


def test_no_file(build, tmp_path):
    for place, why in ((tmp_path / "none.csv", "No such file or directory"), (f"csv:{tmp_path}", "Is a directory")):
        done = build(place)
        assert done.returncode == 3 and f"cannot read {str(place).removeprefix('csv:')}: {why}" in done.stderr


LAYOUTS = [
    "1.2.3.0,1.2.3.255,CZ\n2a00::,2a00:0:0:ffff:ffff:ffff:ffff:ffff,DE\n",
    "1.2.3.0/24,CZ\n2a00::/48,DE\n",
    "1.2.3.0/24,Czech Republic,Brno\r\n2a00::/48,germany,\r\n",
    "\ufeffnetwork,country\n1.2.3.0/24,CZ\n\n2a00::/48,DE",
    'id,comment,country,created_at,network\n1,"a ""b"",\nc",CZ,2018-10-06 10:00:00,1.2.3.0/24\n2,,DE,,2a00::/48\n',
    ' "1.2.3.0" , "1.2.3.255" , CZ \n2a00:0::0,"2A00:0:0:FFFF:FFFF:FFFF:FFFF:FFFF",deu\n',
    "Country_Name,END_IP,Country_Code,start_ip\nx,1.2.3.255,CZ,1.2.3.0\ny,2a00:0:0:ffff:ffff:ffff:ffff:ffff,DE,2a00::\n",
]


@pytest.mark.parametrize("layout", range(len(LAYOUTS)))
@pytest.mark.parametrize("by", ["file", "stdin"])
def test_layouts(build, tmp_path, layout, by):
    path = tmp_path / "rows.csv"
    path.write_text(LAYOUTS[layout], newline="")
    done = build(path) if by == "file" else build("csv:-", input=LAYOUTS[layout].encode())
    assert done.returncode == 0, done.stderr
    where = ["1.2.3.0", "1.2.3.255", "1.2.4.0", "2a00::", "2a00:0:0:ffff::", "2a00:0:1::"]
    assert answers(build.path, where) == ["CZ", "CZ", None, "DE", "DE", None]


def random_rows(rng, count):
    """Disjoint ranges, some of them networks, far from special places."""
    for i in range(count):
        if rng.random() < 0.5:
            first = (20 << 24) + (i << 10) + rng.randrange(256)
            yield ipaddress.IPv4Address(first), ipaddress.IPv4Address(first + rng.randrange(700))
        else:
            first = (0x2a00 << 112) + (i << 80) + rng.getrandbits(64)
            yield ipaddress.IPv6Address(first), ipaddress.IPv6Address(first + rng.getrandbits(70))


@pytest.mark.parametrize("seed", range(4))
def test_as_python_writes_it(build, tmp_path, seed):
    rng = random.Random(seed)
    rows = [(a, b, rng.choice(COUNTRIES)) for a, b in random_rows(rng, 3000)]
    columns = ["start", "end", "country", "comment", "id", "created_at"]
    rng.shuffle(columns)
    path = tmp_path / "rows.csv"
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, columns, quoting=rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
                                lineterminator=rng.choice(["\n", "\r\n"]))
        writer.writeheader()
        for a, b, country in rng.sample(rows, len(rows)):
            writer.writerow({"start": a.exploded if rng.random() < 0.1 else a, "end": b, "country": country,
                             "id": rng.randrange(99), "created_at": rng.choice(["", "2019-01-01", "2020-02-29T23:59:60.5Z"]),
                             "comment": "".join(rng.choices('a",\n\r é;', k=rng.randrange(8)))})
    done = build(path)
    assert done.returncode == 0, done.stderr
    where = [a for row in rows for a in row[:2]]
    assert answers(build.path, where) == [row[2] for row in rows for _ in range(2)]
    beyond = [b + 1 for _, b, _ in rows]
    assert set(answers(build.path, beyond)) == {None}


def test_newest_wins_by_time(build):
    times = ["2018-10-06 12:00:00", "2018-10-06T12:00:00.000001", "2018-10-06T14:00:01+02:00", "2018-10-06 12:00:00.9Z"]
    text = "network,country,created_at\n" + "".join(f"8.8.8.0/24,{c},{t}\n" for c, t in zip(COUNTRIES, times))
    assert build("csv:-", input=text.encode()).returncode == 0
    assert answers(build.path, ["8.8.8.8"]) == [COUNTRIES[2]]


@pytest.mark.parametrize("spec, message", [
    ("nothing", '"nothing" does not say what kind of source it is'),
    ("sqlit:x.db", '"sqlit:x.db" does not say what kind of source it is'),
    ("csv:", '"csv:" names no file'),
    ("sqlite:x.db#", '"sqlite:x.db#" names no table behind \'#\''),
])
def test_spec(build, spec, message):
    if spec == "sqlit:x.db":  # its ending says what it is
        spec, message = "sqlit:x", message.replace("x.db", "x")
    done = build(spec)
    assert done.returncode == 1 and message in done.stderr
    assert ('did you mean "sqlite:"?' in done.stderr) == spec.startswith("sqlit:")


PASSWORDS = [
    "postgres:host=/nonexistent password=hunter2 user=x",
    "postgres:host=/nonexistent password = 'hunter2 \\' hunter2' user=x",
    "postgres:host=/nonexistent user=x PASSWORD=hunter2",
    "postgres:host=/nonexistent user=x password=hunter2 sslpassword=hunter2",
    "postgres://user:hunter2@127.0.0.1:1/db",
    "postgresql://user:hunter2@hunter2@127.0.0.1:1/db",
    "postgresql://user:hunter2/hunter2@127.0.0.1:1/db",
    "postgres:postgresql://user@127.0.0.1:1/db?password=hunter2&x=1",
    "postgres:host=127.0.0.1 port=1 password=hunter2 hunter2",
    "postgres:password='hunter2",
    "postgres:host=127.0.0.1 port=1 password=a&hunter2 user=x",
    "postgres:host=127.0.0.1 port=1 password=a//b&hunter2 user=x",
    "postgresql://user:1/hunter2@127.0.0.1:1/db",
    "postgresql://user:hun?ter2@hunter2@127.0.0.1:1/db",
]


@pytest.mark.parametrize("spec", PASSWORDS)
def test_passwords_are_not_shown(hextet, spec):
    for command in (("list",), ("add",)):
        done = hextet("geo", "exception", *command, spec, *(["8.8.8.0/24", "CZ"] if command == ("add",) else []))
        assert done.returncode in (1, 3) and "error: " in done.stderr
        assert "hunter2" not in done.stderr
        assert "***" in done.stderr


# SQLite


@pytest.fixture
def table(hextet, tmp_path):
    """A table that `geo init` made; table.db is Python's connection."""

    class Table:
        path = tmp_path / "geo.db"

        def __call__(self, *args, **options):
            return hextet("geo", "exception", args[0], self.path, *args[1:], **options)

        def rows(self):
            done = self("list", "--output", "json")
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)

    assert hextet("geo", "init", Table.path).returncode == 0
    t = Table()
    t.db = sqlite3.connect(t.path, isolation_level=None)
    yield t
    t.db.close()


def test_table_of_the_talk(hextet, table):
    assert hextet("geo", "init", f"sqlite:{table.path}").returncode == 0  # once more
    columns = [row[1] for row in table.db.execute("PRAGMA table_info(geo_exceptions)")]
    assert columns == ["id", "comment", "country", "created_at", "network"]
    for row in [("x" * 256, "CZ", "8.8.8.0/24"), (None, None, "8.8.8.0/24"), (None, "  ", "8.8.8.0/24"),
                (None, "CZ", None), (None, "CZ", ""), (None, "x" * 256, "8.8.8.0/24")]:
        with pytest.raises(sqlite3.IntegrityError):
            table.db.execute("INSERT INTO geo_exceptions (comment, country, network) VALUES (?, ?, ?)", row)
    insert = "INSERT INTO geo_exceptions (country, network) VALUES ('CZ', '8.8.8.0/24')"
    table.db.execute(insert)
    with pytest.raises(sqlite3.IntegrityError):
        table.db.execute(insert)


def test_add_list_remove(table):
    done = table("add", "2a00::/32", "Czech Republic", "--comment", "it's \"here\"; DROP TABLE x", "--output", "json")
    assert (done.returncode, json.loads(done.stdout)) == (
        0, {"id": 1, "network": "2a00::/32", "country": "CZ", "name": "Czechia"})
    assert table("add", "8.8.8.8", "usa").returncode == 0
    rows = table.rows()
    assert [(r["id"], r["network"], r["country"], r["comment"]) for r in rows] == [
        (1, "2a00::/32", "CZ", "it's \"here\"; DROP TABLE x"), (2, "8.8.8.8/32", "US", None)]
    done = table("add", "2A00:0::/32", "DE")
    assert done.returncode == 1 and done.stdout == ""
    assert [e[1:] for e in errors(done)] == [('2a00::/32 is there already: row 1 says "CZ" [geo-exists]',
                                              "--replace changes that row")]
    assert table("add", "2a00::/32", "DE", "--replace").returncode == 0
    assert [(r["id"], r["country"], r["comment"]) for r in table.rows()][0] == (1, "DE", "it's \"here\"; DROP TABLE x")
    done = table("remove", "8.8.8.8", "1", "7", "9.9.9.9")
    assert done.returncode == 1 and done.stdout == "removed: 2\n"
    assert [e[1] for e in errors(done)] == ["there is no such row: 7 [geo-exists]",
                                            "there is no such row: 9.9.9.9 [geo-exists]"]
    assert table.rows() == []
    assert table("add", "8.8.8.8", "US").returncode == 0
    assert table.rows()[0]["id"] == 3  # an id means one row, for ever


def test_what_is_added_is_checked(table):
    done = table("add", "2a00::1/32", "Czehcia")
    assert done.returncode == 1
    assert [e[1] for e in errors(done)] == ['"2a00::1/32" has bits set to the right of its length [geo-host-bits]',
                                            '"Czehcia" is not a country [geo-country]']
    assert table("add", "2a00::/32", "CZ", "--comment", "x" * 256).returncode == 1
    assert table("add", "2a00::/32", "CZ", "--comment", "é" * 255).returncode == 0
    assert "[geo-reserved]" in table("add", "192.168.0.0/16", "CZ").stderr
    assert "[geo-mapped]" in table("add", "::ffff:8.8.8.0/120", "CZ").stderr
    assert [r["network"] for r in table.rows()] == ["2a00::/32", "192.168.0.0/16", "8.8.8.0/24"]
    assert table("add", "2a00::/32").returncode == 2
    assert table("remove").returncode == 2


def test_a_network_is_found_however_it_is_written(table):
    table.db.execute("INSERT INTO geo_exceptions (country, network) VALUES ('CZ', ' 2A00:0:0::/32')")
    assert "row 1 says" in table("add", "2a00::/32", "DE").stderr
    assert table("remove", "2a00::/32").stdout == "removed: 1\n"


def test_rows_by_hand(build, tmp_path):
    path = tmp_path / "hand.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE t (id integer, comment, country, created_at, network)")
        db.executemany("INSERT INTO t VALUES (?, NULL, ?, ?, ?)", [
            (1, "CZ", None, "8.8.8.0/24"), (17, "Atlantis", None, "8.8.9.0/24"), (18, None, None, "8.8.10.0/24"),
            (19, "CZ", None, None), (20, "CZ", "soon", "8.8.11.1/24"), (21, "x" * 300, 1538829296, b"8.8.12.0/24")])
    db.close()
    done = build(f"{path}#t")
    assert done.returncode == 1 and not build.path.exists()
    assert [e[:2] for e in errors(done)] == [(f"{path}#t", m) for m in (
        'row 17: "Atlantis" is not a country [geo-country]', "row 18: no country [geo-country]",
        "row 19: no network [geo-network]",
        'row 20: "8.8.11.1/24" has bits set to the right of its length [geo-host-bits]',
        'row 20: "soon" is not a time [geo-time]', f'row 21: "{"x" * 60}…" is not a country [geo-country]')]


@pytest.mark.parametrize("times", [["2020-01-01 00:00:00", 1577836801, "2019-12-31"],
                                   ["2020-01-01 00:00:00", 2458849.75, None]])
def test_times_of_all_kinds(build, tmp_path, times):
    path = tmp_path / "times.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE geo_exceptions (id integer, comment, country, created_at, network)")
        db.executemany("INSERT INTO geo_exceptions VALUES (?, NULL, ?, ?, '8.8.8.0/24')",
                       [(i, c, t) for i, (c, t) in enumerate(zip(COUNTRIES, times))])
    db.close()
    done = build(path)
    assert done.returncode == 0, done.stderr
    assert answers(build.path, ["8.8.8.8"]) == [COUNTRIES[1]]


def test_init_of_a_table_with_twins(hextet, tmp_path):
    path = tmp_path / "twins.db"
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("CREATE TABLE geo_exceptions (id integer primary key, comment, country, created_at, network)")
    db.executemany("INSERT INTO geo_exceptions (country, network) VALUES (?, ?)",
                   [("CZ", "8.8.8.0/24"), ("DE", "8.8.8.0/24"), ("DE", "9.9.9.0/24")])
    done = hextet("geo", "init", path)
    assert done.returncode == 1
    assert [e[1] for e in errors(done)] == ['"8.8.8.0/24" is there more than once: rows 1, 2 [geo-twice]']
    db.execute("DELETE FROM geo_exceptions WHERE id = 2")
    assert hextet("geo", "init", path).returncode == 0
    with pytest.raises(sqlite3.IntegrityError):
        db.execute("INSERT INTO geo_exceptions (country, network) VALUES ('CZ', '9.9.9.0/24')")
    db.close()


def test_ids_where_the_table_makes_none(hextet, tmp_path):
    path = tmp_path / "ids.db"
    with sqlite3.connect(path) as db:
        db.execute('CREATE TABLE "a table; ""x""" (id integer not null, country text, network text)')
    db.close()
    spec = f'{path}#a table; "x"'
    for i, network in enumerate(("8.8.8.0/24", "9.9.9.0/24")):
        done = hextet("geo", "exception", "add", spec, network, "US", "--output", "kv")
        assert f"id={i + 1}\n" in done.stdout, done.stderr
    assert hextet("geo", "exception", "remove", spec, "9.9.9.0/24").stdout == "removed: 1\n"
    with sqlite3.connect(path) as db:
        db.execute('UPDATE "a table; ""x""" SET id = 100')
    db.close()
    assert "id=101\n" in hextet("geo", "exception", "add", spec, "9.9.9.0/24", "US", "--output", "kv").stdout


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_writer_meanwhile(build, table, mode):
    """What is not committed is not seen, and a reader does not wait for it."""
    table.db.execute(f"PRAGMA journal_mode = {mode}")
    table.db.executemany("INSERT INTO geo_exceptions (country, network) VALUES ('CZ', ?)",
                         [(f"20.{i}.0.0/16",) for i in range(200)])
    table.db.execute("BEGIN IMMEDIATE")
    table.db.execute("UPDATE geo_exceptions SET country = 'US'")
    assert build(table.path).returncode == 0
    where = [f"20.{i}.0.1" for i in range(200)]
    assert set(answers(build.path, where)) == {"CZ"}
    table.db.execute("COMMIT")
    assert build(table.path).returncode == 0
    assert set(answers(build.path, where)) == {"US"}


def test_locked_for_too_long(table, build):
    table.db.execute("BEGIN EXCLUSIVE")
    done = build(table.path)
    assert done.returncode == 3 and "another program holds it locked" in done.stderr
    done = table("add", "8.8.8.0/24", "US")
    assert done.returncode == 3
    assert [e[1:] for e in errors(done)] == [("cannot write it: another program holds it locked [geo-source]",
                                              "try again when that program is done")]


def test_standard_input_is_read_once(hextet, tmp_path):
    done = hextet("geo", "build", "--from", "csv:-", "--base", "csv:-", "-o", tmp_path / "x", input="8.8.8.0/24,US\n")
    assert done.returncode == 2 and "standard input can be read once" in done.stderr
    assert not (tmp_path / "x").exists()


def test_init_in_no_folder(hextet, tmp_path):
    done = hextet("geo", "init", f"sqlite:{tmp_path}/none/x.db")
    assert done.returncode == 3 and "make its folder first" in done.stderr


def test_no_database(hextet, build, tmp_path, table):
    damaged = tmp_path / "damaged.db"
    table.db.executemany("INSERT INTO geo_exceptions (country, network) VALUES ('CZ', ?)",
                         [(f"20.{i}.0.0/16",) for i in range(256)])
    bytes_ = bytearray(table.path.read_bytes())
    bytes_[4096:] = random.Random(1).randbytes(len(bytes_) - 4096)
    damaged.write_bytes(bytes_)
    for path, status, message in (
            (tmp_path / "none.db", 3, "cannot open it: No such file or directory"),
            (tmp_path / "text.db", 1, "this is not an SQLite database"),
            (damaged, 1, "the database is damaged"),
            (f"{table.path}#none", 3, 'there is no table "none"')):
        if str(path).endswith("text.db"):
            path.write_text("8.8.8.0/24,CZ\n" * 100)
        done = build(path)
        assert done.returncode == status and message in done.stderr
        assert not build.path.exists()


def test_read_only(hextet_path, tool, table):
    """Root may write everything, unless that is taken from it."""
    drop = [tool("setpriv"), "--bounding-set=-dac_override"] if os.geteuid() == 0 else []
    table.path.chmod(0o400)
    assert table("list").returncode == 0
    done = subprocess.run([*drop, hextet_path, "geo", "exception", "add", table.path, "8.8.8.0/24", "US"],
                          capture_output=True, text=True)
    assert done.returncode == 3 and "may not be written" in done.stderr, done.stderr


def test_estate_names_the_table(hextet, tmp_path):
    (tmp_path / "geo.yaml").write_text(f"estate: x\ngeo:\n  exceptions: sqlite:{tmp_path}/geo.db\n")
    assert hextet("geo", "init", cwd=tmp_path).returncode == 0
    assert hextet("geo", "exception", "add", "8.8.8.0/24", "US", cwd=tmp_path).returncode == 0
    done = hextet("geo", "exception", "list", "-C", tmp_path, "--output", "jsonl")
    assert json.loads(done.stdout)["network"] == "8.8.8.0/24"
    assert hextet("geo", "exception", "remove", "8.8.8.0/24", cwd=tmp_path).stdout == "removed: 1\n"
    assert hextet("geo", "exception", "list", cwd=tmp_path).stdout == ""
    (tmp_path / "geo.yaml").unlink()
    for command in (["init"], ["exception", "list"], ["exception", "add", "8.8.8.0/24", "US"]):
        done = hextet("geo", *command, cwd=tmp_path)
        assert done.returncode == 2 and "name a source (sqlite:FILE, postgres:CONNECTION)" in done.stderr


def test_a_value_of_any_size(build, table):
    table.db.execute("PRAGMA ignore_check_constraints = ON")
    table.db.execute("INSERT INTO geo_exceptions (country, network) VALUES (?, '8.8.8.0/24')", ["x" * 1000000])
    assert [e[1] for e in errors(build(table.path))] == [f'row 1: "{"x" * 60}…" is not a country [geo-country]']
    table.db.execute("UPDATE geo_exceptions SET country = ?", ["x" * 2000000])
    done = build(table.path)
    assert done.returncode == 3 and "string or blob too big" in done.stderr


def test_a_schema_that_does_harm(build, tmp_path):
    """A view may call only what is harmless; here a table-valued function that a program would have to trust."""
    path = tmp_path / "view.db"
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("CREATE TABLE t (id integer, country text, network text)")
    db.execute("INSERT INTO t VALUES (1, 'CZ', '8.8.8.0/24')")
    db.execute("CREATE VIEW geo_exceptions AS SELECT id, country, network FROM t")
    db.execute("CREATE VIEW trusting AS SELECT id, load_extension('x') AS country, network FROM t")
    db.close()
    assert build(path).returncode == 0
    done = build(f"{path}#trusting")
    assert done.returncode in (1, 3) and "load_extension" in done.stderr


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_serve_hears_of_commits(hextet_path, table, tmp_path, mode):
    """Whoever makes them: the publisher waits for a day otherwise."""
    table.db.execute(f"PRAGMA journal_mode = {mode}")
    table.db.execute("INSERT INTO geo_exceptions (country, network) VALUES ('CZ', '8.8.8.0/24')")
    with Server(hextet_path, "--from", table.path, "-o", tmp_path / "out.mmdb", "--every", "1d") as server:

        def country():
            return server.get("/v1/lookup?ip=8.8.8.8").json()["country"]

        server.wait_healthy()
        wait_for("the watch", lambda: server.health().json()["sources"][0]["changes"] == "heard of")
        assert country() == "CZ"
        table.db.execute("UPDATE geo_exceptions SET country = 'DE'")
        wait_for("the change", lambda: country() == "DE")
        assert table("add", "8.8.8.0/24", "US", "--replace").returncode == 0
        wait_for("the change", lambda: country() == "US")
