# SPDX-License-Identifier: Apache-2.0
"""`hextet apply` is killed, or its disk is full, at each system call that changes a file: all old or all new afterwards.

strace makes the accident: inject=CALL:signal=SIGKILL:when=N ends the process as it enters CALL for the N-th time, so the calls
before it are all that happened. A first run says which calls there are. HEXTET_KILL=all takes each of them; else each
test takes every fourth, and not the same ones as its neighbour. What was not fsynced is still there after a kill: the order of
writes and syncs is looked at in the trace."""
import os
import re
import shutil
import subprocess

import pytest
from test_apply import MANIFEST, RULES, STATE, VLAN, Box, guardians

CALLS = ("write,pwrite64,fsync,fdatasync,syncfs,rename,renameat,renameat2,link,linkat,symlinkat,unlink,unlinkat,mkdir,mkdirat,"
         "rmdir,ftruncate,fchmod,fchmodat,fchown,fsetxattr")
PARTS = 4
STEP = 1 if os.environ.get("HEXTET_KILL") == "all" else 4


class KillBox(Box):
    """A box with an estate applied, and trees of before and after the change to another."""

    def __init__(self, hextet_path, folder):
        super().__init__(hextet_path, folder)
        self.env["ASAN_OPTIONS"] = "detect_leaks=0:exitcode=99"
        self.path("etc/nftables.d").mkdir()
        self.path(RULES).write_text("# the package's\n")
        self.path("etc/nftables.d/mine.nft").write_text("# mine\n")
        self.apply(folder=self.other)
        self.saved = folder / "saved"
        shutil.copytree(self.root, self.saved, symlinks=True)
        self.new = self.tree()
        self.apply()
        self.old = self.tree()
        shutil.rmtree(self.saved)
        shutil.copytree(self.root, self.saved, symlinks=True)

    def reset(self):
        self.wait(lambda: not guardians(self))
        shutil.rmtree(self.root)
        shutil.copytree(self.saved, self.root, symlinks=True)

    def strace(self, inject, *args, follow=True, modes=()):
        line = ["strace", *(["-f"] if follow else []), "-qqq", "-o", "/dev/null", "-e", "signal=none",
                "-e", f"trace={CALLS},timerfd_settime", *[word for i in inject for word in ("-e", f"inject={i}")]]
        line += [str(self.hextet), "apply", *modes, "--root", str(self.root)] if modes else self.line(*args, folder=self.other)
        return subprocess.run(line, env=self.env, text=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=120,
                              check=False)

    def traced(self, *args, modes=()):
        """The calls of the main thread, in order, without injection."""
        log = self.log.with_name("trace")
        line = [str(self.hextet), "apply", *modes, "--root", str(self.root)] if modes else self.line(*args, folder=self.other)
        done = subprocess.run(["strace", "-y", "-qqq", "-o", str(log), "-e", f"trace={CALLS}", *line], env=self.env, text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=120, check=False)
        assert done.returncode == 0, f"strace cannot run here, and without it nothing is proven:\n{done.stderr}"
        return [line for line in log.read_text().splitlines() if "(" in line]

    def judge(self, where):
        """All old or all new, and nothing left. Says which."""
        assert self.journal() == [], where
        assert not list(self.root.rglob(".hextet-*")), where
        now = {k: v for k, v in self.tree().items() if not k.startswith(f"{STATE}/backup")}
        for name, tree in (("old", self.old), ("new", self.new)):
            if now == {k: v for k, v in tree.items() if not k.startswith(f"{STATE}/backup")}:
                return name
        mixed = {k for k in now.keys() | self.old.keys() if now.get(k) != self.old.get(k)}
        raise AssertionError(f"{where}: a mix; not as before: {mixed}")


@pytest.fixture(scope="module")
def box(hextet_path, tmp_path_factory, tool):
    tool("strace")
    return KillBox(hextet_path, tmp_path_factory.mktemp("kill"))


def accidents(trace, first=0):
    """(CALL, N) of each call from the first on, as strace counts them."""
    seen, found = {}, []
    for i, line in enumerate(trace):
        name = line.split("(")[0]
        seen[name] = seen.get(name, 0) + 1
        if i >= first:
            found.append((name, seen[name]))
    return found


def steps(box, part, first=0):
    """A part of the accidents, every STEP-th from the first on."""
    box.reset()
    trace = box.traced()
    found = accidents(trace, next(i for i, line in enumerate(trace) if STATE in line))
    assert len(found) > 40
    return found[first % STEP + part * STEP::PARTS * STEP]


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_and_the_guardian_is_enough(box, part):
    found = set()
    for call, n in steps(box, part):
        box.reset()
        box.strace([f"{call}:signal=SIGKILL:when={n}"], follow=False)
        box.wait(lambda: not guardians(box))
        found.add(box.judge(f"killed at {call} {n}"))
    assert "old" in found


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_with_the_guardian_and_recovered(box, part):
    found = set()
    for call, n in steps(box, part, 2):
        box.reset()
        box.strace(["timerfd_settime:signal=SIGKILL:when=1", f"{call}:signal=SIGKILL:when={n}"])
        assert not guardians(box)
        box.mode("--recover")
        found.add(box.judge(f"both killed at {call} {n}"))
    assert "old" in found


@pytest.mark.parametrize("part", range(PARTS))
def test_recovery_is_killed_too(box, part):
    """From the state with everything installed and nothing confirmed, and from the middle of installing."""
    box.reset()
    trace = box.traced("--confirm", "10m")
    recovery = accidents(box.traced(modes=["--rollback"]))
    middle = next(i for i, line in enumerate(trace) if line.startswith("rename") and VLAN.rsplit("/", 1)[1] in line)
    call, n = accidents(trace)[middle]
    for again, m in recovery[1 % STEP + part * STEP::PARTS * STEP]:
        for accident in ([f"{call}:signal=SIGKILL:when={n}"], []):
            box.reset()
            box.strace(["timerfd_settime:signal=SIGKILL:when=1", *accident], "--confirm", "10m")
            assert box.journal() == (["journal.install"] if accident else ["journal.wait"])
            box.strace([f"{again}:signal=SIGKILL:when={m}"], modes=["--recover" if accident else "--rollback"])
            box.mode("--rollback" if box.journal() == ["journal.wait"] else "--recover")
            assert box.judge(f"recovery killed at {again} {m}") == "old"


@pytest.mark.parametrize("first, error", enumerate(["ENOSPC", "EROFS", "EIO"]))
def test_a_call_that_fails(box, first, error):
    found = set()
    for call, n in steps(box, 1, first):
        box.reset()
        done = box.strace([f"{call}:error={error}:when={n}"], follow=False)
        box.wait(lambda: not guardians(box))
        if box.journal():
            box.mode("--recover")
        what = box.judge(f"{error} at {call} {n}")
        found.add(what)
        # New files and status 3: the decision was made, and what failed came after it (or was the result's printing).
        assert done.returncode == 3 or (what, done.returncode) == ("new", 0), done.stderr
    assert "old" in found


def test_all_calls_fail_from_one_on(box):
    """The file system became read-only: the applier cannot even take back. Whoever can (here the guardian) does it."""
    found = set()
    for call, n in steps(box, 2):
        box.reset()
        trace = box.traced()
        box.reset()
        counts = {}
        for name, count in accidents(trace)[:accidents(trace).index((call, n))]:
            counts[name] = count
        # Streams can be written all the same.
        dead = [f"{name}:error=EROFS:when={counts.get(name, 0) + 1}+" for name in CALLS.split(",") if name != "write"]
        done = box.strace(dead, follow=False)
        box.wait(lambda: not guardians(box))
        if box.journal():
            box.mode("--recover")
        found.add(box.judge(f"EROFS from {call} {n} on"))
        assert done.returncode in (0, 3), done.stderr
    assert "old" in found


def test_writes_are_on_disk_before_they_count(box):
    """What a kill does not show: each staged file is synced, and its folder, before the journal says "install"; each folder
    is synced again before the journal says "commit"; and the journal's own steps are synced before the next one."""
    box.reset()
    trace = box.traced()

    def index(pattern, start=0):
        return next(i for i in range(start, len(trace)) if re.search(pattern, trace[i]))

    install = index(r'rename\w*\(.*"journal\.stage".*"journal\.install"')
    commit = index(r'rename\w*\(.*"journal\.install".*"journal\.commit"')
    end = index(r'unlink\w*\(.*"journal\.commit"')
    assert install < commit < end
    staged = {m[1] for line in trace[:install] for m in [re.search(r'write\(\d+<([^>]*/\.hextet-[^>]*\.new)>', line)] if m}
    assert len(staged) >= 4
    for name in staged:
        written = max(i for i in range(install) if trace[i].startswith("write") and name in trace[i])
        synced = index(rf'fsync\(\d+<{re.escape(name)}>\) += 0')
        folder = index(rf'fsync\(\d+<{re.escape(os.path.dirname(name))}>\) += 0', synced)
        assert written < synced < folder < install
    renamed = [i for i in range(install, commit) if re.match(r"rename|unlink", trace[i]) and ".hextet-" in trace[i]]
    for i in renamed:
        folder = re.search(r"\(\d+<([^>]*)>", trace[i])[1]
        assert index(rf'fsync\(\d+<{re.escape(folder)}>\) += 0', i) < commit
    for step in (install, commit, end):
        assert re.search(rf"fsync\(\d+<[^>]*{STATE}>\) += 0", trace[step + 1])
    assert [line for line in trace[:install] if re.match(r"rename|unlink", line) and MANIFEST in line.replace(".new", "")] == []
