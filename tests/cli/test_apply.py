# SPDX-License-Identifier: Apache-2.0
"""`hextet apply`: all old or all new, whatever ends it. Below --root, with reload commands of our own in PATH."""
import fcntl
import hashlib
import json
import os
import re
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest

STATE = "var/lib/hextet/apply"
LINK = "etc/systemd/network/10-hextet-eth0.network"
VLAN = "etc/systemd/network/10-hextet-eth0.7.network"
RULES = "etc/nftables.d/hextet.nft"
MANIFEST = f"{STATE}/manifest"
MACHINE = "a.example.net"

def estate(folder, groups=("web",), interface="eth0"):
    folder.mkdir(exist_ok=True)
    (folder / "estate.yaml").write_text(f"""
domain: example.net
groups:
  web: {{ roles: [] }}
  db: {{ roles: [] }}
services:
  web: {{ tcp: [80] }}
  sql: {{ tcp: [5432] }}
prefixes:
  198.51.100.0/24: {{ gateway: 198.51.100.1 }}
  2001:db8:1::/64: {{ gateway: "2001:db8:1::1" }}
machines:
  {MACHINE}:
    ip: 198.51.100.10
    ipv6: 2001:db8:1::10
    interface: {interface}
    groups: [{", ".join(groups)}]
  b.example.net:
    ip: 198.51.100.11
    ipv6: 2001:db8:1::11
    interface: eth0
    groups: [web]
policy:
  - {{ name: pages, from: any, to: web, allow: [web] }}
  - {{ name: sql, from: web, to: db, allow: [sql] }}
""")
    return folder


class Box:
    """A root to install below, fake commands, and a log of them."""

    def __init__(self, hextet_path, folder, **options):
        self.hextet, self.root, self.bin, self.log = hextet_path, folder / "root", folder / "bin", folder / "log"
        (self.root / "etc").mkdir(parents=True)
        self.bin.mkdir()
        self.estate = estate(folder / "estate", **options)
        self.other = estate(folder / "other", groups=("web", "db"), interface="eth0.7")
        for name in ("nft", "networkctl", "knotc", "keepalived", "sysctl", "systemctl"):
            self.command(name)
        self.env = os.environ | {"PATH": f"{self.bin}:{os.environ['PATH']}", "TMPDIR": str(folder)}

    def command(self, name, text=""):
        path = self.bin / name
        path.write_text(f"#!/bin/sh\necho \"{name} $*\" >>{self.log}\n{text}\n")
        path.chmod(0o755)

    def line(self, *args, folder=None, reload=True):
        """The command line of an apply."""
        return [str(self.hextet), "apply", str(folder or self.estate), "--machine", MACHINE, "--root", str(self.root),
                *(["--reload"] if reload else []), *map(str, args)]

    def apply(self, *args, folder=None, reload=True, code=0, **options):
        done = subprocess.run(self.line(*args, folder=folder, reload=reload), env=self.env, text=True, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=120, check=False, **options)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def mode(self, *args, code=0):
        done = subprocess.run([self.hextet, "apply", *args, "--root", self.root], env=self.env, text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=120, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def reloads(self):
        """The reload commands so far, without those of verification, and forgets them."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return [line for line in lines if "hextet-verify" not in line]

    def path(self, name):
        return self.root / name

    def tree(self, times=False):
        """What is below the root, but for notes that are for people."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            name = str(path.relative_to(self.root))
            if name in (f"{STATE}/lock", f"{STATE}/last", f"{STATE}/deadline") and not times:
                continue
            st = path.lstat()
            body = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
            found[name] = (stat.filemode(st.st_mode), st.st_uid, body) + ((st.st_mtime_ns, st.st_ino) if times else ())
        return found

    def wait(self, what, limit=60):
        end = time.monotonic() + limit
        while not what():
            assert time.monotonic() < end, self.tree().keys()
            time.sleep(0.02)

    def journal(self):
        return [p.name for p in self.path(STATE).glob("journal.*")]


@pytest.fixture
def box(hextet_path, tmp_path):
    return Box(hextet_path, tmp_path)


def test_first_apply(box):
    out = box.apply()
    assert "new     nftables   /etc/nftables.d/hextet.nft" in out.stdout
    assert box.path(RULES).read_text().startswith("#") and stat.S_IMODE(box.path(RULES).stat().st_mode) == 0o644
    assert stat.S_IMODE(box.path("etc/nftables.d").stat().st_mode) == 0o755
    order = [line.split()[0] for line in box.reloads()]
    assert order.index("networkctl") < order.index("nft")
    assert box.journal() == [] and not list(box.root.rglob(".hextet-*"))
    for line in box.path(MANIFEST).read_text().splitlines()[2:-1]:
        _target, mode, digest, path = line.split()
        assert hashlib.sha256(box.path(path[1:]).read_bytes()).hexdigest() == digest
        assert f"{stat.S_IMODE(box.path(path[1:]).stat().st_mode):03o}" == mode


def test_second_apply_does_nothing(box):
    box.apply()
    box.reloads()
    before = box.tree(times=True)
    assert ": 0 files to change" in box.apply().stdout
    after = box.tree(times=True)
    # The lock says who had it last.
    assert {k: v for k, v in before.items() if k != f"{STATE}/lock"} == \
        {k: v for k, v in after.items() if k != f"{STATE}/lock"}
    assert box.reloads() == []


def test_dry_run_changes_nothing(box):
    for folder in (None, box.other):
        before = box.tree(times=True)
        out = box.apply("--dry-run", "--confirm", "5m", folder=folder)
        assert "would change" in out.stdout and "nft -f /etc/nftables.d/hextet.nft" in out.stdout
        assert box.tree(times=True) == before and box.reloads() == []
        box.apply()
        box.reloads()
    found = json.loads(box.apply("--dry-run", "--output", "json", folder=box.other).stdout)
    assert found["outcome"] == "dry-run" and found["machine"] == MACHINE
    assert {"target": "networkd", "path": f"/{VLAN}", "change": "new", "note": None} in found["files"]


def test_files_that_are_no_longer_rendered_go(box):
    box.apply(folder=box.other)
    assert box.path(VLAN).exists()
    mine = box.path("etc/systemd/network/20-mine.network")
    mine.write_text("[Match]\n")
    out = box.apply()
    assert not box.path(VLAN).exists() and mine.exists()
    assert f"removed networkd   /{VLAN}" in out.stdout


def test_one_target_leaves_the_others(box):
    box.apply(folder=box.other)
    before = box.tree()
    box.apply("--target", "nftables")
    after = box.tree()
    assert {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} == {RULES, MANIFEST}


def test_changed_by_hand_is_refused_and_kept(box):
    box.apply()
    box.path(RULES).write_text("# by hand\n")
    box.path(LINK).chmod(0o600)
    before = box.tree()
    out = box.apply(folder=box.other, code=1)
    assert f"/{RULES}: it was changed by hand" in out.stderr and box.tree() == before
    assert out.stderr.endswith(f"nothing was changed below {box.root}\n")
    box.apply("--force", folder=box.other)
    backups = [p for p in box.path(f"{STATE}/backup").rglob("*") if p.is_file()]
    assert [p.read_text() for p in backups] == ["# by hand\n"] and str(backups[0]).endswith(f"/{RULES}")
    # A mode that somebody has changed stays.
    assert stat.S_IMODE(box.path(LINK).stat().st_mode) == 0o600


def test_file_of_somebody_else_is_kept(box):
    box.path("etc/nftables.d").mkdir()
    box.path(RULES).write_text("# the package's\n")
    box.path(RULES).chmod(0o640)
    if os.geteuid() == 0:
        os.chown(box.path(RULES), 1, 2)
    os.setxattr(box.path(RULES), "user.note", b"kept")
    out = box.apply()
    assert "not installed by hextet so far" in out.stdout
    st = box.path(RULES).stat()
    assert stat.S_IMODE(st.st_mode) == 0o644 and st.st_nlink == 1
    assert (st.st_uid, st.st_gid) == ((1, 2) if os.geteuid() == 0 else (os.geteuid(), os.getegid()))
    assert os.getxattr(box.path(RULES), "user.note") == b"kept"
    kept = [p for p in box.path(f"{STATE}/backup").rglob("*") if p.is_file()]
    assert [p.read_text() for p in kept] == ["# the package's\n"]
    assert stat.S_IMODE(box.path(f"{STATE}/backup").stat().st_mode) == 0o700


def test_links_are_never_followed(box, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_text("keep me\n")
    box.path("etc/nftables.d").mkdir()
    box.path(RULES).symlink_to(elsewhere / "file")
    out = box.apply(code=1)
    assert f"symbolic link to {elsewhere}/file" in out.stderr and "--force" in out.stderr
    box.apply("--force")
    assert not box.path(RULES).is_symlink() and (elsewhere / "file").read_text() == "keep me\n"
    # A folder on the way is never one, whatever is forced.
    box.path(RULES).unlink()
    box.path("etc/nftables.d").rmdir()
    box.path("etc/nftables.d").symlink_to(elsewhere)
    out = box.apply("--force", code=1)
    assert "a folder of its path is a symbolic link" in out.stderr
    assert sorted(os.listdir(elsewhere)) == ["file"]


def test_what_is_no_file_is_refused(box):
    box.path(RULES).mkdir(parents=True)
    assert "no regular file" in box.apply("--force", code=1).stderr
    box.path(RULES).rmdir()
    os.mkfifo(box.path(RULES))
    assert "no regular file" in box.apply("--force", code=1).stderr


def busy(folder, services):
    """The estate with so many services, each open to the machine over TCP."""
    estate(folder)
    path, ports = folder / "estate.yaml", range(8000, 8000 + 10 * services, 10)
    text = path.read_text().replace("services:\n", "services:\n" + "".join(f"  s{p}: {{ tcp: [{p}] }}\n" for p in ports))
    path.write_text(text + "".join(f"  - {{ name: s{p}, from: any, to: web, allow: [s{p}] }}\n" for p in ports))
    return folder


def test_too_much_at_once(box, tmp_path):
    many, few = busy(tmp_path / "many", 20), busy(tmp_path / "few", 8)
    # Nothing of hextet was there: whatever goes, it was not ours to keep.
    box.path("etc/nftables.d").mkdir()
    box.path(RULES).write_text("table inet filter { chain input { type filter hook input priority 0; } }\n")
    box.apply(folder=many)
    before = box.tree(times=True)
    box.reloads()
    out = box.apply(folder=few, code=1)
    assert re.search(rf"REFUSED: {MACHINE}: 24 of \d+ flows \(\d+ %\) would go away, and at most 30 % may", out.stderr)
    assert "nothing was changed" in out.stderr and "--force" in out.stderr and box.reloads() == []
    dry = box.apply("--dry-run", folder=few, code=1)
    assert "REFUSED" in dry.stderr and "- tcp/8080" in dry.stdout and "- tcp/8070" not in dry.stdout
    lost = json.loads(box.apply("--dry-run", "--force", "--output", "json", folder=few).stdout)["meaning"]
    assert {e["change"] for e in lost} == {"vanishes"} and {e["kind"] for e in lost} == {"flow"}
    assert sorted(port for e in lost for port in re.findall(r"tcp/([\d,]+)", e["ports"])[0].split(",")) == \
        [str(port) for port in range(8080, 8200, 10)]
    after = box.tree(times=True)
    assert {k for k in before | after if before.get(k) != after.get(k)} <= {f"{STATE}/lock"}
    assert box.apply("--max-change", "nine", folder=few, code=2).stdout == ""
    box.apply("--max-change", "100%", folder=few)
    # And back: what appears is never too much.
    box.apply(folder=many)
    box.apply("--force", folder=few)


def test_one_family_goes(box):
    """As `hextet diff` says it."""
    box.apply()
    path = box.estate / "estate.yaml"
    path.write_text(path.read_text().replace("from: any, to: web", "from: [0.0.0.0/0], to: web"))
    out = box.apply("--dry-run").stdout
    assert "ALARM - tcp/80 over IPv6 into a.example.net: from anywhere" in out, out


def test_another_machine(box):
    box.apply()
    done = subprocess.run([box.hextet, "apply", box.other, "--machine", "b.example.net", "--root", box.root], env=box.env,
                          text=True, capture_output=True, check=False)
    assert done.returncode == 1 and f"the last apply was for {MACHINE}" in done.stderr


def test_machine_of_this_name(box):
    line = [word for word in box.line("--dry-run") if word not in ("--machine", MACHINE)]
    done = subprocess.run(["unshare", "-Ur", "--uts", "sh", "-c", 'hostname a; exec "$@"', "-", *line], env=box.env, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0 and done.stdout.splitlines()[-1].startswith(f"{MACHINE}:"), done.stderr
    done = subprocess.run(["unshare", "-Ur", "--uts", "sh", "-c", 'hostname zz; exec "$@"', "-", *line], env=box.env, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 2 and "--machine NAME" in done.stderr


def test_unverified(box):
    """A checker that is missing: unshare hides the real nft, wherever it is."""
    (box.bin / "nft").unlink()
    hide = "for d in /usr/sbin /sbin /usr/bin /usr/local/sbin; do [ ! -e $d/nft ] || mount --bind /dev/null $d/nft; done; "
    line = ["unshare", "-Urm", "sh", "-c", hide + 'exec "$@"', "-"]
    done = subprocess.run([*line, *box.line(reload=False)], env=box.env, text=True, capture_output=True, check=False)
    assert done.returncode == 1 and not box.path("etc/nftables.d").exists()
    assert "nftables: 1 file not verified: nft is missing; install it, or pass --unverified" in done.stderr
    done = subprocess.run([*line, *box.line("--unverified", reload=False)], env=box.env, text=True, capture_output=True, check=False)
    assert done.returncode == 0 and box.path(RULES).exists(), done.stderr


def test_reload_that_fails(box):
    box.apply()
    before = box.tree()
    box.reloads()
    box.command("networkctl", "grep -q eth0.7 " + str(box.path(VLAN)) + " 2>/dev/null && { echo no link; exit 4; }; exit 0")
    out = box.apply(folder=box.other, code=1)
    assert "networkctl reload: exit status 4" in out.stderr and "no link" in out.stderr
    assert "the old files are back" in out.stderr and box.tree() == before
    # The firewall's turn had not come when it failed; taking back reloads all of them.
    assert [line.split()[0] for line in box.reloads()] == ["sysctl", "networkctl", "sysctl", "networkctl", "nft"]
    assert "a reload failed" in box.mode("--status").stdout


def test_reload_that_hangs(box):
    box.apply()
    before = box.tree()
    box.command("nft", f'[ "$1" = -c ] || [ ! -e {box.path(VLAN)} ] || exec sleep 1000')
    out = box.apply("--reload-limit", "1s", folder=box.other, code=1)
    assert "nft -f /etc/nftables.d/hextet.nft: not done within 1 s, killed" in out.stderr
    assert box.tree() == before


def test_first_firewall_is_withdrawn(box):
    box.command("nft", '[ "$1" = -f ] && exit 1; exit 0')
    before = box.tree()
    box.apply(code=1)
    assert box.reloads()[-1] == "nft add table inet hextet ; delete table inet hextet"
    assert {k: v for k, v in box.tree().items() if not k.startswith("var")} == before


def test_confirmed(box):
    box.apply()
    out = box.apply("--confirm", "10m", folder=box.other)
    assert "hextet apply --commit" in out.stdout and box.path(VLAN).exists()
    assert "waiting" in box.mode("--status", code=1).stdout
    out = box.apply(code=3)
    assert "waits for its confirmation" in out.stderr
    assert box.mode("--recover", code=1).stdout == "waiting\n"
    assert "committed" in box.mode("--commit").stdout
    assert box.path(VLAN).exists() and not list(box.root.rglob(".hextet-*")) and box.journal() == []
    assert box.mode("--commit", code=1).stdout == "nothing is under way\n"


def test_not_confirmed(box):
    box.apply()
    before = box.tree()
    box.apply("--confirm", "1s", folder=box.other)
    box.wait(lambda: box.journal() == [])
    assert box.tree() == before
    assert box.reloads()[-2:] == ["networkctl reload", "nft -f /etc/nftables.d/hextet.nft"]
    assert "not confirmed in time" in box.mode("--status").stdout
    assert box.mode("--commit", code=1).stdout == "nothing is under way\n"


def test_taken_back_by_hand(box):
    box.apply()
    before = box.tree()
    box.apply("--confirm", "10m", folder=box.other)
    assert "the old files are there again" in box.mode("--rollback").stdout
    assert box.tree() == before
    assert box.mode("--rollback", code=1).stdout == "nothing is under way\n"


def guardians(box):
    """Processes that have the box's state folder open."""
    found = []
    for proc in Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(fd) == str(box.path(STATE)) for fd in (proc / "fd").iterdir()):
                found.append(int(proc.name))
        except OSError:
            pass
    return found


def test_guardian_is_killed(box):
    """Then the deadline holds all the same: for --commit, and for whoever recovers."""
    box.apply()
    before = box.tree()
    box.apply("--confirm", "1s", folder=box.other)
    for pid in guardians(box):
        os.kill(pid, signal.SIGKILL)
    if box.journal():
        time.sleep(1.1)
        assert "the old files are there again" in box.mode("--commit", code=1).stdout
    assert box.tree() == before


def test_session_that_ends(box):
    """Hang-up and the death of the whole process group in the middle of a reload: the guardian is in neither."""
    box.apply()
    before = box.tree()
    box.command("networkctl", f"[ -e {box.path(VLAN)} ] && exec sleep 1000; exit 0")
    for number in (signal.SIGHUP, signal.SIGKILL, signal.SIGINT):
        # Under nohup, or in the background of a script, these signals would be ignored, and rightly.
        applier = subprocess.Popen(["env", "--default-signal", *box.line(folder=box.other)], env=box.env,
                                   start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        box.wait(lambda: box.path(VLAN).exists())
        os.killpg(applier.pid, number)
        applier.wait(60)
        box.wait(lambda: box.journal() == [] and not guardians(box))
        assert box.tree() == before


def test_guardian_that_is_told_to_end(box):
    """As by the clean-up of a session, or a shutdown: nobody will confirm any more."""
    box.apply()
    before = box.tree()
    box.apply("--confirm", "10m", folder=box.other)
    [pid] = guardians(box)
    os.kill(pid, signal.SIGTERM)
    box.wait(lambda: box.journal() == [])
    assert box.tree() == before


def test_reboot_before_the_confirmation(box):
    """A journal of another boot: the old files, and no reload, for everything is only about to start."""
    box.apply()
    before = box.tree()
    box.apply("--confirm", "10m", folder=box.other)
    for pid in guardians(box):
        os.kill(pid, signal.SIGKILL)
    journal = box.path(f"{STATE}/journal.wait")
    body = re.sub(r"^boot .*$", "boot " + "0" * 8 + "-0000-0000-0000-" + "0" * 12, journal.read_text(), flags=re.M)
    body = body[:body.rindex("end ")]
    journal.write_text(body + f"end {hashlib.sha256(body.encode()).hexdigest()}\n")
    deadline = box.path(f"{STATE}/deadline")
    deadline.write_text("0" * 36 + " 99999999999999999\n")
    box.reloads()
    assert "the old files are there again" in box.mode("--recover").stdout
    assert box.tree() == before and box.reloads() == []


def test_damaged_journal(box):
    box.apply()
    box.apply("--confirm", "10m", folder=box.other)
    for pid in guardians(box):
        os.kill(pid, signal.SIGKILL)
    journal = box.path(f"{STATE}/journal.wait")
    text = journal.read_text()
    journal.write_text(text.replace("nftables.d", "nftables.e"))
    before = box.tree()
    for done in (box.mode("--rollback", code=3), box.mode("--commit", code=3), box.apply(code=3)):
        assert "it is damaged" in done.stderr or "waits" in done.stderr
    assert box.tree() == before
    journal.write_text(text)
    box.mode("--rollback")


def test_two_at_once(box):
    box.apply()
    with open(box.path(f"{STATE}/lock"), "r+", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate()
        lock.write("process 4711 (apply of x, since 22:31:05)\n")
        lock.flush()
        before = box.tree()
        for done in (box.apply(folder=box.other, code=3), box.mode("--commit", code=3)):
            assert "process 4711 (apply of x, since 22:31:05)" in done.stderr
        assert box.tree() == before


def test_state_of_somebody_else(box):
    box.path(STATE).mkdir(parents=True)
    box.path(STATE).chmod(0o777)
    assert "nobody else may write there" in box.apply(code=3).stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_not_root(box):
    box.root.chmod(0o755)
    os.chmod(box.root.parent, 0o755)
    done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", box.hextet, "apply", box.estate,
                           "--machine", MACHINE, "--root", "/"], text=True, capture_output=True, check=False)
    if done.returncode == 126 or "Permission denied" in done.stderr and "hextet:" not in done.stderr:
        pytest.skip("nobody may not run the program here")
    assert done.returncode == 3 and "run it as root, or name a folder of yours with --root" in done.stderr
