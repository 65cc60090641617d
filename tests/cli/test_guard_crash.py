# SPDX-License-Identifier: Apache-2.0
"""kill -9 at any moment: what is in the database afterwards is what an uninterrupted run would have decided.

The oracle is `hextet guard replay` over the whole log, which has neither database nor snapshots.
"""
import collections
import json
import random
import sqlite3
import time

import pytest

from guard_daemon import Guard, line, wait_for

START = 1_700_000_000  # long ago: no sink is asked, all bans are in the database


@pytest.fixture()
def guard(hextet_path, tmp_path):
    g = Guard(hextet_path, tmp_path)
    yield g
    g.stop()


def traffic(rng, lines):
    """Attackers that come back when their ban is over, rotators within a /56, and bystanders."""
    at, text = START, []
    single = [f"203.0.113.{i}" for i in range(8)] + [f"2001:db8:{i}::1" for i in range(8)]
    while len(text) < lines:
        at += rng.choice([0] * 100 + [1] * 30 + [400, 4000])
        kind = rng.random()
        if kind < 0.3:
            ip = rng.choice(single)
        elif kind < 0.8:
            ip = f"2001:db8:aa:{rng.randrange(1, 5):x}{rng.randrange(256):02x}::{rng.randrange(1, 9999):x}"
        else:
            ip = f"198.51.100.{rng.randrange(256)}"
        late = rng.choice([0, 0, 0, 3, 30])
        text += [line(ip, at - late, status=rng.choice([401, 401, 401, 200]))] * rng.randrange(1, 4)
    return text[:lines]


def stored(guard):
    with sqlite3.connect(guard.folder / "state/guard.db") as db:
        return db.execute("SELECT network, at_ms, until_ms, rule, count, repetition, lifted_ms IS NOT NULL FROM ban").fetchall()


def replayed(hextet, guard):
    done = hextet("guard", "replay", "-C", guard.folder / "estate", "--output", "json", guard.log)
    assert done.returncode == 0, done.stderr
    return [json.loads(s) for s in done.stdout.splitlines()]


def keys_of_stored(guard):
    return collections.Counter((n, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at // 1000)),
                                time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(until // 1000)), rule, count, k)
                               for n, at, until, rule, count, k, _ in stored(guard))


def keys_of_replayed(hextet, guard):
    return collections.Counter((b["prefix"], b["at"], b["until"], b["rule"], b["count"], b["evidence"]["repetition"])
                               for b in replayed(hextet, guard))


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_random(guard, hextet, seed):
    rng = random.Random(seed)
    text = traffic(rng, 6000)
    written = kills = 0
    while written < len(text):
        guard.start("--snapshot", "1s")
        end = time.monotonic() + rng.choice([0, 0.02, 0.1, 0.5, 1.3])
        stop = written + 800
        while time.monotonic() < end and written < min(stop, len(text)):
            n = rng.randrange(1, 200)
            # Sometimes half a line is there when it dies.
            part = "".join(text[written:written + n])
            cut = rng.randrange(len(part))
            guard.write(part[:cut])
            time.sleep(rng.random() / 20)
            guard.write(part[cut:])
            written += n
        time.sleep(rng.choice([0, 0.05, 1]))
        if rng.random() < 0.2:
            guard.stop()
        else:
            guard.kill()
            kills += 1
    guard.start()
    wait_for("the rest", lambda: guard.status()["logs"][0]["behind"] == 0)
    want = keys_of_replayed(hextet, guard)
    wait_for("all bans", lambda: sum(keys_of_stored(guard).values()) >= sum(want.values()))
    assert keys_of_stored(guard) == want
    assert kills > 5 and len(want) > 30 and max(want.values()) == 1
    assert any(k[5] > 1 for k in want), "nobody came back"
    assert any(k[0].endswith("/56") for k in want), "no rotator"


def test_killed_before_the_first_snapshot(guard, hextet):
    text = traffic(random.Random(7), 2000)
    guard.write(*text)
    for _ in range(4):
        guard.start()
        guard.kill()
    guard.start()
    want = keys_of_replayed(hextet, guard)
    wait_for("all bans", lambda: keys_of_stored(guard) == want)


@pytest.mark.parametrize("with_snapshot", [False, True])
def test_commands_are_where_they_were(guard, with_snapshot):
    """An unban forgets what was counted before it, and only that, after a crash too."""
    guard.start(*(["--snapshot", "1s"] if with_snapshot else []))
    ip, net = "203.0.113.1", "203.0.113.1/32"
    now = time.time() - 30
    guard.write(*[line(ip, now)] * 5)
    wait_for("ban", lambda: guard.in_file() == {net})
    if with_snapshot:
        wait_for("snapshot", lambda: (guard.folder / "state/guard.db-snapshot").exists())
    assert guard.ask("unban", network=net)["ok"]
    guard.write(*[line(ip, now + 2)] * 4)
    guard.read_all(9)
    assert guard.ask("ban", network="192.0.2.0/24", for_s=600, comment="kept")["ok"]
    guard.kill()
    guard.start()
    wait_for("all", lambda: guard.status()["logs"][0]["behind"] == 0)
    time.sleep(0.3)
    assert guard.in_file() == {"192.0.2.0/24"}
    assert [s[6] for s in stored(guard)] == [1, 0]
    guard.write(line(ip, now + 3))  # the fifth since the unban
    wait_for("ban", lambda: guard.in_file() == {net, "192.0.2.0/24"})
    guard.kill()
    guard.start()
    assert guard.in_file() == {net, "192.0.2.0/24"}
    assert len(stored(guard)) == 3


def test_sinks_are_right_before_anything_is_read(guard):
    """Bans made since the last snapshot are in the sink when the guard says that it runs, whoever emptied it."""
    guard.start()
    guard.write(*[line("203.0.113.1")] * 5)
    wait_for("ban", lambda: guard.in_file() == {"203.0.113.1/32"})
    assert guard.ask("ban", network="2001:db8::/64", for_s=600)["ok"]
    guard.kill()
    (guard.folder / "banned.txt").unlink()
    guard.log.rename(guard.folder / "elsewhere")
    guard.start()
    assert guard.in_file() == {"203.0.113.1/32", "2001:db8::/64"}


def test_the_socket_of_a_killed_guard_is_replaced(guard):
    guard.start()
    guard.kill()
    assert (guard.folder / "guard.sock").exists()
    guard.start()
    assert guard.status()["ok"]
