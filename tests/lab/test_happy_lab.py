# SPDX-License-Identifier: Apache-2.0
"""`hextet trial run --happy-eyeballs --path-mtu` on paths that are broken on purpose: which family a dual-stack client
gets, what it waits for, and whether large packets arrive. Times have lower bounds only: a loaded machine is slow."""
import contextlib
import json
import subprocess

import pytest

pytestmark = pytest.mark.lab

# A lab has at least one machine; nothing here is about it.
ESTATE = {"estate.yaml": """
estate: lab
domain: example.net
checks: { documentation-prefix: ignore }
prefixes: { "2001:db8:1::/48": { per_machine: 64, gateway: "fe80::1" }, 192.0.2.0/24: { gateway: 192.0.2.1 } }
groups: { web: {} }
""", "machines/all.yaml": 'a.example.net: { groups: [web], ip: 192.0.2.10, ipv6: "2001:db8:1:1::a" }\n'}
CLIENT = ("203.0.113.7", "2001:db8:c::7")
# Behind a tunnel each its own: what a machine learns of a path stays for ten minutes, and connections that were given up
# go on learning.
HOSTS = {"near": ("203.0.113.80", "2001:db8:80::80"), "far": ("203.0.113.81", "2001:db8:81::81"),
         "hole": ("203.0.113.82", "2001:db8:82::82"), "back": ("203.0.113.83", "2001:db8:83::83"),
         "hole4": ("203.0.113.84", "2001:db8:84::84")}
NEAR = HOSTS["near"]
GOOD, DROPPED, REJECTED, STALLED = 9001, 9002, 9003, 9004
LATE_MS = 1000
LIMIT_MS = 2000

# HTTP/1.1 on every port, both families; the first byte never comes over IPv6 on the port that stalls.
WEB = """
import socket, sys, threading, time
def answer(c, stall):
    with c:
        request = b""
        while b"\\r\\n\\r\\n" not in request:
            more = c.recv(65536)
            if not more:
                return
            request += more
        if stall:
            time.sleep(60)
        body = b"x" * (20000 if request.startswith(b"GET /large") else 5)
        c.sendall(b"HTTP/1.1 200 OK\\r\\nConnection: close\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body)
def serve(s, stall):
    while True:
        threading.Thread(target=answer, args=(s.accept()[0], stall)).start()
for port in map(int, sys.argv[3:]):
    for family, address in (socket.AF_INET, sys.argv[1]), (socket.AF_INET6, sys.argv[2]):
        s = socket.create_server((address, port), family=family)
        threading.Thread(target=serve, args=(s, port == 9004 and family == socket.AF_INET6)).start()
print("ready", flush=True)
"""
# A and AAAA of the hosts; late.lab. and mute.lab. are near.lab., but the AAAA answer is late, or never comes.
DNS = """
import json, socket, struct, sys, threading, time
hosts, late_ms = json.loads(sys.argv[1]), int(sys.argv[2])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((hosts["near"][0], 53))
def answer(query, client):
    end = query.index(b"\\0", 12) + 5
    name, kind = query[13:13 + query[12]].decode(), struct.unpack("!H", query[end - 4:end - 2])[0]
    if kind == 28 and name == "mute":
        return
    if kind == 28 and name == "late":
        time.sleep(late_ms / 1000)
    v4, v6 = hosts.get(name, hosts["near"])
    data = {1: socket.inet_pton(socket.AF_INET, v4), 28: socket.inet_pton(socket.AF_INET6, v6)}.get(kind, b"")
    record = b"\\xc0\\x0c" + struct.pack("!HHIH", kind, 1, 0, len(data)) + data if data else b""
    s.sendto(query[:2] + struct.pack("!HHHHH", 0x8580, 1, bool(data), 0, 0) + query[12:end] + record, client)
print("ready", flush=True)
while True:
    threading.Thread(target=answer, args=s.recvfrom(1500)).start()
"""


def nft(pid, rules):
    subprocess.run(["nsenter", f"--net=/proc/{pid}/ns/net", "nft", rules], check=True)


@pytest.fixture(scope="module")
def lab(machines, tool):
    tool("nft")
    lab = machines(ESTATE)
    client = lab.host("client", ipv4=CLIENT[:1], ipv6=CLIENT[1:])
    client.write("/etc/resolv.conf", f"nameserver {NEAR[0]}\noptions timeout:30 attempts:1\n")
    for name, addresses in HOSTS.items():
        host = lab.host(name, ipv4=addresses[:1], ipv6=addresses[1:])
        host.write("/etc/web.py", WEB)
        host.start("/usr/bin/python3", "/etc/web.py", *addresses, GOOD, DROPPED, REJECTED, STALLED, ready=("log", "ready"))
    lab["near"].write("/etc/dns.py", DNS)
    lab["near"].start("/usr/bin/python3", "/etc/dns.py", json.dumps(HOSTS), LATE_MS, ready=("log", "ready"))
    # An ICMPv6 error comes back before connect() has let go of the socket, where nothing on the way takes any time, and
    # the kernel drops it (LockDroppedIcmps); a reset waits.
    nft(lab.provider.pid, f"""table ip6 way {{ chain forward {{ type filter hook forward priority 0;
        tcp dport {DROPPED} drop
        tcp dport {REJECTED} reject with tcp reset
    }}; }}""")
    return lab


@pytest.fixture
def trial(lab, hextet_path):
    """trial(url, option…) -> (exit status, the result)"""
    def run(url, *args):
        done = lab["client"].run(hextet_path, "trial", "run", "--output", "json", "--connect-timeout", f"{LIMIT_MS // 1000}s",
                                 "--stall", "1s", *args, url)
        assert done.returncode in (0, 1), done.stderr
        return done.returncode, json.loads(done.stdout)[0]
    return run


def found(result):
    return [(f["kind"], f["family"]) for f in result["findings"]]


def detail(result, part):
    """The one finding whose text has this part."""
    match = [f for f in result["findings"] if part in f["detail"]]
    assert len(match) == 1, result["findings"]
    return match[0]


def test_good_paths_have_no_findings(trial):
    """A machine that is busy elsewhere for 50 ms is no good path: five looks."""
    for _ in range(5):
        status, result = trial(f"http://near.lab:{GOOD}/", "--happy-eyeballs", "--path-mtu")
        if status == 0:
            break
    assert status == 0 and result["findings"] == []
    race = result["happy_eyeballs"]
    assert race["family"] == 6 and race["request"] == "ok"
    assert [(a["address"], a["end"]) for a in race["attempts"]] == [(NEAR[1], "won")]
    assert (race["alone"]["address"], race["alone"]["end"]) == (NEAR[1], "won")
    assert result["path_mtu"] == [{"family": f, "address": NEAR[f == 6], "mtu": 1500, "large": "good"} for f in (4, 6)]


def test_ipv6_is_dropped(trial):
    status, result = trial(f"http://near.lab:{DROPPED}/", "--happy-eyeballs")
    race = result["happy_eyeballs"]
    six, four = race["attempts"]
    assert (six["address"], six["end"], four["address"], four["end"]) == (NEAR[1], "lost", NEAR[0], "won")
    assert four["begun_us"] - six["begun_us"] >= 250_000 and race["family"] == 4
    assert (race["alone"]["address"], race["alone"]["end"]) == (NEAR[1], "no-answer")
    assert race["alone"]["ended_us"] - race["alone"]["begun_us"] >= LIMIT_MS * 1000
    f = detail(result, "a dual-stack client waits")
    assert status == 1 and (f["kind"], f["family"]) == ("time", 6) and "has no connection after" in f["detail"]


def test_ipv6_is_rejected(trial):
    status, result = trial(f"http://near.lab:{REJECTED}/", "--happy-eyeballs")
    race = result["happy_eyeballs"]
    assert [(a["address"], a["end"]) for a in race["attempts"]] == [(NEAR[1], "refused"), (NEAR[0], "won")]
    assert race["attempts"][1]["begun_us"] - race["attempts"][0]["ended_us"] < 250_000  # at once, not the delay
    assert race["alone"]["end"] == "refused"
    f = detail(result, "a dual-stack client tries IPv6 first")
    assert status == 1 and (f["kind"], f["family"]) == ("unreachable", 6)


def test_aaaa_is_late(trial):
    status, result = trial(f"http://late.lab:{GOOD}/", "--happy-eyeballs")
    race = result["happy_eyeballs"]
    first = race["attempts"][0]
    assert race["aaaa"]["us"] >= LATE_MS * 1000 and race["aaaa"]["addresses"] == 1
    assert first["address"] == NEAR[0] and first["begun_us"] >= race["a"]["us"] + 50_000 and race["family"] == 4
    assert (race["alone"]["address"], race["alone"]["end"]) == (NEAR[1], "won")
    assert race["alone"]["ended_us"] >= LATE_MS * 1000  # it waits for both answers
    f = detail(result, "the AAAA answer takes")
    assert status == 1 and (f["kind"], f["family"]) == ("time", 6)


def test_aaaa_never_comes(trial):
    _, result = trial(f"http://mute.lab:{GOOD}/", "--happy-eyeballs")
    race = result["happy_eyeballs"]
    assert race["aaaa"] == {"addresses": 0, "us": None} and race["family"] == 4
    f = detail(result, "give no AAAA answer")
    assert (f["kind"], f["family"]) == ("time", 6)


def test_ipv6_accepts_and_stalls(trial):
    """Nothing helps a client whose race was won by a family that then says nothing."""
    for _ in range(5):
        status, result = trial(f"http://near.lab:{STALLED}/", "--happy-eyeballs")
        race = result["happy_eyeballs"]
        if race["family"] == 6:
            break
    assert race["family"] == 6 and race["request"] == "stalled" and [a["end"] for a in race["attempts"]] == ["won"]
    f = detail(result, "IPv6 wins the race and then stalls: a dual-stack client hangs")
    assert status == 1 and (f["kind"], f["family"]) == ("unreachable", 6)


@contextlib.contextmanager
def tunnel(lab, name, family=6, filtered=""):
    """Both ways between the client and a host pass a link of 1280 bytes in one family; the provider tells who sends too
    much, unless its own words are filtered."""
    v6, via = family == 6, "" if family == 6 else "inet6 "
    ends = []
    for address in (CLIENT[v6], HOSTS[name][v6]):
        show = subprocess.run(["nsenter", f"--net=/proc/{lab.provider.pid}/ns/net", "ip", "-j", f"-{family}", "route", "show",
                               address], check=True, capture_output=True, text=True)
        ends.append((address, json.loads(show.stdout)[0]["dev"]))
    table = f"{'ip6' if v6 else 'ip'} filtered"
    nft(lab.provider.pid, f"table {table} {{ chain output {{ type filter hook output priority 0; {filtered}; }}; }}")
    lab.ip(*(f"route replace {a} via {via}fe80::2 dev {d} mtu lock 1280" for a, d in ends))
    try:
        yield
    finally:
        lab.ip(*(f"route replace {a} via {via}fe80::2 dev {d}" for a, d in ends))
        nft(lab.provider.pid, f"delete table {table}")


def paths(result):
    return {p["family"]: p["large"] for p in result["path_mtu"]}


def test_a_tunnel_is_no_finding(lab, trial):
    with tunnel(lab, "far"):
        for path in ("/", "/large"):
            status, result = trial(f"http://far.lab:{GOOD}{path}", "--path-mtu")
            assert status == 0 and result["findings"] == []
            assert {p["family"]: (p["large"], p["mtu"]) for p in result["path_mtu"]} == {4: ("good", 1500), 6: ("good", 1280)}


@pytest.mark.parametrize("name, family, path, verdict, said, message", [
    ("hole", 6, "/", "to-server", "path-MTU black hole towards", f"icmpv6 type packet-too-big ip6 daddr {CLIENT[1]} drop"),
    ("back", 6, "/large", "from-server", "path-MTU black hole from",
     f"icmpv6 type packet-too-big ip6 daddr {HOSTS['back'][1]} drop"),
    ("hole4", 4, "/", "to-server", "path-MTU black hole towards",
     f"icmp type destination-unreachable icmp code 4 ip daddr {CLIENT[0]} drop"),
])
def test_black_holes(lab, trial, name, family, path, verdict, said, message):
    with tunnel(lab, name, family, message):
        status, result = trial(f"http://{name}.lab:{GOOD}{path}", "--path-mtu")
    assert status == 1 and paths(result) == {family: verdict, 10 - family: "good"}, result
    f = detail(result, f"{said} {HOSTS[name][family == 6]}")
    assert (f["kind"], f["family"]) == ("unreachable", family)


def test_a_silent_server_is_no_black_hole(trial):
    _, result = trial(f"http://near.lab:{STALLED}/", "--path-mtu")
    assert paths(result) == {4: "good", 6: "server"}
    assert not [f for f in result["findings"] if "black hole" in f["detail"]]
    assert found(result) == [("unreachable", 6)]  # as the fetches say
