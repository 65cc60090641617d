# SPDX-License-Identifier: Apache-2.0
"""hextet render and hextet diff: what is written, what is left alone, and what happens when it cannot be done."""

import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "streaming"


@pytest.fixture
def estate(tmp_path):
    return shutil.copytree(EXAMPLE, tmp_path / "estate")


def files_of(out):
    """Every file below out that is not hextet's own, with its content."""
    found = (p for p in Path(out).rglob("*") if p.is_file() and ".hextet" not in p.relative_to(out).parts)
    return {str(p.relative_to(out)): p.read_bytes() for p in found}


def render(hextet, estate, out, *args):
    done = hextet("render", str(estate), "-o", str(out), *args)
    assert done.returncode == 0, done.stderr
    return done


def test_writes_what_list_says(hextet, estate, tmp_path):
    out = tmp_path / "out"
    render(hextet, estate, out)
    listed = json.loads(hextet("render", str(estate), "--list", "--output", "json").stdout)
    manifest = [line.split("\t") for line in (out / ".hextet" / "manifest").read_text().splitlines()]
    machines = {(row["target"], m["machine"]) for row in listed for m in row["machines"]}
    assert {(t, p.split("/")[0]) for t, p in manifest} <= machines
    assert sorted(p for _, p in manifest) == sorted(files_of(out))


def test_list_says_why(hextet, estate, tmp_path):
    """The reason is where it says: the group has the role there, and is one of the machine's."""
    shutil.copytree(estate, tmp_path / "reasons")
    with open(tmp_path / "reasons/more.yaml", "w", encoding="ascii") as out:
        out.write("groups:\n  dull: { comment: no role }\n  both:\n    roles:\n    - java\n")
    machines = tmp_path / "reasons/machines/de.yaml"
    machines.write_text(machines.read_text().replace("groups: [oauth]", "groups: [dull, oauth, both]"))
    rows = json.loads(hextet("render", tmp_path / "reasons", "--list", "--output", "json").stdout)
    reasons = {(row["target"], m.pop("machine")): m for row in rows for m in row["machines"]}
    everywhere = [m for (target, _), m in reasons.items() if target in ("nftables", "networkd", "sysctl")]
    assert everywhere and all(set(m.values()) == {None} for m in everywhere)
    for (target, _), m in reasons.items():
        if m["role"]:
            line = open(m["file"], encoding="ascii").read().splitlines()[m["line"] - 1]
            assert m["role"] in line, (target, m)
    oauth = reasons["java", "oauth01.de.example.net"]
    assert (oauth["role"], oauth["group"]) == ("java", "oauth") and oauth["file"].endswith("/groups.yaml")
    assert reasons["dns", "ns1.de.example.net"]["role"] == "knot"
    text = hextet("render", tmp_path / "reasons", "--list").stdout
    assert f"\n  oauth01.de.example.net: role java through group oauth ({oauth['file']}:{oauth['line']})\n" in text
    assert "\n  fe01.de.example.net: every machine has it\n" in text
    assert hextet("render", "--list").stdout.count("\n") == len(rows)


def test_twice_changes_nothing(hextet, estate, tmp_path):
    out = tmp_path / "out"
    render(hextet, estate, out)
    before = {p: os.stat(out / p).st_ino for p in files_of(out)}
    done = render(hextet, estate, out, "--output", "json")
    assert json.loads(done.stdout)["written"] == 0
    assert {p: os.stat(out / p).st_ino for p in files_of(out)} == before
    assert hextet("diff", str(estate), str(out)).returncode == 0


def test_same_bytes_with_any_number_of_runs(hextet, estate, tmp_path):
    render(hextet, estate, tmp_path / "a")
    render(hextet, estate, tmp_path / "b")
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")


def test_removed_machine_loses_its_files_and_nobody_else(hextet, estate, tmp_path):
    out = tmp_path / "out"
    render(hextet, estate, out)
    (out / "lbv01.cdn.example.net" / "mine").write_text("a person's own")
    (out / "README").write_text("a person's own")
    text = (estate / "machines" / "af.yaml").read_text()
    (estate / "machines" / "af.yaml").write_text(text[: text.index("lbv01.cdn.example.net:")])
    removed = [p for p in files_of(out) if p.startswith("lbv01.") and not p.endswith("/mine")]
    changes = json.loads(hextet("diff", str(estate), str(out), "--output", "json").stdout)["changes"]
    assert {c["path"] for c in changes if c["change"] == "removed"} == {"/" + p.split("/", 1)[1] for p in removed}
    render(hextet, estate, out)
    left = files_of(out)
    assert left["README"] == left["lbv01.cdn.example.net/mine"] == b"a person's own"
    assert not set(removed) & set(left)


def test_one_machine_keeps_the_others(hextet, estate, tmp_path):
    out = tmp_path / "out"
    render(hextet, estate, out)
    before = files_of(out)
    render(hextet, estate, out, "--machine", "gitlab.de.example.net")
    assert files_of(out) == before
    render(hextet, estate, out, "--target", "docker")
    assert files_of(out) == before


def test_diff_shows_the_line(hextet, estate, tmp_path):
    out = tmp_path / "out"
    render(hextet, estate, out)
    machines = estate / "machines" / "de.yaml"
    machines.write_text(machines.read_text().replace("2001:db8:10a:b:f::/80", "2001:db8:10a:b:ffff::/80"))
    done = hextet("diff", str(estate), str(out), "--target", "docker", "--lines")
    assert done.returncode == 1
    assert '-  "fixed-cidr-v6": "2001:db8:10a:b:f::/80",' in done.stdout
    assert '+  "fixed-cidr-v6": "2001:db8:10a:b:ffff::/80",' in done.stdout


def test_estate_with_an_error_is_not_rendered(hextet, estate, tmp_path):
    services = estate / "services.yaml"
    services.write_text(services.read_text().replace("{ tcp: 22 }", "{ tcp: 99999 }"))
    done = hextet("render", str(estate), "-o", str(tmp_path / "out"))
    assert done.returncode == 1 and "services.yaml:2:22: error" in done.stderr
    assert not (tmp_path / "out").exists()


def override(estate, name, text):
    path = estate / "templates" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_own_template_shadows_ours(hextet, estate, tmp_path):
    override(estate, "docker/daemon.json", '{"fixed-cidr-v6": "{{ default_network }}"}\n')
    render(hextet, estate, tmp_path / "out")
    path = tmp_path / "out" / "machine.de.example.net" / "etc/docker/daemon.json"
    assert path.read_text() == '{"fixed-cidr-v6": "2001:db8:10a:a:f::/96"}\n'


@pytest.mark.parametrize("text, line, says", [
    ("{\n{% if x %}\n}\n", 2, ""),
    ("{\n  {{ defualt_network }}\n}\n", 2, "default_network"),
    ("{\n\n  {{ default_network | brakcet }}\n}\n", 3, "bracket"),
])
def test_wrong_template_leaves_everything_as_it_was(hextet, estate, tmp_path, text, line, says):
    out = tmp_path / "out"
    render(hextet, estate, out)
    before = files_of(out)
    path = override(estate, "docker/daemon.json", text)
    machines = estate / "machines" / "office.yaml"
    machines.write_text(machines.read_text().replace("192.0.2.1\n", "192.0.2.99\n"))
    done = hextet("render", str(estate), "-o", str(out))
    assert done.returncode == 1
    assert f"{path}:{line}:" in done.stderr and says in done.stderr
    assert files_of(out) == before


def test_out_below_a_file(hextet, estate, tmp_path):
    (tmp_path / "file").write_text("")
    done = hextet("render", str(estate), "-o", str(tmp_path / "file" / "out"))
    assert done.returncode == 3 and "Not a directory" in done.stderr


def test_a_folder_where_a_file_belongs(hextet, estate, tmp_path):
    out = tmp_path / "out"
    (out / "machine.de.example.net/etc/docker/daemon.json").mkdir(parents=True)
    done = hextet("render", str(estate), "-o", str(out))
    assert done.returncode == 3 and "daemon.json" in done.stderr and "nothing was changed" in done.stderr
    assert files_of(out) == {}


def test_two_renders_do_not_meet(hextet, estate, tmp_path):
    out = tmp_path / "out"
    render(hextet, estate, out)
    with open(out / ".hextet" / "lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = hextet("render", str(estate), "-o", str(out))
    assert done.returncode == 3 and "another hextet" in done.stderr


def test_left_over_staging_is_swept(hextet, estate, tmp_path):
    out = tmp_path / "out"
    staging = out / ".hextet" / "staging"
    staging.mkdir(parents=True)
    (staging / "0-1").write_text("half a file")
    render(hextet, estate, out)
    assert not staging.exists()
    assert b"half a file" not in files_of(out).values()


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="root: mounts a file system of its own")


def in_mount(hextet_path, tmp_path, options, estate):
    """Renders into a tmpfs with these mount options, in a mount namespace; what is there afterwards goes to stderr."""
    target = tmp_path / "mnt"
    target.mkdir()
    script = f'mount -t tmpfs {options} none {target}; "$@"; s=$?; find {target} -type f >&2; exit $s'
    argv = ["unshare", "-m", "sh", "-c", script, "sh", hextet_path, "render", estate, "-o", f"{target}/out"]
    return subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=120)


@needs_root
def test_full_disk(hextet_path, estate, tmp_path):
    done = in_mount(hextet_path, tmp_path, "-o size=40k", estate)
    assert done.returncode == 3 and "No space left" in done.stderr and "nothing was changed" in done.stderr
    assert [line for line in done.stderr.splitlines() if line.startswith(str(tmp_path)) and ".hextet" not in line] == []


@needs_root
def test_read_only_file_system(hextet_path, estate, tmp_path):
    done = in_mount(hextet_path, tmp_path, "-o ro", estate)
    assert done.returncode == 3 and "Read-only file system" in done.stderr


def test_unknown_names(hextet, estate, tmp_path):
    done = hextet("render", str(estate), "-o", str(tmp_path / "out"), "--machine", "nope")
    assert done.returncode == 2 and "no machine 'nope'" in done.stderr
    done = hextet("render", str(estate), "-o", str(tmp_path / "out"), "--target", "nope")
    assert done.returncode == 2 and "no target 'nope'" in done.stderr


def test_verify_daemon_json(hextet, tool, estate, tmp_path):
    """dockerd reads the file whatever its version, and starts nothing."""
    tool("dockerd")
    run = ("render", str(estate), "--target", "docker", "-o", str(tmp_path / "out"), "--verify", "--output", "json")
    (target,) = json.loads(hextet(*run).stdout)["targets"]
    assert (target["not_verified"], target["missing"]) == (0, None)
    override(estate, "docker/daemon.json", '{ "fixed-cidr-v7": "2001:db8::/64" }\n')
    done = hextet(*run)
    assert done.returncode == 1
    assert "fixed-cidr-v7" in done.stderr


def test_verify_refuses_and_points_at_the_template(hextet, tool, estate, tmp_path):
    tool("haproxy")
    path = override(estate, "haproxy/haproxy.cfg", "global\n    maxcon {{ machine.name }}\n")
    done = hextet("render", str(estate), "-o", str(tmp_path / "out"), "--verify")
    assert done.returncode == 1
    assert f"{path}:2:" in done.stderr and "machines/de.yaml:" in done.stderr
    assert files_of(tmp_path / "out") == {}
