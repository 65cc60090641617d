# SPDX-License-Identifier: Apache-2.0
"""`hextet geo diff`, against files that tests/cli/mmdb_writer.py makes and the maxminddb package reads."""
import ipaddress
import json
import random

import maxminddb
import pytest

from mmdb_writer import country, write

OLD = {"192.0.2.0/24": country("CZ"), "198.51.100.0/24": country("DE"), "2001:db8::/32": country("CZ"),
       "203.0.113.0/25": country("FR"), "2a00::/16": {"registered_country": {"iso_code": "CZ"}}}
NEW = {"192.0.2.0/24": country("CZ"), "198.51.100.0/24": country("SK"), "2001:db8::/33": country("CZ"),
       "203.0.113.0/24": country("FR"), "2a00::/16": country("CZ")}


def changes(done):
    return [(c["network"], c["change"], c["from"], c["to"]) for c in map(json.loads, done.stdout.splitlines())]


def diff(hextet, *args):
    return hextet("geo", "diff", "--output", "jsonl", *args)


def test_every_kind_of_change(hextet, tmp_path):
    old, new = write(tmp_path / "old", OLD), write(tmp_path / "new", NEW)
    done = hextet("geo", "diff", old, new)
    assert done.returncode == 1 and done.stderr == ""
    assert done.stdout.splitlines() == ["~ 198.51.100.0/24 DE -> SK", "+ 203.0.113.128/25 FR",
                                        "- 2001:db8:8000::/33 CZ", "~ 2a00::/16 no country -> CZ"]
    done = diff(hextet, new, old)
    assert done.returncode == 1
    assert changes(done) == [("198.51.100.0/24", "country", "SK", "DE"), ("203.0.113.128/25", "removed", "FR", None),
                             ("2001:db8:8000::/33", "added", None, "CZ"), ("2a00::/16", "country", "CZ", None)]
    assert json.loads(hextet("geo", "diff", "--output", "json", new, old).stdout)[1]["network"] == "203.0.113.128/25"


def test_same_country_another_record(hextet, tmp_path):
    old = write(tmp_path / "old", {"192.0.2.0/24": country("CZ"), "192.0.3.0/24": country("CZ", a=1)})
    new = write(tmp_path / "new", {"192.0.2.0/24": country("CZ", a=2), "192.0.3.0/24": country("CZ", a=3)})
    done = hextet("geo", "diff", old, new)
    assert done.returncode == 1 and done.stdout == "~ 192.0.2.0/23 CZ, another record\n"
    assert hextet("geo", "diff", "--country-only", old, new).returncode == 0
    none = write(tmp_path / "none", {"192.0.2.0/23": {"traits": {}}})
    assert changes(diff(hextet, none, old)) == [("192.0.2.0/23", "country", None, "CZ")]
    assert changes(diff(hextet, "--country-only", none, old)) == [("192.0.2.0/23", "added", None, "CZ")]


LAYOUTS = [{}, {"record_size": 28}, {"record_size": 32, "seed": 3}, {"order": lambda k: sorted(k, reverse=True)},
           {"separate": True, "seed": 4}, {"kind": "Other"}]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_is_no_difference(hextet, tmp_path, layout):
    done = hextet("geo", "diff", write(tmp_path / "a", OLD), write(tmp_path / "b", OLD, **layout))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_ip_versions(hextet, tmp_path):
    only4 = {n: r for n, r in OLD.items() if ":" not in n}
    a, b = write(tmp_path / "a", only4, version=4), write(tmp_path / "b", only4)
    assert hextet("geo", "diff", a, b).returncode == 0
    full = write(tmp_path / "c", OLD, aliases=["::ffff:0:0/96", "2002::/16"])
    assert changes(diff(hextet, a, full)) == [("2001:db8::/32", "added", None, "CZ"), ("2002::/16", "alias", None, None),
                                              ("2a00::/16", "added", None, None)]


def test_aliases_are_compared_once(hextet, tmp_path):
    both = ["::ffff:0:0/96", "2001::/32", "2002::/16"]
    old, new = write(tmp_path / "old", OLD, aliases=both), write(tmp_path / "new", NEW, aliases=both)
    plain = write(tmp_path / "plain", OLD)
    assert len(changes(diff(hextet, old, new))) == 4
    assert hextet("geo", "diff", plain, old).stdout == "+ 2001::/32 as the IPv4 inside\n+ 2002::/16 as the IPv4 inside\n"


def test_everything_is_one_line(hextet, tmp_path):
    old, new = write(tmp_path / "old", {}), write(tmp_path / "new", {"::/0": country("CZ"), "0.0.0.0/0": country("DE")})
    assert hextet("geo", "diff", old, new).stdout == "+ 0.0.0.0/0 DE\n+ ::/0 CZ\n"


def test_cannot(hextet, tmp_path):
    good = write(tmp_path / "good", OLD)
    bad = tmp_path / "bad"
    bad.write_bytes(good.read_bytes()[:-100])
    assert hextet("geo", "diff", good, tmp_path / "none").returncode == 3
    done = hextet("geo", "diff", good, bad)
    assert done.returncode == 3 and str(bad) in done.stderr
    assert hextet("geo", "diff", good).returncode == 2


def random_rows(rng, bases):
    """Networks that nest and meet, in a small part of both families."""
    rows = {}
    for _ in range(rng.randrange(12)):
        base = ipaddress.ip_network(rng.choice(bases))
        length = base.prefixlen + rng.randrange(9)
        at = int(base.network_address) + (rng.randrange(1 << (length - base.prefixlen)) << (base.max_prefixlen - length))
        rows[str(type(base)((at, length)))] = rng.choice(
            [country("CZ"), country("DE"), country("DE", extra=[1, "x", 2.5, True]), {"nothing": {}}])
    return rows


def answer(reader, ip):
    try:
        return reader.get(str(ip))
    except ValueError:  # IPv6 in a file of IPv4
        return None


@pytest.mark.parametrize("seed", range(40))
def test_random_tables(hextet, tmp_path, seed):
    """Each address of a small space changed exactly when a line says so, and no two lines could be one."""
    rng = random.Random(seed)
    bases = ["10.0.0.0/24", "0.0.0.0/2", "2001:db8::/40", "::/4", "fe00::/7"]
    old, new = (write(tmp_path / name, random_rows(rng, bases), record_size=rng.choice([24, 28, 32]),
                      separate=rng.random() < 0.5, seed=rng.randrange(3)) for name in ("old", "new"))
    told = [(ipaddress.ip_network(n), what, was, now) for n, what, was, now in changes(diff(hextet, old, new))]
    assert told == sorted(told, key=lambda t: (t[0].version, t[0]))
    with maxminddb.open_database(str(old)) as before, maxminddb.open_database(str(new)) as after:
        for base in map(ipaddress.ip_network, bases):
            step = base.max_prefixlen - base.prefixlen - 8
            for i in range(256):
                ip = ipaddress.ip_address(int(base.network_address) + (i << step) + rng.randrange(1 << step))
                if ip.version == 6 and int(ip) >> 96 == 0:
                    continue
                was, now = answer(before, ip), answer(after, ip)
                lines = [t for t in told if t[0].version == ip.version and ip in t[0]]
                assert len(lines) == (was != now), (ip, was, now, lines)
                for _, what, line_was, line_now in lines:
                    codes = [r and r.get("country", {}).get("iso_code") for r in (was, now)]
                    assert [line_was, line_now] == codes
                    assert what == ("added" if was is None else "removed" if now is None
                                    else "record" if codes[0] == codes[1] else "country")
    for a, b in zip(told, told[1:]):
        assert not (a[1:] == b[1:] and a[0].prefixlen == b[0].prefixlen and a[0].version == b[0].version
                    and a[0].prefixlen and a[0].supernet() == b[0].supernet()), (a, b)


@pytest.mark.parametrize("here, there", [("1:0:0", ["db8::1:0:0", "db8::"]), ("fffe:0:0", ["db8::fffe:0:0", "db8::ffff:0:0"])],
                         ids=["IPv4", "mapped"])
def test_what_is_equal_in_one_place_only(hextet, tmp_path, here, there):
    """Our files share subtrees: here one that is met where half of it is IPv4's, and again elsewhere."""
    for name, code in (("old", "CZ"), ("new", "DE")):
        (tmp_path / f"{name}.csv").write_text(f"0.0.0.0/0,{code}\n::{here}/96,FR\n2001:{there[0]}/96,FR\n"
                                              f"2001:{there[1]}/96,{code}\n")
        done = hextet("geo", "build", "--from", tmp_path / f"{name}.csv", "-o", tmp_path / name)
        assert done.returncode == 0, done.stderr
    assert [c[:1] + c[2:] for c in changes(diff(hextet, tmp_path / "old", tmp_path / "new"))] == [
        ("0.0.0.0/0", "CZ", "DE"), (f"2001:{there[1]}/96", "CZ", "DE")]
