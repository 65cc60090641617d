# SPDX-License-Identifier: Apache-2.0
"""A real dockerd on the rendered daemon.json and docker-networks.sh: containers have addresses of their own in both
directions, and the rendered firewall, not Docker, says who may talk to them.

    client ── provider ── containerhost ── additionalnetwork1 ── web (8080 published; 9000 is not)
    fe01, db01 ──┘             └── default bridge ── app"""
import io
import json
import os
import socket
import subprocess
import tarfile
from pathlib import Path

import pytest
from machines import wait_until

pytestmark = pytest.mark.lab

HOST, FRONTEND, DATABASE = "containerhost.de.example.net", "fe01.de.example.net", "db01.de.example.net"
HOST4, HOST6 = "198.51.100.31", "2001:db8:10a:b:b:c:d:e"
FRONTEND4, FRONTEND6 = "198.51.100.11", "2001:db8:172:1:b:c:d:e"
DATABASE6 = "2001:db8:172:5:b:c:d:e"
CLIENT4, CLIENT6 = "203.0.113.7", "2001:db8:c::7"
APPLETS = ["sh", "httpd", "nc", "ip", "sleep"]
# Says who asks; 8080 is the service "app" of the estate, nobody may use 9000.
SERVER = "httpd -p '[::]:8080' -h /www && exec httpd -f -p '[::]:9000' -h /www"


def image():
    """A tar archive with BusyBox and a page."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.add("/bin/busybox", "bin/busybox")
        for name in APPLETS:
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
        page = b"#!/bin/sh\necho\necho $REMOTE_ADDR\n"
        info = tarfile.TarInfo("www/cgi-bin/who")
        info.size, info.mode = len(page), 0o755
        tar.addfile(info, io.BytesIO(page))
    return out.getvalue()


@pytest.fixture(scope="module")
def lab(machines, tool, top):
    for name in ("dockerd", "docker", "iptables", "busybox", "curl"):
        tool(name)
    if subprocess.run(["ldd", "/bin/busybox"], capture_output=True).returncode == 0:
        pytest.skip("busybox-static is not installed")
    lab = machines(top / "examples/streaming", names=[HOST, FRONTEND, DATABASE])
    lab.host("client", ipv4=[CLIENT4], ipv6=[CLIENT6])
    # Somebody on the same network who sends IPv4 packets for containers to the host: nobody routes them on the Internet.
    lab.ip(f"route add 172.16.0.0/12 via {HOST4} dev wire")
    return lab


@pytest.fixture(scope="module")
def docker(lab):
    """docker(*args) -> what it prints. dockerd itself has no option but where its processes are counted."""
    host, group = lab[HOST], f"hextet-lab-{os.getpid()}"
    daemon = host.start("dockerd", f"--cgroup-parent=/{group}", ready=("file", "/run/docker.sock"))
    try:
        host.write("/var/tmp/image", "").write_bytes(image())
        run = lambda *args: host.run("docker", *args, check=True).stdout.strip()
        run("import", "/var/tmp/image", "lab")
        yield run
        run("rm", "-f", *run("ps", "-aq").split())
        daemon.stop()
    finally:
        host.close()
        for folders in ("", "*/"):  # cgroup v2, v1
            for folder in Path("/sys/fs/cgroup").glob(folders + group):
                for inner in sorted(folder.glob("**/"), reverse=True):
                    inner.rmdir()


@pytest.fixture(scope="module")
def networks(lab, docker):
    return lab[HOST].run("sh", "/etc/hextet/docker-networks.sh", check=True).stdout


@pytest.fixture(scope="module")
def containers(docker, networks):
    """{name: {4: address, 6: address}}"""
    docker("run", "-d", "--name", "web", "--network", "additionalnetwork1", "-p", "8080:8080", "lab", "/bin/sh", "-c", SERVER)
    docker("run", "-d", "--name", "app", "lab", "/bin/sh", "-c", SERVER)
    found = {}
    for name in ("web", "app"):
        network, = json.loads(docker("inspect", name))[0]["NetworkSettings"]["Networks"].values()
        found[name] = {4: network["IPAddress"], 6: network["GlobalIPv6Address"]}
        # Duplicate address detection.
        wait_until(lambda: "tentative" not in docker("exec", name, "ip", "address"), name)
    return found


def test_networks(lab, docker, networks):
    assert networks == ("created additionalnetwork1: 2001:db8:10a:b:e::/80 172.18.100.0/24\n"
                        "created additionalnetwork2: 2001:db8:10a:b:d::/80 172.18.101.0/24\n")
    again = lab[HOST].run("sh", "/etc/hextet/docker-networks.sh", check=True)
    assert again.stdout == again.stderr == ""


def test_nothing_is_translated_or_proxied_in_ipv6(lab, containers):
    assert "NAT" not in lab[HOST].run("ip6tables-save", check=True).stdout
    assert "-j MASQUERADE" in lab[HOST].run("iptables-save", check=True).stdout  # the question is the right one
    processes = lab[HOST].run("sh", "-c", "cat /proc/[0-9]*/comm", check=True).stdout.split()
    assert "dockerd" in processes and not [p for p in processes if "proxy" in p]


def page(machine, url, source):
    return machine.run("curl", "-gs", "--max-time", "10", "--interface", source, url + "/cgi-bin/who",
                       check=True).stdout.strip().strip("[]").removeprefix("::ffff:")


def test_containers_on_their_own_addresses(lab, containers):
    """Routed, not published: and each end sees the other's own address."""
    assert containers["web"][6].startswith("2001:db8:10a:b:e:") and containers["app"][6].startswith("2001:db8:10a:b:f:")
    for name in containers:
        for machine, source in ((lab["client"], CLIENT6), (lab[FRONTEND], FRONTEND6)):
            assert page(machine, f"http://[{containers[name][6]}]:8080", source) == source
    assert page(lab["client"], f"http://{HOST4}:8080", CLIENT4) == CLIENT4


def test_peers_see_the_container(lab, docker, containers):
    with lab[DATABASE].net():
        server = socket.create_server(("::", 5432), family=socket.AF_INET6)
        server.settimeout(20)
    with server:
        for name, addresses in containers.items():
            docker("exec", "-d", name, "nc", DATABASE6, "5432")
            connection, peer = server.accept()
            connection.close()
            assert peer[0] == addresses[6]


def questions(containers):
    """(who, probe, whether the policy lets it through)"""
    for name, a in containers.items():
        for kind, port, policy in (("tcp", 8080, True), ("tcp", 9000, False)):
            yield FRONTEND, (kind, FRONTEND6, a[6], port), policy
            yield "client", (kind, CLIENT6, a[6], port), False
            # An address that only the host may know: Docker opens no way in, and the policy is about published ports.
            yield "client", (kind, CLIENT4, a[4], port), False
    yield FRONTEND, ("tcp", FRONTEND4, HOST4, 8080), True
    yield "client", ("tcp", CLIENT4, HOST4, 8080), False


def test_the_firewall_by_group_applies(lab, containers):
    asked = list(questions(containers))

    def ask():
        got = {}
        for machine in ("client", FRONTEND):
            probes = [probe for who, probe, _ in asked if who == machine]
            got |= {(machine, *p): word == "answer" for p, word in zip(probes, lab[machine].probe(probes))}
        return got

    before = ask()
    for machine in (HOST, DATABASE):
        lab[machine].run("nft", "-f", "/etc/nftables.d/hextet.nft", check=True)
    wanted = {(who, *probe): policy for who, probe, policy in asked}
    assert ask() == wanted
    # What is silent now was not before, by the ruleset's doing. Docker itself closes some of IPv4.
    assert all(answered for (who, kind, source, *_), answered in before.items() if ":" in source)


def test_containers_reach_what_their_group_may(lab, docker, containers):
    """The firewall of another machine knows containers by their own addresses."""
    lab[DATABASE].serve(5432, 9000)
    for name in containers:
        assert docker("exec", name, "nc", "-w", "5", DATABASE6, "5432") == "ok"
        done = lab[HOST].run("docker", "exec", name, "nc", "-w", "1", DATABASE6, "9000")
        assert done.returncode == 1 and "timed out" in done.stderr
