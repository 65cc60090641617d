# SPDX-License-Identifier: Apache-2.0
"""Every reader answers as ours does: a million addresses of both families over the real rows.

libmaxminddb is asked through Python's module, which has the length of the network too; then Perl's and Node's own."""
import bisect
import csv
import ipaddress
import random
import subprocess
from pathlib import Path

import maxminddb
import pytest

TOP = Path(__file__).resolve().parents[2]
ADDRESSES = 500000  # of each family


@pytest.fixture(scope="module")
def modules(tool):
    tool("npm")
    done = subprocess.run([TOP / "tools/npm-install"], text=True, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        pytest.skip("npm cannot install the packages of tests/npm")
    return Path(done.stdout.strip())


@pytest.fixture(scope="module")
def real(modules):
    """The files of real rows, IPv4 and IPv6."""
    return [modules / f"@ip-location-db/geo-whois-asn-country/geo-whois-asn-country-ipv{f}.csv" for f in (4, 6)]


def read_rows(path):
    with open(path, encoding="ascii", newline="") as lines:
        for first, last, code in csv.reader(lines):
            yield int(ipaddress.ip_address(first)), int(ipaddress.ip_address(last)), code


@pytest.fixture(scope="module")
def addresses(real):
    """The first and the last address of rows, what is beside them, and any in between."""
    rng, out = random.Random(3), []
    for path, kind in zip(real, (ipaddress.IPv4Address, ipaddress.IPv6Address)):
        rows, top = list(read_rows(path)), (1 << kind(0).max_prefixlen) - 1
        for i in range(ADDRESSES):
            first, last, _ = rows[i % len(rows)] if i < len(rows) else rng.choice(rows)
            number = (first, last, min(last + 1, top), max(first - 1, 0), rng.randint(first, last))[i % 5]
            if kind is ipaddress.IPv6Address and (number >> 112 == 0x2002 or number >> 32 == 0xffff):
                number = first = 0x20010db8 << 96  # an alias of IPv4, and IPv4 itself
            out.append(str(kind(number)))
    return out


@pytest.fixture(scope="module")
def built(hextet, real, tmp_path_factory):
    path = tmp_path_factory.mktemp("geo") / "real.mmdb"
    done = hextet("geo", "build", "--from", real[0], "--from", real[1], "-o", path)
    assert done.returncode == 0, done.stderr[-2000:]
    return path


@pytest.fixture(scope="module")
def ours(hextet, built, addresses):
    """(code or "-", network) of each address."""
    done = hextet("geo", "lookup", "--db", built, input="\n".join(addresses))
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [line.split(" ", 3) for line in done.stdout.splitlines()]
    assert [line[0] for line in lines[:1000]] == addresses[:1000] and len(lines) == len(addresses)
    return [(line[2], line[1]) for line in lines]


def test_most_have_a_country(ours):
    assert sum(code != "-" for code, _ in ours) > 0.7 * len(ours)


def test_libmaxminddb(built, addresses, ours):
    with maxminddb.open_database(built, maxminddb.MODE_MMAP_EXT) as db:
        for address, (code, network) in zip(addresses, ours):
            record, length = db.get_with_prefix_len(address)
            assert (record["country"]["iso_code"] if record else "-") == code, address
            assert network.endswith(f"/{length}"), address


def test_perl(tool, built, addresses, ours):
    done = subprocess.run([tool("perl"), TOP / "tests/geo/codes.pl", built], input="\n".join(addresses), text=True,
                          capture_output=True, check=True)
    assert done.stdout.split() == [code for code, _ in ours]


def test_node(tool, modules, built, addresses, ours):
    done = subprocess.run([tool("node"), TOP / "tests/geo/codes.js", modules, built], input="\n".join(addresses),
                          text=True, capture_output=True, check=True)
    assert [tuple(line.split()) for line in done.stdout.splitlines()] == [
        (code, network.rpartition("/")[2]) for code, network in ours]


def test_the_rows_themselves(real, addresses, ours):
    """No reader at all: where exactly one row has the address, its code is the answer."""
    answer = dict(zip(addresses, ours))
    for path, kind in zip(real, (ipaddress.IPv4Address, ipaddress.IPv6Address)):
        rows = sorted(read_rows(path))
        starts, asked = [row[0] for row in rows], 0
        reach = []  # the last address that any row up to here has
        for _, last, _ in rows:
            reach.append(max(last, reach[-1]) if reach else last)
        for address in [a for a in addresses if (":" in a) == (kind is ipaddress.IPv6Address)][::5]:
            number = int(kind(address))
            at = bisect.bisect_right(starts, number) - 1
            if at >= 0 and (at == 0 or reach[at - 1] < number) and rows[at][1] >= number:
                assert answer[address][0] == rows[at][2], address
                asked += 1
            elif at < 0 or reach[at] < number:
                assert answer[address][0] == "-", address
        assert asked > 10000
