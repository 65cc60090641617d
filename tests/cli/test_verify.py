# SPDX-License-Identifier: Apache-2.0
"""hextet render --verify: complaints of the real programs land on the template's line and the datum; what a checker may
do wrong (hang, flood, leave a process behind) stays its own problem. Such checkers are shell scripts in front of PATH."""
import json
import os
import subprocess
import time
from pathlib import Path

import pytest

MACHINES = """
m.example.net:
  groups: [web]
  ip: 192.0.2.1
  ipv6: 2001:db8:1:1::a:1
  comment: "no-such-word"
  routed_networks6:
    2001:db8:1:1:f::/80: { groups: [containers] }
    2001:db8:1:1:e::/80: { groups: [containers], comment: "if (", docker_network: { name: one } }
"""
ESTATE = """
estate: verify
domain: example.net
checks: { documentation-prefix: ignore }
prefixes: { "2001:db8:1::/48": { per_machine: 64 }, 192.0.2.0/24: {} }
groups: { web: { roles: [haproxy, nginx, docker] }, containers: {} }
services: { https: { tcp: 443 } }
endpoints: { www.example.net: { to: web, service: https } }
"""
GOOD_HAPROXY = "defaults\n    mode http\n    timeout connect 1s\n    timeout client 1s\n    timeout server 1s\n"


@pytest.fixture
def estate(tmp_path):
    folder = tmp_path / "estate"
    (folder / "machines").mkdir(parents=True)
    (folder / "estate.yaml").write_text(ESTATE.lstrip())
    (folder / "machines" / "m.yaml").write_text(MACHINES.lstrip())
    return folder


def override(estate, name, text):
    path = estate / "templates" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def verify(hextet, estate, target, **options):
    before = set(Path("/tmp").glob("hextet-verify-*"))
    done = hextet("render", estate, "--target", target, "--verify", **options)
    # Other tests may be verifying at the same time: their folders go away by themselves, one that was left does not.
    new = set(Path("/tmp").glob("hextet-verify-*")) - before
    end = time.monotonic() + 30
    while any(folder.exists() for folder in new):
        assert time.monotonic() < end, "a private folder is left"
        time.sleep(0.05)
    return done


DATUM = "machines/m.yaml:5:12: note: the line was made from this [verify]"


@pytest.mark.parametrize("program, target, template, text, line, says, datum", [
    ("haproxy", "haproxy", "haproxy/haproxy.cfg",
     GOOD_HAPROXY + "listen x\n    bind [::]:1\n    {{ machine.comment }} on\n", 8, "unknown keyword 'no-such-word'", True),
    ("haproxy", "haproxy", "haproxy/haproxy.cfg",
     GOOD_HAPROXY + "listen x\n{# a comment\n of two lines #}\n    bind 300.1.2.3\n", 9, "300.1.2.3", False),
    ("haproxy", "haproxy", "haproxy/haproxy.cfg",
     GOOD_HAPROXY + "{% for n in range(3) %}\nlisten {{ n }}\n    bind [::]:{{ n + 1 }}\n    timeot {{ n }}\n{% endfor %}\n",
     9, "timeot", False),
    ("nginx", "nginx", "nginx/hextet.conf", "server {\n    {{ machine.comment }} on;\n}\n", 2,
     'unknown directive "no-such-word"', True),
    ("nginx", "nginx", "nginx/hextet.conf", "server {\n    listen\n        [::1:80;\n}\n", 3, "[::1:80", False),
    ("sh", "docker", "docker/networks.sh", "#!/bin/sh\n{% for n in networks %}\n{{ n.comment }}\n{% endfor %}\n", 3,
     "yntax error", "machines/m.yaml:8:59: note"),
])
def test_complaint_lands_on_template_and_datum(hextet, tool, estate, program, target, template, text, line, says, datum):
    tool(program)
    path = override(estate, template, text)
    done = verify(hextet, estate, target)
    assert done.returncode == 1
    error = next(x for x in done.stderr.splitlines() if ": error: " in x)
    assert error.startswith(f"{path}:{line}:"), done.stderr
    assert says in error and "hextet-verify" not in done.stderr
    assert ((DATUM if datum is True else datum or "note:") in done.stderr) == bool(datum)


def test_ours_pass(hextet, tool, estate):
    for target, program in (("haproxy", "haproxy"), ("nginx", "nginx"), ("docker", "dockerd")):
        tool(program)
        done = verify(hextet, estate, target)
        assert done.returncode == 0, done.stderr


def test_stand_ins_take_the_place_of_the_machines_files(hextet, tool, estate):
    """Any file below the certificates' folder, whatever stands beside it, and nothing that only looks like it."""
    tool("haproxy")
    tool("nginx")
    override(estate, "haproxy/haproxy.cfg", GOOD_HAPROXY + (
        'listen x\n    bind [::]:1 ssl crt /etc/haproxy/certs/www.pem crt "/etc/haproxy/certs/two.pem"\n'
        "    http-response set-header X-A /opt/etc/haproxy/certs/x\n"))
    override(estate, "nginx/hextet.conf", (
        "server {\n listen [::]:443 ssl;\n ssl_certificate /etc/nginx/certs/a.crt;\n ssl_certificate_key '/etc/nginx/certs/a.key';"
        "\n access_log /var/log/nginx/some/where.log; include /etc/nginx/hextet.d/none/*.conf;\n}\n"))
    assert verify(hextet, estate, "haproxy").returncode == 0
    assert verify(hextet, estate, "nginx").returncode == 0


def fake(tmp_path, name, script):
    """PATH with a program of this name in front."""
    folder = tmp_path / "bin"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("#!/bin/sh\n" + script)
    (folder / name).chmod(0o755)
    return os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"}


def refused(hextet, estate, env):
    done = verify(hextet, estate, "haproxy", env=env)
    assert done.returncode == 1
    return done.stderr


@pytest.mark.parametrize("script, says", [
    ("exit 7", "(exit status 7) [verify]\n"),
    ("printf 'no newline'; exit 1", "(exit status 1): no newline"),
    ("kill -9 $$", "(exit status 137)"),
    (r"printf 'first\033[2J\n\nsecond\n'; exit 1", "(exit status 1): first.[2J"),
    ('echo "$4: oh"; exit 1', "(exit status 1): /etc/haproxy/haproxy.cfg: oh"),
    ('echo "$4.bak:1: no $4:3: yes"; exit 1', "haproxy.cfg, line 3: yes"),
    ('echo "$4:99999999999999999999: far away"; exit 1', ", line 4294967295: far away"),
    ('echo "$4:0: nowhere"; exit 1', "haproxy.cfg: nowhere"),
    ('echo "$4: Line 4: 300 is too much"; exit 1', ", line 4: 300 is too much"),
    ('echo "$4:4:7-9: 5 is too much"; exit 1', ", line 4: 5 is too much"),
    ('echo "it is wrong in $4:4"; exit 1', ", line 4: it is wrong"),
    ('echo "$LC_ALL"; exit 1', "(exit status 1): C [verify]\n"),
])
def test_words_of_a_checker(hextet, estate, tmp_path, script, says):
    assert says in refused(hextet, estate, fake(tmp_path, "haproxy", script)) + "\n"


def test_flood_of_output(hextet, estate, tmp_path):
    env = fake(tmp_path, "haproxy", "head -c 50000000 /dev/zero | tr '\\0' x; exit 1")
    assert "exit status 1" in refused(hextet, estate, env)
    loop = 'i=0; while [ $i -lt 2000 ]; do echo "$4:1: m%s"; i=$((i+1)); done; exit 1'
    assert refused(hextet, estate, fake(tmp_path, "haproxy", loop % "")).count("line 1: m") == 1
    assert refused(hextet, estate, fake(tmp_path, "haproxy", loop % "$i")).count("line 1: m") == 20


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_what_a_checker_leaves_running_is_ended(hextet, estate, tmp_path):
    """It is not waited for either: the limit of a checker is 60 s, and passing it is a refusal."""
    left = tmp_path / "pid"
    env = fake(tmp_path, "haproxy", f"sleep 1000 &\necho $! > {left}\nexit 0")
    assert verify(hextet, estate, "haproxy", env=env).returncode == 0
    end = time.monotonic() + 20
    while is_running(left.read_text().strip()) and time.monotonic() < end:
        time.sleep(0.01)
    assert not is_running(left.read_text().strip())


def test_checker_that_closes_its_output(hextet, estate, tmp_path):
    env = fake(tmp_path, "haproxy", "exec >&- 2>&-; sleep 0.3; exit 3")
    assert "exit status 3" in refused(hextet, estate, env)


def test_missing_program_is_said(hextet, estate, tmp_path):
    """With sbin's own haproxy out of sight, in a mount namespace."""
    if os.geteuid() != 0:
        pytest.skip("an empty folder in the place of /usr/sbin needs root")
    empty = tmp_path / "empty"
    empty.mkdir()
    script = f'mount --bind {empty} /usr/sbin && PATH=/usr/bin:/bin exec "$@"'
    exe = os.environ.get("HEXTET", str(Path(__file__).parents[2] / "build-check" / "hextet"))
    done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", exe, "render", estate, "--target", "haproxy",
                           "--verify", "--output", "json"], capture_output=True, text=True)
    (row,) = json.loads(done.stdout)["targets"]
    assert done.returncode == 0 and (row["missing"], row["not_verified"]) == ("haproxy", 1)


def test_as_nobody(hextet_path, tool, estate, tmp_path):
    """nginx binds port 443 of any address: in a user namespace."""
    tool("nginx")
    if os.geteuid() != 0:
        pytest.skip("becoming nobody needs root")
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_mode & 0o005 != 0o005 and str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    env = os.environ | {"ASAN_OPTIONS": "detect_leaks=0"}
    done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", hextet_path, "render", estate,
                           "--target", "nginx", "--verify"], capture_output=True, text=True, env=env)
    assert done.returncode == 0 and "1 file verified" in done.stdout, done.stdout + done.stderr
