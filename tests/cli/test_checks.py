# SPDX-License-Identifier: Apache-2.0
"""Every check has two small estates: tests/check/NAME/bad, where each line with a comment "# expect: NAME" and no other
line gives a finding, and tests/check/NAME/good, as close to it as can be, which gives none. PyYAML says where scalars
begin. After that: no check may fail on estates that are empty, incomplete or cut to pieces."""
import json
import random
import re
import shutil
from ipaddress import IPv6Address
from pathlib import Path

import pytest
import yaml

TOP = Path(__file__).resolve().parents[2]
FIXTURES = TOP / "tests" / "check"
EXAMPLE = TOP / "examples" / "streaming"
NAMES = sorted(p.stem.removeprefix("check_").replace("_", "-") for p in (TOP / "src" / "estate").glob("check_*.c"))
EXPECT = re.compile(r"# expect:([a-z0-9, -]+)")


@pytest.fixture(scope="session")
def checks(hextet):
    """name -> its row of the list."""
    done = hextet("check", "--list", "--output", "json")
    assert done.returncode == 0
    rows = json.loads(done.stdout)
    assert len({row["name"] for row in rows}) == len(rows), "two checks have one name"
    return {row["name"]: row for row in rows}


@pytest.fixture(scope="session")
def findings(hextet):
    """findings(folder) -> the list that "check" prints for it; paths are relative to the folder."""

    def run(folder):
        done = hextet("check", folder, "--output", "json")
        assert done.returncode in (0, 1), done.stderr
        found = json.loads(done.stdout)
        for f in found:
            f["file"] = str(Path(f["file"]).relative_to(folder))
        return found

    return run


def own(found, name):
    """What the check itself found: a note without a hint belongs to the finding above it."""
    return [f for f in found if f["check"] == name and not (f["severity"] == "note" and f["hint"] is None)]


def yaml_files(folder):
    return sorted(p for p in folder.rglob("*.yaml"))


def expected(folder, name):
    places = set()
    for path in yaml_files(folder):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            m = EXPECT.search(line)
            if m and name in re.split(r"[, ]+", m[1].strip()):
                places.add((str(path.relative_to(folder)), number))
    return places


def node_starts(path):
    """(line, column) of every key and value of a file, by PyYAML."""
    starts, stack = set(), [yaml.compose(path.read_text(), Loader=yaml.BaseLoader)]
    while stack:
        node = stack.pop()
        if node is None:
            continue
        starts.add((node.start_mark.line + 1, node.start_mark.column + 1))
        if isinstance(node, yaml.MappingNode):
            stack += [n for pair in node.value for n in pair]
        elif isinstance(node, yaml.SequenceNode):
            stack += node.value
    return starts


def test_files_and_list_agree(checks):
    assert sorted(checks) == NAMES


def test_summaries_differ(checks):
    assert len({row["summary"] for row in checks.values()}) == len(checks)
    assert len({row["doc"] for row in checks.values()}) == len(checks)


@pytest.mark.parametrize("name", NAMES)
def test_words(checks, name):
    row = checks[name]
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name)
    assert row["severity"] in ("error", "warning", "note")
    assert 10 <= len(row["summary"]) <= 90 and not row["summary"].endswith(".")
    assert row["summary"][0].isupper()
    assert len(row["doc"]) >= 60 and row["doc"].endswith(".")
    assert "  " not in row["doc"] and "\n" not in row["doc"]


@pytest.mark.parametrize("name", NAMES)
def test_bad(findings, name):
    folder = FIXTURES / name / "bad"
    places = expected(folder, name)
    assert places, f"{folder} says nowhere '# expect: {name}'"
    found = findings(folder)
    loading = [f for f in found if f["check"] not in NAMES]
    assert not loading, "the fixture itself does not load"
    mine = own(found, name)
    assert {(f["file"], f["line"]) for f in mine} == places
    for f in mine:
        assert f["hint"], f
        assert (f["line"], f["col"]) in node_starts(folder / f["file"]), f"column {f['col']} is inside of a word: {f}"


@pytest.mark.parametrize("name", NAMES)
def test_good(findings, name):
    folder = FIXTURES / name / "good"
    assert yaml_files(folder), f"{folder} is empty"
    found = findings(folder)
    assert not [f for f in found if f["check"] not in NAMES], "the fixture itself does not load"
    assert not [f for f in found if f["check"] == name]


@pytest.mark.parametrize("name", NAMES)
def test_silenced(findings, tmp_path, name):
    """A comment on the very line silences each finding, and nothing else does."""
    shutil.copytree(FIXTURES / name / "bad", tmp_path / "e")
    for path in yaml_files(tmp_path / "e"):
        path.write_text(EXPECT.sub(f"# hextet: ignore {name}", path.read_text()))
    assert not [f for f in findings(tmp_path / "e") if f["check"] == name]


def test_example_is_clean(findings):
    assert findings(EXAMPLE) == []


SECTIONS = sorted(p.relative_to(EXAMPLE) for p in EXAMPLE.rglob("*.yaml"))


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}\n", "checks: {}\n", "machines: {}\n", "prefixes: {}\n"])
def test_next_to_nothing(findings, tmp_path, text):
    (tmp_path / "a.yaml").write_text(text)
    for f in findings(tmp_path):
        assert f["check"] not in NAMES


@pytest.mark.parametrize("path", SECTIONS, ids=str)
@pytest.mark.parametrize("alone", [True, False], ids=["alone", "missing"])
def test_one_file(findings, tmp_path, path, alone):
    """One file of the example alone, and the example without it."""
    shutil.copytree(EXAMPLE, tmp_path / "e")
    for other in SECTIONS:
        if (other != path) == alone:
            (tmp_path / "e" / other).unlink()
    findings(tmp_path / "e")


def spell(dice, value):
    """One of the texts of an IPv6 address: leading zeros, capitals and "::" where they are allowed, often not at all."""
    groups = [f"{value >> shift & 0xffff:x}" for shift in range(112, -1, -16)]
    runs = [(i, k) for i in range(8) for k in range(i + 1, 9) if not any(g != "0" for g in groups[i:k])]
    if dice.random() < 0.3:
        groups = [g.zfill(dice.randrange(1, 5)) for g in groups]
    if dice.random() < 0.2:
        groups = [g.upper() for g in groups]
    if runs and dice.random() < 0.9:
        i, k = max(runs, key=lambda run: run[1] - run[0]) if dice.random() < 0.6 else dice.choice(runs)
        return ":".join(groups[:i]) + "::" + ":".join(groups[k:])
    return ":".join(groups)


def test_canonical_form(findings, tmp_path):
    """What non-canonical-address reports is what Python's ipaddress writes otherwise."""
    dice = random.Random(1)
    texts = {}
    while len(texts) < 3000:
        groups = [dice.choice((0, 0, 0, 1, 0x0ABC, 0xF00D, dice.randrange(65536))) for _ in range(8)]
        text = spell(dice, sum(g << 112 - 16 * i for i, g in enumerate(groups)))
        if not IPv6Address(text).ipv4_mapped:
            texts[text] = str(IPv6Address(text))
    lines = ["m:", "  ip: 9.9.9.9", "  other_ips6:"] + [f'    "{text}": {{}}' for text in texts]
    (tmp_path / "machines").mkdir()
    (tmp_path / "machines" / "m.yaml").write_text("\n".join(lines) + "\n")
    reported = {f["line"]: f["hint"] for f in own(findings(tmp_path), "non-canonical-address")}
    wanted = {4 + i: f"write {right}" for i, (text, right) in enumerate(texts.items()) if text != right}
    assert 500 < len(wanted) < 2500
    assert reported == wanted


@pytest.mark.parametrize("seed", range(40))
def test_pieces(findings, tmp_path, seed):
    """Lines of the example removed, doubled and exchanged: findings, never a failure."""
    dice = random.Random(seed)
    shutil.copytree(EXAMPLE, tmp_path / "e")
    for path in yaml_files(tmp_path / "e"):
        lines = path.read_text().splitlines()
        for _ in range(dice.randrange(4)):
            i, k = dice.randrange(len(lines)), dice.randrange(len(lines))
            dice.choice((lambda: lines.__setitem__(i, ""), lambda: lines.insert(i, lines[k]),
                         lambda: lines.__setitem__(i, lines[k])))()
        path.write_text("\n".join(lines) + "\n")
    findings(tmp_path / "e")


ADDRESSES = ["0.0.0.0", "255.255.255.255", "127.0.0.1", "10.0.0.1", "192.0.2.0", "::ffff:192.0.2.1", "::", "::1",
             "fe80::1", "ff02::1", "2001:db8::", "2001:DB8::1", "2001:db8::fdff:ffff:ffff:ff80", "64:ff9b::1",
             "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8:0:0:5054:ff:fe12:3456", "fd00::1"]
NETWORKS = ["0.0.0.0/0", "0.0.0.0/32", "255.255.255.255/32", "10.0.0.0/8", "192.0.2.0/24", "::/0", "::/128", "::/96",
            "::ffff:0:0/96", "::ffff:192.0.2.0/120", "fe80::/10", "ff00::/8", "2001:db8::/32", "2001:db8::/64",
            "2001:db8::/127", "64:ff9b::/96", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", "fd00::/8", "fc00::/7"]


@pytest.mark.parametrize("seed", range(40))
def test_odd_addresses(findings, tmp_path, seed):
    """Estates made of the ends of every range."""
    dice = random.Random(seed)

    def some(words, make):
        return {f"{w}": make() for w in dice.sample(words, dice.randrange(5))}

    v4 = [a for a in ADDRESSES if ":" not in a or "ffff:1" in a]
    v6 = [a for a in ADDRESSES if a not in v4]
    n4 = [n for n in NETWORKS if ":" not in n or "::ffff:" in n]
    n6 = [n for n in NETWORKS if n not in n4]
    lengths = [0, 1, 31, 32, 48, 63, 64, 65, 127, 128]

    def machine():
        docker = {"docker_network": {"name": "d", "ipv4": dice.choice(n4)}}
        return {"ip": dice.choice(v4), "ipv6": dice.choice(v6), "routed_networks": some(n4, dict),
                "routed_networks6": some(n6, lambda: docker), "other_ips": some(v4, dict), "other_ips6": some(v6, dict)}

    def client():
        return {"ipv4": dice.choice(v4), "ipv6": dice.choice(v6)}

    estate = {
        "prefixes": some(NETWORKS, lambda: {"per_machine": dice.choice(lengths), "site": dice.choice("ab")}),
        "machines": {"m1": machine(), "m2": machine(), "m3": machine()},
        "failover": {"f": {"machines": ["m1", "m2"], "interface": "eth0", "vrid": 1,
                           "ipv4": [f"{dice.choice(v4)}/{dice.randrange(33)}"],
                           "ipv6": [f"{dice.choice(v6)}/{dice.choice(lengths)}"]}},
        "vpn": {"v": {"machines": "m3", "ipv4": dice.choice(n4), "ipv6": dice.choice(n6), "clients": {"c": client()}}},
        "lans": {"l": {"router": "m1", "interface": "eth1", "ipv4": dice.choice(n4), "ipv6": dice.choice(n6)}},
        "nat64": {"machines": "m2", "prefix": dice.choice(n6), "ipv4_pool": dice.choice(n4)},
    }
    (tmp_path / "e.yaml").write_text(json.dumps(estate, indent=1))
    findings(tmp_path)
