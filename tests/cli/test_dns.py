# SPDX-License-Identifier: Apache-2.0
"""Target dns. What the zones should hold is computed here from the YAML with PyYAML and ipaddress; what they hold is
read by BIND's named-checkzone. knotd serves them once for real."""
import ipaddress
import json
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TOP = Path(__file__).resolve().parents[2]
EXAMPLE = TOP / "examples" / "streaming"
GOLDEN = TOP / "tests" / "golden" / "dns"
SERVER = "ns.example.net"


def load(estate):
    """All sections of an estate, the machines among them."""
    merged = {"machines": {}}
    for path in sorted(estate.glob("*.yaml")):
        merged.update(yaml.safe_load(path.read_text()))
    for path in sorted((estate / "machines").glob("*.yaml")):
        merged["machines"].update(yaml.safe_load(path.read_text()))
    return merged


def write(folder, sections, machines):
    (folder / "machines").mkdir(parents=True, exist_ok=True)
    (folder / "estate.yaml").write_text(json.dumps(sections))
    (folder / "machines" / "machines.yaml").write_text(json.dumps(machines))
    return folder


def render(hextet, estate, out, *args):
    done = hextet("render", estate, "--target", "dns", "-o", out, *args)
    assert done.returncode == 0, done.stderr
    conf = sorted(out.glob("*/etc/knot/hextet.conf"))
    assert conf
    zones = yaml.safe_load(conf[0].read_text())["zone"]
    return {z["domain"]: conf[0].parent / "zones" / z["file"] for z in zones}


def read_zone(tool, zone, path):
    """(owner, type) -> list of data, by BIND's reader."""
    done = subprocess.run([tool("named-checkzone"), "-D", "-i", "none", "-k", "ignore", "-o", "-", zone, path],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, f"{zone}: {done.stderr}{done.stdout}{path.read_text()}"
    records = {}
    for line in done.stdout.splitlines():
        owner, _, _, kind, data = line.split(None, 4)
        records.setdefault((owner.rstrip(".").lower(), kind), []).append(data)
    return records


def read_all(tool, zones):
    return {zone: read_zone(tool, zone, path) for zone, path in zones.items()}


def addresses_in(zone):
    return {(owner, ipaddress.ip_address(a)) for (owner, kind), data in zone.items() if kind in ("A", "AAAA")
            for a in data}


def pointers_in(zones):
    """address -> name"""
    found = {}
    for zone in zones.values():
        for (owner, kind), data in zone.items():
            if kind == "PTR":
                assert len(data) == 1
                assert owner not in found
                found[owner] = data[0].rstrip(".").lower()
    return found


def name_in(name, domain):
    name = (name if "." in name else f"{name}.{domain}").rstrip(".").lower()
    return name, name == domain or name.endswith("." + domain)


def own_addresses(machine, others=True):
    keys = [machine[k] for k in ("ip", "ipv6") if k in machine]
    return [ipaddress.ip_address(a) for a in keys + (list(machine.get("other_ips", {})) +
                                                     list(machine.get("other_ips6", {})) if others else [])]


def wanted_addresses(estate):
    domain = estate["domain"].rstrip(".").lower()
    machines = {m: v or {} for m, v in estate["machines"].items()}
    wanted = set()
    for name, machine in machines.items():
        name, inside = name_in(name, domain)
        wanted |= {(name, a) for a in own_addresses(machine) if inside}
    for name, endpoint in estate.get("endpoints", {}).items():
        name, inside = name_in(name, domain)
        to = endpoint["to"] if isinstance(endpoint["to"], list) else [endpoint["to"]]
        for ref in to if inside else []:
            if ref in estate.get("groups", {}):
                leads = [a for m in machines.values() if ref in m.get("groups", []) for a in own_addresses(m, False)]
            elif ref in machines:
                leads = own_addresses(machines[ref], False)
            else:
                entry = estate["failover"][ref]
                leads = [ipaddress.ip_interface(a).ip for a in entry.get("ipv4", []) + entry.get("ipv6", [])]
            wanted |= {(name, a) for a in leads if not a.is_link_local}
    return wanted


ESTATES = {"streaming": EXAMPLE, "small": GOLDEN / "small" / "estate", "prefixes": GOLDEN / "prefixes" / "estate"}


@pytest.fixture(scope="module", params=ESTATES)
def both(request, hextet, tool, tmp_path_factory):
    """An estate, and the zones that named-checkzone reads for it."""
    estate = load(ESTATES[request.param])
    zones = render(hextet, ESTATES[request.param], tmp_path_factory.mktemp("dns") / "out", "--verify")
    return estate, read_all(tool, zones)


def test_forward_zone_is_the_database(both):
    estate, zones = both
    assert addresses_in(zones[estate["domain"].rstrip(".").lower()]) == wanted_addresses(estate)


def test_every_pointer_is_confirmed_and_every_address_has_one(both):
    estate, zones = both
    forward = addresses_in(zones[estate["domain"].rstrip(".").lower()])
    networks = [ipaddress.ip_network(p) for p in estate["prefixes"]]
    pointers = pointers_in(zones)
    by_pointer = {a.reverse_pointer: a for _, a in forward}
    # RFC 2317 puts a label between the last octet and the rest.
    short = {".".join(o for o in owner.split(".") if "/" not in o): name for owner, name in pointers.items()}
    assert len(short) == len(pointers)
    for owner, name in short.items():
        assert owner in by_pointer, f"{owner} points to {name}, which does not have it"
        assert (name, by_pointer[owner]) in forward
    ours = {a.reverse_pointer for _, a in forward if any(a in n for n in networks)}
    assert set(short) == ours


def test_every_zone_has_a_start_and_servers(both):
    estate, zones = both
    groups = {g for g, v in estate["groups"].items() if "knot" in (v or {}).get("roles", [])}
    domain = estate["domain"].rstrip(".").lower()
    servers = {name_in(m, domain)[0] + "." for m, v in estate["machines"].items()
               if groups & set((v or {}).get("groups", []))}
    for zone, records in zones.items():
        assert len(records[zone, "SOA"]) == 1
        assert set(records[zone, "NS"]) == servers
        for server in servers:
            if name_in(server.rstrip("."), domain)[1]:
                assert any(owner == server.rstrip(".") for owner, _ in addresses_in(zones[domain]))


def test_in_canonical_order(hextet, tool, tmp_path):
    """Names come as RFC 4034 section 6.1 sorts them: as named-checkzone dumps them."""
    zones = render(hextet, ESTATES["small"], tmp_path)
    for zone, path in zones.items():
        lines = [line.split() for line in path.read_text().splitlines() if line and line[0] not in "; )$"]
        owners = [words[0] for words in lines if words[1] in ("A", "AAAA", "PTR")]
        dumped = [owner for owner, kind in read_zone(tool, zone, path) if kind in ("A", "AAAA", "PTR")]
        ours = [zone if owner == "@" else f"{owner}.{zone}" for owner in dict.fromkeys(owners)]
        assert sorted(ours) == sorted(set(dumped))
        if "arpa" not in zone:  # reverse zones are in the order of the addresses
            assert ours == list(dict.fromkeys(dumped))


def test_same_on_every_server(hextet, tmp_path):
    render(hextet, ESTATES["small"], tmp_path)
    one, two = ({p.name: p.read_bytes() for p in (m / "etc/knot/zones").iterdir()}
                for m in sorted(tmp_path.glob("n*")))
    assert one == two


def boundary_zones(network):
    """The zones of a prefix by ipaddress: itself on a boundary, else the subnets of the next."""
    step = 8 if network.version == 4 else 4
    length = -(-network.prefixlen // step) * step
    found = []
    for part in network.subnets(new_prefix=length):
        labels = part.network_address.reverse_pointer.split(".")
        found.append(".".join(labels[(part.max_prefixlen - length) // step:]))
    return found


@st.composite
def networks(draw):
    if draw(st.booleans()):
        length = draw(st.integers(6, 24))
        return ipaddress.ip_network((draw(st.integers(1, 223 << 24)), length), strict=False)
    length = draw(st.integers(16, 128))
    return ipaddress.ip_network(((0x2001 << 112) + draw(st.integers(0, (1 << 112) - 1)), length), strict=False)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(prefixes=st.lists(networks(), min_size=1, max_size=6, unique=True), data=st.data())
def test_random_prefixes(hextet, tool, tmp_path_factory, prefixes, data):
    """Each address inside a prefix lies in one zone; the zones are those of ipaddress, less the covered ones."""
    chosen = {p[data.draw(st.integers(0, p.num_addresses - 1))] for p in prefixes}
    machines = {SERVER: {"groups": ["ns"]}}
    for i, address in enumerate(sorted(chosen, key=lambda a: (a.version, a))):
        machines[f"m{i}.example.net"] = {"ip" if address.version == 4 else "ipv6": str(address)}
    # Checks are about the plan; here it is random.
    names = [row["name"] for row in json.loads(hextet("check", "--list", "--output", "json").stdout)]
    folder = tmp_path_factory.mktemp("random")
    estate = write(folder / "estate", {
        "estate": "random", "domain": "example.net", "checks": {n: "ignore" for n in names},
        "prefixes": {str(p): {} for p in prefixes}, "groups": {"ns": {"roles": ["knot"]}}}, machines)
    zones = render(hextet, estate, folder / "out")
    reverse = set(zones) - {"example.net"}
    wanted = {z for p in prefixes for z in boundary_zones(p)}
    covered = {z for z in wanted if any(z.endswith("." + other) for other in wanted)}
    assert reverse == wanted - covered
    for address in chosen:
        inside = [z for z in reverse if ("." + address.reverse_pointer).endswith("." + z)]
        assert len(inside) == 1
        assert read_zone(tool, inside[0], zones[inside[0]])[address.reverse_pointer, "PTR"]


# -- what cannot be a zone

def small_estate(folder, machines, **sections):
    ns = {SERVER: {"groups": ["ns"], "ip": "192.0.2.53", "ipv6": "2001:db8:1::53"}}
    base = {"estate": "small", "domain": "example.net", "checks": {
                "documentation-prefix": "ignore", "single-family": "ignore", "invalid-host-name": "ignore",
                "duplicate-host-name": "ignore", "short-host-name": "ignore"},
            "prefixes": {"2001:db8:1::/48": {}, "192.0.2.0/24": {}}, "groups": {"ns": {"roles": ["knot"]}}}
    checks = base["checks"]
    return write(folder, base | sections, ns | machines), checks


def refused(hextet, tmp_path, machines, **sections):
    estate, checks = small_estate(tmp_path / "estate", machines, **sections)
    known = {row["name"] for row in json.loads(hextet("check", "--list", "--output", "json").stdout)}
    path = estate / "estate.yaml"
    text = json.loads(path.read_text())
    text["checks"] = {n: s for n, s in checks.items() if n in known}
    path.write_text(json.dumps(text))
    done = hextet("render", estate, "--target", "dns", "-o", tmp_path / "out", "--verify")
    assert done.returncode == 1, done.stderr
    assert not list((tmp_path / "out").glob("*.net"))
    return done.stderr


@pytest.mark.parametrize("name, says", [
    ("x" * 64 + ".example.net", "longer than 63"),
    ("a..example.net", "empty label"),
    ("x" * 250, "longer than 253"),
])
def test_names_dns_cannot_have(hextet, tmp_path, name, says):
    message = refused(hextet, tmp_path, {name: {"ip": "192.0.2.1"}})
    assert says in message and "machines.yaml:1:" in message and "[dns]" in message


def test_names_dns_cannot_tell_apart(hextet, tmp_path):
    message = refused(hextet, tmp_path, {"A.example.net": {"ip": "192.0.2.1"}, "a.EXAMPLE.net": {"ip": "192.0.2.2"}})
    assert 'are the same name in DNS' in message and "machines.yaml:1:" in message


def test_endpoint_with_the_name_of_another_machine(hextet, tmp_path):
    machines = {"a.example.net": {"ip": "192.0.2.1", "ipv6": "2001:db8:1::1"},
                "b.example.net": {"ip": "192.0.2.2", "ipv6": "2001:db8:1::2"}}
    message = refused(hextet, tmp_path, machines, endpoints={"a.example.net": {"to": "b.example.net"}})
    assert "does not lead to" in message


# -- overrides, and what the checkers say about them

@pytest.fixture
def estate(tmp_path):
    folder = shutil.copytree(EXAMPLE, tmp_path / "estate")
    (folder / "templates" / "dns").mkdir(parents=True)
    return folder


def override(estate, text):
    path = estate / "templates" / "dns" / "records"
    path.write_text('{% if zone.name == "example.net" %}\n' + text + "{% endif %}\n")
    return path


def test_records_of_your_own(hextet, tool, estate, tmp_path):
    override(estate, "@ MX 10 mail.example.org.\n")
    zones = render(hextet, estate, tmp_path / "out", "--verify")
    assert read_zone(tool, "example.net", zones["example.net"])["example.net", "MX"] == ["10 mail.example.org."]


@pytest.mark.parametrize("text, line, says", [
    ("good AAAA 2001:db8::1\nx AAAA 2001:db8::53::53\n", 3, "invalid IPv6 address"),
    ("www CNAME api\n", None, "another record exists beside CNAME"),
])
def test_bad_records_are_refused_with_their_place(hextet, tool, estate, tmp_path, text, line, says):
    tool("kzonecheck")
    path = override(estate, text)
    done = hextet("render", estate, "--target", "dns", "-o", tmp_path / "out", "--verify")
    assert done.returncode == 1
    assert says in done.stderr and "ns1.de.example.net/etc/knot/zones/example.net.zone" in done.stderr
    assert line is None or f"{path}:{line}:" in done.stderr
    assert not list((tmp_path / "out").glob("*.net"))


def test_serial_in_a_file_of_its_own(hextet, tool, estate, tmp_path):
    (estate / "dns.yaml").write_text("dns: { ttl: 2h }\n")
    (estate / "serial.yaml").write_text("dns: { serial: 1700000000 }\n")
    zones = render(hextet, estate, tmp_path / "out")
    for zone, path in zones.items():
        assert read_zone(tool, zone, path)[zone, "SOA"][0].split()[2] == "1700000000"


# -- a server

@pytest.fixture
def port():
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
        s.bind(("::1", 0))
        return s.getsockname()[1]


@pytest.fixture
def ask(tool, port):
    """ask(server, *question) -> the answers, sorted."""

    def run(server, *question):
        done = subprocess.run([tool("kdig"), f"@{server}", "-p", str(port), "+short", "+retry=0", "+timeout=1",
                               *question], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return sorted(line for line in done.stdout.splitlines() if line and not line.startswith(";;"))

    return run


def wait_for(get, wanted, log, seconds=20):
    deadline = time.monotonic() + seconds
    while not wanted(get()):
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


@pytest.fixture
def served(hextet, tool, ask, tmp_path, port):
    """The example's zones, served by knotd from the files as they are written; gives the zones and the log."""
    knotd = tool("knotd")
    zones = render(hextet, EXAMPLE, tmp_path / "out")
    folder = next(iter(zones.values())).parent
    include, conf, log = (tmp_path / name for name in ("hextet.conf", "knot.conf", "log"))
    include.write_text((folder.parent / "hextet.conf").read_text().replace("/etc/knot/zones", str(folder)))
    (tmp_path / "db").mkdir()
    conf.write_text(f"""server:
    rundir: "{tmp_path}"
    listen: [ "127.0.0.1@{port}", "::1@{port}" ]
database:
    storage: "{tmp_path}/db"
acl:
  - id: hextet_update
    address: "127.0.0.1"
    action: update
    deny: on
include: "{include}"
""")
    with open(log, "w") as out:
        server = subprocess.Popen([knotd, "-c", conf], stdout=out, stderr=out)
    try:
        wait_for(lambda: server.poll() is not None or ask("::1", "example.net", "SOA"), bool, log)
        assert server.poll() is None, log.read_text()
        yield zones, log
    finally:
        server.terminate()
        server.wait(timeout=20)


def test_served(served, ask):
    for at in ("127.0.0.1", "::1"):
        assert ask(at, "fe01.de.example.net", "A") == ["198.51.100.11"]
        assert ask(at, "FE01.de.example.NET", "AAAA") == ["2001:db8:172:1:b:c:d:e"]
        assert ask(at, "www.example.net", "AAAA") == ["2001:db8:fff0:f::fe01", "2001:db8:fff0:f::fe02"]
        assert ask(at, "-x", "2001:db8:172:1:b:c:d:e") == ["fe01.de.example.net."]
        assert ask(at, "-x", "198.51.100.101") == ["www.example.net."]


def test_knot_counts_serials_itself(served, tool, ask, tmp_path):
    """A file with the old serial and a new record: the zone's serial grows, and the file stays as it was written."""
    zones, log = served
    path = zones["example.net"]
    before = int(ask("::1", "example.net", "SOA")[0].split()[2])
    path.write_text(path.read_text() + "new AAAA 2001:db8::1\n")
    text = path.read_text()
    subprocess.run([tool("knotc"), "-s", tmp_path / "knot.sock", "zone-reload", "example.net"], check=True,
                   stdout=subprocess.DEVNULL)
    wait_for(lambda: ask("::1", "new.example.net", "AAAA"), lambda a: a == ["2001:db8::1"], log)
    assert int(ask("::1", "example.net", "SOA")[0].split()[2]) > before
    assert path.read_text() == text
