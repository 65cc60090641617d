# SPDX-License-Identifier: Apache-2.0
"""What clients do to be overlooked, or to have somebody else banned, by format.

Every line here is what the server writes (its escaping is repeated below) for a request of CLIENT. It must be read, and
CLIENT must be the address: a line that is not read hides a client, one that is read as VICTIM's bans the victim.
"""
import ipaddress
import json
import os

import pytest

from guard_lines import outcome, parse, parse_one

CLIENTS = ["192.0.2.1", "2001:db8::1234", "::1", "2001:db8::", "2001:db8:1:2:3:4:5:6"]
VICTIM = "198.51.100.66"
TIME = "23/Nov/2026:06:14:11"
UTC = {**os.environ, "TZ": "UTC"}

# How servers write a client's text.


def nginx_quoted(text):
    """ngx_http_log_escape: quotes, backslashes, controls and everything above 7E, as \\xHH."""
    return "".join(chr(b) if 0x20 <= b < 0x7f and b not in b'"\\' else f"\\x{b:02X}" for b in text.encode("latin-1"))


def apache_quoted(text):
    """ap_escape_logitem."""
    short = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\v": "\\v"}
    return "".join(short.get(c) or (c if " " <= c < "\x7f" else f"\\x{ord(c):02x}") for c in text)


def varnish_quoted(text):
    """VSB_quote with VSB_QUOTE_ESCHEX."""
    short = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return "".join(short.get(c) or (c if " " <= c < "\x7f" else f"\\x{ord(c):02x}") for c in text)


def haproxy_quoted(text):
    """encode_string with '#': controls, quote and what is not ASCII; in captures braces and '|' too."""
    return "".join(c if " " <= c < "\x7f" and c not in '"#{|}' else f"#{ord(c):02X}" for c in text)


def json_quoted(text):
    return json.dumps(text)[1:-1]


def line(fmt, client, user="-", request="GET /login HTTP/1.1", agent="-", host="a.example", forwarded="-", port=5843,
         status=401):
    """The format to name, and its line for such a request."""
    if fmt == "nginx":
        q = nginx_quoted
        return ('nginx:$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
                '"$http_x_forwarded_for" "$http_user_agent"',
                f'{client} - {q(user)} [{TIME} +0000] "{q(request)}" {status} 12 "{q(forwarded)}" "{q(agent)}"')
    if fmt == "apache":
        q = apache_quoted
        return ('apache:%h %l %u %t "%r" %>s %b "%{X-Forwarded-For}i" "%{User-Agent}i"',
                f'{client} - {q(user)} [{TIME} +0000] "{q(request)}" {status} 12 "{q(forwarded)}" "{q(agent)}"')
    if fmt == "varnish":
        q = varnish_quoted
        method, _, rest = request.partition(" ")
        return ('varnish:%h %l %u %t "%r" %s %b "%{X-Forwarded-For}i" "%{User-agent}i"',
                f'{client} - {q(user)} [{TIME} +0000] "{q(method)} http://{q(host)}{q(rest)}" {status} 12 '
                f'"{q(forwarded)}" "{q(agent)}"')
    if fmt == "haproxy":
        q = haproxy_quoted
        return ("haproxy:%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq "
                "%hr %hs %{+Q}r",
                f"{client}:{port} [{TIME}.441] fe~ be/s1 0/0/1/2/3 {status} 512 - - ---- 1/1/0/0/0 0/0 "
                f'{{{q(agent)}|{q(host)}}} {{}} "{q(request)}"')
    assert fmt == "json"
    q = json_quoted
    return ("json:forwarded_for=xff",
            f'{{"remote_addr":"{client}","time":"2026-11-23T06:14:11Z","user":"{q(user)}","request":"{q(request)}",'
            f'"status":{status},"xff":"{q(forwarded)}","agent":"{q(agent)}","host":"{q(host)}"}}')


WEB = ["nginx", "apache", "varnish", "haproxy", "json"]
formats = pytest.mark.parametrize("fmt", WEB)

# What a line looks like from the inside, to be put into whatever a client may choose.
FAKE = f'{VICTIM} - - [{TIME} +0000] "GET /fake HTTP/1.1" 200 1 "-" "-"'
TEXTS = {
    "blank": "a b",
    "blanks": "  a   b  ",
    "date": f"[{TIME} +0000]",
    "date and blank": f"x [{TIME} +0000] ",
    "half a date": f"x [{TIME}",
    "quote": '"',
    "quotes": '" "',
    "end of the request": '" 200 12 "-" "-',
    "backslash": "\\",
    "backslash at the end": "a\\",
    "two backslashes": "a\\\\",
    "backslash and quote": '\\"',
    "escape": "\\x22",
    "a whole line": FAKE,
    "a whole line behind a newline": "x\n" + FAKE,
    "carriage return": "x\r" + FAKE,
    "address": VICTIM,
    "address and blank": f"{VICTIM} - ",
    "syslog": f"Nov 23 06:14:11 host app: {FAKE}",
    "syslog tag": f"x: {FAKE}",
    "pri": f"<13>Nov 23 06:14:11 host app: {FAKE}",
    "braces": "}{|{}}",
    "json": f'","remote_addr":"{VICTIM}","x":"',
    "json objects": f'{{"remote_addr":"{VICTIM}"}}',
    "zero": "a\0b",
    "controls": "\x01\x1b[2J\x7f",
    "above ascii": "\xe9\xff\xfe",
    "percent": "%h %s %ci $remote_addr",
    "dashes": "- - -",
    "status": "200 12",
    "bracket": "] [ ]",
}
texts = pytest.mark.parametrize("name", TEXTS)


def read(hextet, fmt, client, *args, **chosen):
    directive, text = line(fmt, client, **chosen)
    return parse_one(hextet, directive, text, *args, env=UTC)


@formats
def test_plain(hextet, fmt):
    for client in CLIENTS:
        r = read(hextet, fmt, client)
        assert (r["addr"], r["method"], r["path"], r["status"]) == (client, "GET", "/login", 401)
        assert r["time"].startswith("2026-11-23T06:14:11")


# Section 0.3: IPv6 with a port and without brackets.


def test_port_behind_ipv6(hextet):
    """The client chooses his port: with up to four digits it looks like a group of the address."""
    ports = [0, 1, 9, 10, 80, 443, 1024, 5843, 9999, 10000, 58430, 65535]
    lines, wanted = [], []
    for client in CLIENTS + ["::ffff:192.0.2.1", "2001:DB8::ABCD", "fe80::1%eth0"]:
        for port in ports:
            lines.append(line("haproxy", client, port=port)[1])
            ip = ipaddress.ip_address(client.partition("%")[0])
            wanted.append(str(getattr(ip, "ipv4_mapped", None) or ip))
    for records in (parse(hextet, line("haproxy", "::1")[0], lines), parse(hextet, "haproxy", lines)):
        assert [outcome(r) for r in records] == wanted


def test_all_ports_of_a_client_are_one_client(hextet):
    lines = [line("haproxy", "2001:db8::1234", port=port)[1] for port in range(0, 65536, 7)]
    assert {outcome(r) for r in parse(hextet, "haproxy", lines)} == {"2001:db8::1234"}


# Section 0.4: the user's name.


@texts
@pytest.mark.parametrize("fmt", ["nginx", "apache", "varnish", "json"])
def test_user_name(hextet, fmt, name):
    """nginx fills $remote_user from any Authorization header; it stands between address and date without quotes."""
    for client in ("192.0.2.1", "2001:db8::"):
        r = read(hextet, fmt, client, user=TEXTS[name])
        assert (outcome(r), r["path"], r["status"]) == (client, "/login", 401)


# Everything else that a client chooses.


@texts
@formats
def test_agent(hextet, fmt, name):
    r = read(hextet, fmt, "2001:db8::1234", agent=TEXTS[name])
    assert (outcome(r), r["path"], r["status"]) == ("2001:db8::1234", "/login", 401)


@texts
@formats
def test_target(hextet, fmt, name):
    r = read(hextet, fmt, "2001:db8::1234", request=f"GET /login?{TEXTS[name]} HTTP/1.1")
    assert (outcome(r), r["path"], r["status"]) == ("2001:db8::1234", "/login", 401)


@texts
@pytest.mark.parametrize("fmt", ["varnish", "haproxy", "json"])
def test_host(hextet, fmt, name):
    """varnishncsa puts the Host header into the request that it shows."""
    r = read(hextet, fmt, "2001:db8::1234", host=TEXTS[name])
    assert (outcome(r), r["status"]) == ("2001:db8::1234", 401)


@texts
@formats
def test_whole_request(hextet, fmt, name):
    """Not even a request: binary, or one line of anything."""
    r = read(hextet, fmt, "2001:db8::1234", request=TEXTS[name], status=400)
    assert (outcome(r), r["status"]) == ("2001:db8::1234", 400)


@formats
@pytest.mark.parametrize("request_line", ["", "-", "\x16\x03\x01\x02\0\x01", "GET", "GET /login", "/login", "GET  /login  HTTP/1.1",
                                          "<BADREQ>", "PRI * HTTP/2.0", "OPTIONS * HTTP/1.1", "CONNECT a.example:443 HTTP/1.1"])
def test_request_without_its_parts(hextet, fmt, request_line):
    r = read(hextet, fmt, "2001:db8::1234", request=request_line, status=400)
    assert (outcome(r), r["status"]) == ("2001:db8::1234", 400)


# Section 5: addresses.


@formats
@pytest.mark.parametrize("written, meant", [
    ("::ffff:192.0.2.1", "192.0.2.1"), ("::ffff:c000:201", "192.0.2.1"), ("::FFFF:C000:0201", "192.0.2.1"),
    ("2001:0DB8:0000:0000:0000:0000:0000:0001", "2001:db8::1"), ("fe80::1%eth0", "fe80::1"), ("::192.0.2.1", "::c000:201"),
    ("64:ff9b::192.0.2.1", "64:ff9b::c000:201"),
    ("192.0.2.01", "bad-address"), ("0192.0.2.1", "bad-address"), ("192.0.2.256", "bad-address"), ("192.0.2", "bad-address"),
    ("2001:db8::1::2", "bad-address"), ("2001:db8::12345", "bad-address"),
    ("unix:", "no-address"), ("-", "no-address"), ("a.example", "no-address"), ("", "no-address"),
])
def test_address_forms(hextet, fmt, written, meant):
    r = read(hextet, fmt, written)
    # Without an address the line may not even have its shape; it is told all the same.
    assert outcome(r) == meant or (not written and "reason" in r)


# Section 5: X-Forwarded-For.

PROXY = ["--trusted", "10.0.0.0/8", "--trusted", "2001:db8:ff::/48"]
with_forwarded = pytest.mark.parametrize("fmt", ["nginx", "apache", "varnish", "json"])


@texts
@with_forwarded
def test_forwarded_poisoned(hextet, fmt, name):
    """The proxy adds the client behind what the client has sent."""
    for peer in ("10.0.0.1", "::ffff:10.0.0.1", "2001:db8:ff::1"):
        r = read(hextet, fmt, peer, *PROXY, forwarded=f"{TEXTS[name]}, 2001:db8::1234")
        assert outcome(r) == "2001:db8::1234"


@texts
@with_forwarded
def test_forwarded_of_a_stranger(hextet, fmt, name):
    """Whoever is no proxy of ours is who he is."""
    for forwarded in (TEXTS[name], VICTIM, f"{VICTIM}, 10.0.0.1"):
        assert outcome(read(hextet, fmt, "2001:db8::1234", *PROXY, forwarded=forwarded)) == "2001:db8::1234"


@with_forwarded
@pytest.mark.parametrize("header, want", [
    (f"{VICTIM}, 192.0.2.1", "192.0.2.1"), (f"{VICTIM}, 192.0.2.1, 10.0.0.7", "192.0.2.1"),
    ("[2001:db8::1]:4711", "2001:db8::1"), ('"[2001:db8::1]:4711"', "2001:db8::1"), ("192.0.2.1:80", "192.0.2.1"),
    ("unknown", "bad-forwarded"), (f"{VICTIM}, unknown", "bad-forwarded"), (f"{VICTIM}, unknown, 10.0.0.7", "bad-forwarded"),
    ("10.0.0.5, 10.0.0.6", "10.0.0.5"), ("-", "10.0.0.1"), ("", "10.0.0.1"),
])
def test_forwarded(hextet, fmt, header, want):
    assert outcome(read(hextet, fmt, "10.0.0.1", *PROXY, forwarded=header)) == want


@with_forwarded
def test_forwarded_is_not_read_unasked(hextet, fmt):
    assert outcome(read(hextet, fmt, "2001:db8::1234", forwarded=VICTIM)) == "2001:db8::1234"


# Section 5: HAProxy.


@pytest.mark.parametrize("rest, status", [
    ('fe be/s1 0/0/1/2/3 200 512 - - ---- 1/1/0/0/0 0/0 "GET / HTTP/1.1"', 200),
    ('fe be/<NOSRV> -1/-1/-1/-1/+0 503 +217 - - SC-- 1/1/0/0/0 0/0 "GET / HTTP/1.1"', 503),
    ('fe fe/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 1/1/0/0/0 0/0 "<BADREQ>"', 400),
    ('fe fe/<NOSRV> -1/-1/-1/-1/0 -1 0 - - CR-- 1/1/0/0/0 0/0 "<BADREQ>"', None),
    ('fe fe/<NOSRV> -1/-1/-1/-1/0 0 0 - - CR-- 1/1/0/0/0 0/0 "<BADREQ>"', None),
    ('fe be/s1 0/0/1/2/+3 200 +512 - - ---- 1/1/0/0/0 0/0 {a b|c} {} "GET / HTTP/1.1"', 200),
    # Cut at 1024 bytes: no closing quote.
    ('fe be/s1 0/0/1/2/3 200 512 - - ---- 1/1/0/0/0 0/0 "GET /' + "a" * 900, 200),
    ('fe be/s1 0/0/1/2/3 200 512 - - ---- 1/1/0/0/0 0/0 "', 200),
])
def test_haproxy_lines(hextet, rest, status):
    for client in ("2001:db8::1234:5843", "::ffff:192.0.2.1:1", "192.0.2.1:65535"):
        r = parse_one(hextet, "haproxy", f"{client} [{TIME}.441] {rest}")
        assert (outcome(r), r["status"]) == (client.rpartition(":")[0].replace("::ffff:", ""), status)


@pytest.mark.parametrize("client", ["unix:1", "-", "-:-", ""])
def test_haproxy_without_an_address(hextet, client):
    text = f'{client} [{TIME}.441] fe be/s1 0/0/1/2/3 200 512 - - ---- 1/1/0/0/0 0/0 "GET / HTTP/1.1"'
    assert parse_one(hextet, "haproxy", text)["reason"] in ("no-address", "no-literal", "bad-address")


def test_haproxy_unique_id(hextet):
    """Commit 594c456d: 8 digits are IPv4, 32 are IPv6 or a mapped IPv4."""
    fmt = 'haproxy:%ID [%tr] %ST %{+Q}r'
    for unique, want in [("7F000001:8296_7F00001E:1F90_4F7B0A69_0003:790A", "127.0.0.1"),
                         ("00000000000000000000FFFF7F000001:8296_7F00001E:1F90_4F7B0A69_0003:790A", "127.0.0.1"),
                         ("20010DB8000000000000000000001234:0001_20010DB8000000000000000000000001:1F90_4F7B0A69_0003:790A",
                          "2001:db8::1234"),
                         ("7F00001:8296_7F00001E:1F90_4F7B0A69_0003:790A", "bad-id")]:
        assert outcome(parse_one(hextet, fmt, f'{unique} [{TIME}.441] 200 "GET / HTTP/1.1"')) == want


# Headers of syslog: a client cannot write one.

HEADERS = ["Nov 23 06:14:11 web1 app[7]: ", "<134>Nov 23 06:14:11 app[7]: ", "2026-11-23T06:14:11.441+01:00 web1 app: ",
           "<134>1 2026-11-23T06:14:11Z web1 app 7 - - ", '<134>1 2026-11-23T06:14:11Z web1 app 7 - [x a="\\]"] ']


@formats
def test_lines_behind_syslog(hextet, fmt):
    for header in HEADERS:
        for client in CLIENTS:
            directive, text = line(fmt, client, user=TEXTS["syslog"], agent=TEXTS["syslog"])
            assert outcome(parse_one(hextet, directive, header + text)) == client


@pytest.mark.parametrize("user", ["x:", f"x: {VICTIM} - x:", f"x: 2026-11-23T06:14:11+00:00 {VICTIM} y", "x[1]:"])
def test_format_that_begins_with_a_time(hextet, user):
    """TIME ADDR USER: is what a header of syslog looks like too."""
    fmt = 'nginx:$time_iso8601 $remote_addr $remote_user "$request" $status'
    text = f'2026-11-23T06:14:11+00:00 2001:db8::1234 {user} "GET /login HTTP/1.1" 401'
    assert outcome(parse_one(hextet, fmt, text)) == "2001:db8::1234"


# sshd: names of users.

NAMES = {
    "blank": "a b", "empty": "", "address": VICTIM, "from": f"x from {VICTIM} port 22 ssh2",
    "invalid user": f"invalid user x from {VICTIM} port 22 ssh2", "key": f"x from {VICTIM} port 22 ssh2: RSA SHA256:abc",
    "cert": f"x from {VICTIM} port 22 ssh2: RSA-CERT SHA256:abc ID q (serial 0) CA RSA SHA256:d",
    "address and port": f"x {VICTIM} port 22", "too many": f"x {VICTIM} port 22: Too many authentication failures",
    "preauth": f"x from {VICTIM} port 22 [preauth]", "header": f"Nov 23 06:14:11 web1 sshd[1]: Invalid user x from {VICTIM} port 22",
    "not allowed": f"x from {VICTIM} not allowed because x", "repeated": f"x from {VICTIM} port 22 ssh2]", "port": "port 22",
    "port from": "port 22 from", "ssh2": "ssh2", "quotes": "\"' [ ] \\", "percent": "%s%n", "long": "a" * 5000,
}
MESSAGES = [
    "Failed password for invalid user {} from {} port 5 ssh2", "Failed none for invalid user {} from {} port 65535 ssh2",
    "Failed publickey for invalid user {} from {} port 5 ssh2: ED25519 SHA256:abc", "Invalid user {} from {} port 5",
    "Connection closed by invalid user {} {} port 5 [preauth]", "Connection reset by invalid user {} {} port 5 [preauth]",
    "Disconnected from invalid user {} {} port 5 [preauth]",
    "Disconnecting invalid user {} {} port 5: Too many authentication failures [preauth]",
    "error: maximum authentication attempts exceeded for invalid user {} from {} port 5 ssh2 [preauth]",
    "Bad protocol version identification '{}' from {} port 5",
]


@pytest.mark.parametrize("name", NAMES)
def test_sshd_user_name(hextet, name):
    lines = [f"Nov 23 06:14:11 web1 sshd[1]: {m.format(NAMES[name], client)}" for m in MESSAGES for client in CLIENTS]
    records = parse(hextet, "sshd", lines)
    assert [outcome(r) for r in records] == [client for _ in MESSAGES for client in CLIENTS]
    assert all(r["status"] in (400, 401) for r in records)


@pytest.mark.parametrize("text", [f"Bye from {VICTIM} port 22", f" {VICTIM} port 22 [preauth]", f"x from {VICTIM} port 22 ssh2"])
def test_sshd_reason_for_leaving(hextet, text):
    for m in ("Received disconnect from {}:11: {} [preauth]", "Unable to negotiate with {}: no matching cipher found. Their offer: {}"):
        body = m.format("2001:db8::1234 port 5", text)
        assert outcome(parse_one(hextet, "sshd", f"Nov 23 06:14:11 web1 sshd[1]: {body}")) == "2001:db8::1234"


def test_sshd_certificate_name(hextet):
    """The name in a certificate is whatever its maker wrote."""
    for name in NAMES.values():
        body = f"Failed publickey for root from 2001:db8::1234 port 5 ssh2: RSA-CERT SHA256:a ID {name} (serial 0) CA RSA SHA256:b"
        assert outcome(parse_one(hextet, "sshd", f"Nov 23 06:14:11 web1 sshd[1]: {body}")) == "2001:db8::1234"


def test_sshd_lines_of_other_programs(hextet):
    """Only sshd says who failed: logger(1) is for everybody."""
    for app in ("su", "sshd2", "ssh", "sshd.x", "sshd-"):
        text = f"Nov 23 06:14:11 web1 {app}[1]: Failed password for root from {VICTIM} port 22 ssh2"
        assert outcome(parse_one(hextet, "sshd", text)) == "other"


# Bad input.

ALL = WEB + ["sshd"]


def directive(fmt):
    return fmt if fmt == "sshd" else line(fmt, "::1")[0]


def good(fmt, **chosen):
    if fmt == "sshd":
        return "Nov 23 06:14:11 web1 sshd[1]: Failed password for root from 2001:db8::1234 port 5 ssh2"
    return line(fmt, "2001:db8::1234", **chosen)[1]


@pytest.mark.parametrize("fmt", ALL)
def test_garbage_between_lines(hextet, fmt):
    """Whatever stands between them, the lines of the others are read."""
    garbage = [b"\0" * 100, bytes(range(1, 10)) + bytes(range(11, 256)), b"\xff\xfe", b" " * 1000, b"{" * 10000, b"[" * 10000,
               b'"' * 10001, b"\\" * 10001, b":" * 10000, b"\x1f\x8b\x08", b"-", b"<13>", b"a" * (1 << 20), b'"' * ((1 << 20) + 5)]
    lines = []
    for g in garbage:
        lines += [good(fmt), g]
    records = parse(hextet, directive(fmt), lines)
    assert {outcome(r) for r in records[::2]} == {"2001:db8::1234"}
    assert all(r.get("unparsed") for r in records[1::2])
    assert records[-1]["reason"] == "line-too-long"


@pytest.mark.parametrize("fmt", WEB)
@pytest.mark.parametrize("byte", ["a", " ", "\0", '"', "\\", "\n", "\xe9", "["])
def test_long_texts(hextet, fmt, byte):
    """A line of a megabyte is a line; one that is longer is told."""
    escaped = len(good(fmt, agent=byte)) - len(good(fmt, agent=""))
    n = ((1 << 20) - 500) // escaped
    r = parse_one(hextet, directive(fmt), good(fmt, agent=byte * n), env=UTC)
    assert (outcome(r), r["status"]) == ("2001:db8::1234", 401)
    assert parse_one(hextet, directive(fmt), good(fmt, agent=byte * (n + 500)))["reason"] == "line-too-long"


@pytest.mark.parametrize("fmt", ALL)
def test_every_beginning_of_a_line(hextet, fmt):
    """A line that was cut anywhere is read as its client's, or not at all."""
    whole = good(fmt, agent="a b", user="a b")
    records = parse(hextet, directive(fmt), [whole[:n] for n in range(len(whole) + 1)])
    assert outcome(records[-1]) == "2001:db8::1234"
    for n, r in enumerate(records):
        assert r.get("unparsed") or (r["addr"] == "2001:db8::1234" and r["time"]), whole[:n]


@pytest.mark.parametrize("fmt", ALL)
def test_ends_of_lines(hextet, fmt):
    """No newline at the end, and the ends that Windows writes."""
    text = good(fmt)
    done = hextet("guard", "parse", "--format", directive(fmt), "--count", "-", input=f"{text}\r\n{text}")
    assert (done.returncode, done.stdout) == (0, "lines: 2\nparsed: 2\nunparsed:\n")


# Lines that something on their way (HAProxy's len, a syslog relay) has cut: the client decides how long they get.


@with_forwarded
def test_forwarded_that_was_cut(hextet, fmt):
    """What is left of the header's right end is the client's own text, and without it the proxy is nobody to blame."""
    agent = {"agent": "a b"} if fmt != "json" else {}
    fmt_text, whole = line(fmt, "10.0.0.1", forwarded=f"{VICTIM}, {VICTIM}, 192.0.2.1", **agent)
    records = parse(hextet, fmt_text, [whole[:n] for n in range(1, len(whole) + 1)], *PROXY)
    assert outcome(records[-1]) == "192.0.2.1"
    for n, r in enumerate(records, 1):
        assert r.get("unparsed") or r["addr"] == "192.0.2.1", whole[:n]


def test_cut_line_of_a_stranger(hextet):
    """Who is no proxy needs no header."""
    fmt, whole = line("nginx", "2001:db8::1234", forwarded=VICTIM, agent="a")
    for n in range(whole.index("12 "), len(whole) + 1):
        assert outcome(parse_one(hextet, fmt, whole[:n], *PROXY)) == "2001:db8::1234"


def test_header_behind_a_cut_one(hextet):
    """A header that is there in full is believed, whatever is cut behind it."""
    fmt, whole = line("nginx", "10.0.0.1", forwarded="192.0.2.1", agent="a b c")
    for n in range(whole.index(' "a b c'), len(whole) + 1):
        assert outcome(parse_one(hextet, fmt, whole[:n], *PROXY)) == "192.0.2.1"


def test_address_in_quotes_that_was_cut(hextet):
    """192.0.2.1 is the beginning of 192.0.2.19."""
    fmt = """log_format j escape=json '{"agent":"$http_user_agent","addr":"$remote_addr","status":"$status"}';"""
    whole = '{"agent":"a","addr":"192.0.2.19","status":"401"}'
    records = parse(hextet, fmt, [whole[:n] for n in range(1, len(whole) + 1)])
    assert {outcome(r) for r in records if not r.get("unparsed")} == {"192.0.2.19"}
    assert outcome(records[-1]) == "192.0.2.19"


# Formats in which a client could choose the address.


@pytest.mark.parametrize("fmt", [
    # $host has blanks before nginx 1.21.1: "Host: x 198.51.100.66 - y" is a client and his user name.
    "$host $remote_addr - $remote_user [$time_local] \"$request\" $status",
    "$host:$server_port $remote_addr - $remote_user [$time_local] \"$request\" $status",
    # Cut behind what the client wrote, the line ends as if that were the address.
    "$http_user_agent $remote_addr", "$status $http_user_agent [$remote_addr] $bytes_sent",
    'haproxy:%[capture.req.hdr(0)] %ci:%cp [%tr] %ST', 'haproxy:%[ssl_fc_sni] %ci:%cp [%tr] %ST',
    # Counted from the line's end, the client's quotes are the format's own as soon as one of these is cut off.
    'haproxy:%[capture.req.hdr(0)] %ci:%cp [%tr] %ST %{+Q}r', 'haproxy:%{+Q}[capture.req.hdr(0)] %ci:%cp [%tr] %ST %{+Q}r',
    'haproxy:%CC %ID [%tr] %ST %{+Q}r',
])
def test_format_is_refused(hextet, fmt):
    done = hextet("guard", "parse", "--format", fmt, "-", input="")
    assert done.returncode == 2 and "client" in done.stderr and ": put " in done.stderr


@pytest.mark.parametrize("fmt, text", [
    ("$host $remote_addr [$time_local] \"$request\" $status", f'x {VICTIM} [ 2001:db8::1234 [{TIME} +0000] "GET / HTTP/1.1" 401'),
    ("\"$host\" $remote_addr - $remote_user [$time_local] \"$request\" $status",
     f'"x {VICTIM} - y" 2001:db8::1234 - {VICTIM} [{TIME} +0000] "GET / HTTP/1.1" 401'),
    ("$server_name $remote_addr - $remote_user [$time_local] \"$request\" $status",
     f'a.example 2001:db8::1234 - {VICTIM} - [{TIME} +0000] "GET / HTTP/1.1" 401'),
    ("haproxy:%ci:%cp [%tr] %ST %[ssl_fc_sni]/%sslv %{+Q}r", f'2001:db8::1234:80 [{TIME}.441] 401 x" {VICTIM}:80 "/TLSv1.3 "GET / HTTP/1.1"'),
])
def test_format_that_is_safe(hextet, fmt, text):
    r = parse_one(hextet, fmt, text)
    assert (outcome(r), r["path"], r["status"]) == ("2001:db8::1234", "/", 401)


@pytest.mark.parametrize("fmt, advice", [
    ("CustomLog ${APACHE_LOG_DIR}/access.log combined", "the LogFormat line"), ('CustomLog logs/a.log "%h %t"', "the LogFormat line"),
    ('log-format-sd "[x@1 ip=\\"%ci\\"]"', "log-format has"),
])
def test_directive_that_is_not_the_format(hextet, fmt, advice):
    """Taken as a text it would fit no line."""
    done = hextet("guard", "parse", "--format", fmt, "-", input="")
    assert done.returncode == 2 and advice in done.stderr
