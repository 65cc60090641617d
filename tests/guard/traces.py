# SPDX-License-Identifier: Apache-2.0
"""Random traces for the engine: rules, an allowlist and requests, such that thresholds are often just met or missed."""
import ipaddress
import random

PATHS = [b"/login", b"//login", b"/%6cogin", b"/./login", b"/x/../login", b"/login;v=1", b"/LOGIN", b"/login/", b"/",
         b"", b"/oauth/token", b"/oauth/%2e%2e/login", b"/index.html"]
GLOBS = [b"/login", b"/oauth/*", b"*", b"/?ogin", b"/index*"]
HOSTS = [b"www.example.net", b"WWW.Example.NET", b"api.example.net", b""]
HOST_GLOBS = [b"www.example.net", b"*.example.net"]


def some(r, items, least=0):
    return r.sample(items, r.randint(least, min(2, len(items))))


def random_levels(r, lengths):
    chosen = sorted(some(r, lengths, 1) if r.random() < 0.5 else r.sample(lengths, r.randint(0, len(lengths))))
    levels = []
    for i, length in enumerate(chosen):
        finest = i + 1 == len(chosen)
        levels.append({
            "len": length,
            "child": (32 if max(lengths) <= 32 else 128) if finest else chosen[i + 1],
            "count": r.choice([1, 2, 3, 3, 4, 5, 8, 12]),
            "children": r.choice([0, 0, 1, 2, 3, 5]),
            "ratio": r.choice([0, 0, 0.25, 0.5, 0.8, 1]),
        })
    return levels


def random_rule(r, name, window):
    return {
        "name": name, "window": window + r.choice([0, 0, window // 50]),
        "ban": r.choice([1, 1000, 20000, 3600000]), "grow": r.choice([1, 1.5, 2, 10]),
        "max": r.choice([0, 30000, 7200000]), "status": set(some(r, [200, 401, 403, 404])),
        "method": some(r, [b"GET", b"POST"]) if r.random() < 0.3 else [],
        "path": some(r, GLOBS) if r.random() < 0.7 else [], "host": some(r, HOST_GLOBS) if r.random() < 0.3 else [],
        4: random_levels(r, [8, 16, 24, 32]), 6: random_levels(r, [32, 48, 56, 64, 128]),
    }


def random_address(r):
    """From a small world, so that networks meet again at every level."""
    if r.random() < 0.35:
        return ipaddress.IPv4Address((198 << 24) + (51 << 16) + (r.choice([100, 100, 101]) << 8) + r.randint(0, 3))
    if r.random() < 0.1:
        return ipaddress.IPv6Address((0x64ff9b << 96) + (198 << 24) + (51 << 16) + (100 << 8) + r.randint(0, 3))
    high = 0x20010db8_0000_0000 + (r.choice([0, 0, 0, 1]) << 16) + (r.choice([0, 0, 1]) << 8) + r.randint(0, 3)
    return ipaddress.IPv6Address((high << 64) + r.choice([1, 1, 2, 3]))


def random_network(r):
    a = random_address(r)
    length = r.choice([16, 24, 31, 32] if a.version == 4 else [48, 56, 63, 64, 128])
    return ipaddress.ip_network((a, length), strict=False)


def random_times(r, n, window, steps):
    """Mostly rising; some lines late, some mad, sometimes a clock that steps back for good.

    The counters forget networks that were silent for over two windows: only within that time are lines later than a
    window of use, for what they meet is then still there."""
    t, out = 1795400000000 + r.randint(0, 60000), []
    short = steps or r.random() < 0.5
    pace = 2 * window // n if short else r.choice([window // 10, window, 3 * window])
    whole = window >= 1000 and r.random() < 0.5
    step_at = r.randint(0, n) if steps else None
    for i in range(n):
        if i == step_at:
            t -= r.choice([61000, 3600000])
        t += 2 * r.randint(0, pace) if short else r.randint(0, pace)
        late = r.choice([window // 10, window // 2, window - 1, *([window, 3 * window // 2] if short else [])])
        late = late if r.random() < 0.1 else 0
        mad = 86400000 if r.random() < 0.004 else 0
        at = t - late + mad
        out.append(at // 1000 * 1000 if whole else at)
    return out


def random_trace(seed):
    r = random.Random(seed)
    stepping = seed % 12 == 0
    n = r.randint(160, 400) if stepping else r.choice([10, 20, 40, 60, 80])
    window = 60000 if stepping else r.choice([1, 7, 100, 1000, 5000, 10000, 60000])
    sources = r.choice([1, 1, 1, 3])
    steps = []
    for time in random_times(r, n, window, stepping):
        steps.append(("req", {
            "source": r.randrange(sources), "time": None if r.random() < 0.01 else time, "address": random_address(r),
            "method": r.choice([b"GET", b"POST", b"get"]), "status": r.choice([200, 401, 401, 401, 403, 404, 0]),
            "host": r.choice(HOSTS), "path": r.choice(PATHS[:6] + PATHS),
        }))
        if r.random() < 0.01:
            steps.append(("ban", random_network(r), r.choice([1000, 60000])))
        if r.random() < 0.01:
            steps.append(("unban", random_network(r)))
    return {"rules": [random_rule(r, f"r{i}", window) for i in range(r.choice([1, 1, 2, 3]))],
            "translated": [ipaddress.ip_network("64:ff9b::/96")] if r.random() < 0.5 else [],
            "allow": [random_network(r) for _ in range(r.choice([0, 0, 1, 3]))], "steps": steps}


def text_of(trace):
    """As engine_batch.c reads it."""
    def texts(items):
        return ",".join(i.hex() or "-" for i in items) or "-"

    out = []
    for rule in trace["rules"]:
        out.append(f"rule {rule['name']} {rule['window']} {rule['ban']} {rule['grow']} {rule['max']} "
                   f"{','.join(map(str, sorted(rule['status']))) or '-'} {texts(rule['method'])} {texts(rule['path'])} "
                   f"{texts(rule['host'])}")
        for family in (4, 6):
            add = 96 if family == 4 else 0
            out += [f"level {family} {v['len'] + add} {v['child'] + add} {v['count']} {v['children']} {v['ratio']}"
                    for v in rule[family]]
    out += [f"{word} {p}" for word in ("allow", "translated") for p in trace[word]]
    out.append("begin")
    for kind, *rest in trace["steps"]:
        if kind == "req":
            r = rest[0]
            time = "-" if r["time"] is None else r["time"]
            out.append(f"req {r['source']} {time} {r['address']} {r['status']} {r['method'].hex()} "
                       f"{r['host'].hex() or '-'} {r['path'].hex() or '-'}")
        else:
            out.append(" ".join([kind, *map(str, rest)]))
    out.append("end")
    return "\n".join(out) + "\n"
