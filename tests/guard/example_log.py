#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""example_log.py [FILE]: writes the example's log, examples/streaming/logs/access.log.gz; the same bytes each time.

An hour of nginx's combined format. In it are four attackers, PLANTED, and around them those who must not be banned,
DECOYS; test_guard_example.py holds the result of `hextet guard replay` against both.
"""
import gzip
import random
import sys
from datetime import datetime, timezone
from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / "examples/streaming/logs/access.log.gz"
START = int(datetime(2026, 11, 23, 6, 0, tzinfo=timezone.utc).timestamp())
HOUR = 3600

# What must be banned, by which rule, and why.
PLANTED = {
    "198.18.7.66/32": "one IPv4 address",
    "2001:db8:bad1:42::/64": "one IPv6 address",
    "2001:db8:bad2:7::/64": "every request from another address of its /64",
    "2001:db8:bad3:a00::/56": "every second request from another /64 of its /56",
}
DECOYS = {
    "2001:db8:cafe::/48": "a carrier: a /64 for each handset, and some of many forgot their passwords",
    "198.18.55.1/32": "an office behind one address",
    "2001:db8:beef::10/128": "a partner's monitoring, never banned",
    "2001:db8:172:1:b:c:d:e/128": "a machine of the estate",
    "198.51.100.60/32": "a machine of the estate",
    "198.18.9.9/32": "19 in a minute, where 20 are too many",
    "2001:db8:bad4::19/128": "the same by IPv6",
    "198.18.44.44/32": "named as the user by an attacker",
}

BROWSERS = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)",
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
]
PAGES = ["/", "/live", "/live/segment-{}.m4s", "/css/site.css", "/js/player.js", "/login", "/channels?page={}"]

r = random.Random(4)


def when(t):
    return datetime.fromtimestamp(START + t, timezone.utc).strftime("%d/%b/%Y:%H:%M:%S +0000")


def line(t, address, request, status, user="-", agent="curl/7.88.1", size=None):
    size = r.randint(150, 9000) if size is None else size
    return t, f'{address} - {user} [{when(t)}] "{request}" {status} {size} "-" "{agent}"'


def bad_login(t, address, path="/login", **more):
    return line(t, address, f"POST {path} HTTP/1.1", 401, size=162, **more)


def good(t, address, agent):
    page = r.choice(PAGES).format(r.randint(1, 999))
    return line(t, address, f"GET {page} HTTP/1.1", 200, agent=agent)


def visitors():
    """People who look at pages, and mistype a password now and then."""
    for i in range(120):
        if i % 2:
            address = f"198.18.{r.randint(100, 140)}.{r.randint(1, 254)}"
        else:
            address = f"2001:db8:{r.randint(0x4000, 0x4fff):x}:{r.randint(0, 0xffff):x}::{r.randint(2, 0xffff):x}"
        agent, t = r.choice(BROWSERS), r.randint(0, HOUR - 200)
        for _ in range(r.randint(3, 25)):
            yield good(t, address, agent)
            t += r.randint(0, 8)
        for _ in range(r.choice([0, 0, 0, 1, 3])):
            yield bad_login(t, address, agent=agent)
            t += r.randint(3, 9)


def attackers():
    # Other ways to write /login, and user names that look like the rest of a line.
    ways = ["/login", "//login", "/%6cogin", "/x/../login", "/login;v=1", "/./login", "/users/sign_in"]
    users = ["-", "a b", "198.18.44.44 - x [23/Nov/2026:06:00:00 +0000]", "admin"]
    for i in range(60):
        yield bad_login(600 + 2 * i, "198.18.7.66", ways[i % len(ways)], user=users[i % len(users)])
    for i in range(50):
        yield bad_login(1200 + i, "2001:db8:bad1:42::1337", "/oauth/token")
    for i in range(80):
        yield bad_login(1500 + i // 2, "2001:db8:bad2:7:" + ":".join(f"{r.randint(1, 0xffff):x}" for _ in range(4)))
    for i in range(260):
        yield bad_login(2000 + i // 4, f"2001:db8:bad3:a{(i // 2) % 256:02x}::{r.randint(1, 0xffff):x}")


def carrier():
    """Over a minute more bad requests than any threshold of /48 and /56, from hundreds of /64s; most are good."""
    for i in range(1500):
        t = 2600 + i * 70 // 1500
        site = r.choice([0x1100, 0x1100, 0x1200, 0x2300])
        address = f"2001:db8:cafe:{site + r.randint(0, 255):x}::{r.randint(1, 9)}"
        agent = r.choice(BROWSERS[1:])
        yield bad_login(t, address, agent=agent) if i % 3 == 0 else good(t, address, agent)


def others():
    for minute in range(20):
        for _ in range(19):
            yield bad_login(300 + 60 * minute, "198.18.9.9" if minute % 2 else "2001:db8:bad4::19")
    for i in range(180):
        yield bad_login(900 + 4 * i, "198.18.55.1") if i % 2 else good(900 + 4 * i, "198.18.55.1", BROWSERS[0])
    for i in range(200):
        yield bad_login(100 + i // 2, "2001:db8:beef::10", agent="check_http/v2.3.3 (monitoring-plugins 2.3.3)")
        yield bad_login(400 + i // 2, "2001:db8:172:1:b:c:d:e")
        yield bad_login(700 + i // 2, "198.51.100.60")
    yield line(1000, "198.18.44.44", "GET /login HTTP/2.0", 200, agent=BROWSERS[0])
    # What really comes: TLS to a port without, an empty request, a line cut by a full disk.
    yield line(1100, "198.18.200.1", r"\x16\x03\x01\x02\x00\x01\x00", 400)
    yield line(1101, "2001:db8:4001::5", "", 400)
    yield 1102, "198.18.200.2 - - [23/Nov/2026:06:18:2"


def lines():
    """In the order in which nginx writes them."""
    every = [*visitors(), *attackers(), *carrier(), *others()]
    return [text for _, text in sorted(every, key=lambda x: x[0])]


def main(args):
    path = Path(args[0]) if args else FILE
    path.parent.mkdir(exist_ok=True)
    text = "".join(x + "\n" for x in lines()).encode()
    path.write_bytes(gzip.compress(text, 9, mtime=0))


if __name__ == "__main__":
    main(sys.argv[1:])
