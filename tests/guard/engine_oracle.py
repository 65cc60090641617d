# SPDX-License-Identifier: Apache-2.0
"""What the engine must do, by brute force: plain lists, no tables, no cleverness. It knows nothing of the engine but
the manual (hextet-guard(1), "Rules") and the heads of engine.h, counter.h, clock.h and path.h.

Traces are lists of steps, as random_trace() makes them; bans_of(trace) says which lines engine_batch.c must print.
"""
import functools
import ipaddress
import re

YEAR = 365 * 24 * 3600 * 1000
NONE = None


@functools.cache
def normal_path(path):
    """bytes -> bytes."""
    path = re.split(rb"[?#]", path[:32768], maxsplit=1)[0]
    path = b"/".join(part.split(b";", 1)[0] for part in path.split(b"/"))
    path = re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), path)
    parts, out = path.split(b"/"), []
    for part in parts:
        if part == b"..":
            del out[-1:]
        elif part not in (b"", b"."):
            out.append(part)
    slash = b"/" if out and parts[-1] in (b"", b".", b"..") else b""
    return (b"/" if path.startswith(b"/") else b"") + b"/".join(out) + slash


@functools.cache
def glob_matches(glob, text, fold=False):
    """By the regular expression that the glob is."""
    pattern = b"".join({b"*": b".*", b"?": b"."}.get(bytes([c]), re.escape(bytes([c]))) for c in glob)
    return re.fullmatch(pattern, text, re.DOTALL | (re.IGNORECASE if fold else 0)) is not None


@functools.cache
def network_of(address, length):
    return ipaddress.ip_network((address, length), strict=False)


@functools.cache
def covers(outer, inner):
    return outer.version == inner.version and inner.subnet_of(outer)


class Counter:
    """One network at one level of one rule."""

    def __init__(self, window, level):
        self.window, self.level = window, level
        self.sub = (window + 15) // 16
        self.times = []  # of requests that match
        self.children = {}  # address or network -> when last
        self.requests = []  # (sub-window, matches)
        self.newest_sub = NONE

    def request(self, time, matches):
        if not self.level["ratio"]:
            return
        sub = time // self.sub
        self.newest_sub = sub if self.newest_sub is NONE else max(sub, self.newest_sub)
        self.requests.append((sub, matches))
        self.requests = [r for r in self.requests if r[0] >= self.newest_sub - 16]

    def add(self, time, address):
        """False: late."""
        if self.times and max(self.times) - time >= self.window:
            return False
        self.times.append(time)
        begin = max(self.times) - self.window
        self.times = sorted(t for t in self.times if t > begin)[-self.level["count"]:]
        if self.level["children"]:
            child = network_of(address, self.level["child"])
            if time > begin:
                self.children[child] = max(time, self.children.get(child, time))
            alive = sorted((t, c) for c, t in self.children.items() if t > begin)
            self.children = {c: t for t, c in alive[-self.level["children"]:]}
        self.request(time, True)
        return True

    def ratio(self):
        if not self.level["ratio"]:
            return 1.0
        return sum(m for _, m in self.requests) / len(self.requests) if self.requests else 0.0

    def over(self):
        return (len(self.times) >= self.level["count"] and len(self.children) >= self.level["children"] and
                self.ratio() >= self.level["ratio"])

    def step_back(self, time):
        """False: nothing is left."""
        self.times = [t for t in self.times if t <= time]
        self.children = {c: t for c, t in self.children.items() if t <= time}
        if self.newest_sub is not NONE and self.newest_sub > time // self.sub:
            self.newest_sub = time // self.sub
            self.requests = [r for r in self.requests if r[0] <= self.newest_sub]
        return bool(self.times or self.requests)


class Clock:
    """A log's: see clock.h."""

    def __init__(self):
        self.newest = self.before = self.stepped = NONE
        self.behind = []
        self.steps = 0

    def tell(self, time):
        if self.newest is NONE:
            self.newest = self.before = time
        elif time < self.newest - 60000:
            self.behind.append(time)
            if len(self.behind) == 64 << self.steps:
                self.newest = self.stepped = max(self.behind)
                self.behind = []
                self.steps = min(self.steps + 1, 10)
                return True
        else:
            self.behind = []
            if time > self.newest + 60000:
                self.before = self.newest
            self.newest = max(self.newest, time)
            if self.steps and self.newest - self.stepped > 86400000:
                self.steps = 0
        return False


class Engine:
    def __init__(self, rules, allow, translated):
        self.rules, self.allow, self.translated = rules, allow, translated
        self.counters = {}
        self.bans = {}  # (network, rule or "manual") -> [at, until, repetition]
        self.clocks = {}
        self.out = []
        self.matched = self.allowed = self.late = self.steps = 0

    def clock(self):
        known = [c.newest for c in self.clocks.values() if c.newest is not NONE]
        return max(known) if known else NONE

    def matches(self, rule, request):
        def one(globs, text, fold=False):
            return not globs or any(glob_matches(g, text, fold) for g in globs)

        return ((not rule["status"] or request["status"] in rule["status"]) and
                (not rule["method"] or request["method"] in rule["method"]) and
                one(rule["path"], normal_path(request["path"])) and one(rule["host"], request["host"], True))

    def counter(self, rule, level, network):
        key = (rule["name"], level["len"], network)
        if key not in self.counters:
            self.counters[key] = Counter(rule["window"], level)
        return self.counters[key]

    def levels(self, rule, address):
        """IPv4's for clients behind NAT64, at the end of whose addresses IPv4's are."""
        if any(address in p for p in self.translated if p.version == address.version):
            return [v | {"len": v["len"] + 96, "child": v["child"] + 96} for v in rule[4]]
        return rule[address.version]

    def tell_clock(self, source, time):
        clock = self.clocks.setdefault(source, Clock())
        if not clock.tell(time):
            return
        self.steps += 1
        known = [t for c in self.clocks.values() for t in (c.newest, c.before)]
        keep = max([t for t in known if t <= clock.newest + 60000] + [clock.newest])
        self.counters = {k: c for k, c in self.counters.items() if c.step_back(keep)}

    def request(self, r):
        time = r["time"]
        if time is NONE:
            time = self.clock()
        else:
            self.tell_clock(r["source"], time)
        matching = [rule for rule in self.rules if self.matches(rule, r)]
        self.matched += bool(matching)
        address = r["address"]
        if any(address in p for p in self.allow if p.version == address.version):
            self.allowed += 1
            return
        if time is NONE:
            return
        for rule in self.rules:
            levels = self.levels(rule, address)
            if rule not in matching:
                for level in levels:
                    if level["ratio"]:
                        self.counter(rule, level, network_of(address, level["len"])).request(time, False)
            elif levels:
                self.match(rule, levels, address, time)

    def match(self, rule, levels, address, time):
        counters = [(network_of(address, level["len"]), self.counter(rule, level, network_of(address, level["len"])))
                    for level in levels]
        in_time = [c.add(time, address) for _, c in counters]
        self.late += not in_time[-1]
        for network, c in counters:
            if c.over() and not self.is_banned(network, max(c.times)):
                self.ban(rule, network, c, address)
                return

    def is_banned(self, network, time):
        return any(covers(n, network) and at <= time < until for (n, _), (at, until, _) in self.bans.items())

    def ban(self, rule, network, c, address):
        longest, newest = rule["max"] or YEAR, max(c.times)
        last = self.bans.get((network, rule["name"]))
        k = last[2] + 1 if last and newest - last[1] <= longest else 1
        time = float(rule["ban"])
        for _ in range(k - 1):
            time *= rule["grow"]
            if time >= longest:
                break
        until = newest + int(min(time, longest))
        self.bans[network, rule["name"]] = [newest, until, k]
        self.out.append(f"ban {network} {rule['name']} {newest} {until} {k} {len(c.times)} {len(c.children)} "
                        f"{c.ratio() if c.level['ratio'] else 0:.17g} {min(c.times)} {address}")

    def end_bans(self, network, at):
        """How many there were."""
        ended = 0
        for (n, _), ban in self.bans.items():
            if n == network and ban[1] > at:
                ban[1] = max(ban[0], at)
                ended += 1
        return ended

    def ban_by_hand(self, network, at, until):
        whole = any(covers(p, network) for p in self.allow_collapsed())
        if not whole:
            self.end_bans(network, at)
            last = self.bans.get((network, "manual"), [0, 0, 0])
            self.bans[network, "manual"] = [at, until, last[2] + 1]
        self.out.append(f"by-hand {network} {'refused' if whole else 'done'}")

    def unban(self, network, at):
        done = self.end_bans(network, at)
        if done:
            self.counters = {k: c for k, c in self.counters.items() if k[2] != network}
        self.out.append(f"unban {network} {'done' if done else 'none'}")

    def allow_collapsed(self):
        return [n for v in (4, 6) for n in ipaddress.collapse_addresses(p for p in self.allow if p.version == v)]

    def finish(self):
        now = self.clock()
        if now is not NONE:
            active = [(n.version, int(n.network_address), n.prefixlen, order(self.rules, r), str(n), r, b)
                      for (n, r), b in self.bans.items() if b[0] <= now < b[1]]
            self.out += [f"active {n} {r} {b[0]} {b[1]} {b[2]}" for *_, n, r, b in sorted(active, key=lambda a: a[:4])]
        self.out.append(f"end {self.matched} {self.allowed} {self.late} {self.steps}")


def order(rules, name):
    names = [r["name"] for r in rules]
    return names.index(name) if name in names else len(names)


def run(trace):
    """The lines that engine_batch must print for a trace."""
    e = Engine(trace["rules"], trace["allow"], trace["translated"])
    for kind, *rest in trace["steps"]:
        if kind == "req":
            e.request(rest[0])
            continue
        now = e.clock()
        if now is NONE:
            continue
        if kind == "ban":
            e.ban_by_hand(rest[0], now, now + rest[1])
        else:
            e.unban(rest[0], now)
    e.finish()
    return e.out
