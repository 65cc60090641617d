# SPDX-License-Identifier: Apache-2.0
"""`hextet geo build` and what can go wrong: the meaning of rows, the shape of records, and the file that is there."""
import ipaddress
import itertools
import json
import os
import random
import resource
import signal
import subprocess
import time

import maxminddb
import pytest

import mmdb_writer

EPOCH = "--build-epoch=1500000000"


@pytest.fixture
def build(hextet, tmp_path):
    """build(rows, *args) -> the path of a file built from rows (network or start,end; country)."""

    def run(rows, *args, output="out.mmdb", status=0):
        source, target = tmp_path / "rows.csv", tmp_path / output
        source.write_text("".join(",".join(row) + "\n" for row in rows))
        done = hextet("geo", "build", "--from", source, "-o", target, *args)
        assert done.returncode == status, done.stderr
        return target if status == 0 else done

    return run


@pytest.fixture
def lookup(hextet):
    def run(path, addresses):
        done = hextet("geo", "lookup", "--output=jsonl", "--db", path, input="".join(f"{a}\n" for a in addresses))
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


def dump(hextet, path):
    lines = [json.loads(line) for line in hextet("geo", "dump", path).stdout.splitlines()]
    return lines[0]["metadata"], {line["network"]: line["record"] for line in lines[1:]}


# --- meaning

ISSUE_5 = [
    [("10.0.0.0/8", "AT"), ("10.1.0.0/16", "BE"), ("10.1.1.0/24", "CZ")],
    [("2001:db8::/32", "AT"), ("2001:db8:1::/48", "BE"), ("2001:db8:1:1::/64", "CZ")],
]


@pytest.mark.parametrize("rows", ISSUE_5, ids=["IPv4", "IPv6"])
def test_any_order_of_rows_gives_one_file(build, lookup, rows):
    """The six orders of py-mmdb-encoder's issue 5: its writer loses networks in two of them."""
    files = [build(order, EPOCH, output=f"{i}.mmdb").read_bytes()
             for i, order in enumerate(itertools.permutations(rows))]
    assert len(files) == 6 and len(set(files)) == 1
    path = build(rows, EPOCH)
    nets = [ipaddress.ip_network(net) for net, _ in rows]
    answers = lookup(path, [net[-1] for net in nets] + [nets[0][0] - 1])
    assert [a["country"] for a in answers] == ["AT", "BE", "CZ", None]


def expected(layers, ip):
    """The specification, address by address: exceptions first, then the longest prefix of a row's minimal prefixes."""
    for rows in layers:
        having = [(net.prefixlen, country) for nets, country in rows for net in nets if ip in net]
        if having:
            longest = max(length for length, _ in having)
            return min(country for length, country in having if length == longest)
    return None


def random_rows(rng, first, bits, n):
    """Rows (text, networks, country) over the last `bits` bits behind an address."""
    rows = []
    for _ in range(n):
        a, b = sorted(rng.randrange(1 << bits) for _ in range(2))
        low, high = ipaddress.ip_address(int(first) + a), ipaddress.ip_address(int(first) + b)
        country = rng.choice(["AT", "BE", "CZ", "DE"])
        if rng.random() < 0.6:
            net = next(n for n in ipaddress.summarize_address_range(low, high))
            rows.append(((str(net), country), ([net], country)))
        else:
            nets = list(ipaddress.summarize_address_range(low, high))
            rows.append(((str(low), str(high), country), (nets, country)))
    return rows


@pytest.mark.parametrize("seed", range(12))
def test_every_address_has_the_answer_of_the_specification(build, lookup, hextet, tmp_path, seed):
    rng = random.Random(seed)
    places = [(ipaddress.ip_address("198.18.7.0"), 6), (ipaddress.ip_address("2a00:1:2:3::40"), 6)]
    layers = [[row for first, bits in places for row in random_rows(rng, first, bits, rng.randrange(1, 9))]
              for _ in range(2)]
    if seed % 3 == 0:
        layers[0].append((("::/0", "FR"), ([ipaddress.ip_network("::/0")], "FR")))
    base = tmp_path / "base.csv"

    def write_base(rows):
        # Rows with two fields and with three do not go into one file without a header: two sources are no base.
        base.write_text("start,end,country\n" + "".join(
            f"{nets[0][0]},{nets[-1][-1]},{country}\n" for _, (nets, country) in rows))

    def write(name, rows):
        for fields in (2, 3):
            (tmp_path / f"{name}{fields}.csv").write_text(
                ("network,country\n" if fields == 2 else "start,end,country\n")
                + "".join(",".join(text) + "\n" for text, _ in rows if len(text) == fields))

    files = set()
    for turn in range(4):
        for layer in layers:
            rng.shuffle(layer)
        write("rows", layers[0])
        write_base(layers[1])
        done = hextet("geo", "build", EPOCH, "--from", tmp_path / "rows2.csv", "--from", tmp_path / "rows3.csv",
                      "--base", base, "-o", tmp_path / f"{turn}.mmdb")
        assert done.returncode == 0, done.stderr
        files.add((tmp_path / f"{turn}.mmdb").read_bytes())
    assert len(files) == 1
    meaning = [[parsed for _, parsed in layer] for layer in layers]
    asked = [ipaddress.ip_address(int(first) + i) for first, bits in places for i in range(-3, (1 << bits) + 3)]
    answers = lookup(tmp_path / "0.mmdb", asked)
    assert [a["country"] for a in answers] == [expected(meaning, ip) for ip in asked]
    # Each answer's network has that answer throughout, and no larger one does.
    by_ip = dict(zip(asked, answers))
    for ip, answer in by_ip.items():
        net = ipaddress.ip_network(answer["network"])
        assert ip in net
        assert {by_ip[other]["country"] for other in by_ip if other.version == net.version and other in net} == {
            answer["country"]}
    # Asked row by row, without a tree, the sources say the same.
    done = hextet("geo", "lookup", "--explain", "--output=jsonl", "--from", tmp_path / "rows2.csv", "--from",
                  tmp_path / "rows3.csv", "--base", base, input="".join(f"{ip}\n" for ip in asked))
    assert [json.loads(line)["country"] for line in done.stdout.splitlines()] == [a["country"] for a in answers]


def test_families_never_meet(build, lookup):
    path = build([("105.112.225.0/24", "NG"), ("::/3", "GB"), ("::/0", "FR")])
    answers = lookup(path, ["105.112.225.1", "9.9.9.9", "2c0f::1", "2001:db8::1", "f000::1"])
    assert [a["country"] for a in answers] == ["NG", None, "FR", "FR", "FR"]
    with maxminddb.open_database(path) as db:
        assert db.get("9.9.9.9") is None
        assert db.get("::ffff:105.112.225.1")["country"]["iso_code"] == "NG"
        assert db.get("2002:6970:e101::1")["country"]["iso_code"] == "NG"


@pytest.mark.parametrize("how", [[], ["--stream"]])
def test_networks_that_end_where_ipv4_is_stay_whole(build, lookup, how):
    """::/80 ends in ::ffff:0:0/96, which is cut out of it; that makes it no longer prefix than it is."""
    path = build([("::/80", "AT"), ("::/81", "DE"), ("::fffe:0:0/95", "AT"), ("::fffe:0:0/96", "SK")], *how)
    answers = lookup(path, ["::1:0:0", "::8000:0:0", "::fffe:0:1", "::ffff:192.0.2.1"])
    assert [a["country"] for a in answers] == ["DE", "AT", "SK", None]


def test_record_is_what_geoip2_readers_expect(build):
    with maxminddb.open_database(build([("2001:1528:132::/48", "CZ"), ("192.0.2.0/24", "CH")])) as db:
        assert db.get("2001:1528:132:70::ebe2") == {
            "country": {"iso_code": "CZ", "names": {"en": "Czechia"}, "is_in_european_union": True}}
        assert db.get("192.0.2.1")["country"]["is_in_european_union"] is False
        meta = db.metadata()
        assert (meta.database_type, meta.languages, meta.ip_version) == ("hextet-Country", ["en"], 6)
        assert meta.description == {"en": "hextet: 2 exceptions"}


def test_build_of_an_export_is_a_fixpoint(build, hextet, top, tmp_path):
    one = build([("2001:1528:132::/48", "AT")], EPOCH, "--base", top / "examples/geo/base.csv", output="1.mmdb")
    two, three = tmp_path / "2.mmdb", tmp_path / "3.mmdb"
    for before, after in ((one, two), (two, three)):
        (tmp_path / "rows.csv").write_text("network,country\n" + "".join(
            f"{net},{record['country']['iso_code']}\n" for net, record in dump(hextet, before)[1].items()))
        assert hextet("geo", "build", EPOCH, "--from", tmp_path / "rows.csv", "-o", after).returncode == 0
    assert two.read_bytes() == three.read_bytes()
    assert dump(hextet, one)[1] == dump(hextet, two)[1]


def test_layouts_and_record_sizes_have_the_same_answers(build, hextet):
    rows = [("192.0.2.0/24", "CZ"), ("198.51.100.0/24", "CZ"), ("2001:db8::/33", "DE"), ("2001:db8:1::/48", "AT")]
    shared = build(rows, EPOCH)
    meta, networks = dump(hextet, shared)
    for args, bits in ((["--layout=reference"], 24), (["--record-bits=28"], 28), (["--record-bits=32"], 32),
                       (["--record-bits=32", "--layout=reference"], 32)):
        path = build(rows, EPOCH, *args, output="other.mmdb")
        other_meta, other = dump(hextet, path)
        assert other == networks
        assert other_meta["record_size"] == bits
        assert hextet("geo", "verify", path).returncode == 0
    assert meta["node_count"] < other_meta["node_count"]


def test_stream_has_the_same_answers(build, hextet, top, tmp_path):
    source = top / "examples/geo/base.csv"
    files = [tmp_path / "memory.mmdb", tmp_path / "disk.mmdb"]
    for path, args in zip(files, ([], ["--stream"])):
        done = hextet("geo", "build", EPOCH, "--from", source, "-o", path, *args)
        assert done.returncode == 0, done.stderr
        assert hextet("geo", "verify", path).stdout.endswith("0 errors, 0 warnings\n")
    (meta, networks), (other_meta, other) = (dump(hextet, path) for path in files)
    assert networks == other
    assert other_meta["node_count"] > meta["node_count"]
    assert other_meta["description"] == meta["description"]


# --- over a base

GEOIP2 = r"""
use MaxMind::DB::Writer::Tree;
my %type = (map({ $_ => 'map' } qw(country continent registered_country names traits location city)),
    map({ $_ => 'utf8_string' } qw(iso_code code en de country_code)), geoname_id => 'uint32', latitude => 'double',
    is_in_european_union => 'boolean', is_anycast => 'boolean');
my ($path, $version, $type) = @ARGV;
my $tree = MaxMind::DB::Writer::Tree->new(ip_version => $version, record_size => 28, database_type => 'Test-Country',
    languages => ['en', 'de'], description => { en => 'A base' }, remove_reserved_networks => 0,
    alias_ipv6_to_ipv4 => $version == 6, map_key_type_callback => sub { $type{ $_[0] } // die $_[0] },
    ($type eq 'string' ? (root_data_type => 'utf8_string') : ()));
my %eu = (continent => { code => 'EU', geoname_id => 6255148, names => { en => 'Europe', de => 'Europa' } });
my %cz = (%eu, country => { iso_code => 'CZ', geoname_id => 3077311, is_in_european_union => 1,
    names => { en => 'Czechia', de => 'Tschechien' } });
my %de = (%eu, country => { iso_code => 'DE', geoname_id => 2921044, is_in_european_union => 1,
    names => { en => 'Germany', de => 'Deutschland' } });
my %rows = (
    geoip2 => {
        '192.0.2.0/24' => { %cz, registered_country => $de{country}, traits => { is_anycast => 1 },
            city => { names => { en => 'Brno' } }, location => { latitude => 49.2 } },
        '198.51.100.0/24' => { %de, registered_country => $de{country} },
        ($version == 6 ? ('2001:db8::/32' => { %de, registered_country => $cz{country} }) : ()) },
    flat => { '192.0.2.0/24' => { country_code => 'CZ' }, '2001:db8::/32' => { country_code => 'DE' } },
    string => { '192.0.2.0/24' => 'CZ', '2001:db8::/32' => 'DE' });
$tree->insert_network($_, $rows{$type}{$_}) for keys %{ $rows{$type} };
open my $out, '>:raw', $path or die $!;
$tree->write_tree($out);
"""


@pytest.fixture
def base(tool, tmp_path):
    def run(kind, version=6):
        path = tmp_path / f"{kind}{version}.mmdb"
        subprocess.run([tool("perl"), "-e", GEOIP2, path, str(version), kind], check=True)
        return path

    return run


def test_whole_objects_of_the_target_country_come_from_the_base(build, base, hextet):
    rows = [("192.0.2.128/25", "DE"), ("198.51.100.0/25", "CZ"), ("203.0.113.0/24", "CZ"), ("2001:db8:1::/48", "US")]
    path = build(rows, EPOCH, "--base", base("geoip2"))
    meta, networks = dump(hextet, path)
    before = dump(hextet, base("geoip2"))[1]
    cz, de = before["192.0.2.0/24"], before["198.51.100.0/24"]
    assert networks["192.0.2.0/25"] == cz
    assert networks["198.51.100.128/25"] == de
    # What says where is exchanged as a whole or left out; what says something else stays.
    assert networks["192.0.2.128/25"] == {
        "country": de["country"], "continent": de["continent"],
        "registered_country": cz["registered_country"], "traits": {"is_anycast": True}}
    assert networks["198.51.100.0/25"] == {
        "country": cz["country"], "continent": cz["continent"], "registered_country": de["registered_country"]}
    # Where the base says nothing, and of a country it does not know.
    assert networks["203.0.113.0/24"] == {"country": cz["country"], "continent": cz["continent"]}
    assert networks["2001:db8:1::/48"] == {
        "country": {"iso_code": "US", "names": {"en": "United States"}, "is_in_european_union": False},
        "continent": {"code": "NA", "names": {"en": "North America"}},
        "registered_country": cz["country"]}
    assert (meta["database_type"], meta["languages"]) == ("Test-Country", ["en", "de"])
    assert meta["description"]["en"] == "hextet: 4 exceptions over Test-Country"
    with maxminddb.open_database(path) as db:
        assert db.get("2001:0:c000:280::1") is None or db.get("2002:c000:280::1") == networks["192.0.2.128/25"]


@pytest.mark.parametrize("kind, record", [("flat", {"country_code": "FR"}), ("string", "FR")])
def test_flat_bases_keep_their_shape(build, base, hextet, kind, record):
    path = build([("192.0.2.0/25", "FR"), ("203.0.113.0/24", "FR"), ("2001:db8::/32", "FR")], "--base", base(kind))
    networks = dump(hextet, path)[1]
    assert [networks[n] for n in ("192.0.2.0/25", "203.0.113.0/24", "2001:db8::/32")] == [record] * 3


def test_an_exception_that_says_what_the_base_says_changes_nothing(build, base, hextet):
    path = build([("198.51.100.0/26", "DE"), ("2001:db8:5::/48", "DE")], EPOCH, "--base", base("geoip2"))
    assert dump(hextet, path)[1] == dump(hextet, base("geoip2"))[1]


def test_no_exceptions_over_a_base_is_the_base(build, base, hextet):
    path = build([], "--allow-empty", "--base", base("geoip2"))
    assert dump(hextet, path)[1] == dump(hextet, base("geoip2"))[1]


@pytest.mark.parametrize("networks, sixtofour", [
    ({"2001:db8::/32": "DE"}, ("CZ", None)),  # nothing in IPv4: no writer has a node to share there
    ({"0.0.0.0/0": "DE", "::/1": "DE"}, ("CZ", "DE")),  # one answer, and no node at ::/96
    ({"1.0.0.0/8": "DE"}, ("CZ", None)),  # a writer that knows no aliases
    ({"1.0.0.0/8": "DE", "2002::/16": "SK"}, ("SK", "SK")),  # says something else there: it stays
], ids=["empty", "one answer", "no aliases", "something else"])
def test_places_of_ipv4_answer_as_it_does_over_any_base(build, lookup, tmp_path, networks, sixtofour):
    mmdb_writer.write(tmp_path / "base.mmdb", {n: {"country": {"iso_code": c}} for n, c in networks.items()})
    path = build([("192.0.2.0/24", "CZ")], "--base", f"mmdb:{tmp_path / 'base.mmdb'}")
    asked = ["2002:c000:201::1", "2002:cb00:7101::1"]
    assert tuple(a["country"] for a in lookup(path, asked)) == sixtofour
    with maxminddb.open_database(path) as db:
        assert db.get("::ffff:192.0.2.1")["country"]["iso_code"] == "CZ"
        assert db.get("::ffff:1.2.3.4") == db.get("1.2.3.4")


def test_type(build, hextet, base):
    for args in ([], ["--base", base("geoip2")]):
        assert dump(hextet, build([("192.0.2.0/24", "CZ")], "--type=My-Country", *args))[0]["database_type"] == "My-Country"


# --- the file that is there

def test_unchanged_content_leaves_the_file_alone(build, hextet, tmp_path):
    path = build([("192.0.2.0/24", "CZ")], EPOCH)
    before = path.stat()
    source = tmp_path / "rows.csv"
    done = hextet("geo", "build", "--from", source, "-o", path)
    assert ": unchanged\n" in done.stderr
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    source.write_text("192.0.2.0/24,DE\n")
    now = int(time.time())
    assert not hextet("geo", "build", "--from", source, "-o", path).stderr.count("unchanged\n")
    meta = dump(hextet, path)[0]
    assert meta["build_epoch"] >= now
    # An epoch that is asked for is given.
    assert not hextet("geo", "build", EPOCH, "--from", source, "-o", path).stderr.count("unchanged\n")
    assert dump(hextet, path)[0]["build_epoch"] == 1500000000


def test_source_date_epoch(build, hextet, tmp_path):
    build([("192.0.2.0/24", "CZ")])
    for value, status in (("86400", 0), ("yesterday", 2)):
        done = hextet("geo", "build", "--from", tmp_path / "rows.csv", "-o", tmp_path / "dated.mmdb",
                      env=os.environ | {"SOURCE_DATE_EPOCH": value})
        assert done.returncode == status
    assert dump(hextet, tmp_path / "dated.mmdb")[0]["build_epoch"] == 86400


def test_mode_and_place(build, tmp_path):
    path = build([("192.0.2.0/24", "CZ")])
    assert path.stat().st_mode & 0o7777 == 0o644
    path.chmod(0o640)
    build([("192.0.2.0/24", "DE")])
    assert path.stat().st_mode & 0o7777 == 0o640
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.mmdb", "rows.csv"]


def test_stats(build, hextet, tmp_path):
    build([("192.0.2.0/25", "CZ"), ("192.0.2.128/25", "CZ"), ("2001:db8::/32", "DE")])
    done = hextet("geo", "build", "--stats", "--from", tmp_path / "rows.csv", "-o", tmp_path / "new.mmdb")
    stats = json.loads(done.stdout)
    assert list(stats) == ["networks", "nodes", "record_size", "bytes", "seconds", "peak_bytes"]
    assert (stats["networks"], stats["record_size"]) == (2, 24)
    assert stats["bytes"] == (tmp_path / "new.mmdb").stat().st_size
    assert stats["nodes"] == dump(hextet, tmp_path / "new.mmdb")[0]["node_count"]


@pytest.fixture
def keeps(build, hextet, tmp_path):
    """keeps(status, text, rows, *args): the build fails so, and everything is as before."""
    path = build([(f"192.0.2.{i}/32", "CZ") for i in range(10)], EPOCH)
    before = path.read_bytes()

    def run(status, text, rows, *args, **options):
        (tmp_path / "rows.csv").write_text("network,country\n" + "".join(",".join(r) + "\n" for r in rows))
        done = hextet("geo", "build", "--from", tmp_path / "rows.csv", "-o", path, *args, **options)
        assert (done.returncode, done.stdout) == (status, ""), done.stderr
        assert text in done.stderr
        assert path.read_bytes() == before
        assert sorted(p.name for p in tmp_path.glob("out*")) == ["out.mmdb"]

    return run


def test_wrong_rows(keeps):
    keeps(1, "rows.csv:3:", [("192.0.2.0/24", "CZ"), ("198.51.100.1/24", "CZ")])
    keeps(1, "rows.csv:2:", [("192.0.2.0/24", "Atlantis")])


def test_an_empty_table_is_refused(keeps, build):
    keeps(1, "--allow-empty", [])
    keeps(1, "rows.csv", [])
    build([], "--allow-empty")


def test_losing_more_than_half_of_the_rows_is_refused(keeps, build):
    few = [(f"192.0.2.{i}/32", "CZ") for i in range(4)]
    keeps(1, "--force", few)
    build([*few, ("192.0.2.9/32", "CZ")])  # half of ten: allowed
    build(few[:2], "--force")


def test_a_file_of_somebody_else_is_not_compared(build, base):
    path = base("geoip2")
    build([("192.0.2.0/24", "CZ")], output=path.name)


def test_broken_bases(keeps, base, tmp_path):
    good = base("geoip2").read_bytes()
    bad = tmp_path / "bad.mmdb"
    rows = [(f"192.0.2.{i}/32", "DE") for i in range(9)]
    for content, text in ((good[:-300], "offset"), (b"", "offset"), (b"\xff" * 1200 + good[1200:], "offset"),
                          (base("geoip2", 4).read_bytes(), "IPv4 networks only")):
        bad.write_bytes(content)
        keeps(1, text, rows, "--base", f"mmdb:{bad}")
    keeps(3, "No such file", rows, "--base", f"mmdb:{tmp_path / 'none.mmdb'}")
    keeps(1, "kind of source", rows, "--base", "nothing")


def test_sources_that_are_not_there(keeps, tmp_path):
    rows = [(f"192.0.2.{i}/32", "DE") for i in range(9)]
    keeps(3, "No such file", rows, "--from", f"csv:{tmp_path / 'none.csv'}")
    keeps(3, "none.db", rows, "--from", f"sqlite:{tmp_path / 'none.db'}")


def test_full_disk(keeps):
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))

    keeps(3, "File too large", [(f"192.0.2.{i}/32", "DE") for i in range(20)], preexec_fn=limit, restore_signals=False)


def test_full_disk_at_the_last_step(hextet, build, tmp_path):
    """The metadata is written again with the new date, which may be longer than the old one."""
    path = build([("192.0.2.0/24", "CZ")], "--build-epoch=1")
    before = path.read_bytes()
    (tmp_path / "rows.csv").write_text("192.0.2.0/24,DE\n")

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 2, len(before) + 2))

    for args in ([], ["--no-verify"]):
        done = hextet("geo", "build", "--from", tmp_path / "rows.csv", "-o", path, *args, preexec_fn=limit,
                      restore_signals=False)
        assert (done.returncode, path.read_bytes()) == (3, before), done.stderr
        assert "File too large" in done.stderr


def test_what_is_read_is_not_replaced(hextet, build, base, tmp_path):
    build([("192.0.2.0/24", "CZ")])
    rows, over = tmp_path / "rows.csv", base("geoip2")
    (tmp_path / "link.mmdb").symlink_to(over)
    for output, args in ((rows, []), (over, ["--base", over]), (tmp_path / "link.mmdb", ["--base", over])):
        before = output.read_bytes()
        done = hextet("geo", "build", "--from", rows, "-o", output, *args)
        assert (done.returncode, output.read_bytes()) == (1, before), done.stderr
        assert "would take its place" in done.stderr


def test_a_pipe_is_no_output(hextet, build, tmp_path):
    build([("192.0.2.0/24", "CZ")])
    os.mkfifo(tmp_path / "pipe")
    done = hextet("geo", "build", "--from", tmp_path / "rows.csv", "-o", tmp_path / "pipe", timeout=60)
    assert (done.returncode, (tmp_path / "pipe").is_fifo()) == (3, True), done.stderr
    assert "no regular file" in done.stderr


def test_folder_that_is_not_there(hextet, build, tmp_path):
    build([("192.0.2.0/24", "CZ")])
    done = hextet("geo", "build", "--from", tmp_path / "rows.csv", "-o", tmp_path / "none/out.mmdb")
    assert done.returncode == 3
    assert "No such file or directory" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_leave_nothing_behind(hextet_path, build, tmp_path, number):
    path = build([("192.0.2.0/24", "CZ")])
    before = path.read_bytes()
    # Whoever runs the tests in the background may have had SIGINT ignored.
    program = subprocess.Popen([hextet_path, "geo", "build", "--from", "csv:-", "-o", path], stdin=subprocess.PIPE,
                               stderr=subprocess.DEVNULL,
                               preexec_fn=lambda: signal.signal(number, signal.SIG_DFL))
    program.stdin.write(b"198.51.100.0/24,DE\n")
    program.stdin.flush()
    program.send_signal(number)
    assert program.wait(timeout=60) == -number
    program.stdin.close()
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.mmdb", "rows.csv"]


# --- the estate says the rest

def test_estate(hextet, tmp_path):
    (tmp_path / "rows.csv").write_text("192.0.2.0/24,CZ\n")
    (tmp_path / "geo.yaml").write_text(f"geo:\n  exceptions: csv:{tmp_path}/rows.csv\n")
    out = tmp_path / "out.mmdb"
    for args, options in (([tmp_path], {}), (["-C", tmp_path], {}), ([], {"cwd": tmp_path})):
        out.unlink(missing_ok=True)
        done = hextet("geo", "build", *args, "-o", out, **options)
        assert (done.returncode, out.exists()) == (0, True), done.stderr
    assert hextet("geo", "build", tmp_path).returncode == 2
    (tmp_path / "geo.yaml").write_text("geo:\n  exception: csv:x.csv\n")
    done = hextet("geo", "build", tmp_path, "-o", out)
    assert done.returncode == 1
    assert "did you mean" in done.stderr
    (tmp_path / "geo.yaml").write_text("groups: {}\n")
    assert hextet("geo", "build", tmp_path, "-o", out).returncode == 2


def test_published_file_of_the_estate_is_asked(hextet, tmp_path):
    (tmp_path / "geo.yaml").write_text(
        "geo:\n  exceptions: csv:x.csv\n  publish: { listen: '[::1]:8053', path: /no-such-file.mmdb }\n")
    done = hextet("geo", "lookup", "-C", tmp_path, "192.0.2.1")
    assert done.returncode == 3
    assert "/var/lib/hextet/no-such-file.mmdb" in done.stderr


@pytest.mark.parametrize("args", [["--record-bits=25"], ["--layout=flat"], ["--stream", "--base=x.mmdb"],
                                  ["--build-epoch=-1"], ["--build-epoch=1x"],
                                  ["--build-epoch=0"], ["a", "b"]])
def test_wrong_usage(hextet, tmp_path, args):
    done = hextet("geo", "build", "--from=x.csv", "-o", tmp_path / "out", *args)
    assert (done.returncode, done.stdout) == (2, "")


def test_explain_knows_the_places_of_ipv4(hextet, build, tmp_path):
    path = build([("192.0.2.0/24", "CZ"), ("::/0", "FR")])
    asked = ["2002:c000:201::1", "2002:cb00:7101::1", "::192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1"]
    for base in ([], ["--base", path]):
        done = hextet("geo", "lookup", "--explain", "--output=jsonl", "--db", path, "--from", tmp_path / "rows.csv",
                      *base, *asked)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        assert [(r["country"], r["in_file"]) for r in rows] == [(c, c) for c in ("CZ", None, "CZ", "CZ", "FR")]
        assert "geo-outdated" not in done.stderr


def test_explain_says_when_the_file_is_outdated(hextet, build, tmp_path):
    path = build([("192.0.2.0/24", "CZ"), ("2001:db8::/32", "SK")])
    rows = tmp_path / "now.csv"
    rows.write_text("192.0.2.0/24,CZ\n2001:db8::/32,PL\n")
    done = hextet("geo", "lookup", "--explain", "--output=json", "--db", path, "--from", rows, "192.0.2.1", "2001:db8::1",
                  "8.8.8.8")
    assert done.returncode == 0
    assert [(a["country"], a["in_file"]) for a in map(json.loads, done.stdout.splitlines())] == [
        ("CZ", "CZ"), ("PL", "SK"), (None, None)]
    assert "192.0.2.1" not in done.stderr
    assert f"{path}: warning: 2001:db8::1 is SK in the file and PL in the sources [geo-outdated]" in done.stderr
