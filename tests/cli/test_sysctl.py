# SPDX-License-Identifier: Apache-2.0
"""Target sysctl: sysctl itself sets the rendered files in a network namespace and reads them back, what the kernel does
with the settings, and what is said about templates that it does not take."""
import os
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
BRANCHES = TOP / "tests" / "golden" / "sysctl" / "branches" / "estate"
MINIMAL = TOP / "tests" / "golden" / "sysctl" / "minimal" / "estate"
CONF = "etc/sysctl.d/60-hextet.conf"


@pytest.fixture
def namespace(tool):
    """run(script, *args): a shell script in a network namespace of its own; every interface is a bridge."""
    tool("ip"), tool("sysctl")
    unshare = [tool("unshare"), "--net"] + ([] if os.geteuid() == 0 else ["-Ur"])
    if subprocess.run([*unshare, "true"], capture_output=True).returncode:
        pytest.skip("network namespaces are not allowed here")

    def run(script, *args):
        done = subprocess.run([*unshare, "sh", "-ec", script, "sh", *map(str, args)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout
    return run


def settings(path):
    lines = [line.lstrip("-") for line in path.read_text().splitlines() if line and line[0] != "#"]
    return dict(line.split(" = ") for line in lines)


def test_sysctl_sets_all_of_it(hextet, namespace, tmp_path):
    done = hextet("render", BRANCHES, "-o", tmp_path / "out", "--target", "sysctl")
    assert done.returncode == 0, done.stderr
    files = sorted((tmp_path / "out").glob(f"*/{CONF}"))
    assert len(files) == 10
    for path in files:
        wanted = settings(path)
        names = {key.split("/")[3] for key in wanted if key.startswith("net/ipv6/conf/")} - {"all", "default"}
        got = namespace('file=$1; names=$2; shift 2; for i in $names; do ip link add "$i" type bridge; done; '
                        'sysctl -q -p "$file"; [ $# = 0 ] || sysctl -n "$@"', path, " ".join(sorted(names)), *wanted)
        assert got.split() == list(wanted.values())


def test_a_setting_of_an_interface_that_is_not_there_is_no_error(hextet, namespace, tmp_path):
    hextet("render", MINIMAL, "-o", tmp_path / "out", "--target", "sysctl")
    namespace('sysctl -e -q -p "$1"', tmp_path / "out" / "a.example.net" / CONF)


def test_virtual_addresses_can_be_bound_before_they_are_there(hextet, namespace, tmp_path):
    hextet("render", TOP / "examples" / "streaming", "-o", tmp_path / "out", "--target", "sysctl")
    script = ('ip link set lo up; [ -z "$1" ] || sysctl -e -q -p "$1"; /usr/bin/python3 -c "'
              "import socket\n"
              "for f, a in (socket.AF_INET, '198.51.100.101'), (socket.AF_INET6, '2001:db8:fff0:f::fe01'):\n"
              "    try: socket.socket(f).bind((a, 80)); print('bound')\n"
              "    except OSError as e: print(e.errno)\n"
              '"')
    assert namespace(script, tmp_path / "out" / "fe01.de.example.net" / CONF).split() == ["bound", "bound"]
    assert namespace(script, "").split() == ["99", "99"]  # EADDRNOTAVAIL: the settings are what did it


@pytest.mark.parametrize("line, says", [
    ("net.ipv6.conf.all.forwardin = 1", "the kernel has no such key"),
    ("net/ipv6/conf/eth0.4001/accept_rra = 1", "the kernel has no such key"),
    ("-net.ipv4.ip_forwardd = 1", "the kernel has no such key"),
    ("net.ipv4.ip_forward = yes", "the kernel does not take this value"),
    ("net.ipv4.ip_forward", "a setting is 'key = value'"),
    ("net.ipv4.ip_forward =", "a setting is 'key = value'"),
    ("vm.swappinesss = 1", "there is no such key on this machine"),
    ("net/../../../etc/x = 1", "the key leads out of /proc/sys"),
])
def test_what_the_kernel_would_not_take_is_said_of_the_template(hextet, tool, tmp_path, line, says):
    tool("sysctl")
    estate = tmp_path / "estate"
    (estate / "templates" / "sysctl").mkdir(parents=True)
    (estate / "estate.yaml").write_text((MINIMAL / "estate.yaml").read_text())
    template = estate / "templates" / "sysctl" / "sysctl.conf"
    template.write_text(f"# mine\nvm.swappiness = 10\n{line}\n")
    before = Path("/proc/sys/vm/swappiness").read_text()
    done = hextet("render", estate, "--target", "sysctl", "--verify")
    assert done.returncode == 1
    assert f"{template}:3:" in done.stderr and says in done.stderr, done.stderr
    assert Path("/proc/sys/vm/swappiness").read_text() == before
