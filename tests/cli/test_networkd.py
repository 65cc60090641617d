# SPDX-License-Identifier: Apache-2.0
"""Target networkd: what systemd-networkd itself makes of the files, in a network namespace, and what hextet's reader
says about overrides. The addresses and routes that the kernel should have come from the YAML."""
import ipaddress
import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml

TOP = Path(__file__).resolve().parents[2]
EXAMPLE = TOP / "examples" / "streaming"
ROUTER = TOP / "tests" / "golden" / "networkd" / "router" / "estate"
SMALL = TOP / "tests" / "golden" / "networkd" / "small" / "estate"
NETWORKD = Path("/lib/systemd/systemd-networkd")
COMPLAINTS = re.compile(
    r"Unknown (section|key|lvalue)|Failed to parse|[Ii]nvalid .*ignoring|Assignment outside of section")

# Its own /run, and /sys read-only: networkd then does not wait for udev to name the interfaces.
START = """set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/network /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp
chown -R systemd-network:systemd-network /run/systemd/netif
cp "$1"/* /run/systemd/network/
mount -t sysfs -o ro sysfs /sys
exec env SYSTEMD_LOG_LEVEL=info SYSTEMD_LOG_TARGET=console "$2"
"""


def render(hextet, estate, out, *args):
    done = hextet("render", estate, "--target", "networkd", "-o", out, *args)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture
def namespace(tool):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    ip, name = tool("ip"), f"hextet-{os.getpid()}"
    if subprocess.run([ip, "netns", "add", name], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("network namespaces are not allowed here")
    yield name
    subprocess.run([ip, "netns", "del", name], check=True)


@pytest.fixture
def networkd(namespace, tool, tmp_path):
    """networkd(folder, interfaces) starts it over the files and gives its log's path."""
    if not NETWORKD.exists():
        pytest.skip("systemd-networkd is not installed")
    started = []

    def start(folder, *interfaces):
        for name in interfaces:  # a bridge without ports stands for a card: there is no dummy everywhere
            subprocess.run([tool("ip"), "-n", namespace, "link", "add", name, "type", "bridge"], check=True)
        log = tmp_path / "log"
        with open(log, "w") as out:
            started.append(subprocess.Popen(
                [tool("nsenter"), f"--net=/run/netns/{namespace}", tool("unshare"), "-m", "sh", "-c", START, "sh",
                 folder, NETWORKD], stdout=out, stderr=out, start_new_session=True))
        return log

    yield start
    for process in started:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=10)


def kernel(tool, namespace, *args):
    done = subprocess.run([tool("ip"), "-n", namespace, "-j", *args], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout or "[]")


def addresses(tool, namespace, interface):
    links = kernel(tool, namespace, "addr", "show", "dev", interface)
    return {f"{a['local']}/{a['prefixlen']}" for link in links for a in link.get("addr_info", [])
            if a.get("scope") == "global"}


def routes(tool, namespace):
    """(type, destination, gateway) of those that networkd made."""
    found = kernel(tool, namespace, "-4", "route") + kernel(tool, namespace, "-6", "route")
    return {(r.get("type", "unicast"), r["dst"], r.get("gateway")) for r in found if r.get("protocol") == "static"}


def wait_for(wanted, get, log, seconds=15):
    deadline = time.monotonic() + seconds
    while (have := get()) != wanted and time.monotonic() < deadline:
        time.sleep(0.1)
    assert have == wanted, log.read_text()


CASES = {
    "server": ("vpn01a.de.example.net", {"eth0": {"198.51.100.20/24", "2001:db8:172:a:b:c:d:e/128"}},
                {("unicast", "default", "198.51.100.1"), ("unicast", "default", "fe80::1"),
                 ("unreachable", "2001:db8:172:a::/64", None)}),
    "router": ("gw.office.example.net", {"eth0": {"192.0.2.1/24", "2001:db8:ff1:0:b:c:d:e/64"}, "eth1": set()},
               {("unicast", "2001:db8:ff1:1::/64", None), ("unreachable", "2001:db8:ff1:1::/64", None)}),
}


@pytest.mark.parametrize("case", CASES)
def test_networkd_does_what_the_estate_says(hextet, tool, networkd, namespace, tmp_path, case):
    machine, links, wanted = CASES[case]
    folder = render(hextet, EXAMPLE, tmp_path / "out") / machine / "etc/systemd/network"
    log = networkd(folder, *links)

    def state():
        have = {name: {str(ipaddress.ip_interface(a)) for a in addresses(tool, namespace, name)} for name in links}
        return have, routes(tool, namespace)

    links = {name: {str(ipaddress.ip_interface(a)) for a in found} for name, found in links.items()}
    wait_for((links, wanted), state, log)
    assert not COMPLAINTS.search(log.read_text()), log.read_text()


def every_file(folder, into):
    """All files of all machines in one folder, under names of their own."""
    into.mkdir()
    for path in sorted(folder.glob("*/etc/systemd/network/*")):
        shutil.copy(path, into / f"{path.parts[-5]}-{path.name}")
    assert list(into.iterdir())
    return into


@pytest.mark.parametrize("estate", [EXAMPLE, ROUTER, SMALL], ids=["streaming", "router", "small"])
def test_networkd_knows_every_key(hextet, networkd, tmp_path, estate):
    """Every file that any machine gets, read by networkd at once: it complains about none."""
    folder = every_file(render(hextet, estate, tmp_path / "out"), tmp_path / "all")
    log = networkd(folder)
    deadline = time.monotonic() + 10
    while "Enumeration completed" not in log.read_text() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert "Enumeration completed" in log.read_text()
    assert not COMPLAINTS.search(log.read_text()), log.read_text()


def test_the_complaints_are_what_networkd_says(networkd, tmp_path):
    """The tests above can fail: a file with mistakes gives complaints that COMPLAINTS finds."""
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "bad.network").write_text("[Match]\nName=eth0\n[Network]\nAdress=192.0.2.1/24\n[Rout]\nGateway=x\n")
    log = networkd(folder)
    wait_for(2, lambda: len(COMPLAINTS.findall(log.read_text())), log)


# -- hextet's own reader

@pytest.fixture
def estate(tmp_path):
    folder = shutil.copytree(EXAMPLE, tmp_path / "estate")
    shutil.copytree(TOP / "templates" / "networkd", folder / "templates" / "networkd")
    return folder


@pytest.mark.parametrize("before, after, says", [
    ("IPv6AcceptRA=no", "IPv6AcceptRa=no", "unknown key IPv6AcceptRa in section [Network]"),
    ("[Network]", "[Netwrok]", "unknown section [Netwrok]"),
    ("Address={{ a.address }}", "Address={{ a.address }}/64", "Address=198.51.100.11/24/64: it should be"),
])
def test_overrides_are_read(hextet, estate, tmp_path, before, after, says):
    template = estate / "templates" / "networkd" / "network"
    text = template.read_text()
    assert before in text
    template.write_text(text.replace(before, after))
    done = hextet("render", estate, "--target", "networkd", "--machine", "fe01.de.example.net", "--verify",
                  "-o", tmp_path / "out")
    assert done.returncode == 1
    line = next(n for n, t in enumerate(template.read_text().splitlines(), 1) if after in t)
    assert says in done.stderr and f"{template}:{line}:" in done.stderr


def test_interface_that_cannot_exist(hextet, estate, tmp_path):
    path = estate / "failover.yaml"
    path.write_text(path.read_text().replace("eth0.4001", "enp0s31f6abc.4001"))
    done = hextet("render", estate, "--target", "networkd", "-o", tmp_path / "out")
    assert done.returncode == 1
    assert '"enp0s31f6abc.4001" cannot exist' in done.stderr and f"{path}:5:" in done.stderr


@pytest.mark.parametrize("estate", [EXAMPLE, ROUTER], ids=["streaming", "router"])
def test_every_address_is_on_one_interface(hextet, tmp_path, estate):
    out = render(hextet, estate, tmp_path / "out")
    machines = {}
    for path in (estate / "machines").glob("*.yaml"):
        machines.update(yaml.safe_load(path.read_text()))
    for name, m in machines.items():
        wanted = [m[k] for k in ("ip", "ipv6") if k in m] + list(m.get("other_ips", {})) + list(m.get("other_ips6", {}))
        found = [line.removeprefix("Address=") for path in (out / name).rglob("*.network")
                 for line in path.read_text().splitlines() if line.startswith("Address=")]
        assert sorted(ipaddress.ip_interface(a).ip.packed for a in found) == \
            sorted(ipaddress.ip_address(a).packed for a in wanted), name
