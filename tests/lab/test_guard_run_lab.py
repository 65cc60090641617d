# SPDX-License-Identifier: Apache-2.0
"""`hextet guard run` where only root can put it: bans in a kernel of its own without being root, and a disk that is
really full. Each test runs in namespaces that end with it."""
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
from guard_daemon import Guard, line, wait_for  # noqa: E402

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="needs root")]

NO_LEAKS = {"ASAN_OPTIONS": "detect_leaks=0:exitcode=99"}  # the leak detector needs ptrace
NFT = "    - { nft: hextet_guard_lab }"


class Namespaced(Guard):
    """A guard in a network and a mount namespace of its own, which `shell` enters too."""

    def __init__(self, *args, setup="", **estate):
        super().__init__(*args, **estate)
        self.holder = subprocess.Popen(["unshare", "-n", "-m", "sh", "-c", f"ip link set lo up; {setup} echo; exec sleep 600"],
                                       stdout=subprocess.PIPE)
        self.holder.stdout.readline()

    def enter(self):
        return ["nsenter", "-n", "-m", "-t", str(self.holder.pid), "--"]

    def start(self, *args, **options):
        program = self.program
        wrapper = self.folder / "guard"
        wrapper.write_text("#!/bin/sh\nexec " + " ".join(self.enter()) + f' {program} "$@"\n')
        wrapper.chmod(0o755)
        self.program = str(wrapper)
        try:
            return super().start(*args, **options)
        finally:
            self.program = program

    def shell(self, *command):
        return subprocess.run([*self.enter(), *command], text=True, capture_output=True, check=True).stdout

    def close(self):
        self.stop()
        self.holder.kill()
        self.holder.wait()


@pytest.fixture()
def make(hextet_path, tmp_path):
    guards = []

    def run(**more):
        guards.append(Namespaced(hextet_path, tmp_path, **more))
        return guards[-1]

    yield run
    for g in guards:
        g.close()


def open_ways(path):
    while path != path.parent:
        os.chmod(path, os.stat(path).st_mode | 0o111)
        path = path.parent


def test_bans_in_the_kernel_without_root(make, tool):
    tool("nft")
    guard = make(sinks=NFT)
    open_ways(guard.folder)
    for path in (guard.folder, guard.folder / "state"):
        os.chown(path, 65534, 65534)
    guard.log.chmod(0o644)
    guard.start("--user", "nobody", keep_root=False, env=NO_LEAKS)
    assert f"Uid:\t{65534}\t" in Path(f"/proc/{guard.process.pid}/status").read_text()
    guard.write(*[line("2001:db8:7::1")] * 5, *[line("203.0.113.1")] * 5)
    wait_for("bans", lambda: len(guard.in_file()) == 2)
    rules = guard.shell("nft", "list", "table", "inet", "hextet_guard_lab")
    assert "2001:db8:7::" in rules and "203.0.113.1 timeout" in rules
    # Somebody flushes everything; within an interval all is there again.
    guard.shell("nft", "flush", "ruleset")
    wait_for("reconcile", lambda: "203.0.113.1 timeout" in guard.shell("nft", "list", "ruleset"))
    assert guard.ask("unban", network="203.0.113.1/32")["ok"]
    rules = guard.shell("nft", "list", "ruleset")
    assert "203.0.113.1" not in rules and "2001:db8:7::" in rules
    # Killed, and everything gone: what was decided is in the kernel again when the next one runs.
    guard.kill()
    guard.shell("nft", "flush", "ruleset")
    guard.start("--user", "nobody", keep_root=False, env=NO_LEAKS)
    rules = guard.shell("nft", "list", "ruleset")
    assert "203.0.113.1" not in rules and "2001:db8:7::" in rules


def test_a_full_file_system(make, tmp_path):
    """The database's file system fills up, bans go on, and when there is room again nothing is missing."""
    state = tmp_path / "state"
    guard = make(setup=f"mount -t tmpfs -o size=300k none {state};")
    guard.start()
    here = Path(f"/proc/{guard.holder.pid}/root{state}")
    fd = os.open(here / "filler", os.O_WRONLY | os.O_CREAT)
    try:
        while os.write(fd, b"x" * 4096):
            pass
    except OSError:
        os.close(fd)
    guard.write(*[line(f"10.0.{i // 250}.{i % 250}") * 5 for i in range(1000)])
    wait_for("bans", lambda: len(guard.in_file()) == 1000)
    status = wait_for("failure", lambda: not (s := guard.status())["store"]["working"] and s)
    assert status["store"]["pending"] == 1000 and "disk is full" in status["store"]["why"]
    guard.shell("mount", "-o", "remount,size=20m", str(state))
    (here / "filler").unlink()
    wait_for("writing", lambda: guard.status()["working"])
    assert len(guard.ask("bans")["bans"]) == 1000
    assert sum("disk is full" in s for s in guard.said) == 1


def test_from_line_to_kernel(make, tool):
    """How long it takes, and that it is far below a second however loaded the machine is."""
    tool("nft")
    guard = make(sinks=NFT)
    guard.start()
    took = []
    for i in range(30):
        ip = f"2001:db8:{i + 1:x}::1"
        guard.write(*[line(ip)] * 4)
        start = time.monotonic()
        guard.write(line(ip))
        wait_for("ban", lambda: f"2001:db8:{i + 1:x}::/64" in guard.in_file())
        took.append(time.monotonic() - start)
    assert sorted(took)[15] < 1
    assert guard.shell("nft", "list", "ruleset").count("::") >= 30
