# SPDX-License-Identifier: Apache-2.0
"""Breaking any one line of the example gives an error at exactly that line and column.

PyYAML, which hextet does not use, says where each key and value of examples/streaming stands. Each is broken in every
way that its kind allows, one at a time, and `hextet check` must report exactly the errors that the mutation predicts:
no other place, no consequence. HEXTET_MUTATIONS=all runs all of them; without it, every STEP-th of each kind.

What has another place than its own, and why:
- renaming a thing that others name breaks the names: the errors are at each of them (and none when nobody names it);
- a required field that is misspelt is also missing: a second error at the key (or item) that it belongs to;
- a line indented otherwise than its siblings: YAML takes the first child's indentation as the rule, so a first child
  that moves puts the error on the sibling below it; an only child may stand at any depth;
- a value put in front of a single indented line may be the mistake, or that line's indentation: the error is there;
- a closing bracket that is missing is reported at the bracket that it would have closed, a quote at its opening;
- text that may hold anything (comments, names of policy lines, patterns) stays valid.
"""
import json
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

STEP = 1 if os.environ.get("HEXTET_MUTATIONS") == "all" else 6

IP4, IP6, NET4, NET6 = ["198.51.100.300", "198.51.100", "x"], ["2001:db8::g", "1:2:3:4:5:6:7:8:9", "x"], \
    ["198.51.100.1/24", "198.51.100.0/33", "198.51.100.0"], ["2001:db8::1/64", "2001:db8::/129", "2001:db8::"]
WORD, NAME, UNKNOWN = ["nonsense"], ["two words", "ä"], ["nobody"]
PORT = ["0", "65536", "-1", "http"]
# Where (file's sections and keys, * for any) → what cannot stand there. The first row that fits counts.
BAD_VALUES = [(re.compile(f"(?:{pattern})\\Z"), bad) for pattern, bad in [
    (r"machines/\*/ip", IP4 + ["2001:db8::1", "198.51.100.11/32"]),
    (r"machines/\*/ipv6", IP6 + ["198.51.100.11", "2001:db8::1/128"]),
    (r"machines/\*/(.*/)?groups", UNKNOWN),
    (r"machines/\*/other_ips6?/\*/monitoring", WORD),
    (r".*/docker_network/name", NAME),
    (r".*/docker_network/ipv4", NET4 + ["2001:db8::/64"]),
    (r"estate|domain", NAME),
    (r"checks/\*", WORD),
    (r"groups/\*/roles", WORD),
    (r"services/\*/(tcp|udp)", PORT),
    (r"policy/(from|to)", UNKNOWN + ["2001:db8::1/64", "300.1.1.1"]),
    (r"policy/allow", UNKNOWN),
    (r"prefixes/\*/per_machine", ["129", "-1", "x"]),
    (r".*/(site|interface|track|nft)", NAME),
    (r"failover/\*/vrid", ["0", "256", "x"]),
    (r"failover/\*/ipv4", ["198.51.100.101", "198.51.100.300/32", "198.51.100.1/33", '"fe80::1/64"']),
    (r"failover/\*/ipv6", ['"fe80::1"', '"fe80::g/64"', '"fe80::1/129"', "198.51.100.1/32"]),
    (r"(failover/\*|vpn/\*|nat64)/machines|lans/\*/(router|groups)|nat64/clients|endpoints/\*/(to|service)", UNKNOWN),
    (r"vpn/\*/ipv4|nat64/ipv4_pool", NET4 + ["2001:db8::/64"]),
    (r"vpn/\*/ipv6|lans/\*/ipv6|nat64/prefix", [f'"{n}"' for n in NET6] + ["198.51.100.0/24"]),
    (r"vpn/\*/(clients/\*/)?routes", ["nobody", "2001:db8::1/64"]),
    (r"vpn/\*/clients/\*/ipv4", IP4 + ["2001:db8::1"]),
    (r"vpn/\*/clients/\*/ipv6", IP6 + ["198.51.100.1"]),
    (r"prefixes/\*/gateway", ["fe80:::1", "198.51.100", "none", "192.0.2.1/24"]),
    (r"lans/\*/rdnss", IP6 + ["198.51.100.1"]),
    (r"lans/\*/domain", NAME),
    (r"geo/publish/listen|guard/logs/syslog", ['"::1:5140"', '"[::1]"', '"[::1]:65536"', "x"]),
    (r"geo/publish/every|guard/rules/\*/(window|ban/(for|max))", ["5 m", "5y", "0s", "99999w"]),
    (r"guard/trusted_proxies", UNKNOWN + ['"::1/0"']),
    (r"guard/never", UNKNOWN + ["2001:db8:beef::1/48"]),
    (r"guard/rules/\*/match/method", NAME),
    (r"guard/rules/\*/match/status", ["4x", "40", "4000", "0xx", "499-400"]),
    (r"guard/rules/\*/match/path", ["login", "http://x/"]),
    (r"guard/rules/\*/ipv[46]/\*(/count)?", ["0", "x"]),
    (r"guard/.*/children", ["0", "x", "65537"]),
    (r"guard/.*/ratio", ["1.1", "x", "-1"]),
    (r"guard/.*/grow", ["0.5", "x", "1000"]),
    (r"guard/memory", ["1GB", "1KiB", "x"]),
    (r"endpoints/\*/paths|geo/(base|publish/path)|guard/(state|logs/file|sinks/(haproxy|acl))",
     ["x", '"/a b"', '"/a\\tb"', '""']),
]]
FREE_TEXT = re.compile(r"(.*/)?(comment|exceptions|format)\Z|policy/name\Z")
# Keys that are data. What cannot stand there, and the fields in which others name it.
BAD_KEYS = [(re.compile(f"(?:{pattern})\\Z"), bad, named_in) for pattern, bad, named_in in [
    (r"machines/\*", NAME, r"(failover/\*|vpn/\*|nat64)/machines|lans/\*/router|policy/(from|to)|endpoints/\*/to"),
    (r"machines/\*/routed_networks/\*", NET4, None),
    (r"machines/\*/routed_networks6/\*", NET6, None),
    (r"machines/\*/other_ips/\*", IP4, None),
    (r"machines/\*/other_ips6/\*", IP6, None),
    (r"checks/\*", UNKNOWN, None),
    (r"groups/\*", NAME, r".*/groups|policy/(from|to)|nat64/clients|endpoints/\*/to|guard/trusted_proxies"),
    (r"services/\*", NAME, r"policy/allow|endpoints/\*/service"),
    (r"prefixes/\*", ["2001:db8:172::1/48", "198.51.100.1/24", "x"], None),
    (r"failover/\*", NAME, r"endpoints/\*/to"),
    (r"(endpoints|vpn|lans|guard/rules)/\*|vpn/\*/clients/\*", NAME, None),
    (r"guard/rules/\*/ipv4/\*", ["33", "x"], None),
    (r"guard/rules/\*/ipv6/\*", ["129", "x"], None),
]]
REQUIRED = {"policy": ["name", "from", "to", "allow"], "failover/*": ["machines", "interface", "vrid"],
            "vpn/*": ["machines"], "lans/*": ["router", "interface"], "nat64": ["machines", "prefix"],
            "endpoints/*": ["to"], "checks/*": ["severity"], "geo": ["exceptions"], "geo/publish": ["listen"],
            "guard/logs": ["format"], "guard/rules/*": ["window", "ban"], "guard/rules/*/ban": ["for"],
            "guard/rules/*/ipv6/*": ["count"], "machines/*/routed_networks6/*/docker_network": ["name"]}


def place(mark):
    return mark.line + 1, mark.column + 1


class Item:
    """One key or scalar of the example."""

    def __init__(self, file, path, node, role, parent, parent_path):
        self.file, self.path, self.node, self.role = file, path, node, role
        self.parent, self.parent_path = parent, parent_path  # where an error about the whole mapping would stand
        self.line, self.col = place(node.start_mark)
        self.text = node.value

    def lines_with(self, lines, text):
        start, end = self.node.start_mark, self.node.end_mark
        assert start.line == end.line
        changed = list(lines)
        old = changed[start.line]
        changed[start.line] = old[:start.column] + text + old[end.column:]
        return changed


def is_data_key(path):
    return next((row for row in BAD_KEYS if row[0].match(path)), None)


def walk(file, path, node, parent, out):
    if isinstance(node, yaml.ScalarNode):
        out.append(Item(file, path, node, "value", parent, path))
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            walk(file, path, item, place(item.start_mark), out)
    else:
        for key, value in node.value:
            below = f"{path}/*" if is_data_key(f"{path}/*") else f"{path}/{key.value}".lstrip("/")
            out.append(Item(file, below, key, "data key" if below.endswith("*") else "field", parent, path))
            walk(file, below, value, place(key.start_mark), out)


class Example:
    def __init__(self, folder):
        self.texts, self.items = {}, []
        for path in sorted(folder.rglob("*.yaml")):
            file = str(path.relative_to(folder))
            self.texts[file] = path.read_text()
            walk(file, "machines" if file.startswith("machines/") else "", yaml.compose(self.texts[file]), None, self.items)

    def lines(self, file):
        return self.texts[file].split("\n")

    def named_at(self, pattern, name):
        return [(i.file, i.line, i.col) for i in self.items
                if i.role == "value" and i.text == name and re.match(f"(?:{pattern})\\Z", i.path)]


class Mutation:
    """A changed file and the errors it must give: a set of (file, line, column)."""

    def __init__(self, kind, file, line, lines, expected):
        self.kind, self.file, self.line, self.lines, self.expected = kind, file, line, lines, expected

    def __str__(self):
        return f"{self.kind}: {self.file}:{self.line}: {self.lines[self.line - 1]!r}"


def missing_too(item):
    """The second error of a required field that is gone."""
    if item.text in REQUIRED.get(item.parent_path, []):
        return {(item.file, *item.parent)}
    return set()


def misspell_fields(ex):
    for i in ex.items:
        if i.role == "field":
            at = {(i.file, i.line, i.col)}
            yield Mutation("misspelt field", i.file, i.line, i.lines_with(ex.lines(i.file), i.text + "zz"),
                           at | missing_too(i))


def rename_things(ex):
    for i in ex.items:
        row = is_data_key(i.path) if i.role == "data key" else None
        if row and row[2]:
            yield Mutation("renamed", i.file, i.line, i.lines_with(ex.lines(i.file), "renamed-" + i.text),
                           set(ex.named_at(row[2], i.text)))


def break_keys(ex):
    for i in ex.items:
        row = is_data_key(i.path) if i.role == "data key" else None
        if not row:
            continue
        users = set(ex.named_at(row[2], i.text)) if row[2] else set()
        for bad in row[1]:
            yield Mutation("bad key", i.file, i.line, i.lines_with(ex.lines(i.file), f'"{bad}"' if "::" in bad else bad),
                           {(i.file, i.line, i.col)} | users)


def break_values(ex):
    for i in ex.items:
        if i.role != "value":
            continue
        bad_values = next((bad for pattern, bad in BAD_VALUES if pattern.match(i.path)), None)
        assert (bad_values is None) == bool(FREE_TEXT.match(i.path)), f"no row for {i.path}"
        for bad in bad_values or []:
            if bad.endswith("::"):
                bad = f'"{bad}"'
            yield Mutation("bad value", i.file, i.line, i.lines_with(ex.lines(i.file), bad), {(i.file, i.line, i.col)})


def swap_kinds(ex):
    """A list or a mapping where a value belongs."""
    for i in ex.items:
        if i.role == "value" and not i.path.startswith("checks"):
            lists = re.search(r"(groups|roles|tcp|udp|from|to|allow|machines|ipv[46]|track|routes|rdnss|clients|paths"
                              r"|trusted_proxies|never|path|status|method)\Z", i.path)
            yield Mutation("mapping for a value", i.file, i.line, i.lines_with(ex.lines(i.file), "{ zz: 1 }"),
                           {(i.file, i.line, i.col)} if not re.search(r"ipv[46]/\*\Z", i.path) else
                           {(i.file, i.line, i.col + 2), (i.file, *i.parent)})
            if not lists:
                yield Mutation("list for a value", i.file, i.line, i.lines_with(ex.lines(i.file), "[ zz ]"),
                               {(i.file, i.line, i.col)})


def code_end(line):
    """The length of a line without its comment; no '#' of the example is anything else."""
    return len(line.split(" #")[0].rstrip())


def block_lines(ex):
    """(file, line number, text) of every line that says something."""
    for file in ex.texts:
        for number, line in enumerate(ex.lines(file), 1):
            if line.strip() and not line.lstrip().startswith("#"):
                yield file, number, line


def indent_of(line):
    return len(line) - len(line.lstrip(" "))


def changed(lines, number, text):
    return lines[:number - 1] + [text] + lines[number:]


def tab_indents(ex):
    for file, number, line in block_lines(ex):
        indent = indent_of(line)
        lines = ex.lines(file)
        yield Mutation("tab before the line", file, number, changed(lines, number, "\t" + line), {(file, number, 1)})
        if indent:
            yield Mutation("tab behind the indent", file, number,
                           changed(lines, number, line[:indent] + "\t" + line[indent:]), {(file, number, indent + 1)})
            yield Mutation("tab for the last blank", file, number,
                           changed(lines, number, line[:indent - 1] + "\t" + line[indent:]), {(file, number, indent)})


def delete_colons(ex):
    for i in ex.items:
        line = ex.lines(i.file)[i.line - 1]
        if i.role == "value" or i.node.start_mark.column != indent_of(line):
            continue
        end = i.node.end_mark.column
        yield Mutation("no colon", i.file, i.line, changed(ex.lines(i.file), i.line, line[:end] + line[end + 1:]),
                       {(i.file, i.line, i.col)})


def drop_closers(ex):
    """Each closing bracket and quote; the error is at the one that opens. Quotes of one line close each other."""
    for file, number, line in block_lines(ex):
        lines, stack, quotes = ex.lines(file), [], [m.start() for m in re.finditer('"', line)]
        for at, c in enumerate(line[:code_end(line)]):
            if c in "[{" and sum(q < at for q in quotes) % 2 == 0:
                stack.append(at)
            elif c in "]}" and sum(q < at for q in quotes) % 2 == 0:
                yield Mutation("no closing bracket", file, number, changed(lines, number, line[:at] + line[at + 1:]),
                               {(file, number, stack.pop() + 1)})
        if quotes:
            yield Mutation("no closing quote", file, number,
                           changed(lines, number, line[:quotes[-1]] + line[quotes[-1] + 1:]),
                           {(file, number, quotes[-2] + 1)})


def append_garbage(ex):
    """Behind a value in brackets or quotes; behind a plain one, garbage is part of it, and at its place."""
    last = {}
    for i in ex.items:
        last[i.file, i.node.end_mark.line + 1] = i
    for file, number, line in block_lines(ex):
        end, item, lines = code_end(line), last[file, number], ex.lines(file)
        text = line[:end] + " zz" + line[end:]
        if line[end - 1] in "]}\"":
            yield Mutation("garbage", file, number, changed(lines, number, text), {(file, number, end + 2)})
        elif line[end - 1] == ":":
            children = [c for n, *_, c in siblings(ex, file) if n == number][0]
            at = (file, number, end + 2)
            if len(children) == 1:
                at = (file, children[0], indent_of(lines[children[0] - 1]) + 1)
            yield Mutation("garbage", file, number, changed(lines, number, text), {at})
        elif not FREE_TEXT.match(item.path):
            yield Mutation("garbage", file, number, changed(lines, number, text), {(file, number, item.col)})
        for closer in "]}":
            yield Mutation("extra bracket", file, number, changed(lines, number, line[:end] + " " + closer + line[end:]),
                           {(file, number, end + 2 if line[end - 1] in "]}\":" else item.col)}
                           if not FREE_TEXT.match(item.path) or line[end - 1] in "]}\":" else set())


def siblings(ex, file):
    """For each line of a block: the indent, the line of the previous and of the next sibling or None."""
    rows = [(number, indent_of(line)) for f, number, line in block_lines(ex) if f == file]
    for k, (number, indent) in enumerate(rows):
        before = next((n for n, d in reversed(rows[:k]) if d <= indent), None)
        before = before if before and dict(rows)[before] == indent else None
        after = next((n for n, d in rows[k + 1:] if d <= indent), None)
        after = after if after and dict(rows)[after] == indent else None
        children = [n for n, d in rows[k + 1:] if d > indent and (after is None or n < after)]
        yield number, indent, before, after, children


def move_lines(ex):
    for file in ex.texts:
        lines = ex.lines(file)
        for number, indent, before, after, children in siblings(ex, file):
            line = lines[number - 1]
            for by in (1, -1):
                if indent + by < 0:
                    continue
                moved = changed(lines, number, " " + line if by > 0 else line[1:])
                if before:
                    yield Mutation("moved line", file, number, moved, {(file, number, indent + by + 1)})
                elif after:
                    yield Mutation("moved first line", file, number, moved, {(file, after, indent + 1)})
                elif by < 0 or not children:
                    yield Mutation("moved only line", file, number, moved, set())


KINDS = [misspell_fields, rename_things, break_keys, break_values, swap_kinds, tab_indents, delete_colons, drop_closers,
         append_garbage, move_lines]


@pytest.fixture(scope="module")
def example(top):
    return Example(top / "examples" / "streaming")


def errors_of(path, folder):
    done = subprocess.run([str(path), "check", "--output", "json", "estate"], cwd=folder, capture_output=True, text=True,
                          timeout=60)
    assert done.returncode in (0, 1), done.stderr
    found = [f for f in json.loads(done.stdout) if f["severity"] == "error"]
    assert (done.returncode == 1) == bool(found)
    return found


def try_mutation(path, source, base, m):
    folder = base / str(id(m))
    shutil.copytree(source, folder / "estate")
    (folder / "estate" / m.file).write_text("\n".join(m.lines))
    found = errors_of(path, folder)
    shutil.rmtree(folder)
    places = {(f["file"].removeprefix("estate/"), f["line"], f["col"]) for f in found}
    if m.expected is None:
        right = places and {p[:2] for p in places} == {(m.file, m.line)}
    else:
        right = places == m.expected
    said = "\n  ".join(f"{f['file']}:{f['line']}:{f['col']}: {f['message']} [{f['check']}]" for f in found)
    return None if right else f"{m}\n  expected {sorted(m.expected or [])}\n  {said}"


def test_the_example_is_clean(hextet_path, top, tmp_path):
    shutil.copytree(top / "examples" / "streaming", tmp_path / "estate")
    assert errors_of(hextet_path, tmp_path) == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
def test_every_line(hextet_path, top, tmp_path, example, kind):
    mutations = list(kind(example))
    assert len(mutations) >= 15
    with ThreadPoolExecutor(2) as pool:
        wrong = [w for w in pool.map(lambda m: try_mutation(hextet_path, top / "examples" / "streaming", tmp_path, m),
                                     mutations[::STEP]) if w]
    assert not wrong, f"{len(wrong)} of {len(mutations[::STEP])}:\n" + "\n".join(wrong[:60])
