# SPDX-License-Identifier: Apache-2.0
"""What counter.h says, with plain lists of everything that was counted, and traces that try its edges.

Times are forgotten only where the header says that they are: a step back does not bring back what newer ones had pushed
out, so in traces with one (`forgets`) the lists are cut after each request to what can still be seen.
"""

import random
from dataclasses import dataclass, field


@dataclass
class Config:
    window: int
    count: int
    children: int
    ratio: float
    len: int
    child_len: int
    memory: int = 1 << 22

    def line(self):
        return (f"n {self.window} {self.count} {self.children} {self.ratio!r} {self.len} {self.child_len} "
                f"{max(self.memory, 1 << 16)}")


@dataclass
class Network:
    times: list = field(default_factory=list)
    seen: list = field(default_factory=list)  # (child, time)
    requests: list = field(default_factory=list)  # (sub-window, matches)
    sub: int | None = None  # the newest


def mask(address, length):
    return address >> (128 - length) if length else 0


class Oracle:
    def __init__(self, config, forgets=False):
        self.config = config
        self.forgets = forgets
        self.networks = {}
        self.sub_ms = -(-config.window // 16)

    def result(self, n, late=False):
        c = self.config
        if n is None:
            return (0, 0, 0.0, 0, 0, late, False)
        newest = max(n.times, default=0)
        horizon = newest - c.window
        counted = sorted(t for t in n.times if t > horizon)[-c.count:]
        children = min(c.children, len({child for child, t in n.seen if t > horizon})) if counted else 0
        ratio = 1.0
        if c.ratio > 0:
            window = [m for s, m in n.requests if s > n.sub - 17]
            ratio = sum(window) / len(window) if window else 0.0
        over = len(counted) >= c.count and children >= c.children and ratio >= c.ratio
        return (len(counted), children, ratio, counted[0] if counted else 0, newest, late, over)

    def enter(self, address):
        return self.networks.setdefault(mask(address, self.config.len), Network())

    def request(self, n, time, matches):
        if self.config.ratio > 0:
            sub = time // self.sub_ms
            n.requests.append((sub, matches))
            n.sub = sub if n.sub is None else max(n.sub, sub)

    def add(self, address, time):
        n = self.networks.get(mask(address, self.config.len))
        if n and n.times and time <= max(n.times) - self.config.window:
            return self.result(n, late=True)
        n = self.enter(address)
        n.times.append(time)
        n.seen.append((mask(address, self.config.child_len), time))
        self.request(n, time, True)
        if self.forgets:
            self.forget_unseen(n)
        return self.result(n)

    def total(self, address, time):
        if self.config.ratio > 0:
            n = self.enter(address)
            self.request(n, time, False)
            if self.forgets:
                self.forget_unseen(n)

    def look(self, address):
        return self.result(self.networks.get(mask(address, self.config.len)))

    def forget(self, address):
        self.networks.pop(mask(address, self.config.len), None)

    def forget_unseen(self, n):
        horizon = max(n.times, default=0) - self.config.window
        last = {}
        for child, t in n.seen:
            last[child] = max(t, last.get(child, t))
        n.times = sorted(t for t in n.times if t > horizon)[-self.config.count:]
        recent = sorted(((t, child) for child, t in last.items() if t > horizon), reverse=True)
        n.seen = [(child, t) for t, child in recent[:self.config.children]]
        n.requests = [(s, m) for s, m in n.requests if s > n.sub - 17]

    def step_back(self, time):
        sub = time // self.sub_ms
        for key, n in list(self.networks.items()):
            n.times = [t for t in n.times if t <= time]
            n.seen = [(child, t) for child, t in n.seen if t <= time] if n.times else []
            n.requests = [(s, m) for s, m in n.requests if s <= sub]
            n.sub = None if n.sub is None else min(n.sub, sub)
            if not n.times and not n.requests:
                del self.networks[key]


def random_config(r):
    length, child = r.choice([(64, 128), (56, 64), (48, 56), (56, 128), (128, 128), (120, 128), (0, 64), (32, 128)])
    return Config(window=r.choice([1, 2, 15, 16, 17, 100, 1000, 60000, 65535, 65536, 65537, 600000, 604800000]),
                  count=r.choice([1, 2, 3, 5, 10, 19, 20, 21, 27, 28, 50, 80]), children=r.choice([0, 0, 1, 2, 5, 6, 12]),
                  ratio=r.choice([0, 0, 0, 0.1, 0.5, 0.8, 1.0]), len=length, child_len=child)


def random_address(r, config, pool):
    if r.random() < 0.1:
        return (0xffff << 32) | r.randrange(1 << r.choice([1, 32]))
    network = pool[r.randrange(len(pool))]
    return (network & ~((1 << 64) - 1 if config.len >= 64 else (1 << (128 - config.len)) - 1)) | (
        r.choice([r.randrange(8), r.randrange(8) << 64, r.randrange(8) << 72, r.randrange(30), r.randrange(200)])
        & ((1 << (128 - min(config.len, 127))) - 1)) if r.random() < 0.9 else network


def random_trace(seed):
    """What is asked stays within the header's promise: lines less than a window late, but for networks that cannot have
    been forgotten yet (`high` is the log's clock), and steps back of less than that too.

    (config, forgets, ops): ("a", address, time), ("t", address, time), ("l", address), ("f", address),
    ("b", time), ("r",)."""
    r = random.Random(seed)
    config = random_config(r)
    forgets = r.random() < 0.2
    w = config.window
    now = r.choice([0, 10 * w, 1_700_000_000_000, -5 * w])
    pool = [r.getrandbits(128) for _ in range(r.choice([1, 1, 2, 5]))]
    pace = r.choice([0, 1, max(1, w // 100), max(1, w // 10), w])
    late = r.choice([0, 0, 1, max(1, w // 50), w // 2 if forgets else w])
    newest, matched = {}, {}
    ops = []
    start = high = now
    length = r.choice([10, 40, 120])
    if seed % 400 == 0:
        config.count, config.children, length, pace = r.choice([400, 1000]), r.choice([0, 70]), 2500, min(pace, w // 500)
    for _ in range(length):
        now += r.randint(0, pace) if r.random() < 0.99 else r.choice([w - 1, w, 2 * w, 40 * w])
        high = max(high, now)
        address = random_address(r, config, pool)
        key = mask(address, config.len)
        time = now - (r.randrange(min(late, w)) if late and r.random() < 0.5 else 0)
        if r.random() < 0.02:
            time += r.choice([w, 100 * w, 10**12])
        elif r.random() < 0.03 and newest.get(key, high) > high - w:
            time = r.choice([newest.get(key, now) - w, newest.get(key, now) - w + 1, now - 3 * w])
        kind = r.choices("atlfbr", [10, 4 if config.ratio else 0.1, 1, 0.1, 0.3 if forgets else 0, 0.3])[0]
        if kind in "at":
            newest[key] = max(time, newest.get(key, time))
            if kind == "a":
                matched[key] = max(time, matched.get(key, time))
            ops.append((kind, address, time))
        elif kind == "f":
            newest.pop(key, None)
            matched.pop(key, None)
            ops.append((kind, address))
        elif kind == "l" and min(newest.get(key, high), matched.get(key, high)) > high - w:
            ops.append((kind, address))
        elif kind == "b":
            step = r.choice([0, 1, w // 4, w, 3 * w])
            if high - start >= w and now - step < high - w // 4:
                continue
            now -= step
            newest = {k: min(t, now) for k, t in newest.items()}
            matched = {k: min(t, now) for k, t in matched.items()}
            ops.append((kind, now))
        elif kind == "r":
            ops.append((kind,))
    return config, forgets, ops


def text_of(config, ops):
    lines = [config.line()]
    for kind, *rest in ops:
        if kind in "atlf":
            rest[0] = f"{rest[0] >> 64:x} {rest[0] & (1 << 64) - 1:x}"
        lines.append(" ".join([kind, *map(str, rest)]))
    return "\n".join(lines) + "\n"


def answers(config, forgets, ops):
    """Of the ops that have one: (count, children, ratio, first, newest, late, over)."""
    oracle = Oracle(config, forgets)
    calls = {"a": oracle.add, "t": oracle.total, "l": oracle.look, "f": oracle.forget, "b": oracle.step_back,
             "r": lambda: None}
    results = [(op[0], calls[op[0]](*op[1:])) for op in ops]
    return [answer for kind, answer in results if kind in "al"]


def parse(line):
    f = line.split()
    return (int(f[0]), int(f[2]), float(f[3]), int(f[4]), int(f[5]), f[6] == "1", f[7] == "1")
