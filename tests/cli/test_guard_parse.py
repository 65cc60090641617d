# SPDX-License-Identifier: Apache-2.0
"""`hextet guard parse`: the command, and the formats json and sshd. The oracles are Python's own json, ipaddress,
datetime and zoneinfo."""
import datetime
import gzip
import ipaddress
import json
import os
import random
import zoneinfo

import pytest

from guard_lines import outcome, parse, parse_one

GOOD = '{"remote_addr":"2001:db8::1","time":"2026-11-23T06:14:11Z","request":"GET /a?b HTTP/1.1","status":404}'
NO_TIME = '{"remote_addr":"2001:db8::1"}'


def run(hextet, *args, **options):
    return hextet("guard", "parse", *args, **options)


# The command.


def test_json_lines(hextet, tmp_path):
    (tmp_path / "log").write_text(GOOD + "\n" + NO_TIME + "\n")
    for output in ("json", "jsonl"):
        done = run(hextet, "--format", "json", "--output", output, tmp_path / "log")
        assert done.returncode == 1
        assert [json.loads(line) for line in done.stdout.splitlines()] == [
            {"line": 1, "addr": "2001:db8::1", "time": "2026-11-23T06:14:11Z", "method": "GET", "path": "/a",
             "status": 404, "bytes": None, "host": None, "agent": None},
            {"line": 2, "unparsed": True, "reason": "no-time"}]


def test_text_and_kv(hextet):
    done = run(hextet, "--format", "json", "-", input=GOOD + "\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "2001:db8::1 2026-11-23T06:14:11Z 404 GET - /a\n", "")
    done = run(hextet, "--format", "json", "--output", "kv", "-", input=GOOD + "\n")
    assert "addr=2001:db8::1\n" in done.stdout and "status=404\n" in done.stdout


def test_samples_show_the_place(hextet, tmp_path):
    log = tmp_path / "log"
    log.write_text("\n".join([GOOD] * 7 + ['{"remote_addr":"2001:db8::1","time":"\u017elu\u0165ou\u010dk\u00fd"}'] +
                             ["{bad"] * 9) + "\n")
    done = run(hextet, "--format", "json", "--count", log)
    assert done.returncode == 1
    assert done.stdout == "lines: 17\nparsed: 7\nunparsed:\n  bad-time: 1\n  bad-json: 9\n"
    errors = done.stderr.splitlines()
    assert errors[0] == f"{log}:8:38: warning: what stands for the time is none [bad-time]"
    assert errors[1].startswith('    8 | {"remote_addr"')
    assert errors[2] == "      | " + " " * 37 + "^"
    # Three of a reason, then their number.
    assert [e for e in errors if "[bad-json]" in e] == [
        f"{log}:{n}:2: warning: the line is not a JSON object [bad-json]" for n in (9, 10, 11)]
    assert errors[-1] == f"{log}: warning: 10 of 17 lines could not be parsed: 1 bad-time, 9 bad-json"


def test_samples_cannot_drive_the_terminal(hextet):
    done = run(hextet, "--format", "json", "-", input=b"{\x1b[2J\xff\r\n")
    assert done.returncode == 1 and b"\x1b" not in done.stdout + done.stderr


def test_count(hextet, tmp_path):
    (tmp_path / "plain").write_text("\n".join([GOOD, NO_TIME, "", "{"]))  # no newline at the end
    (tmp_path / "gz").write_bytes(gzip.compress((GOOD + "\n").encode() * 10))
    done = run(hextet, "--format", "json", "--count", "--output", "json", tmp_path / "plain", tmp_path / "gz")
    assert done.returncode == 1
    assert json.loads(done.stdout) == {"lines": 14, "parsed": 11,
                                       "unparsed": {"empty": 1, "no-time": 1, "bad-json": 1}}
    done = run(hextet, "--format", "json", "--count", tmp_path / "gz")
    assert (done.returncode, done.stderr) == (0, "")


def test_several_files_are_named(hextet, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_text(GOOD + "\n")
    done = run(hextet, "--format", "json", "--output", "json", tmp_path / "a", tmp_path / "b")
    assert [(r["file"], r["line"]) for r in map(json.loads, done.stdout.splitlines())] == [
        (str(tmp_path / "a"), 1), (str(tmp_path / "b"), 1)]


def test_a_file_that_cannot_be_read(hextet, tmp_path):
    (tmp_path / "a").write_text(GOOD + "\n")
    done = run(hextet, "--format", "json", tmp_path / "none", tmp_path / "a")
    assert done.returncode == 3 and f"cannot read {tmp_path / 'none'}" in done.stderr
    assert done.stdout.startswith("2001:db8::1")


@pytest.mark.parametrize("args, message", [
    ([], "--format"),
    (["--format", "json"], "which log?"),
    (["--format", "jsno", "-"], 'did you mean "json"'),
    (["--format", "json:adr=x", "-"], 'did you mean "addr"'),
    (["--format", "sshd:x", "-"], 'write "sshd" alone'),
    (["--format", "json", "--trusted", "10.0.0.1/8", "-"], "10.0.0.1/8"),
])
def test_wrong_usage(hextet, args, message):
    done = run(hextet, *args)
    assert done.returncode == 2 and message in done.stderr and done.stdout == ""


def test_list(hextet):
    rows = json.loads(run(hextet, "--list", "--output", "json").stdout)
    assert {"json", "sshd"} <= {r["name"] for r in rows} and all(r["summary"] for r in rows)
    assert run(hextet, "--list").stdout.count("\n") == len(rows)


# Who the client is: Python's ipaddress reads the same headers.

TRUSTED = ["10.0.0.0/8", "2001:db8:ff::/48", "127.0.0.1/32", "::1/128"]
NETWORKS = [ipaddress.ip_network(p) for p in TRUSTED]


def address(text):
    ip = ipaddress.ip_address(text)
    return getattr(ip, "ipv4_mapped", None) or ip


def oracle_hop(hop):
    """An address, or None. Written from the forms that forwarded.h names."""
    hop = hop.strip(" \t")
    if len(hop) > 1 and hop[0] == hop[-1] == '"':
        hop = hop[1:-1]
    if hop.startswith("["):
        inside, closed, port = hop[1:].partition("]")
        if not closed or ":" not in inside or not (port == "" or port[0] == ":" and is_port(port[1:])):
            return None
        hop = inside
    elif hop.count(":") == 1 and "." in hop.partition(":")[0]:
        hop, _, port = hop.partition(":")
        if not is_port(port):
            return None
    plain, percent, zone = hop.partition("%")
    try:
        ip = address(plain)
    except ValueError:
        return None
    if percent and (ip.version == 4 or not zone):
        return None
    return ip


def is_port(text):
    return text.isascii() and text.isdigit() and str(int(text)) == text and int(text) < 65536


def oracle(peer, header):
    def trusted(ip):
        return any(ip.version == n.version and ip in n for n in NETWORKS)

    client = address(peer)
    if not trusted(client):
        return str(client)
    for hop in reversed(header.split(",")):
        if not hop.strip(" \t"):
            continue
        client = oracle_hop(hop)
        if client is None:
            return "bad-forwarded"
        if not trusted(client):
            break
    return str(client)


def random_ip(rng):
    kind = rng.randrange(7)
    if kind == 0:
        return str(ipaddress.IPv4Address(rng.getrandbits(32)))
    if kind == 1:
        return f"10.{rng.randrange(256)}.0.{rng.randrange(256)}"
    if kind == 2:
        ip = ipaddress.IPv6Address((0x20010db800ff << 80) | rng.getrandbits(rng.randrange(1, 80)))
    elif kind == 3:
        ip = ipaddress.IPv6Address((0x20010db8 << 96) | rng.getrandbits(rng.randrange(1, 96)))
    elif kind == 4:
        return "::ffff:" + str(ipaddress.IPv4Address(rng.getrandbits(32)))
    elif kind == 5:
        return rng.choice(["::1", "127.0.0.1", "10.0.0.1", "2001:db8:ff::1"])
    else:
        ip = ipaddress.IPv6Address(rng.getrandbits(128))
    return rng.choice([str(ip), ip.exploded, str(ip).upper()])


def random_hop(rng):
    kind = rng.randrange(16)
    ip = random_ip(rng)
    if kind < 6:
        return ip
    if kind == 6:
        return f"[{ip}]"
    if kind == 7:
        return f"[{ip}]:{rng.choice([0, 80, 65535, 65536, '080', '', 'x'])}"
    if kind == 8:
        return f"{ip}:{rng.choice([1, 443, 5843, 99999])}"
    if kind == 9:
        return f'"{ip}"'
    if kind == 10:
        return f"{ip}%{rng.choice(['eth0', '1', '', 'a-b.c'])}"
    if kind == 11:
        return rng.choice(["unknown", "-", "_hidden", "localhost", "for=1.2.3.4", '"', "\\", "[", "1.2.3", "01.2.3.4"])
    if kind == 12:
        return ip + rng.choice([" ", "x", ".", ":", "\t"])
    if kind == 13:
        return ip[:rng.randrange(len(ip) + 1)]
    if kind == 14:
        return ""
    return " " * rng.randrange(4)


def test_forwarded_for_against_python(hextet):
    rng = random.Random(4)
    lines, wanted = [], []
    for _ in range(20000):
        peer = rng.choice(["10.1.2.3", "::ffff:10.1.2.3", "2001:db8:ff::7", random_ip(rng)])
        header = rng.choice([",", ", ", " ,\t"]).join(random_hop(rng) for _ in range(rng.randrange(1, 7)))
        lines.append(json.dumps({"a": peer, "f": header}))
        wanted.append(oracle(peer, header) if header.strip(" \t") not in ("", "-") else str(address(peer)))
    trusted = [word for p in TRUSTED for word in ("--trusted", p)]
    records = parse(hextet, "json:addr=a,forwarded_for=f,time=", lines, *trusted)
    wrong = [(line, outcome(r), want) for line, r, want in zip(lines, records, wanted) if outcome(r) != want]
    assert not wrong[:3]
    assert 1000 < sum(w == "bad-forwarded" for w in wanted) < 15000


def quoted_string(rng, text):
    """RFC 9110's: any byte may have a backslash before it, quotes and backslashes must."""
    return '"' + "".join("\\" + c if c in '"\\' or rng.random() < .1 else c for c in text) + '"'


def random_element(rng, node):
    """An element of RFC 7239 as a proxy writes it, with other pairs whose texts are a client's."""
    token = not set(node) & set(':[]"') and rng.random() < .5
    pairs = [(rng.choice(["for", "For", "FOR"]), node if token else quoted_string(rng, node))]
    for name in rng.sample(["by", "host", "proto", "secret"], rng.randrange(4)):
        text = "".join(rng.choice(',;="\\ a:[]for=192.0.2.66') for _ in range(rng.randrange(12)))
        pairs.append((name, quoted_string(rng, text) if rng.random() < .7 else rng.choice(["http", "_x", "203.0.113.9"])))
    rng.shuffle(pairs)
    return rng.choice([";", "; ", " ;"]).join(f"{n}={v}" for n, v in pairs)


def test_forwarded_against_python(hextet):
    """The header is made from the hops; in front of those that proxies have added stands whatever a client sends."""
    rng = random.Random(7)
    lines, wanted = [], []
    for _ in range(12000):
        hops, header = [], []
        for _ in range(rng.randrange(1, 5)):
            ip = address(random_ip(rng))
            node = str(ip) if ip.version == 4 else f"[{rng.choice([str(ip), ip.exploded])}]"
            node += rng.choice(["", "", ":4711", ":_hidden-1"])
            if rng.random() < .1:
                ip, node = None, rng.choice(["unknown", "_gazonk"])
            hops.append(ip)
            header.append(random_element(rng, node))
        client = None
        for i, ip in reversed(list(enumerate(hops))):
            client = ip
            if ip is None or not any(ip.version == n.version and ip in n for n in NETWORKS):
                # What follows is a proxy's, the rest a stranger's: it need not even be well-formed.
                cut = "".join(rng.choice('",;=\\ for192.0.66') for _ in range(rng.randrange(20)))
                header = [cut] + header[i:] if rng.random() < .5 else header
                break
        lines.append(json.dumps({"a": "10.1.2.3", "f": rng.choice([",", ", ", " , ,"]).join(header)}))
        wanted.append(str(client) if client else "bad-forwarded")
    trusted = [word for p in TRUSTED for word in ("--trusted", p)]
    records = parse(hextet, "json:addr=a,forwarded=f,time=", lines, *trusted)
    wrong = [(line, outcome(r), want) for line, r, want in zip(lines, records, wanted) if outcome(r) != want]
    assert not wrong[:3]


def test_forwarded_is_off_without_trusted(hextet):
    line = '{"a":"10.0.0.1","f":"192.0.2.1"}'
    assert outcome(parse_one(hextet, "json:addr=a,forwarded_for=f,time=", line)) == "10.0.0.1"


# JSON.


def test_programs_that_write_json(hextet):
    """Lines as nginx (escape=json), HAProxy, varnishncsa, Caddy, Traefik, Elastic, pino and Apache write them."""
    lines = [
        '{"time_local":"23/Nov/2026:06:14:11 +0100","remote_addr":"2001:db8::1","request":"POST /login?a=1 HTTP/2.0",'
        '"status": "401","body_bytes_sent":"12","http_user_agent":"a\\"b","http_host":"a.example:8443"}',
        '{"msec":"1795414451.441","remote_addr":"2001:db8::1","request_method":"POST","request_uri":"/login?a=1",'
        '"status":401,"bytes_sent":12,"host":"a.example","user_agent":"a\\u0022b"}',
        '{"time":"[23/Nov/2026:06:14:11 +0100]","client":"2001:db8::1","request":"POST http://a.example/login HTTP/1.1",'
        '"status":401,"bytes":12,"agent":"a\\"b"}',
        '{"level":"info","ts":1795410851.25,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":'
        '"2001:db8::1","remote_port":"5843","client_ip":"198.51.100.9","proto":"HTTP/2.0","method":"POST",'
        '"host":"a.example","uri":"/login?a=1","headers":{"User-Agent":["a\\"b"],"X-Forwarded-For":["198.51.100.9"]}},'
        '"bytes_read":0,"duration":0.001,"size":12,"status":401,"resp_headers":{"Server":["Caddy"]}}',
        '{"ClientAddr":"[2001:db8::1]:5843","ClientHost":"198.51.100.9","DownstreamContentSize":12,"DownstreamStatus":401,'
        '"RequestHost":"a.example","RequestMethod":"POST","RequestPath":"/login?a=1","StartUTC":'
        '"2026-11-23T05:14:11.441213141Z","request_User-Agent":"a\\"b","time":"2026-11-23T06:14:11+01:00"}',
        '{"@timestamp":"2026-11-23T05:14:11.000Z","client":{"ip":"198.51.100.9"},"source":{"ip":"2001:db8:0::1"},'
        '"http":{"request":{"method":"POST"},"response":{"status_code":401,"body":{"bytes":12}}},'
        '"url":{"original":"/login?a=1","domain":"a.example"},"user_agent":{"original":"a\\"b"},"agent":{"type":"filebeat"}}',
        '{"@timestamp":"2026-11-23T05:14:11.000Z","client.ip":"2001:db8::1","http.request.method":"POST",'
        '"http.response.status_code":401,"http.response.body.bytes":12,"url.path":"/login","url.domain":"a.example",'
        '"user_agent.original":"a\\"b"}',
        '{"level":30,"time":1795410851441,"pid":1,"hostname":"web1","req":{"method":"POST","url":"/login?a=1","headers":'
        '{"host":"a.example","user-agent":"a\\"b"},"remoteAddress":"::ffff:192.0.2.1","remotePort":5843},'
        '"res":{"statusCode":401},"bytes":12}',
    ]
    records = parse(hextet, "json", lines)
    for line, r in zip(lines, records):
        assert r.get("addr") in ("2001:db8::1", "192.0.2.1"), (line, r)
        assert r["time"].startswith("2026-11-23T"), line
        assert (r["method"], r["path"], r["status"], r["bytes"], r["host"], r["agent"]) == (
            "POST", "/login", 401, 12, "a.example", 'a"b'), line
    assert records[7]["addr"] == "192.0.2.1"
    # Caddy logs the headers: behind a trusted proxy the client is the one that it named.
    assert parse_one(hextet, "json", lines[3], "--trusted", "2001:db8::/32")["addr"] == "198.51.100.9"


def test_named_fields(hextet):
    fmt = "json:addr=who.ip, time=when,path=p,path=q,status=s"
    line = '{"who":{"ip":"192.0.2.1"},"when":1795410851441,"q":"/q","s":200,"method":"GET","remote_addr":"203.0.113.1"}'
    r = parse_one(hextet, fmt, line)
    assert (r["addr"], r["time"], r["path"], r["status"], r["method"]) == (
        "192.0.2.1", "2026-11-23T05:14:11.441Z", "/q", 200, "GET")
    assert parse_one(hextet, fmt, line[:-1] + ',"p":"/p"}')["path"] == "/p"
    # The field's usual names are off: this is not who it is.
    assert outcome(parse_one(hextet, fmt, line.replace('"who"', '"who2"'))) == "no-address"
    assert parse_one(hextet, "json:time=", '{"ip":"192.0.2.1"}')["time"] is None


@pytest.mark.parametrize("value, want", [
    ('"2026-11-23T06:14:11.5+01:00"', "2026-11-23T05:14:11.500Z"),
    ('"2026-11-23 05:14:11Z"', "2026-11-23T05:14:11Z"),
    ("1795410851", "2026-11-23T05:14:11Z"), ("1795410851.441", "2026-11-23T05:14:11.441Z"),
    ('"1795410851.4419"', "2026-11-23T05:14:11.441Z"), ("1795410851441", "2026-11-23T05:14:11.441Z"),
    ("1795410851441.75", "2026-11-23T05:14:11.441Z"), ("1795410851441213", "2026-11-23T05:14:11.441Z"),
    ("1795410851441213141", "2026-11-23T05:14:11.441Z"), ("0", "1970-01-01T00:00:00Z"),
    ('"23/Nov/2026:06:14:11 +0100"', "2026-11-23T05:14:11Z"), ('"[23/Nov/2026:06:14:11 +0100]"', "2026-11-23T05:14:11Z"),
    ('"23/Nov/2026:05:14:11.441"', "2026-11-23T05:14:11.441Z"),
    ("null", "no-time"), ('""', "no-time"), ('"-"', "no-time"), ("-", "no-time"),
    ("true", "bad-time"), ("1795410851.", "bad-time"), ("1.795410851e9", "bad-time"), ('"2026-11-23"', "bad-time"),
    ('"2026-11-23T06:14:11"', "bad-time"), ("1795410851441213141000", "bad-time"), ("1795410851441.x", "bad-time"),
    ("-5", "bad-time"),
])
def test_json_times(hextet, value, want):
    r = parse_one(hextet, "json", '{"ip":"192.0.2.1","time":%s}' % value, env={**os.environ, "TZ": "UTC"})
    assert (r.get("time") or r["reason"]) == want


def test_duplicate_names(hextet):
    """The last one counts, as Python has it; one that says nothing does not."""
    rng = random.Random(5)
    values = ['"192.0.2.1"', '"192.0.2.2"', '"2001:db8::3"', '"bad"', "null", '""', '"-"']
    lines = ["{" + ",".join(f'"ip":{rng.choice(values)}' for _ in range(rng.randrange(1, 5))) + "}" for _ in range(2000)]

    def wanted(line):
        said = [v for _, v in json.loads(line, object_pairs_hook=lambda p: p) if v not in (None, "", "-")]
        return "no-address" if not said or said[-1] == "bad" else said[-1]

    records = parse(hextet, "json:time=", lines)
    assert [outcome(r) for r in records] == [wanted(line) for line in lines]


def random_text(rng):
    chars = ['"', "\\", "/", "a", " ", "\n", "\t", "\b", "\u00e9", "\u20ac", "\U0001f600", "\x01", "\x7f", "%41", "{", "}"]
    return "".join(rng.choice(chars) for _ in range(rng.randrange(1, 24)))


def random_tree(rng, depth=0):
    kind = rng.randrange(7 if depth < 5 else 5)
    if kind == 5:
        return [random_tree(rng, depth + 1) for _ in range(rng.randrange(4))]
    if kind == 6:
        return {random_text(rng): random_tree(rng, depth + 1) for _ in range(rng.randrange(4))}
    return rng.choice([None, True, False, rng.randrange(-5, 1 << 40), rng.random(), random_text(rng)])


def test_texts_against_python(hextet):
    rng = random.Random(6)
    lines, wanted = [], []
    for i in range(3000):
        agent = random_text(rng)
        members = [("ip", "192.0.2.1"), ("time", 1795410851), ("x", random_tree(rng)), ("agent", agent),
                   (random_text(rng), random_tree(rng))]
        rng.shuffle(members)
        lines.append(json.dumps(dict(members), ensure_ascii=i % 2 == 0, separators=rng.choice([(",", ":"), (" , ", " : ")])))
        wanted.append(agent)
    for line, r, agent in zip(lines, parse(hextet, "json", lines), wanted):
        assert "\n" not in line
        assert r["agent"] == agent, line


def test_json_that_servers_write_all_the_same(hextet):
    """Formats written by hand, without escape=json: a client's bytes must not make his line disappear."""
    for text, agent in [(b'"a\\x22b"', 'a"b'), (b'"a\\qb"', "a\\qb"), (b'"a\x01b\tc"', "a\x01b\tc"), (b'"a\xffb"', "a\ufffdb"),
                        (b'"\\ud83d"', "\ufffd"), (b'"\\ude00\\ud83d\\ude00"', "\ufffd\U0001f600"), (b'"\\u12"', "\\u12"),
                        (b"-", None), (b"", None), (b"0.001", "0.001")]:
        r = parse_one(hextet, "json", b'{"ip":"192.0.2.1","time":1795410851,"agent":%s,"x":-}' % text)
        assert (r.get("addr"), r.get("agent")) == ("192.0.2.1", agent), text
    assert outcome(parse_one(hextet, "json:time=", '{"ip":"192.0.2.1",}')) == "192.0.2.1"


@pytest.mark.parametrize("line", [
    "[]", "1", '"a"', "{", "}", '{"a"}', '{"a":1', '{"a":1}}', '{"a":1} x', '{"a":"', '{"a":"\\', '{"a":"\\"}', "{a:1}",
    '{"a":1 "b":2}', '{"a":[1}', '{"a":{]}', '{"a":1,,}', "x{}", '{"a":' * 32 + "1" + "}" * 32, "\0", "\xff",
])
def test_not_json(hextet, line):
    assert parse_one(hextet, "json:time=", line.encode("latin-1"))["reason"] == "bad-json"


def test_depth(hextet):
    line = '{"ip":"192.0.2.1","a":' + '{"a":' * 29 + "1" + "}" * 30
    assert outcome(parse_one(hextet, "json:time=", line)) == "192.0.2.1"
    # The names of a path belong together, and what is deeper is somebody else's.
    assert outcome(parse_one(hextet, "json:time=", '{"":{"ip":"192.0.2.1"},"a":{"ip":"192.0.2.2"}}')) == "no-address"


def test_json_behind_syslog(hextet):
    for header in ("<134>Nov 23 06:14:11 web1 nginx: ", "<134>1 2026-11-23T06:14:11Z web1 nginx - - - ",
                   "Nov 23 06:14:11 web1 nginx[7]: ", "2026-11-23T06:14:11.441+01:00 web1 nginx: "):
        assert parse_one(hextet, "json", header + GOOD)["addr"] == "2001:db8::1"


def test_port_behind_the_last_colon(hextet):
    for text, want in [("2001:db8::1234:5843", "2001:db8::1234"), ("::1:80", "::1"), ("192.0.2.1:5", "192.0.2.1"),
                       ("[2001:db8::1]:5", "2001:db8::1"), ("192.0.2.1", "no-address"), ("unix:1", "no-address")]:
        assert outcome(parse_one(hextet, "json:addr_port=c,time=", json.dumps({"c": text}))) == want


# sshd.

SSHD = [
    ("Failed password for root from {} port 5843 ssh2", 401, "/failed"),
    ("Failed password for invalid user admin from {} port 5843 ssh2", 401, "/failed"),
    ("Failed none for invalid user  from {} port 5843 ssh2", 401, "/failed"),
    ("Failed keyboard-interactive/pam for invalid user a b from {} port 5843 ssh2", 401, "/failed"),
    ("Failed publickey for root from {} port 5843 ssh2: ED25519 SHA256:abc/+", 401, "/failed"),
    ("message repeated 3 times: [ Failed password for root from {} port 5843 ssh2]", 401, "/failed"),
    ("Invalid user admin from {} port 5843", 401, "/invalid-user"),
    ("Invalid user admin from {}", 401, "/invalid-user"),
    ("error: maximum authentication attempts exceeded for root from {} port 5843 ssh2 [preauth]", 401, "/max-attempts"),
    ("error: maximum authentication attempts exceeded for invalid user a from {} port 1 ssh2 [preauth]", 401, "/max-attempts"),
    ("User root from {} not allowed because not listed in AllowUsers", 401, "/not-allowed"),
    ("ROOT LOGIN REFUSED FROM {} port 5843", 401, "/root-refused"),
    ("Connection closed by authenticating user root {} port 5843 [preauth]", 401, "/closed"),
    ("Connection closed by invalid user admin {} port 5843 [preauth]", 401, "/closed"),
    ("Connection closed by {} port 5843 [preauth]", 400, "/closed"),
    ("Connection closed by {} port 5843", 200, "/closed"),
    ("Connection reset by authenticating user root {} port 5843 [preauth]", 401, "/reset"),
    ("Connection reset by {} port 5843 [preauth]", 400, "/reset"),
    ("Disconnected from authenticating user root {} port 5843 [preauth]", 401, "/disconnected"),
    ("Disconnected from invalid user a {} port 5843 [preauth]", 401, "/disconnected"),
    ("Disconnected from {} port 5843 [preauth]", 400, "/disconnected"),
    ("Disconnected from user root {} port 5843", 200, "/disconnected"),
    ("Disconnecting authenticating user root {} port 5843: Too many authentication failures [preauth]", 401, "/too-many"),
    ("Received disconnect from {} port 5843:11: Bye Bye [preauth]", 400, "/received-disconnect"),
    ("Received disconnect from {} port 5843:11: disconnected by user", 200, "/received-disconnect"),
    ("Unable to negotiate with {} port 5843: no matching host key type found. Their offer: ssh-dss [preauth]", 400,
     "/unable-to-negotiate"),
    ("fatal: Unable to negotiate with {} port 5843: no matching cipher found. Their offer: x [preauth]", 400,
     "/unable-to-negotiate"),
    ("Bad protocol version identification 'GET / HTTP/1.1' from {} port 5843", 400, "/bad-protocol"),
    ("banner exchange: Connection from {} port 5843: invalid format", 400, "/bad-protocol"),
    ("Did not receive identification string from {} port 5843", 400, "/no-identification"),
    ("Timeout before authentication for {} port 5843", 400, "/timeout"),
    ("Timeout before authentication for connection from {} to 198.51.100.1, pid = 5", 400, "/timeout"),
    ("drop connection #10 from [{}]:5843 on [198.51.100.1]:22 past MaxStartups", 400, "/dropped"),
    ("Connection from {} port 5843 on 198.51.100.1 port 22 rdomain \"\"", 200, "/connection"),
    ("Accepted password for root from {} port 5843 ssh2", 200, "/accepted"),
    ("Accepted publickey for root from {} port 5843 ssh2: RSA SHA256:abc", 200, "/accepted"),
    ("Accepted publickey for root from {} port 5843 ssh2: RSA-CERT SHA256:abc ID me (serial 0) CA RSA SHA256:d", 200, "/accepted"),
]
HEADERS = ["Nov 23 06:14:11 web1 sshd[4711]: ", "2026-11-23T06:14:11.000+00:00 web1 sshd-session[4711]: ",
           "<38>Nov 23 06:14:11 web1 sshd[4711]: ", "<38>1 2026-11-23T06:14:11Z web1 sshd 4711 - - "]


def test_sshd(hextet):
    lines, wanted = [], []
    for text, status, path in SSHD:
        for ip in ("192.0.2.1", "2001:db8::1234"):
            for header in HEADERS:
                lines.append(header + text.format(ip))
                wanted.append((ip, status, path))
    records = parse(hextet, "sshd", lines, env={**os.environ, "TZ": "UTC"})
    for line, r, want in zip(lines, records, wanted):
        assert (r.get("addr"), r.get("status"), r.get("path")) == want, (line, r)
        assert (r["method"], r["host"]) == ("ssh", "web1") and r["time"].endswith("-11-23T06:14:11Z"), line


@pytest.mark.parametrize("line, reason", [
    ("Nov 23 06:14:11 web1 CRON[1]: Failed password for root from 192.0.2.1 port 5 ssh2", "other"),
    ("Nov 23 06:14:11 web1 sshd[1]: Server listening on :: port 22.", "other"),
    ("Nov 23 06:14:11 web1 sshd[1]: pam_unix(sshd:session): session opened for user root(uid=0)", "other"),
    ("Nov 23 06:14:11 web1 sshd[1]: User child is on pid 7", "other"),
    ("Failed password for root from 192.0.2.1 port 5 ssh2", "other"),
    ("Nov 31 06:14:11 web1 sshd[1]: Failed password for root from 192.0.2.1 port 5 ssh2", "bad-time"),
    ("<38>sshd[1]: Failed password for root from 192.0.2.1 port 5 ssh2", "no-time"),
    ("Nov 23 06:14:11 web1 sshd[1]: Failed password for root from host.example port 5 ssh2", "no-address"),
    ("Nov 23 06:14:11 web1 sshd[1]: Connection closed by UNKNOWN port 65535 [preauth]", "no-address"),
    ("Nov 23 06:14:11 web1 sshd[1]: Failed password for root from 192.0.2.256 port 5 ssh2", "bad-address"),
    ("", "empty"),
])
def test_sshd_says_nothing(hextet, line, reason):
    assert parse_one(hextet, "sshd", line)["reason"] == reason


def test_other_programs_are_no_failure(hextet):
    done = run(hextet, "--format", "sshd", "--count", "-", input="Nov 23 06:14:11 web1 CRON[1]: x\n")
    assert (done.returncode, done.stderr) == (0, "") and "other: 1" in done.stdout


# Local times, against zoneinfo.


@pytest.mark.parametrize("zone", ["Europe/Prague", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_local_times_against_python(hextet, zone):
    tz = zoneinfo.ZoneInfo(zone)
    rng = random.Random(zone)
    # Anywhere, and around the changes of the clocks of many years; also times that the clocks never show.
    moments = [datetime.datetime(2000, 1, 1) + datetime.timedelta(seconds=rng.randrange(40 * 365 * 86400)) for _ in range(3000)]
    for year in range(2000, 2038):
        day = datetime.datetime(year, 1, 1)
        for n in range(365):
            at = day + datetime.timedelta(days=n)
            if at.replace(tzinfo=tz).utcoffset() != (at + datetime.timedelta(days=1)).replace(tzinfo=tz).utcoffset():
                moments += [at + datetime.timedelta(minutes=7 * k) for k in range(60)]
    lines = [json.dumps({"ip": "::1", "time": m.strftime("%d/%b/%Y:%H:%M:%S.441")}) for m in moments]
    records = parse(hextet, "json", lines, env={**os.environ, "TZ": zone})
    for m, r in zip(moments, records):
        want = m.replace(tzinfo=tz).astimezone(datetime.timezone.utc)
        assert r["time"] == want.strftime("%Y-%m-%dT%H:%M:%S.441Z"), m


@pytest.mark.parametrize("status, believed", [(200, True), (401, True), (404, True), (499, True), (400, False), (408, False)])
def test_header_that_the_server_did_not_read_to_its_end(hextet, status, believed):
    """nginx answers 400 at a bad Host and logs the header that it had by then: the client's own, not the proxy's."""
    line = f'192.0.2.1 - - [23/Nov/2026:20:06:31 +0000] "GET /login HTTP/1.1" {status} 157 "203.0.113.9"\n'
    done = hextet("guard", "parse", "--format", '$remote_addr - $remote_user [$time_local] "$request" $status '
                  '$body_bytes_sent "$http_x_forwarded_for"', "--trusted", "192.0.2.1", "--output", "jsonl", "-", input=line)
    row = json.loads(done.stdout)
    assert row.get("addr") == ("203.0.113.9" if believed else None)
    assert row.get("reason") == (None if believed else "bad-forwarded")
    line = json.dumps({"remote_addr": "192.0.2.1", "xff": "203.0.113.9", "status": status, "time": 1795464323})
    done = hextet("guard", "parse", "--format", "json", "--trusted", "192.0.2.1", "--output", "jsonl", "-", input=line)
    assert json.loads(done.stdout).get("addr") == ("203.0.113.9" if believed else None)
