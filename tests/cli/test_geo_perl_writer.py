# SPDX-License-Identifier: Apache-2.0
"""MaxMind's own writer for Perl: its files are read as they were meant, and are what the reference layout writes too."""
import ipaddress
import json
import random
import struct
import subprocess
from pathlib import Path

import maxminddb
import pytest

WRITER = Path(__file__).resolve().parents[1] / "geo/write_mmdb.pl"
NESTED = {"map in": {"text a": "x", "map in": {"text b": "y" * 300}}, "list all": ["x", "y", "x" * 29, "x" * 29]}
TYPES = {
    "bool no": 0, "bool yes": 1, "bytes": "00ff7f", "double": -1.5, "float": 0.5, "int32 least": -2147483648, "int32": -1,
    "list empty": [], "text": "Česko", "text empty": "", "text long": "x" * 70000, "uint16": 65535, "uint32": 4294967295,
    "uint64": "18446744073709551615", "uint128": "340282366920938463463374607431768211455", "uint16 zero": 0,
}


@pytest.fixture
def perl(tool, tmp_path):
    def write(rows, bits=24, version=6):
        path = tmp_path / f"perl-{bits}-{version}.mmdb"
        subprocess.run([tool("perl"), WRITER, path, str(bits), str(version)], input=json.dumps(rows), text=True, check=True)
        return path
    return write


def meaning(record):
    """What `geo dump` prints for what was given to the writer."""
    if isinstance(record, list):
        return [meaning(v) for v in record]
    if not isinstance(record, dict):
        return record
    out = {}
    for key, v in record.items():
        kind = key.split(" ")[0]
        if kind == "bool":
            v = bool(v)
        elif kind == "uint64":
            v = int(v)
        elif kind == "uint128":
            v = hex(int(v))
        out[key] = meaning(v)
    return out


@pytest.mark.parametrize("bits", [24, 28, 32])
@pytest.mark.parametrize("version", [4, 6])
def test_every_type(hextet, perl, bits, version):
    rows = [["1.0.0.0/8", TYPES], ["2.2.3.0/24", NESTED], ["203.0.113.7/32", {"text": "last"}]]
    if version == 6:
        rows += [["2001:db8::/32", TYPES], ["2a00::1/128", NESTED]]
    path = perl(rows, bits, version)
    done = hextet("geo", "verify", path)
    assert done.returncode == 0, done.stdout
    dumped = [json.loads(line) for line in hextet("geo", "dump", path).stdout.splitlines()[1:]]
    assert {line["network"]: line["record"] for line in dumped} == {net: meaning(record) for net, record in rows}


def nodes_of(path):
    """Pairs of records: a node's number, None, or the decoded value, by a reader of its own."""
    file = path.read_bytes()
    with maxminddb.open_database(path, maxminddb.MODE_FILE) as db:
        meta = db.metadata()
        decoder = db._decoder  # the module's own, in Python
        count, size = meta.node_count, meta.record_size // 4
        values, out = {}, []
        for n in range(count):
            b = file[n * size:(n + 1) * size]
            if size == 6:
                pair = struct.unpack(">II", b"\0" + b[:3] + b"\0" + b[3:])
            elif size == 8:
                pair = struct.unpack(">II", b)
            else:
                pair = ((b[3] & 0xF0) << 20 | int.from_bytes(b[:3], "big"), int.from_bytes(b[3:], "big") & 0xFFFFFFF)
            for record in pair:
                if record > count and record not in values:
                    values[record] = json.dumps(decoder.decode(record - count + count * size)[0], sort_keys=True)
            out.append([values.get(r, r if r < count else None) for r in pair])
        return meta, out


def random_rows(seed):
    """Shortest first, as later ones win there; not inside the aliases, nor across all of them."""
    rng, rows = random.Random(seed), {}
    for _ in range(60):
        if rng.random() < 0.5:
            net = ipaddress.ip_network((rng.getrandbits(32) & 0xC7FF00FF, rng.choice([8, 9, 12, 16, 23, 24, 31, 32])), strict=False)
        else:
            net = ipaddress.ip_network((0x2400 << 112 | rng.getrandbits(3) << 96 | rng.getrandbits(3) << 64 | rng.getrandbits(2),
                                        rng.choice([20, 32, 33, 47, 64, 65, 127, 128])), strict=False)
        rows[net] = rng.choice(["CZ", "SK", "DE"])
    return [[str(net), {"country": code}] for net, code in sorted(rows.items(), key=lambda row: row[0].prefixlen)]


@pytest.mark.parametrize("bits", [24, 28, 32])
@pytest.mark.parametrize("seed", range(4))
def test_reference_layout_is_theirs(hextet, perl, tmp_path, seed, bits):
    theirs, ours, empty = perl(random_rows(seed), bits), tmp_path / "ours.mmdb", tmp_path / "empty.csv"
    empty.write_text("")
    done = hextet("geo", "build", "--base", f"mmdb:{theirs}", "--from", f"csv:{empty}", "--allow-empty", "--layout",
                  "reference", "--record-bits", bits, "-o", ours)
    assert done.returncode == 0, done.stderr
    (meta, nodes), (our_meta, our_nodes) = nodes_of(theirs), nodes_of(ours)
    assert (our_meta.node_count, our_meta.record_size) == (meta.node_count, meta.record_size)
    assert our_nodes == nodes
