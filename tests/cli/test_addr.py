# SPDX-License-Identifier: Apache-2.0
"""hextet addr, with Python's ipaddress as the oracle.

Intended differences, and no others (the generators make none of them, or the test says so):
 - an IPv4-mapped address is IPv4, in whatever form it is written; ::/80 therefore ends at ::fffe:ffff:ffff;
 - a prefix length has no leading zero, and is no netmask (ipaddress takes /08 and /255.0.0.0);
 - ports and ranges are read; '#' begins a comment; blanks around a text do not count;
 - a zone is an interface name: at most 15 printable ASCII characters, and no blank, '/', bracket or second '%'.
"""
import datetime
import ipaddress
import json
import random
import subprocess

import pytest

ALPHABET = "0123456789abcdefABCDEF::::....//gxz "
ROUNDS = 120_000


def random_address(rng):
    if rng.random() < 0.35:
        return ipaddress.IPv4Address(rng.getrandbits(32))
    value = 0
    for _ in range(8):
        kind = rng.randrange(8)
        value = value << 16 | (0 if kind < 3 else rng.getrandbits(8) if kind < 5 else rng.getrandbits(16))
    head = rng.choice([0, 0, 0x20010DB8 << 96, 0x2002 << 112, 0xFE80 << 112, 0xFF02 << 112, 0x64FF9B << 96])
    return ipaddress.IPv6Address(value if rng.random() < 0.5 else head | value & (1 << 96) - 1)


def write(rng, address):
    """One of the ways people write it."""
    if address.version == 4:
        return f"::ffff:{address}" if rng.random() < 0.2 else str(address)
    form = rng.randrange(4)
    text = address.exploded if form == 0 else str(address)
    if form == 1:
        head = ipaddress.IPv6Address(int(address) & ~0xFFFFFFFF)
        return ":".join(head.exploded.split(":")[:6]) + ":" + str(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return text.upper() if form == 2 else text


def damaged(rng, text):
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(text) + 1)
        what = rng.randrange(3)
        text = text[:at] + (rng.choice(ALPHABET) if what else "") + text[at + (what != 1):]
    return text


def generated(seed, count):
    rng = random.Random(seed)
    for i in range(count):
        address = random_address(rng)
        length = rng.randrange(address.max_prefixlen + 1) if rng.random() < 0.4 else None
        if length is not None and rng.random() < 0.8:
            address = ipaddress.ip_network((address, length), strict=False).network_address
        text = write(rng, address) + (f"/{length}" if length is not None else "")
        yield damaged(rng, text) if i % 2 else text


def folded(network):
    """ipaddress's network, an IPv4-mapped one as IPv4."""
    if network.version == 6 and network.prefixlen >= 96 and network.network_address.ipv4_mapped is not None:
        return ipaddress.IPv4Network((network.network_address.ipv4_mapped, network.prefixlen - 96))
    return network


def oracle(text):
    """What ipaddress reads, as a network; None when it does not."""
    length = text.partition("/")[2]
    if "/" in text and (not length.isdigit() or str(int(length)) != length):
        return None
    try:
        return folded(ipaddress.ip_network(text))
    except ValueError:
        return None


def check_shown(shown, network, text):
    first = network.network_address
    address = "/" not in text
    assert shown["canonical"] == (str(first) if address else str(network)), text
    assert shown["family"] == network.version, text
    assert shown["length"] == network.prefixlen, text
    assert shown["full"] == first.exploded, text
    assert int(shown["hex"], 16) == int(first), text
    if address:
        assert shown["reverse"] == first.reverse_pointer, text
    else:
        assert shown["first"] == shown["network"] == str(first), text
        last = network.broadcast_address
        mapped_last = last.version == 6 and last.ipv4_mapped is not None
        assert shown["last"] == ("::fffe:ffff:ffff" if mapped_last else str(last)), text
    for kind, test in [("multicast", first.is_multicast), ("loopback", first.is_loopback),
                       ("link-local", first.is_link_local), ("unspecified", first.is_unspecified)]:
        assert address is False or (shown["kind"] == kind) == test, text
    if address and first.version == 6:
        embedded = shown.get("embedded", {})
        if first.sixtofour is not None:
            assert embedded["ipv4"] == str(first.sixtofour), text
        if first.teredo is not None:
            assert (embedded["server"], embedded["ipv4"]) == tuple(map(str, first.teredo)), text


def test_show_like_ipaddress(hextet):
    texts = [t for t in generated(1, ROUNDS) if t.strip() == t and t]
    done = hextet("addr", "show", "--output", "jsonl", "-", input="\n".join(texts) + "\n")
    shown = iter([json.loads(line) for line in done.stdout.splitlines()])
    current = next(shown)
    good = 0
    for text in texts:
        network = oracle(text)
        matches = current is not None and current["input"] == text
        if ":" in text and "." in text and network is None and matches:
            assert "port" in current, text  # 192.0.2.1:80
        else:
            assert matches == (network is not None), text
        if matches and network is not None:
            check_shown(current, network, text)
        if matches:
            good += 1
            current = next(shown, None)
    assert current is None
    assert len(texts) * 0.4 < good < len(texts) * 0.8
    assert done.returncode == 1
    assert done.stderr.count(": error: ") == len(texts) - good


def test_one_argument_is_one_object(hextet):
    shown = json.loads(hextet("addr", "show", "--output", "json", "2001:DB8:0:0:0:0:0:1").stdout)
    assert {k: shown[k] for k in ("canonical", "family", "length", "kind")} == {
        "canonical": "2001:db8::1", "family": 6, "length": 128, "kind": "documentation"}
    shown = json.loads(hextet("addr", "show", "--output", "json", "10.0.0.0/8", "fe80::211:22ff:fe33:4455%eth0").stdout)
    assert [s["kind"] for s in shown] == ["private", "link-local"]
    assert (shown[1]["eui64"], shown[1]["zone"]) == ("00:11:22:33:44:55", "eth0")
    assert json.loads(hextet("addr", "show", "--output", "json", input="::1\n").stdout)[0]["kind"] == "loopback"


@pytest.mark.parametrize("text, kind", [
    ("8.8.8.8", "global"), ("2620:fe::fe", "global"), ("100.64.1.1", "shared"), ("64:ff9b::1", "nat64"),
    ("64:ff9b:1::1", "nat64-local"), ("3fff::1", "documentation"), ("5f00::1", "srv6"), ("fd00::1", "unique-local"),
    ("2001:db8::/31", "global"), ("4000::1", "reserved"), ("192.0.0.9", "anycast"), ("100::1", "discard"),
    ("255.255.255.255", "broadcast"), ("fec0::1", "site-local"), ("198.19.0.1", "benchmarking"),
])
def test_kinds(hextet, text, kind):
    assert json.loads(hextet("addr", "show", "--output", "json", text).stdout)["kind"] == kind


@pytest.mark.parametrize("args, line, col, message, hint", [
    (["show", "10.0.0.5/8"], 1, 10, "bits set behind", "the network is 10.0.0.0/8"),
    (["show", "2001:db8::1/32"], 1, 13, "bits set behind", "the network is 2001:db8::/32"),
    (["show", "198.51.100.300"], 1, 12, "is not an address", "each of the four numbers is 0 to 255"),
    (["show", "10.0.010.1"], 1, 6, "is not an address", "octal"),
    (["split", "10.0.0.0/8", "33"], 1, 1, "is not a prefix length", "0 to 32"),
    (["split", "10.0.0.0/8", "7"], 1, 1, "is not the length of a subnet", "/8 or more"),
    (["range", "10.0.0.9-10.0.0.1"], 1, 10, "is not a range", "the lower one first"),
    (["reverse", "g.ip6.arpa"], 1, 1, "is not a name of the reverse tree", "one hex digit a label"),
    (["uid", "7F000001:82"], 1, 12, "is not a unique id", "4 hex digits"),
    (["uid", "--encode", "192.0.2.1"], 1, 10, "is not an address with a port", "[2001:db8::1]:80"),
])
def test_mistakes_have_a_place_and_a_hint(hextet, args, line, col, message, hint):
    done = hextet("addr", *args)
    assert done.returncode == 1 and done.stdout == ""
    first, _, caret, hinted = done.stderr.splitlines()
    assert f":{line}:{col}: error: " in first and message in first
    assert caret.index("^") - caret.index("|") - 2 == col - 1
    assert hint in hinted


def test_mistakes_cannot_steer_the_terminal(hextet):
    done = hextet("addr", "show", "::1\x1b[31m\x07", "x" * 500)
    assert done.returncode == 1 and "\x1b" not in done.stderr and "\x07" not in done.stderr
    assert max(map(len, done.stderr.splitlines())) < 250


def networks(seed, count):
    rng = random.Random(seed)
    for _ in range(count):
        if rng.random() < 0.5:
            length = rng.randrange(8, 33)
            yield ipaddress.ip_network((0x0A000000 | rng.getrandbits(14) << 10 & 0x00FFFFFF, length), strict=False)
        else:
            length = rng.randrange(40, 129)
            yield ipaddress.ip_network((0x20010DB8 << 96 | rng.getrandbits(12) << 80, length), strict=False)


def test_aggregate_like_ipaddress(hextet, tmp_path):
    for seed in range(8):
        nets = list(networks(seed, 3000))
        want = [str(n) for version in (4, 6)
                for n in ipaddress.collapse_addresses(n for n in nets if n.version == version)]
        listed = "".join(f" {n}\t# a comment\n\n" for n in nets)
        done = hextet("addr", "aggregate", input=listed)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.split() == want
    (tmp_path / "all").write_text("10.0.0.0/8\n2001:db8::/32\n")
    (tmp_path / "cut").write_text("10.128.0.0/9\n2001:db8::-2001:db8:7fff:ffff:ffff:ffff:ffff:ffff\n")
    done = hextet("addr", "aggregate", tmp_path / "all", "--except", tmp_path / "cut", "--output", "json")
    assert json.loads(done.stdout) == ["10.0.0.0/9", "2001:db8:8000::/33"]


def test_aggregate_says_which_line(hextet, tmp_path):
    done = hextet("addr", "aggregate", input="10.0.0.0/8\n# fine\n  2001:db8::1/64\n::1\n10.0.0.256\n")
    assert done.returncode == 1 and done.stdout == ""
    assert "<stdin>:3:15: error: " in done.stderr and "2001:db8::/64" in done.stderr
    assert "<stdin>:5:8: error: " in done.stderr
    done = hextet("addr", "aggregate", tmp_path / "missing")
    assert done.returncode == 3 and "missing" in done.stderr
    assert hextet("addr", "aggregate", input="").stdout == ""
    # A shorter comment than line: what is behind '#' is not read.
    assert hextet("addr", "aggregate", input="::1#x").stdout == "::1/128\n"


def test_range_like_ipaddress(hextet):
    rng = random.Random(7)
    for version, bits in ((4, 32), (6, 128)):
        cls = ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address
        base = 0 if version == 4 else 1 << 64
        pairs = [sorted(base + rng.getrandbits(rng.randrange(1, bits)) for _ in range(2)) for _ in range(20)]
        pairs += [(base + 5, base + 5), (base, base + (1 << 20) - 1), (base, base + (1 << 20))]
        for first, last in pairs:
            if last >> bits:
                continue
            want = [str(n) for n in ipaddress.summarize_address_range(cls(first), cls(last))]
            assert hextet("addr", "range", f"{cls(first)}-{cls(last)}").stdout.split() == want


def test_reverse_both_ways(hextet):
    rng = random.Random(8)
    addresses = [random_address(rng) for _ in range(2000)]
    addresses = [a.ipv4_mapped or a if a.version == 6 else a for a in addresses]
    names = hextet("addr", "reverse", "-", input="\n".join(map(str, addresses))).stdout.split()
    assert names == [a.reverse_pointer for a in addresses]
    again = hextet("addr", "reverse", input="\n".join(n.upper() + "." for n in names)).stdout.split()
    assert again == [str(a) for a in addresses]


@pytest.mark.parametrize("text, want", [
    ("2001:db8::/32", ["8.b.d.0.1.0.0.2.ip6.arpa"]),
    ("2001:db8::/31", ["8.b.d.0.1.0.0.2.ip6.arpa", "9.b.d.0.1.0.0.2.ip6.arpa"]),
    ("10.0.0.0/8", ["10.in-addr.arpa"]),
    ("198.51.100.0/23", ["100.51.198.in-addr.arpa", "101.51.198.in-addr.arpa"]),
    ("192.0.2.128/25", ["2.0.192.in-addr.arpa"]),
    ("::/0", ["ip6.arpa"]), ("0.0.0.0/0", ["in-addr.arpa"]),
    ("8.b.d.0.1.0.0.2.ip6.arpa.", ["2001:db8::/32"]),
    ("2.0.192.in-addr.arpa", ["192.0.2.0/24"]), ("ip6.arpa", ["::/0"]), ("in-addr.arpa", ["0.0.0.0/0"]),
])
def test_zones(hextet, text, want):
    assert hextet("addr", "reverse", text).stdout.split() == want


def test_split(hextet, tmp_path):
    for prefix, length in (("10.0.0.0/20", 26), ("2001:db8::/50", 56), ("2001:db8::/127", 128), ("::/0", 3)):
        want = [str(n) for n in ipaddress.ip_network(prefix).subnets(new_prefix=length)]
        assert hextet("addr", "split", prefix, length).stdout.split() == want
        nth = 3 % len(want)
        assert hextet("addr", "split", prefix, f"/{length}", "--nth", nth).stdout.split() == [want[nth]]
        assert hextet("addr", "split", prefix, length, "--limit", 3).stdout.split() == want[:3]
        assert sorted(hextet("addr", "split", prefix, length, "--sparse").stdout.split()) == sorted(want)
    assert hextet("addr", "split", "2001:db8::/32", 36, "--sparse", "--limit", 5).stdout.split() == [
        "2001:db8::/36", "2001:db8:8000::/36", "2001:db8:4000::/36", "2001:db8:c000::/36", "2001:db8:2000::/36"]
    done = hextet("addr", "split", "2001:db8::/32", 128)
    assert done.returncode == 2 and "79228162514264337593543950336" in done.stderr and done.stdout == ""
    assert hextet("addr", "split", "2001:db8::/32", 128, "--output", "json").stdout == ""
    huge = 2**96 - 1
    assert hextet("addr", "split", "2001:db8::/32", 128, "--nth", huge).stdout.strip() == str(
        ipaddress.ip_network("2001:db8::/32")[-1]) + "/128"
    done = hextet("addr", "split", "2001:db8::/32", 128, "--nth", huge + 1)
    assert done.returncode == 1 and "counted from 0" in done.stderr
    assert hextet("addr", "split", "2001:db8::/32", 64, "--nth", "-1").returncode == 2


def test_first_free(hextet, tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("2001:db8::/48 # office\n2001:db8:2::1\n10.0.0.0/8\n")
    ask = ["addr", "split", "2001:db8::/32", "48", "--first-free", "--taken", taken]
    assert hextet(*ask).stdout == "2001:db8:1::/48\n"
    assert hextet(*ask, "--sparse").stdout == "2001:db8:8000::/48\n"
    taken.write_text("2001:db8::/48\n10.0.0.1/8\n")
    done = hextet(*ask)
    assert done.returncode == 1 and done.stdout == "" and "taken:2:10: error: " in done.stderr
    taken.write_text("2001:d00::/24\n")
    done = hextet(*ask)
    assert done.returncode == 1 and "taken" in done.stderr


def test_contains(hextet):
    def code(*args):
        return hextet("addr", "contains", *args).returncode

    assert code("2001:db8::/32", "2001:db8::1", "2001:db8:ffff::/48", "2001:db8::-2001:db8::5") == 0
    assert code("2001:db8::/32", "2001:db8::1", "2001:db9::") == 1
    assert code("10.0.0.0/8", "::ffff:10.1.2.3") == 0
    assert code("::/0", "10.1.2.3") == 1
    assert code("10.0.0.5-10.0.0.9", "10.0.0.6/31") == 0
    assert code("10.0.0.5-10.0.0.9", "10.0.0.8/30") == 1
    assert code("10.0.0.0/8") == 2
    assert code("10.0.0.0/8", "ten") == 2
    rng = random.Random(9)
    nets = list(networks(9, 60))
    for outer in rng.sample(nets, 6):
        inner = [n for n in nets if n.version == outer.version]
        done = hextet("addr", "contains", "--output", "jsonl", outer, *inner)
        said = [json.loads(line)["contained"] for line in done.stdout.splitlines()]
        assert said == [n.subnet_of(outer) for n in inner]


def test_uid(hextet):
    # The example of HAProxy's manual, section 8.2.6 and unique-id-format.
    text = "7F000001:8296_7F00001E:1F90_4F7B0A69_0003:790A"
    shown = json.loads(hextet("addr", "uid", "--output", "json", text).stdout)
    assert shown["client"] == {"address": "127.0.0.1", "family": 4, "port": 33430}
    assert shown["frontend"] == {"address": "127.0.0.30", "family": 4, "port": 8080}
    when = datetime.datetime.fromtimestamp(0x4F7B0A69, datetime.timezone.utc)
    assert (shown["time"], shown["request"], shown["pid"]) == (when.strftime("%Y-%m-%dT%H:%M:%SZ"), 3, 0x790A)
    shown = json.loads(hextet("addr", "uid", "--output", "json", "00000000000000000000FFFF7F000001:0050").stdout)
    assert shown["client"] == {"address": "127.0.0.1", "family": 4, "port": 80} and "frontend" not in shown
    # From HAProxy's issue 3016, version 3.2.
    text = "2A021748F7DF9C80C412ABFFFEF222AE:E21C_2A021748F7DF9C8000000000000000B1:01BB_6854380E_0001:444E"
    shown = json.loads(hextet("addr", "uid", "--output", "json", text).stdout)
    assert shown["client"] == {"address": "2a02:1748:f7df:9c80:c412:abff:fef2:22ae", "family": 6, "port": 57884}
    assert shown["frontend"] == {"address": "2a02:1748:f7df:9c80::b1", "family": 6, "port": 443}
    made = hextet("addr", "uid", "--encode", "[2001:db8::1]:443", "192.0.2.1:80").stdout.strip()
    assert made == "20010DB8000000000000000000000001:01BB_C0000201:0050"
    assert json.loads(hextet("addr", "uid", "--output", "jsonl", made).stdout)["client"]["address"] == "2001:db8::1"


def test_closed_pipe_ends_the_stream(hextet_path):
    with subprocess.Popen([hextet_path, "addr", "split", "::/0", "128", "--limit", str(2**70)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as p:
        assert p.stdout.readline() == "::/128\n"
        p.stdout.close()
        assert "cannot write" in p.stderr.read()
        assert p.wait(60) == 3
