# SPDX-License-Identifier: Apache-2.0
"""A full counter against somebody who owns a /32: what counter.h promises then, request by request.

Nobody is over who has not N requests in the window; a count with its error is never less than the truth; and whoever has
N + 4E/m is over, with E the most requests of one epoch and m the least number of networks that were kept."""

import bisect
import collections
import random

import pytest
from counter_oracle import Config
from test_counter import batch

WINDOW = 1000
CAUGHT = []  # by each trace: requests of those that must be over
LATE_BLOCK = 32  # requests by which an epoch may end late


def flood(r, state, n):
    """Everybody new."""
    for _ in range(n):
        state["next"] += 1
        yield state["next"]


def fill(r, state, n):
    """As many networks as there are places, over and over, so that everybody else is lighter."""
    for i in range(n):
        yield -1 - (i % state["places"])


def skewed(r, state, n):
    for _ in range(n):
        yield -1 - int(r.paretovariate(0.7)) % 100000


def sneak(r, state, n):
    """One network that asks until it is about to be the heaviest of the light, goes, and comes back."""
    for i in range(n):
        if i % 7 == 6:
            state["next"] += 1
        yield state["next"] if i % 7 == 6 else -200000


def trickle(r, state, n):
    """Few heavy ones in a flood."""
    for i in range(n):
        state["next"] += 1
        yield -300000 - r.randrange(5) if r.random() < 0.02 else state["next"]


def trace(seed):
    r = random.Random(seed)
    state = {"next": 1, "places": r.choice([50, 700, 900, 1100])}
    phases = r.choices([flood, fill, skewed, sneak, trickle], k=12)
    now, events = 0, []
    for phase in phases:
        pace = r.choice([0.02, 0.1, 0.5, 2])
        for network in phase(r, state, r.choice([300, 2000, 5000])):
            now += pace
            events.append((network, int(now)))
    return events


def network_text(network):
    return f"{0x20010db8 << 32 | (network & 0xffffffff):x} {1}"


def most_in_an_epoch(times):
    """In any period of a window, and the requests that an epoch may end late."""
    return max(bisect.bisect_left(times, t + WINDOW) - i for i, t in enumerate(times)) + LATE_BLOCK


@pytest.mark.parametrize("seed", range(60))
def test_bound(seed):
    r = random.Random(seed)
    config = Config(window=WINDOW, count=r.choice([3, 8, 20, 40]), children=0, ratio=0, len=64, child_len=128, memory=1)
    events = trace(seed)
    lines = [config.line()]
    reloads = seed % 4 == 3
    for i, (network, time) in enumerate(events):
        lines += [f"a {network_text(network)} {time}", "s"]
        if reloads and i % 5000 == 4999:
            lines.append("r")
    answers = iter(batch("\n".join(lines) + "\n"))
    recent = collections.defaultdict(collections.deque)
    seen = []
    places, full = None, False
    for network, time in events:
        count, error, *_, over = next(answers).split()
        _, used, takeovers, _, memory = map(int, next(answers).split())
        count, error, over = int(count), int(error), over == "1"
        assert memory <= 1 << 16
        if takeovers and not full:
            full, places = True, used
        places = min(places, used) if full else None
        mine = recent[network]
        mine.append(time)
        while mine[0] <= time - WINDOW:
            mine.popleft()
        seen.append((network, time, count, error, over, len(mine)))
        assert count <= min(len(mine), config.count) and over == (count >= config.count)
        assert count == config.count or count + error >= len(mine), (network, time)
        assert full or count == min(len(mine), config.count)
    if full:
        limit = config.count + 4 * most_in_an_epoch([t for _, t in events]) / places
        caught = [over for *_, over, truth in seen if truth >= limit]
        assert all(caught)
        CAUGHT.append(len(caught))


def test_bound_was_reached():
    """The test above said something."""
    if len(CAUGHT) < 40:
        pytest.skip("the traces did not run")
    assert sum(n > 0 for n in CAUGHT) >= 20, CAUGHT


def test_heavy_one_keeps_its_place():
    """One that asks faster than a flood goes through all the places, against 400 new networks between each two."""
    config = Config(window=60000, count=20, children=0, ratio=0, len=64, child_len=128, memory=1)
    lines, new = [config.line()], 0
    for i in range(30):
        lines.append(f"a {network_text(-1)} {i * 600}")
        for k in range(400):
            new += 1
            lines.append(f"a {network_text(new)} {i * 600 + k}")
    lines.append("s")
    answers = batch("\n".join(lines) + "\n")
    assert answers[-1].split()[2] != "0"
    first_time = [a for a in answers[:-1] if int(a.split()[0]) > 1]
    assert [int(a.split()[0]) for a in first_time] == list(range(2, 21)) + [20] * 10
    assert first_time[18].split()[-1] == "1"


def test_totals_go_first_and_push_nobody_out():
    """Requests that do not match fill a counter; those that do get their places, and keep them."""
    config = Config(window=60000, count=3, children=0, ratio=0.5, len=64, child_len=128, memory=1)
    lines = [config.line()]
    lines += [f"t {network_text(i)} {i}" for i in range(2000)]
    lines += [f"a {network_text(5000 + i)} {2000 + i}" for i in range(100)]
    lines += [f"t {network_text(10000 + i)} {2100 + i}" for i in range(20000)]
    lines += [f"l {network_text(5000 + i)}" for i in range(100)] + ["s"]
    answers = batch("\n".join(lines) + "\n")
    assert all(a.split()[0] == "1" for a in answers[100:200])
    assert answers[-1].split()[2] == "0"


def test_ratio_is_not_believed_where_requests_were_lost():
    """A network whose good requests were pushed out comes back with bad ones only: its ratio is 1, and no reason."""
    config = Config(window=1600, count=3, children=0, ratio=0.5, len=64, child_len=128, memory=1)
    lines = [config.line()]
    lines += [f"t {network_text(-1)} 100"] * 50
    lines += [f"a {network_text(i)} {101 + i // 100}" for i in range(1, 5000)]
    lines += [f"a {network_text(-1)} {160 + i}" for i in range(5)]
    lines += [f"a {network_text(-1)} {1900 + i}" for i in range(5)]
    answers = [a.split() for a in batch("\n".join(lines) + "\n")][-10:]
    assert all(a[3] == "1" for a in answers)
    assert [a[-1] for a in answers] == ["0"] * 7 + ["1"] * 3
