# SPDX-License-Identifier: Apache-2.0
"""`hextet guard run` and the commands that ask it. Crashes are in test_guard_crash.py."""
import json
import os
import pwd
import re
import resource
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from guard_daemon import Guard, line, wait_for

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture()
def make(hextet_path, tmp_path):
    guards = []

    def run(**estate):
        guards.append(Guard(hextet_path, tmp_path, **estate))
        return guards[-1]

    yield run
    for g in guards:
        g.stop()


@pytest.fixture()
def guard(make):
    return make().start()


@pytest.fixture()
def ask(hextet, tmp_path):
    """hextet guard WORD … of this test's guard"""
    def run(word, *args, **options):
        return hextet("guard", word, "--control", tmp_path / "guard.sock", "--state", tmp_path / "state/guard.db", *args,
                      **options)
    return run


def attack(guard, ip, n=5, **more):
    guard.write(*[line(ip, **more)] * n)


# ---- bans ----

def test_from_line_to_sink(guard, ask):
    attack(guard, "2001:db8:7::1", 4)
    attack(guard, "2001:db8:7:1::1", 4)
    attack(guard, "203.0.113.9")
    attack(guard, "2001:db8:7::ffff", 1)
    wait_for("bans", lambda: guard.in_file() == {"203.0.113.9/32", "2001:db8:7::/64"})
    bans = [json.loads(s) for s in ask("bans", "--output", "json").stdout.splitlines()]
    assert [(b["prefix"], b["rule"], b["count"]) for b in bans] == [("2001:db8:7::/64", "login", 5),
                                                                   ("203.0.113.9/32", "login", 5)]
    assert 3500 < bans[0]["left"] <= 3600 and bans[0]["active"]
    assert bans[0]["evidence"]["client"] == "2001:db8:7::ffff"
    assert "2001:db8:7::1 - -" in bans[0]["evidence"]["first_line"]
    text = ask("explain", "2001:db8:7:1::77").stdout
    assert "2001:db8:7:1::77 is not banned" in text and "2001:db8:7:1::/64: 4 of 5 within 1m" in text
    assert "1 more before" in text


def test_each_ban_is_said(guard):
    attack(guard, "203.0.113.9")
    said = wait_for("word of it", lambda: [s for s in guard.said if "banned" in s])
    assert re.fullmatch(r"hextet: banned 203\.0\.113\.9/32 until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ by login: "
                        r"5 requests within 60 s\n", said[0]), said


def test_an_attack_does_not_fill_the_journal(guard):
    guard.write(*[line(f"10.0.{i // 250}.{i % 250}") * 5 for i in range(500)])
    wait_for("bans", lambda: len(guard.in_file()) == 500)

    def counts():
        said = list(guard.said)
        return (sum("hextet: banned " in s for s in said),
                sum(int(s.split()[2]) for s in said if re.match(r"hextet: and \d+ more bans at once: `hextet", s)))

    wait_for("word of all", lambda: sum(counts()) == 500)
    assert 10 <= counts()[0] <= 50  # of one second each, and a slow machine may take several


def test_times_are_written_in_one_way(guard, ask):
    """As `replay` writes them: no fraction where it is zero."""
    attack(guard, "203.0.113.9", at=1_000_000_000)
    attack(guard, "203.0.113.10")
    wait_for("bans", lambda: guard.in_file() == {"203.0.113.10/32"})
    texts = [ask(*args).stdout for args in (["bans", "--all"], ["bans", "--all", "--output", "json"], ["status"],
                                            ["explain", "203.0.113.10"])]
    assert "2001-09-09T01:46:40Z" in texts[0] and "2001-09-09T01:46:40Z" in texts[1]
    assert not any(".000Z" in text for text in texts), texts


@pytest.mark.parametrize("ahead", [-1800, 0, 86400])
def test_an_unban_ends_the_ban_at_once(guard, ask, ahead):
    """Also where the log's clock is far from the wall's."""
    attack(guard, "203.0.113.9", at=time.time() + ahead)
    wait_for("ban", lambda: guard.in_file() == {"203.0.113.9/32"})
    assert "banned by this rule" in ask("explain", "203.0.113.9").stdout
    assert ask("unban", "203.0.113.9").returncode == 0
    text = ask("explain", "203.0.113.9").stdout
    assert "203.0.113.9 is not banned" in text and "banned by this rule" not in text and "0 of 5" in text
    attack(guard, "203.0.113.9", at=time.time() + ahead + 2)  # the log tells whole seconds
    wait_for("the next ban", lambda: guard.in_file() == {"203.0.113.9/32"})


def names_in(value):
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        yield from names_in(item)
    yield from value if isinstance(value, dict) else []


def test_the_manual_has_every_name_of_the_status(guard):
    manual = (Path(__file__).parents[2] / "docs/man/hextet-guard.1.scd").read_text(encoding="utf-8")
    section = manual.split("\n## status\n")[1].split("\n## ")[0]
    guard.write("rubbish\n")
    attack(guard, "203.0.113.9")
    wait_for("ban", lambda: guard.in_file() == {"203.0.113.9/32"})
    (guard.folder / "banned.txt").unlink()
    wait_for("drift", lambda: guard.status()["sinks"][0].get("drift"))
    status = guard.status()
    status.pop("ok")
    for made in status["made"], status["bans"], status["logs"][0]["unparsed"]:
        made.clear()
    missing = {name for name in names_in(status) if f"_{name}_" not in section and f"*{name}*" not in section}
    assert missing == set()


def test_allowed_addresses_are_named(guard, ask):
    attack(guard, "2001:db8:beef::1", 50)
    guard.read_all(50)
    assert guard.in_file() == set()
    assert "2001:db8:beef::1 is never banned: it is in 2001:db8:beef::/48" in ask("explain", "2001:db8:beef::1").stdout


def test_old_lines_reach_no_sink(guard, ask):
    attack(guard, "203.0.113.1", at=time.time() - 7200)
    attack(guard, "203.0.113.2", at=time.time() - 1800)
    wait_for("ban", lambda: guard.in_file() == {"203.0.113.2/32"})
    assert guard.status()["over_on_arrival"] == 1
    ends = {b["prefix"]: b["left"] for b in guard.ask("bans", all=True)["bans"]}
    assert ends["203.0.113.1/32"] == 0 and 1700 < ends["203.0.113.2/32"] <= 1800


def test_a_clock_ahead_lengthens_no_ban(guard):
    attack(guard, "203.0.113.1", at=time.time() + 86400)
    wait_for("ban", lambda: guard.in_file() == {"203.0.113.1/32"})
    assert 3500 < guard.ask("bans")["bans"][0]["left"] <= 3600


def test_bans_end(make):
    guard = make(ban="2s").start()
    attack(guard, "203.0.113.1")
    wait_for("ban", lambda: guard.in_file() == {"203.0.113.1/32"})
    wait_for("end", lambda: guard.in_file() == set())
    assert guard.status()["active"] == 0


def test_drift_is_mended_and_shown(guard):
    attack(guard, "203.0.113.1")
    wait_for("ban", lambda: guard.in_file() == {"203.0.113.1/32"})
    path = guard.folder / "banned.txt"
    path.write_text(path.read_text().replace("203.0.113.1/32", "192.0.2.0/24"))
    wait_for("mending", lambda: guard.in_file() == {"203.0.113.1/32"})
    drift = wait_for("drift", lambda: guard.status()["sinks"][0].get("drift"))
    assert (drift["missing"], drift["foreign"]) == (1, 1)


def test_a_dead_sink_stops_nobody(make, ask, tmp_path):
    guard = make(sinks=f"    - {{ haproxy: /nonexistent/haproxy.sock, acl: {tmp_path}/banned.lst }}").start()
    attack(guard, "203.0.113.1")
    wait_for("ban", lambda: guard.in_file() == {"203.0.113.1/32"})
    done = ask("status")
    assert done.returncode == 1
    assert "NOT ALL WORKS" in done.stdout and "NOT WORKING: sink haproxy:/nonexistent/haproxy.sock" in done.stdout
    time.sleep(2.5)  # two more tries
    assert len([s for s in guard.said if "does not work" in s]) == 1


# ---- commands ----

def test_ban_and_unban_by_hand(guard, ask):
    done = ask("ban", "2001:db8:5::/64", "--for", "2h", "--comment", "ticket 7")
    assert (done.returncode, done.stderr) == (0, "") and "2001:db8:5::/64 is banned until" in done.stdout
    assert guard.in_file() == {"2001:db8:5::/64"}
    assert "2001:db8:5::/64 by manual" in ask("bans").stdout
    done = ask("unban", "2001:db8:5::1/128")
    assert done.returncode == 1 and "lies in 2001:db8:5::/64 (by hand, manual): unban that" in done.stderr
    assert ask("unban", "2001:db8:5::/64").returncode == 0
    assert guard.in_file() == set()
    assert ask("unban", "2001:db8:5::/64").returncode == 1
    past = json.loads(ask("bans", "--all", "--output", "json").stdout)
    assert (past["comment"], past["active"]) == ("ticket 7", False)
    assert past["lifted_by"].startswith(pwd.getpwuid(os.geteuid()).pw_name + " (uid ")


@pytest.mark.parametrize("network, code, message", [
    ("0.0.0.0/0", 1, "0.0.0.0/0 is everybody"),
    ("::/0", 1, "::/0 is everybody"),
    ("10.0.0.0/7", 1, "wider than /8"),
    ("2000::/3", 1, "wider than /16"),
    ("2001:db8:beef:1::/64", 1, "is never banned: it is in 2001:db8:beef::/48, never: 2001:db8:beef::/48"),
    ("127.0.0.1", 1, "loopback"),
    ("2001:db8::1/64", 2, "did you mean 2001:db8::/64?"),
    ("10.1.2.3/8", 2, "did you mean 10.0.0.0/8?"),
    ("nonsense", 2, "is no network"),
])
def test_what_is_not_banned(guard, ask, network, code, message):
    done = ask("ban", network)
    assert (done.returncode, done.stdout) == (code, "") and message in done.stderr
    assert guard.in_file() == set() and guard.ask("bans", all=True)["bans"] == []


def test_wide_bans_by_force_spare_the_allowlist(guard, ask):
    done = ask("ban", "2000::/3", "--force", "--for", "60s")
    assert done.returncode == 0 and "but not 2001:db8:beef::/48" in done.stdout
    pieces = guard.in_file()
    assert len(pieces) == 45 and "2001:db8:beee::/48" in pieces and "2001:db8:beef::/48" not in pieces


def test_without_a_guard(make, ask):
    guard = make().start()
    attack(guard, "203.0.113.1")
    wait_for("ban", lambda: guard.in_file())
    guard.stop()
    done = ask("bans")
    assert done.returncode == 0 and "203.0.113.1/32 by login" in done.stdout and "no guard runs" in done.stderr
    assert ask("status").returncode == 1
    for args in (["explain", "::1"], ["ban", "203.0.113.2"], ["unban", "203.0.113.1"]):
        done = ask(*args)
        assert done.returncode == 3 and "no guard runs" in done.stderr


def test_only_one_guard(guard, hextet):
    done = hextet("guard", "run", "-C", guard.folder / "estate", "--no-drop-privileges")
    assert done.returncode == 3
    assert f"another guard, process {guard.process.pid} has" in done.stderr


def test_many_bans_come_in_pages(guard, ask):
    guard.write(*[line(f"10.0.{i // 250}.{i % 250}") * 5 for i in range(2500)])
    wait_for("bans", lambda: len(guard.in_file()) == 2500)
    listed = ask("bans", "--output", "jsonl").stdout.splitlines()
    assert len({json.loads(s)["prefix"] for s in listed}) == len(listed) == 2500


# ---- the socket ----

def test_nonsense_on_the_socket(guard):
    for request in (b"\n", b"{}\n", b"[]\n", b'"do"\n', b'{"do":7}\n', b'{"do":"dance"}\n', b"\xff\xfe\n", b'{"do":"ban"}\n',
                    b'{"do":"ban","network":"10.0.0.1","for_s":"x"}\n', b'{"do":"explain","ip":"x"}\n'):
        with guard.connect() as s:
            s.sendall(request)
            answer = json.loads(s.makefile().readline())
            assert (answer["ok"], answer["code"]) == (False, "usage"), request
    with guard.connect() as s:
        s.sendall(b"x" * 16384)
        assert "16384" in json.loads(s.makefile().readline())["error"]
    assert guard.status()["ok"]


def test_several_requests_at_once(guard):
    with guard.connect() as s:
        s.sendall(b'{"do":"status"}\n{"do":"bans"}\n{"do":"st')
        f = s.makefile()
        assert "logs" in json.loads(f.readline()) and "bans" in json.loads(f.readline())
        s.sendall(b'atus"}\n')
        assert "logs" in json.loads(f.readline())


def test_slow_clients_are_cut_off(guard):
    with guard.connect() as s:
        start = time.monotonic()
        s.sendall(b'{"do"')
        try:
            while s.recv(100):
                pass
        except ConnectionResetError:
            pass
        assert 8 < time.monotonic() - start < 15


def test_more_clients_than_there_is_room_for(guard, ask):
    clients = []
    for _ in range(32):
        clients.append(guard.connect())
        clients[-1].sendall(b'{"do":"status"}\n')
        assert clients[-1].recv(1)
    done = ask("status")
    assert done.returncode == 3 and "32 others ask it at once; try again" in done.stderr
    clients.pop().close()
    wait_for("room", lambda: ask("status").returncode == 0)
    for client in clients:
        client.close()


@needs_root
def test_others_may_look(guard, tool, hextet_path):
    os.chmod(guard.folder / "guard.sock", 0o666)
    code = ("import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(sys.argv[2].encode());"
            "print(s.makefile().readline())")
    path = guard.folder
    while path != path.parent:  # the way to the socket
        os.chmod(path, os.stat(path).st_mode | 0o111)
        path = path.parent

    def as_nobody(request):
        done = subprocess.run([tool("setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3", "-c",
                               code, guard.folder / "guard.sock", json.dumps(request) + "\n"], text=True,
                              capture_output=True, check=True, cwd="/")
        return json.loads(done.stdout)

    assert as_nobody({"do": "status"})["ok"]
    answer = as_nobody({"do": "ban", "network": "203.0.113.1/32", "for_s": 60})
    assert answer["code"] == "not-allowed"
    assert "nobody (uid 65534, process" in answer["error"] and "as root" in answer["error"]
    assert guard.in_file() == set()
    wait_for("word of it", lambda: guard.has_said("ban was refused to nobody"))


# ---- what goes wrong ----

def test_full_disk(make, ask):
    """No room in the database: bans go on, are said to wait, and are written when there is room."""
    guard = make()
    guard.start(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (150000, resource.RLIM_INFINITY)))
    guard.write(*[line(f"10.0.{i // 250}.{i % 250}") * 5 for i in range(1500)])
    wait_for("bans", lambda: len(guard.in_file()) == 1500)
    store = wait_for("failure", lambda: (s := guard.status()["store"])["working"] is False and s)
    assert store["pending"] > 0 and "cannot write" in store["why"]
    done = ask("ban", "203.0.113.1")
    assert done.returncode == 3 and "nothing was changed" in done.stderr
    assert ask("status").returncode == 1
    resource.prlimit(guard.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    wait_for("writing", lambda: guard.status()["store"]["pending"] == 0)
    assert ask("status").returncode == 0
    assert len(ask("bans").stdout.splitlines()) == 1500
    assert len([s for s in guard.said if "kept in memory" in s]) == 1 and guard.has_said("is written again")


def test_a_damaged_database_is_set_aside(make):
    guard = make()
    (guard.folder / "state/guard.db").write_bytes(b"no database at all, but long enough" * 100)
    guard.start()
    assert guard.has_said("guard.db-damaged")
    attack(guard, "203.0.113.1")
    wait_for("ban", lambda: guard.in_file() == {"203.0.113.1/32"})


def test_a_database_that_is_locked_holds_nothing_up(guard, ask):
    with sqlite3.connect(guard.folder / "state/guard.db", isolation_level=None) as db:
        db.execute("BEGIN IMMEDIATE")
        attack(guard, "203.0.113.1")
        wait_for("ban", lambda: guard.in_file() == {"203.0.113.1/32"})
        wait_for("word of it", lambda: guard.has_said("another program holds it locked; bans are in force"))
        done = ask("ban", "203.0.113.2")
        assert done.returncode == 3 and "nothing was changed" in done.stderr and "locked" in done.stderr
        db.execute("ROLLBACK")
    wait_for("writing", lambda: guard.has_said("guard.db is written again"))
    assert [b["prefix"] for b in guard.ask("bans")["bans"]] == ["203.0.113.1/32"]


def test_bans_outlive_a_damaged_database(make, ask):
    """Those of the snapshot are written into the new one: also the start after the next knows them."""
    guard = make().start()
    attack(guard, "203.0.113.1")
    wait_for("ban", lambda: guard.in_file() == {"203.0.113.1/32"})
    guard.stop()
    (guard.folder / "state/guard.db").write_bytes(b"no database at all, but long enough" * 100)
    for ip in "203.0.113.2", "203.0.113.3":
        guard.start()
        attack(guard, ip)
        wait_for("ban", lambda: ip + "/32" in guard.in_file())
        guard.stop()
        (guard.folder / "state/guard.db-snapshot").unlink()
    assert guard.in_file() == {f"203.0.113.{i}/32" for i in (1, 2, 3)}
    assert {s.split()[0] for s in ask("bans").stdout.splitlines()} == guard.in_file()


def test_a_database_that_is_removed_is_made_again(make, ask):
    guard = make().start()
    attack(guard, "203.0.113.1")
    assert ask("ban", "2001:db8:5::/64").returncode == 0
    wait_for("bans", lambda: len(guard.in_file()) == 2)
    for path in (guard.folder / "state").glob("guard.db*"):
        path.unlink()
    wait_for("word of it", lambda: guard.has_said("guard.db was removed: it is made again"))
    assert ask("ban", "203.0.113.2").returncode == 0
    wait_for("snapshot", (guard.folder / "state/guard.db-snapshot").exists)
    guard.kill()
    guard.start()
    everything = {"203.0.113.1/32", "203.0.113.2/32", "2001:db8:5::/64"}
    assert guard.in_file() == everything
    assert {b["prefix"] for b in guard.ask("bans")["bans"]} == everything
    assert ask("status").returncode == 0


def test_a_database_that_cannot_be_made_again_is_said(make, ask):
    guard = make().start()
    attack(guard, "203.0.113.1")
    wait_for("ban", lambda: guard.in_file() == {"203.0.113.1/32"})
    (guard.folder / "state").rename(guard.folder / "elsewhere")
    wait_for("word of it", lambda: guard.has_said("bans are in force and kept in memory until it works"))
    assert ask("status").returncode == 1 and "guard.db" in ask("status").stdout
    done = ask("ban", "203.0.113.2")
    assert done.returncode == 3 and "nothing was changed" in done.stderr
    attack(guard, "203.0.113.3")
    wait_for("ban", lambda: guard.in_file() == {"203.0.113.1/32", "203.0.113.3/32"})
    (guard.folder / "elsewhere").rename(guard.folder / "state")
    wait_for("writing", lambda: guard.has_said("guard.db is written again"))
    assert {b["prefix"] for b in guard.ask("bans")["bans"]} == {"203.0.113.1/32", "203.0.113.3/32"}


def test_a_second_guard_touches_no_sink(guard, hextet, tmp_path):
    """Not even one with a database of its own."""
    attack(guard, "203.0.113.1")
    wait_for("ban", lambda: guard.in_file() == {"203.0.113.1/32"})
    before = os.stat(tmp_path / "banned.txt")
    other = tmp_path / "other"
    other.mkdir()
    text = (guard.folder / "estate/estate.yaml").read_text()
    (other / "estate.yaml").write_text(text.replace("state/guard.db", "other/guard.db"))
    done = hextet("guard", "run", "-C", other, "--no-drop-privileges")
    assert done.returncode == 3 and "stop the guard that listens there, or name another `control`" in done.stderr
    after = os.stat(tmp_path / "banned.txt")
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_damaged_snapshot_is_said(make):
    guard = make().start()
    attack(guard, "203.0.113.1", 4)
    guard.read_all(4)
    guard.stop()
    path = guard.folder / "state/guard.db-snapshot"
    path.write_bytes(path.read_bytes()[:-1])
    guard.start()
    assert guard.has_said("is damaged")
    attack(guard, "203.0.113.1", 1)  # the log is read from its beginning
    wait_for("ban", lambda: guard.in_file() == {"203.0.113.1/32"})


# ---- SIGHUP ----

def reload(guard, word):
    guard.process.send_signal(signal.SIGHUP)
    wait_for(word, lambda: guard.has_said(word))


def test_reload_keeps_counting(make):
    guard = make().start()
    attack(guard, "203.0.113.1", 4)
    attack(guard, "203.0.113.2", 5)
    wait_for("ban", lambda: guard.in_file() == {"203.0.113.2/32"})
    guard.write_estate(never="192.0.2.0/24, 203.0.113.2")
    reload(guard, "counters stay")
    assert guard.in_file() == set()
    attack(guard, "203.0.113.1", 1)
    wait_for("ban", lambda: guard.in_file() == {"203.0.113.1/32"})


def test_reload_with_other_rules_keeps_bans(make):
    guard = make().start()
    attack(guard, "203.0.113.1", 4)
    attack(guard, "203.0.113.2", 5)
    wait_for("ban", lambda: guard.in_file() == {"203.0.113.2/32"})
    guard.write_estate(window="50s")
    reload(guard, "counting begins anew")
    attack(guard, "203.0.113.2", 5)
    attack(guard, "203.0.113.1", 1)
    attack(guard, "203.0.113.3", 5)
    wait_for("ban", lambda: guard.in_file() == {"203.0.113.2/32", "203.0.113.3/32"})
    assert len(guard.ask("bans")["bans"]) == 2


def test_a_broken_estate_changes_nothing(make):
    guard = make().start()
    attack(guard, "203.0.113.1", 4)
    guard.read_all(4)
    guard.write_estate(text="guard: [")
    reload(guard, "all goes on as before")
    attack(guard, "203.0.113.1", 1)
    wait_for("ban", lambda: guard.in_file() == {"203.0.113.1/32"})


# ---- systemd, Prometheus, privileges ----

def test_systemd_is_told(make, tmp_path):
    guard = make()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(str(tmp_path / "notify"))
        s.settimeout(20)
        guard.start(env={"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "500000"})
        got = ""
        while "WATCHDOG=1" not in got or "lines read" not in got:
            got += s.recv(4096).decode() + "\n"
        assert got.index("READY=1\n") < got.index("lines read")


def test_metrics(make, tmp_path):
    parser = pytest.importorskip("prometheus_client.parser", reason="python3-prometheus-client is not installed")
    with socket.socket(socket.AF_INET6) as s:
        s.bind(("::1", 0))
        port = s.getsockname()[1]
    guard = make(sinks=f"    - {{ haproxy: /nonexistent, acl: {tmp_path}/a }}", more=f'  metrics: "[::1]:{port}"').start()
    guard.write("rubbish\n")
    attack(guard, "203.0.113.1")
    attack(guard, "2001:db8:7::1")
    wait_for("ban", lambda: len(guard.in_file()) == 2)
    text = urllib.request.urlopen(f"http://[::1]:{port}/metrics", timeout=20).read().decode()
    families = list(parser.text_string_to_metric_families(text))
    assert all(f.documentation and f.type in ("counter", "gauge") for f in families)
    values = {(s.name, *sorted(s.labels.values())): s.value for f in families for s in f.samples}
    log = f"file:{guard.folder}/access.log"
    assert values["hextet_guard_lines_total", log] == 11
    assert sum(v for k, v in values.items() if k[0] == "hextet_guard_unparsed_lines_total") == 1
    assert values["hextet_guard_bans_active", "32", "ipv4"] == values["hextet_guard_bans_active", "64", "ipv6"] == 1
    assert values["hextet_guard_bans_total", "login"] == 2
    assert values["hextet_guard_sink_working", f"file:{guard.folder}/banned.txt"] == 1
    assert values["hextet_guard_sink_working", f"haproxy:/nonexistent,acl={tmp_path}/a"] == 0
    assert values["hextet_guard_store_pending",] == 0
    assert values["hextet_guard_working",] == 0
    with pytest.raises(urllib.error.HTTPError, match="503"):
        urllib.request.urlopen(f"http://[::1]:{port}/health", timeout=20)


# The leak detector of the sanitized program needs ptrace, which is not for a guard.
NO_LEAKS = {"ASAN_OPTIONS": "detect_leaks=0:exitcode=99"}


@needs_root
def test_root_is_given_up(make):
    guard = make()
    path = guard.folder
    while path != path.parent:
        os.chmod(path, os.stat(path).st_mode | 0o111)
        path = path.parent
    for path in (guard.folder, guard.folder / "state", guard.folder / "estate"):
        os.chown(path, 65534, 65534)
    guard.log.chmod(0o644)
    guard.start("--user", "nobody", "--snapshot", "1s", keep_root=False, env=NO_LEAKS)
    with open(f"/proc/{guard.process.pid}/status", encoding="ascii") as f:
        status = dict(s.strip().split(":\t", 1) for s in f if ":\t" in s)
    net_admin = f"{1 << 12:016x}"
    assert status["Uid"].split() == ["65534"] * 4
    assert [status[k] for k in ("CapEff", "CapPrm", "CapBnd", "CapAmb")] == [net_admin] * 4
    assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1")
    # All that it does, it does without.
    attack(guard, "203.0.113.1")
    wait_for("ban", lambda: guard.in_file() == {"203.0.113.1/32"})
    wait_for("snapshot", lambda: (guard.folder / "state/guard.db-snapshot").exists())
    assert guard.ask("ban", network="203.0.113.2/32", for_s=60)["ok"]
    guard.write_estate(never="192.0.2.0/24")
    reload(guard, "counters stay")
    status = guard.status()
    assert status["working"], status
    for name in ("guard.db", "guard.db-wal", "guard.db-snapshot"):
        assert (guard.folder / "state" / name).stat().st_uid == 65534


@needs_root
def test_a_folder_that_is_not_the_users_is_said(make, ask, tmp_path):
    """Before the first ban, which could not be written."""
    guard = make(sinks=f"    - {{ file: {tmp_path}/roots/banned.txt }}")
    (tmp_path / "roots").mkdir()
    path = guard.folder
    while path != path.parent:
        os.chmod(path, os.stat(path).st_mode | 0o111)
        path = path.parent
    for path in (guard.folder, guard.folder / "state", guard.folder / "estate"):
        os.chown(path, 65534, 65534)
    guard.log.chmod(0o644)
    guard.start("--user", "nobody", keep_root=False, env=NO_LEAKS)
    wait_for("word of it", lambda: guard.has_said("roots/banned.txt: Permission denied; the folder must be one"))
    assert ask("status").returncode == 1
    os.chown(tmp_path / "roots", 65534, 65534)
    wait_for("mending", lambda: guard.has_said("roots/banned.txt works again"))
    assert ask("status").returncode == 0


@needs_root
def test_a_user_that_is_not_there(make, hextet):
    guard = make()
    done = hextet("guard", "run", "-C", guard.folder / "estate", "--user", "nosuchuser")
    assert done.returncode == 3 and "there is no user nosuchuser" in done.stderr and "useradd" in done.stderr
