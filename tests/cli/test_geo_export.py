# SPDX-License-Identifier: Apache-2.0
"""`hextet geo export`: files that tests/cli/mmdb_writer.py makes, read by the maxminddb package, held against what each
format says; and the programs that the formats are for."""
import ipaddress
import json
import random
import re
import socket
import subprocess
import time

import maxminddb
import pytest

from mmdb_writer import country, write

ROWS = {"192.0.2.0/25": country("CZ"), "192.0.2.128/25": country("CZ", other=1), "198.51.100.0/24": country("DE"),
        "198.51.100.7/32": country("AT"), "2001:db8::/32": country("CZ"), "2a00::/16": country("SK"),
        "203.0.113.0/24": {"registered_country": {"iso_code": "US"}}}
FLAT = [("192.0.2.0/24", "CZ"), ("198.51.100.0/30", "DE"), ("198.51.100.4/31", "DE"), ("198.51.100.6/32", "DE"),
        ("198.51.100.7/32", "AT"), ("198.51.100.8/29", "DE"), ("198.51.100.16/28", "DE"), ("198.51.100.32/27", "DE"),
        ("198.51.100.64/26", "DE"), ("198.51.100.128/25", "DE"), ("2001:db8::/32", "CZ"), ("2a00::/16", "SK")]
FORMATS = ["csv", "jsonl", "haproxy-map", "nginx-geo", "varnish", "postgres"]
READERS = {"csv": r"(\S+),(..)", "haproxy-map": r"(\S+) (..)", "nginx-geo": r"(\S+) (..);"}


@pytest.fixture
def export(hextet):
    def run(path, form, *args):
        done = hextet("geo", "export", path, "--format", form, *args)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def read(text, form):
    """The rows of a form, by a pattern that every line must match."""
    lines = text.splitlines()
    if form == "csv":
        assert lines.pop(0) == "network,country"
    if form == "jsonl":
        rows = [json.loads(line) for line in lines]
        assert all(list(row) == ["network", "country"] for row in rows)
        return [(row["network"], row["country"]) for row in rows]
    return [re.fullmatch(READERS[form], line).groups() for line in lines]


@pytest.fixture
def small(tmp_path):
    return write(tmp_path / "small.mmdb", ROWS, aliases=["::ffff:0:0/96", "2002::/16"])


@pytest.mark.parametrize("form", [*READERS, "jsonl"])
def test_rows(export, small, form):
    assert read(export(small, form), form) == FLAT


def test_what_has_no_country_is_named(hextet, small):
    done = hextet("geo", "export", small, "--format", "csv")
    assert "1 networks have a record without a country" in done.stderr and "203.0.113" not in done.stdout


def test_filters(export, small):
    assert read(export(small, "csv", "--family", "6"), "csv") == FLAT[-2:]
    assert read(export(small, "csv", "--family=4", "--country", "Austria"), "csv") == [FLAT[4]]
    assert read(export(small, "csv", "--country", "sk", "--country", "AT"), "csv") == [FLAT[4], FLAT[-1]]


def test_file(hextet, small, tmp_path):
    target = tmp_path / "map"
    target.write_text("old")
    assert hextet("geo", "export", small, "--format", "csv", "-o", target).returncode == 0
    assert read(target.read_text(), "csv") == FLAT
    broken = tmp_path / "broken.mmdb"
    broken.write_bytes(small.read_bytes().replace(b"\x47country", b"\xff\xffountry"))
    done = hextet("geo", "export", broken, "--format", "csv", "-o", target)
    assert done.returncode == 1 and "offset" in done.stderr
    assert read(target.read_text(), "csv") == FLAT
    assert sorted(p.name for p in tmp_path.iterdir()) == ["broken.mmdb", "map", "small.mmdb"]
    assert hextet("geo", "export", small, "--format", "csv", "-o", tmp_path / "no" / "folder").returncode == 3


def test_usage(hextet, small):
    for args, word in [(["--format", "haproxymap"], "haproxy-map"), ([], "--list"), (["--format=csv", "--family=5"], "4 or 6"),
                       (["--format=csv", "--country=Germny"], "Germany")]:
        done = hextet("geo", "export", small, *args)
        assert done.returncode == 2 and word in done.stderr
    assert [f["name"] for f in json.loads(hextet("geo", "export", "--list", "--output=json").stdout)] == FORMATS
    with open("/dev/full", "w", encoding="ascii") as full:
        assert hextet("geo", "export", small, "--format=csv", stdout=full).returncode == 3


def test_ipv4_never_comes_from_ipv6(export, tmp_path):
    """Programs that ask ::ffff:a.b.c.d of their IPv6 networks: none of them may have it, nor ::/96."""
    path = write(tmp_path / "wide", {"::/0": country("CZ")})
    networks = [ipaddress.ip_network(n) for n, _ in read(export(path, "haproxy-map"), "haproxy-map")]
    for text in ("::", "::192.0.2.1", "::ffff:0:0", "::ffff:192.0.2.1", "::ffff:255.255.255.255"):
        assert not any(ipaddress.IPv6Address(text) in n for n in networks)
    for text in ("::1:0:0", "::fffe:ffff:ffff", "::1:0:0:0", "2001:db8::1", "ffff::"):
        assert sum(ipaddress.IPv6Address(text) in n for n in networks) == 1


@pytest.mark.parametrize("seed", range(20))
def test_random_tables(export, tmp_path, seed):
    """Each address has the country of the reader's answer, in the fewest networks."""
    rng = random.Random(seed)
    bases = [ipaddress.ip_network(n) for n in ("10.0.0.0/24", "0.0.0.0/2", "2001:db8::/40", "::/4")]
    rows = {}
    for _ in range(15):
        base = rng.choice(bases)
        length = base.prefixlen + rng.randrange(9)
        at = int(base.network_address) + (rng.randrange(1 << length - base.prefixlen) << base.max_prefixlen - length)
        rows[str(type(base)((at, length)))] = rng.choice([country("CZ"), country("CZ", x=1), country("DE"), {}])
    path = write(tmp_path / "db", rows, seed=seed)
    told = [(ipaddress.ip_network(n), c) for n, c in read(export(path, "csv"), "csv")]
    assert told == sorted(told, key=lambda t: (t[0].version, t[0]))
    for (a, a_code), (b, b_code) in zip(told, told[1:]):
        assert not a.overlaps(b) if a.version == b.version else True
        assert a_code != b_code or a.version != b.version or a.prefixlen != b.prefixlen or a.supernet() != b.supernet()
    with maxminddb.open_database(str(path)) as reader:
        for base in bases:
            step = base.max_prefixlen - base.prefixlen - 8
            for i in range(256):
                ip = ipaddress.ip_address(int(base.network_address) + (i << step) + rng.randrange(1 << step))
                record = reader.get(str(ip)) or {}
                if ip.version == 6 and int(ip) >> 32 in (0, 0xFFFF):
                    record = {}
                expected = [record["country"]["iso_code"]] if "country" in record else []
                assert [c for n, c in told if n.version == ip.version and ip in n] == expected, ip


def test_build_export_build(hextet, export, tmp_path):
    """What was exported builds a file that exports the same."""
    rng = random.Random(7)
    rows = "".join(f"{a}.{rng.randrange(256)}.0.0/{rng.randrange(8, 17)},{rng.choice(['CZ', 'DE', 'SK'])}\n"
                   for a in range(1, 9)) + "2001:db8::/32,CZ\n2001:db8:8000::/34,DE\n::/3,US\n2001:db8::/128,AT\n"
    (tmp_path / "0.csv").write_text(re.sub(r"(\d+)\.\d+\.0\.0/(\d+)", r"\1.0.0.0/8", rows))
    for i in range(2):
        done = hextet("geo", "build", "--from", tmp_path / f"{i}.csv", "--build-epoch=1", "-o", tmp_path / f"{i}.mmdb")
        assert done.returncode == 0, done.stderr
        (tmp_path / f"{i + 1}.csv").write_text(export(tmp_path / f"{i}.mmdb", "csv"))
    assert (tmp_path / "1.csv").read_text() == (tmp_path / "2.csv").read_text()
    assert hextet("geo", "diff", tmp_path / "0.mmdb", tmp_path / "1.mmdb").returncode == 0


# --- the programs

ASKED = {"192.0.2.1": "CZ", "192.0.2.200": "CZ", "198.51.100.6": "DE", "198.51.100.7": "AT", "203.0.113.1": "none",
         "192.0.3.0": "none", "2001:db8::1": "CZ", "2a00:ffff::": "SK", "2001:db9::": "none", "::1": "none"}


def with_header(address):
    return f"GET / HTTP/1.0\r\nX-Ip: {address}\r\n\r\n"


def ask(path, request):
    """One HTTP request to a Unix socket: the last line of the answer."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(10)
        s.connect(str(path))
        s.sendall(request.encode())
        answer = b""
        while more := s.recv(4096):
            answer += more
    assert answer.startswith(b"HTTP/1.1 200") or answer.startswith(b"HTTP/1.0 200"), answer
    return answer.decode().splitlines()[-1]


def listens(path):
    with socket.socket(socket.AF_UNIX) as s:
        return s.connect_ex(str(path)) == 0


def serve_and_ask(command, path, request=with_header):
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as server:
        try:
            for _ in range(1000):
                if listens(path) or server.poll() is not None:
                    break
                time.sleep(0.01)
            assert server.poll() is None, server.stdout.read().decode()
            return {address: ask(path, request(address)) for address in ASKED}
        finally:
            server.terminate()


@pytest.fixture
def short(tmp_path_factory):
    """A folder whose sockets have short names."""
    return tmp_path_factory.mktemp("s")


def test_haproxy(export, tool, small, short):
    haproxy = tool("haproxy")
    (short / "geo.map").write_text(export(small, "haproxy-map"))
    (short / "cfg").write_text(f"""
defaults
    mode http
    timeout client 5s
    timeout connect 5s
    timeout server 5s
frontend geo
    bind unix@{short}/socket
    http-request return status 200 content-type text/plain lf-string "%[req.hdr(x-ip),map_ip({short}/geo.map,none)]"
""")
    checked = subprocess.run([haproxy, "-c", "-f", short / "cfg"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert serve_and_ask([haproxy, "-db", "-f", short / "cfg"], short / "socket") == ASKED


def test_nginx(export, tool, small, short):
    nginx = tool("nginx")
    (short / "geo.conf").write_text(export(small, "nginx-geo"))
    (short / "nginx.conf").write_text(f"""
daemon off;
pid {short}/pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {short}/t1;
    proxy_temp_path {short}/t2;
    fastcgi_temp_path {short}/t3;
    uwsgi_temp_path {short}/t4;
    scgi_temp_path {short}/t5;
    geo $http_x_ip $country {{ default none; include {short}/geo.conf; }}
    server {{ listen unix:{short}/socket; location / {{ return 200 "$country"; }} }}
}}
""")
    command = [nginx, "-p", short, "-e", "stderr", "-c", short / "nginx.conf"]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0 and "warn" not in checked.stderr, checked.stderr
    assert serve_and_ask(command, short / "socket") == ASKED


def test_varnish(export, tool, small, short):
    """Asked through the PROXY protocol, which says who the client is."""
    varnishd = tool("varnishd")
    text = export(small, "varnish")
    acls = {code.upper(): re.findall(r'"(\S+)"/(\d+);', body)
            for code, body in re.findall(r"acl geo_(..) {(.*?)}", text, re.S)}
    assert sorted((n, int(length), code) for code, rows in acls.items() for n, length in rows) == sorted(
        (n.split("/")[0], int(n.split("/")[1]), code) for n, code in FLAT)
    assert list(acls) == sorted(acls) == re.findall(r'X-Country = "(..)"', text)
    (short / "geo.vcl").write_text(text)
    (short / "test.vcl").write_text(f'''vcl 4.1;
import std;
backend default none;
include "{short}/geo.vcl";
sub vcl_recv {{ call geo_country; return (synth(200)); }}
sub vcl_synth {{
    if (!req.http.X-Country) {{ set req.http.X-Country = "none"; }}
    synthetic(req.http.X-Country);
    return (deliver);
}}
''')
    command = [varnishd, "-F", "-j", "none", "-a", f"{short}/socket,PROXY", "-f", short / "test.vcl", "-n", short / "work",
               "-s", "malloc,1m"]

    def request(address):
        family = "TCP6" if ":" in address else "TCP4"
        return f"PROXY {family} {address} {'::1' if ':' in address else '127.0.0.1'} 1 2\r\nGET / HTTP/1.0\r\n\r\n"

    assert serve_and_ask(command, short / "socket", request) == ASKED


def test_postgres(hextet, export, postgres, small):
    database = postgres.database("export")
    assert hextet("geo", "init", postgres.spec(database)).returncode == 0
    postgres.sql("INSERT INTO geo_exceptions (comment, country, network) VALUES ('stays', 'FR', '8.8.8.0/24'), "
                 "('changes', 'FR', '192.0.2.0/24'), ('is right', 'SK', '2a00::/16')", database)
    script = export(small, "postgres")
    for _ in range(2):
        postgres.sql(script, database)
        rows = postgres.sql("SELECT network || ' ' || country FROM geo_exceptions ORDER BY network", database).splitlines()
        assert rows == sorted([f"{n} {c}" for n, c in FLAT] + ["8.8.8.0/24 FR"],
                              key=lambda r: (":" in r, ipaddress.ip_network(r.split()[0])))
    age = "SELECT max(abs(extract(epoch FROM created_at - timezone('UTC', now())))) < 100 FROM geo_exceptions"
    assert postgres.sql(age, database) == "t"
    assert postgres.sql("SELECT comment FROM geo_exceptions WHERE network = '192.0.2.0/24'", database) == "changes"
    other = export(small, "postgres", "--table", 'pub.odd "name"', "--country=SK")
    postgres.sql('CREATE SCHEMA pub; CREATE TABLE pub."odd ""name""" (network cidr, country varchar, created_at timestamptz)',
                 database)
    postgres.sql(other, database)
    assert postgres.sql('SELECT network, country FROM pub."odd ""name"""', database) == "2a00::/16|SK"
