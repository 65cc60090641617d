# SPDX-License-Identifier: Apache-2.0
"""Python's jinja2 as the oracle of hextet's template engine, and the engine itself, many templates at a time.

The address and quoting filters are hextet's own; here they are written again on top of ipaddress and shlex.
"""
import ipaddress
import json
import re
import shlex
import subprocess
import traceback
import warnings

import jinja2



def _text(value):
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _network(text):
    return ipaddress.ip_network(_text(text))


def _address(text):
    return ipaddress.ip_address(_text(text))


def _list(value):
    if isinstance(value, str):
        raise TypeError("a text, not a list")
    return list(value)


def bracket(text):
    a = _address(text)
    return f"[{a}]" if a.version == 6 else str(a)


def cidr(text):
    return str(_network(text))


def network(text):
    return str(_network(text).network_address)


def host(text):
    return str(ipaddress.ip_interface(_text(text)).ip)


def netmask(text):
    return str(_network(text).netmask)


def ptr(text):
    if "/" not in _text(text):
        return _address(text).reverse_pointer
    n = _network(text)
    step = 8 if n.version == 4 else 4
    if n.prefixlen % step:
        raise ValueError(text)
    if n.version == 4:
        labels = str(n.network_address).split(".")[: n.prefixlen // 8]
        return ".".join([*reversed(labels), "in-addr", "arpa"])
    labels = n.network_address.exploded.replace(":", "")[: n.prefixlen // 4]
    return ".".join([*reversed(labels), "ip6", "arpa"])


def only(version):
    return lambda value: [v for v in _list(value) if _network(v).version == version]


def _collapsed(value):
    nets = [_network(v) for v in _list(value)]
    four = ipaddress.collapse_addresses(n for n in nets if n.version == 4)
    six = ipaddress.collapse_addresses(n for n in nets if n.version == 6)
    return sorted(four), sorted(six)


def aggregate(value):
    # The order of hextet: IPv4 is ::ffff:0:0/96, and so comes before what is above that.
    four, six = _collapsed(value)
    low = [n for n in six if int(n.network_address) < 0xFFFF00000000]
    return [str(n) for n in [*low, *four, *[n for n in six if n not in low]]]


def nft_set(value):
    four, six = _collapsed(value)
    if bool(four) == bool(six):
        raise ValueError("empty, or of both families")
    return "{ " + ", ".join(re.sub("/(32|128)$" if n.prefixlen == n.max_prefixlen else "$^", "", str(n))
                            for n in four or six) + " }"


def _quote(escaped, refused):
    def quote(value):
        text = str(value)
        if re.search("[\0-\x1f\x7f]", text) or any(c in refused for c in text):
            raise ValueError(text)
        return '"' + "".join("\\" + c if c in escaped else c for c in text) + '"'
    return quote


def quote_dns(value):
    data = str(value).encode()
    if len(data) > 255:
        raise ValueError(value)
    return '"' + "".join(f"\\{b:03d}" if b < 32 or b > 126 else ("\\" if chr(b) in '"\\' else "") + chr(b)
                         for b in data) + '"'


FILTERS = {
    "aggregate": aggregate, "bracket": bracket, "cidr": cidr, "network": network, "host": host, "netmask": netmask,
    "ptr": ptr, "ipv4": only(4), "ipv6": only(6), "nft_set": nft_set, "family": lambda t: _network(t).version,
    "prefixlen": lambda t: _network(t).prefixlen, "quote_nginx": _quote('"\\', "$"),
    "quote_haproxy": _quote('"\\$', ""), "quote_icinga": _quote('"\\', ""), "quote_nft": _quote("", '"\\'),
    "quote_shell": lambda t: shlex.quote(str(t)),
    "quote_dns": quote_dns,
    "one_line": lambda t: re.sub("[\x00-\x1f\x7f]", " ", str(t).strip(" \t\n\r")),
}


def _is_version(version):
    def test(value):
        try:
            return isinstance(value, str) and _network(value).version == version
        except ValueError:
            return False
    return test


TESTS = {"ipv4": _is_version(4), "ipv6": _is_version(6)}


def environment(options="", templates=None):
    """options: t trim_blocks, l lstrip_blocks, k keep_trailing_newline."""
    env = jinja2.Environment(undefined=jinja2.StrictUndefined, loader=jinja2.DictLoader(templates or {}),
                             trim_blocks="t" in options, lstrip_blocks="l" in options,
                             keep_trailing_newline="k" in options)
    env.filters.update(FILTERS)
    env.tests.update(TESTS)
    return env


def expected(case):
    """{"out": text} or {"line": line, "name": template, "message": text} of one case as template_batch takes it."""
    templates = {**case.get("templates", {}), "main": case["template"]}
    env = environment(case.get("options", ""), templates)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the compiler's, about what random templates do to numbers
            out = env.get_template("main").render(json.loads(case["data"]))
        out.encode()
        return {"out": out}
    except jinja2.TemplateSyntaxError as e:
        return {"line": e.lineno, "name": e.name, "message": str(e)}
    except Exception as e:  # whatever a template can raise
        frames = [f for f in traceback.extract_tb(e.__traceback__) if f.filename in ("<template>", *templates)]
        return {"line": frames[-1].lineno if frames else None, "name": None, "message": type(e).__name__}


def rendered(batch, cases):
    """What hextet makes of the cases: {"out": text} or {"errors": [...]} each."""
    done = subprocess.run([batch], input=json.dumps(cases), text=True, capture_output=True, check=False, timeout=600)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr[-2000:]
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(results) == len(cases)
    return results
