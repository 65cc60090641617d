# SPDX-License-Identifier: Apache-2.0
"""Templates from a seed: expressions of every kind over mixed data, and statements with every form of white space."""
import json
import random
import re

DATA = {
    "i": 7, "z": 0, "neg": -3, "big": 2**40, "f": 2.5, "g": -0.125, "t": True, "n": None, "s": "Hello World",
    "e": "", "u": "na\u00efve \u20ac", "q": "it's \"x\" & <y>\n", "num": " 42 ", "ip4": "192.0.2.1", "ip6": "2001:db8::1",
    "net": "2001:db8:a::/48", "xs": [3, 1, 2, 1], "ws": ["b", "A", "c", "a"], "mixed": [1, "a", None, 2.0, True],
    "empty": [], "nested": [[1, 2], [3], []], "d": {"b": 1, "a": 2, "c": None}, "ed": {},
    "ms": [{"name": "fe01", "up": True, "n": 3, "ip": "10.0.0.1"}, {"name": "FE02", "up": False, "n": 1, "ip": "10.0.0.0"},
           {"name": "db", "up": True, "n": 2, "ip": "2001:db8::5"}],
    "ips": ["10.0.0.1", "10.0.0.0", "2001:db8::/33", "2001:db8:8000::/33"],
}

# What hextet refuses although Jinja2 renders it, as hextet-template(5) says.
DOCUMENTED = [
    "64 bits", "has no printed form", "can only be walked", "has no numbered items", "ASCII letters only", "ASCII digits only",
    "supported here", "integers this large", "the key of a dict is a string", "has no length", "printed form here",
    "takes a list of addresses", "they are no part of other values", "there is nothing to replace",
    "not combined with operators", "has no form inside a list", "is not indented", "takes a string here", "unique does not compare",
    "a negative precision", "JSON has no number", "knows true, false and none only", "takes a precision of 0 to 15",
    "has no last item", "do not go together here", "formats numbers from 0 up", "is not read here", "the result of tojson is not",
    "takes no such named argument", "'in' does not look for", "a string has at most", "does not read a namespace",
    "the base is 2, 8, 10 or 16", "at most 1000", "tojson does not take", "has no items", "what is truncated is a string",
    "has no slices", "the result of tojson does not go through", "the result of tojson is not taken apart",
    "the result is a complex number", "the size of a batch is", "takes 0 arguments, not 1",
]
# Texts of Python's own objects, which say nothing in a configuration file.
OBJECTS = ["<generator object", "<bound method", "<built-in", "<function", "<Macro", "dict_items(", "dict_keys(",
           "dict_values(", "range(", "<list_reverseiterator", "<LoopContext", "<Namespace", "iterator object", "Undefined"]


def is_documented(message, out):
    return any(part in message for part in DOCUMENTED) or any(part in out for part in OBJECTS)


class Generator:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.names = list(DATA)

    def pick(self, *options):
        return self.r.choice(options)

    def num(self, d):
        """An expression that is (nearly always) a number; the others below likewise."""
        if d <= 0:
            return self.pick("i", "z", "neg", "f", "g", "t", "1", "2", "3", "10", "0", "0.5", "7.25", "1e3", "-1", "true")
        n, s = lambda: self.num(d - 1), lambda: self.text(d - 1)
        return self.pick(
            lambda: f"{n()} {self.pick('+', '-', '*', '//', '%', '/')} {n()}", lambda: f"({n()} {self.pick('+', '-')} {n()})",
            lambda: f"-{n()}", lambda: f"{s()} | length", lambda: f"{self.items(d - 1)} | length", lambda: f"{n()} | abs",
            lambda: f"{s()} | int", lambda: f"{n()} | round", lambda: f"{n()} | round(1)", lambda: f"{n()} | int",
            lambda: f"{self.nums(d - 1)} | sum", lambda: f"{self.nums(d - 1)} | max", lambda: f"{self.nums(d - 1)} | min",
            lambda: f"{n()} if {self.boolean(d - 1)} else {n()}", lambda: "(ms | sum(attribute='n'))", lambda: f"{n()} | float",
            lambda: f"{s()} | wordcount", lambda: f"{self.pick('i', '2', 'neg')} ** {self.pick('2', '3', '0', '0.5')}",
            lambda: f"({self.items(d - 1)}).count({n()})", lambda: "d.a", lambda: "ms[0]['n']", lambda: "nested[0][1]",
            lambda: f"{self.address(0)} | {self.pick('prefixlen', 'family')}", lambda: f"({s()}).count('l')",
            lambda: f"({s()}).find('o')",
            lambda: f"{n()} | default({n()})")()

    def text(self, d):
        if d <= 0:
            return self.pick("s", "e", "u", "q", "num", "ip4", "ip6", "'a'", "'b c'", "'x-y z'", "'%s'", "'\\n'", "ws[0]",
                             "ms[1].name", "'Zed'", "ms.2.name")
        n, s = lambda: self.num(d - 1), lambda: self.text(d - 1)
        return self.pick(
            lambda: f"{s()} ~ {n()}", lambda: f"{s()} + {s()}", lambda: f"{s()} * {self.pick('2', '0', 'z')}", lambda: f"({s()})[1:]",
            lambda: f"({s()})[{self.pick(':-1', '::-1', '0:2', '-3:', '::2', '1:9:3')}]", lambda: f"{s()} | {self.text_filter()}",
            lambda: f"{s()} | {self.text_filter()}", lambda: f"{self.items(d - 1)} | join({self.pick('', repr(', '), s())})",
            lambda: f"{n()} | string", lambda: f"{self.anything(d - 1)} | tojson", lambda: f"{self.anything(d - 1)} ~ ''",
            lambda: f"'%s/%s' | format({n()}, {s()})", lambda: f"'%05d|%x|%-4d|%+.2f' % (i, 255, {self.pick('3', 'i')}, {n()})",
            lambda: f"({s()}).{self.text_method()}", lambda: f"{s()} if {self.boolean(d - 1)} else {s()}",
            lambda: f"{self.address(0)} | {self.pick('cidr', 'network', 'host', 'netmask', 'ptr')}", lambda: "ip6 | bracket",
            lambda: f"{s()} | quote_{self.pick('shell', 'dns', 'haproxy')}", lambda: f"{self.texts(d - 1)} | first",
            lambda: f"{self.texts(d - 1)} | max", lambda: "ips | ipv4 | nft_set", lambda: f"ed.x | default({s()})",
            lambda: f"{s()} or {s()}", lambda: f"{s()} and {s()}", lambda: f"{s()} | replace({s()}, {s()})",
            lambda: f"ms | map(attribute='name') | {self.pick('join', 'list | last', 'sort | first', 'sort | join(chr)')}".replace(
                "chr", repr("+")))()

    def text_filter(self):
        return self.pick("upper", "lower", "title", "capitalize", "trim", "trim('Hd')", "indent", "indent(2, true)",
                         "indent('> ', blank=true)", "center(20)", "truncate(8)", "truncate(8, true, '~', 0)", "urlencode", "string",
                         "replace('l', 'L')", "replace('a', 'b', 1)", "reverse", "d('D', true)", "list | first", "default('x')")

    def text_method(self):
        return self.pick("upper()", "lower()", "strip()", "replace('l', 'L')", "capitalize()", "zfill(9)", "center(9)", "ljust(14)",
                         "rjust(14)", "lstrip('H')", "rstrip()", "removeprefix('He')", "removesuffix('d')", "join(ws)",
                         "replace('o', '', 1)")

    def address(self, d):
        return self.pick("ip4", "ip6", "net", "'10.0.0.0/8'", "'192.0.2.0/24'", "'::/0'", "'2001:db8::ff:0:0:1'", "ips[0]")

    def nums(self, d):
        if d <= 0:
            return self.pick("xs", "[1, 2.5, -3]", "[0]", "nested[0]", "range(4)", "(i, z, neg)", "range(5, 0, -2)")
        return self.pick(lambda: f"{self.nums(d - 1)} | sort", lambda: f"{self.nums(d - 1)} | select('odd') | list",
                         lambda: f"[{self.num(d - 1)}, {self.num(d - 1)}]", lambda: "ms | map(attribute='n') | list",
                         lambda: f"{self.nums(d - 1)} | map('abs') | list", lambda: f"{self.nums(d - 1)} | unique | list",
                         lambda: f"{self.nums(d - 1)} | sort(reverse=true)", lambda: f"{self.nums(d - 1)} | list | reverse | list",
                         lambda: f"{self.texts(d - 1)} | map('length') | list", lambda: f"{self.nums(d - 1)} | reject('gt', 1) | list")()

    def texts(self, d):
        if d <= 0:
            return self.pick("ws", "['x', 'Y', 'z']", "s.split()", "'a,b,,c'.split(',')", "ips", "d | list", "'ab' | list")
        return self.pick(lambda: f"{self.texts(d - 1)} | {self.pick('sort', 'sort(true)', 'sort(case_sensitive=true)')}",
                         lambda: f"{self.texts(d - 1)} | map('{self.pick('upper', 'title', 'trim', 'string')}') | list",
                         lambda: f"[{self.text(d - 1)}, {self.text(d - 1)}]", lambda: f"({self.text(d - 1)}).split()",
                         lambda: f"({self.text(d - 1)}).splitlines()", lambda: f"{self.texts(d - 1)} | unique | list",
                         lambda: f"({self.texts(d - 1)}) + {self.texts(0)}", lambda: f"ips | {self.pick('ipv4', 'ipv6', 'aggregate')}",
                         lambda: f"({self.text(d - 1)}).split({self.pick('none', repr('l'), repr('o'))}, {self.pick('1', '2', '-1')})",
                         lambda: f"{self.texts(d - 1)} | select({self.pick(repr('lower'), repr('string'), repr('in') + ', ws')}) | list")()

    def items(self, d):
        """A list of whatever."""
        return self.pick(
            lambda: self.nums(d), lambda: self.texts(d), lambda: self.pick("mixed", "empty", "nested", "[]", "()", "(1, 'a')", "[none]"),
            lambda: f"[{self.anything(d - 1)}, {self.anything(d - 1)}]", lambda: f"({self.anything(d - 1)},)",
            lambda: f"{self.items(d - 1)} | batch({self.pick('2', '3, 0')}) | list" if d > 0 else "xs",
            lambda: f"{self.items(d - 1)} | slice({self.pick('2', '3, 0')}) | list" if d > 0 else "xs",
            lambda: self.pick("d | dictsort", "d | items | list", "d.items() | list", "d.values() | list", "ed | dictsort(true)",
                              "d | dictsort(reverse=true)", "ms | groupby('up')", "ms | selectattr('up') | list",
                              "ms | rejectattr('n', 'gt', 1) | list", "ms | sort(attribute='n')", "ms | sort(attribute='up,name')",
                              "ms | groupby('n') | map('first') | list", "ms | map(attribute='q', default=9) | list"))()

    def boolean(self, d):
        if d <= 0:
            return self.pick("t", "n", "i", "e", "s", "true", "false", "empty", "xs", "missing is defined")
        a = lambda: self.anything(d - 1)
        return self.pick(
            lambda: f"{self.num(d - 1)} {self.pick('<', '<=', '>', '>=', '==', '!=')} {self.num(d - 1)}",
            lambda: f"{self.text(d - 1)} {self.pick('<', '<=', '>', '>=', '==', '!=')} {self.text(d - 1)}",
            lambda: f"{a()} {self.pick('==', '!=')} {a()}", lambda: f"{a()} {self.pick('in', 'not in')} {self.items(d - 1)}",
            lambda: f"{self.text(d - 1)} in {self.text(d - 1)}", lambda: f"{self.text(d - 1)} in d", lambda: f"not {a()}",
            lambda: f"{a()} {self.pick('and', 'or')} {a()}", lambda: f"{a()} is {self.pick('', 'not ')}{self.any_test()}",
            lambda: f"{self.num(d - 1)} is {self.pick('odd', 'even', 'divisibleby 3', 'gt 2', 'le(1)', 'integer', 'float')}",
            lambda: f"({self.text(d - 1)}).startswith('H')", lambda: f"({self.text(d - 1)}).endswith(('d', 'x'))",
            lambda: f"1 < {self.num(d - 1)} <= 9", lambda: f"{self.nums(0)} {self.pick('<', '==')} {self.nums(0)}",
            lambda: f"{self.address(0)} is {self.pick('ipv4', 'ipv6')}")()

    def any_test(self):
        return self.pick("defined", "undefined", "none", "string", "number", "mapping", "sequence", "iterable", "boolean", "true",
                         "false", "integer", "float", "eq 1", "ne 'a'", "in [1, 'a']", "sameas none", "ipv4", "equalto('a')")

    def anything(self, d):
        return self.pick(self.num, self.text, self.items, self.boolean, self.text,
                         lambda _: self.pick("d", "ed", "none", "{'k': i}", "ms[0]", "{}"))(d)

    def literal(self):
        return self.pick("1", "0", "2", "-1", "3.0", "0.5", "1e3", "'a'", '"b c"', "'a,b'", "true", "false", "none", "[]", "()",
                         "[1, 2, 3]", "['x', 'Y']", "(1, 'a')", "{'k': 1}", "{}", "'%s-%s'", "'\\n'", "10", "100", "'é'", "(2,)")

    def atom(self, depth):
        kind = self.r.random()
        if kind < 0.45:
            return self.r.choice(self.names)
        if kind < 0.75 or depth <= 0:
            return self.literal()
        if kind < 0.8:
            return f"[{self.expr(depth - 1)}, {self.expr(depth - 1)}]"
        if kind < 0.84:
            return f"{{'a': {self.expr(depth - 1)}, 'b': {self.expr(depth - 1)}}}"
        if kind < 0.88:
            return f"range({self.pick('3', '1, 4', '5, 0, -2', 'i', 'neg')})"
        return f"({self.expr(depth - 1)})"

    def postfix(self, depth):
        e = self.atom(depth)
        for _ in range(self.pick(0, 0, 0, 1, 1, 2)):
            kind = self.r.random()
            if kind < 0.25:
                e += "." + self.pick("name", "a", "b", "missing", "0", "n", "ip")
            elif kind < 0.5:
                e += f"[{self.pick('0', '1', '-1', '9', chr(39) + 'a' + chr(39), 'i', 'z', 's')}]"
            elif kind < 0.7:
                e += self.pick("[1:]", "[:-1]", "[::-1]", "[0:2]", "[::2]", "[-2:]", "[:]", "[2:0:-1]", "[i:]")
            else:
                e += self.pick(".upper()", ".lower()", ".split()", ".split(',')", ".strip()", ".items()", ".keys()",
                               ".values()", ".get('a')", ".get('x', 1)", ".startswith('H')", ".endswith(('d', 'x'))",
                               ".replace('l', 'L')", ".count('l')", ".count(1)", ".find('o')", ".index(1)", ".join(ws)",
                               ".capitalize()", ".splitlines()", ".zfill(6)", ".center(9)", ".ljust(4)", ".rjust(4)",
                               ".split(none, 1)", ".lstrip('H')", ".rstrip()", ".isdigit()", ".removeprefix('He')")
        return e

    def filter(self, depth):
        if depth > 0 and self.r.random() < 0.15:
            return self.pick("default({0})", "join({0})", "replace({0}, {1})", "sum(start={0})", "batch({0}, {1})", "d({0}, true)",
                             "round({0})", "truncate({0})", "indent({0})", "int({0})").format(self.atom(0), self.atom(0))
        return self.pick(
            "upper", "lower", "title", "capitalize", "trim", "trim('Hd')", "length", "count", "first", "last", "list", "list",
            "join", "join(', ')", "join('-', attribute='name')", "sort", "sort(reverse=true)", "sort(attribute='n')",
            "sort(case_sensitive=true)", "sort(attribute='up,n')", "unique | list", "reverse | list", "reverse",
            "map('upper') | list", "map(attribute='name') | list", "map(attribute='x', default=0) | list", "map('int') | join",
            "map('default', 'x') | join", "select | list", "select('odd') | list", "reject('none') | list",
            "selectattr('up') | list", "rejectattr('up') | map(attribute='name') | join", "selectattr('n', 'gt', 1) | list | length",
            "selectattr('name', 'eq', 'db') | first", "dictsort", "dictsort(by='value')", "dictsort(reverse=true)",
            "indent", "indent(2, true)", "indent(first=true, blank=true)", "int", "int(5)", "float", "string", "abs", "min", "max",
            "min(attribute='n')", "max(attribute='name')", "sum", "sum(attribute='n')", "round", "round(1)", "round(1, 'ceil')",
            "round(method='floor')", "batch(2) | list", "batch(2, 0) | list", "slice(2) | list", "tojson", "tojson(2)", "format(1, 2)", "wordcount", "center(20)",
            "truncate(8)", "truncate(8, true, '~', 0)", "urlencode", "default('D')", "d('D', true)", "replace('l', 'L')",
            "replace('a', 'b', 1)", "bracket", "cidr", "network", "host", "prefixlen", "family", "ipv4", "ipv6", "netmask", "ptr",
            "nft_set", "aggregate", "quote_shell", "quote_nginx", "quote_haproxy", "quote_icinga", "quote_nft", "quote_dns",
            "ipv4 | nft_set",
            "map('cidr') | list", "length > 1")

    def test(self):
        return self.pick("defined", "undefined", "none", "string", "number", "mapping", "sequence", "iterable", "odd", "even",
                         "divisibleby 2", "divisibleby(3)", "boolean", "true", "false", "integer", "float", "eq 1", "ne 'a'",
                         "lt 2", "ge(2)", "in [1, 'a']", "in xs", "sameas none", "lower", "upper", "ipv4", "ipv6", "equalto(1)")

    def unary(self, depth):
        e = self.pick("", "", "", "", "-", "+") + self.postfix(depth)
        for _ in range(self.pick(0, 0, 1, 1, 2)):
            e += " | " + self.filter(depth)
        if self.r.random() < 0.12:
            e += f" is {self.pick('', 'not ')}{self.test()}"
        return e

    def expr(self, depth):
        """Mostly well-typed, so that it has a value; the rest is about failing alike."""
        return self.anything(depth) if self.r.random() < 0.9 else self.wild(depth)

    def wild(self, depth):
        if depth <= 0 or self.r.random() < 0.4:
            return self.unary(depth)
        a, b = self.wild(depth - 1), self.wild(depth - 1)
        kind = self.r.random()
        if kind < 0.35:
            return f"{a} {self.pick('+', '-', '*', '/', '//', '%', '**', '+', '*')} {b}"
        if kind < 0.5:
            return f"{a} ~ {b}"
        if kind < 0.7:
            return f"{a} {self.pick('==', '!=', '<', '<=', '>', '>=', 'in', 'not in', '==')} {b}"
        if kind < 0.85:
            return f"{a} {self.pick('and', 'or')} {b}"
        if kind < 0.9:
            return f"not {a}"
        return f"{a} if {b} else {self.wild(depth - 1)}"

    def space(self):
        return self.pick("", "", " ", "\n", "  \n", "\n\n", "\n  ", "text", "x\n", "\n\ty", " \u00a0", "-")

    def tag(self, inside):
        return "{%" + self.pick("", "", "", "-", "+") + f" {inside} " + self.pick("", "", "", "-", "+") + "%}"

    def body(self, depth):
        out = self.space()
        for _ in range(self.pick(1, 1, 2, 3)):
            out += self.statement(depth) + self.space()
        return out

    def statement(self, depth):
        kind = self.r.random()
        if depth <= 0 or kind < 0.3:
            return "{{" + self.pick("", "", "-") + " " + self.expr(1) + " " + self.pick("", "", "-") + "}}"
        if kind < 0.45:
            return self.tag(f"if {self.expr(1)}") + self.body(depth - 1) + self.pick(
                "", self.tag("else") + self.body(depth - 1), self.tag(f"elif {self.expr(1)}") + self.body(0)) + self.tag("endif")
        if kind < 0.65:
            target, over = self.pick(("k", "xs"), ("k", "ms"), ("k, v", "d.items()"), ("k, v", "d | dictsort"), ("k", "empty"),
                                     ("k", "s"), ("k", "range(3)"), ("k", "nested"), ("k", self.items(1)))
            cond = self.pick("", "", f" if {self.boolean(1)}")
            use = self.pick("", "{{ k }}", "{{ loop.index }}/{{ loop.length }}", "{{ loop.first }}{{ loop.last }}",
                            "{{ loop.cycle('a', 'b') }}", "{{ loop.revindex0 }}", "{{ loop.nextitem is defined }}",
                            "{{ loop.changed(1, 'a') }}", "{% set v = 1 %}{{ v }}")
            return (self.tag(f"for {target} in {over}{cond}") + self.space() + use + self.body(depth - 1)
                    + self.pick("", self.tag("else") + self.body(0)) + self.tag("endfor"))
        if kind < 0.75:
            return self.tag(f"set {self.pick('v', 'w', 'v', 'v, w')} = {self.expr(1)}") + self.pick("", "{{ v }}")
        if kind < 0.8:
            return self.tag(f"set v{self.pick('', ' | upper')}") + self.body(depth - 1) + self.tag("endset") + "{{ v }}"
        if kind < 0.85:
            return self.tag(f"with i = {self.expr(0)}, v = 3") + self.body(depth - 1) + self.tag("endwith")
        if kind < 0.9:
            return self.tag("filter upper") + self.body(depth - 1) + self.tag("endfilter")
        if kind < 0.93:
            return "{#" + self.pick("", "-", "+") + " note {{ " + self.pick("", "-", "+") + "#}"
        if kind < 0.96:
            return self.tag("raw") + self.space() + "{{ x }}" + self.space() + self.tag("endraw")
        return self.pick("{% include 'part' %}", "{{ m(i) }}{{ m(s, y=f) }}", "{% include 'part' %}", "{{ missing }}")

    def template(self):
        if self.r.random() < 0.6:
            return "{{ " + self.expr(3) + " }}"
        head = self.pick("{% macro m(x, y=2) %}<{{ x }}|{{ y }}>{% endmacro %}\n")
        return head + self.body(3)


def cases(seed, n):
    g = Generator(seed)
    data = json.dumps(DATA)
    out = []
    while len(out) < n:
        template = g.template()
        # Python writes integers of any size; a power of powers would keep it busy for hours.
        if len(re.findall(r"\*\*", template)) > 1 or len(re.findall("big", template)) > 2:
            continue
        out.append({"template": template, "data": data, "options": g.pick("", "t", "l", "k", "tlk", "tl"),
                    "templates": {"part": "[{{ i }}{{ v | default(s) }}]\n"}})
    return out
