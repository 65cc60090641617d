# SPDX-License-Identifier: Apache-2.0
"""`hextet guard` on a million lines, beside wc, awk, goaccess and fail2ban-regex in one run.

    /usr/bin/python3 bench/bench_guard.py build/hextet

Whole processes with warm files, one core each, the best of three; goaccess once, and fail2ban-regex once on the first
20 000 lines, since it takes minutes for all. Exit status 1 when a limit is not held.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
LINES, FAIL2BAN_LINES = 1_000_000, 20_000
FAIL2BAN_REGEX = r'^<HOST> \S+ \S+ \[\] "POST /login[^"]*" 401'
RULES = """
guard:
  logs: [{ file: /var/log/nginx/access.log, format: nginx }]
  rules:
    login:
      match: { path: [/login, /oauth/*, /users/sign_in], status: [401, 403] }
      window: 60s
      ipv4: { 32: 20 }
      ipv6:
        64: 20
        56: { count: 100, children: 8, ratio: 0.8 }
        48: { count: 400, children: 8, ratio: 0.8 }
      ban: { for: 1h, grow: 2, max: 7d }
    flood:
      match: { method: [GET, POST] }
      window: 10s
      ipv4: { 32: 2000 }
      ipv6: { 64: 2000 }
      ban: { for: 10m }
  sinks: [{ nft: hextet_guard }]
"""

failed = False


def seconds(times, *args):
    """The shortest run of several."""
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        done = subprocess.run([str(a) for a in args], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False,
                              preexec_fn=lambda: os.sched_setaffinity(0, {0}))
        best = min(best, time.perf_counter() - start)
        if done.returncode:
            sys.exit(f"{args[0]} ended with {done.returncode}: {done.stderr.decode()[-500:]}")
    return best


def say(what, rate, ours, goal=None):
    global failed
    held = ""
    if goal:
        held = f"  goal {goal / 1e6:.0f} M: " + ("held" if rate >= goal else "NOT HELD")
        failed |= rate < goal
    ratio = f"{ours / rate:10.2f} x" if ours else ""
    print(f"  {what:44} {rate:14,.0f} lines/s{ratio}{held}", flush=True)


def peers(log, folder, ours):
    say("wc -l", LINES / seconds(3, "wc", "-l", log), ours)
    say("awk '{ n[$9]++ }'", LINES / seconds(3, "awk", "{ n[$9]++ } END { for (s in n) print s, n[s] }", log), ours)
    if shutil.which("goaccess"):
        say("goaccess", LINES / seconds(1, "goaccess", log, "--log-format=COMBINED", "--no-progress", "-o",
                                        folder / "report.json"), ours)
    if shutil.which("fail2ban-regex"):
        head = folder / "head.log"
        with open(log, "rb") as whole:
            head.write_bytes(b"".join(next(whole) for _ in range(FAIL2BAN_LINES)))
        say("fail2ban-regex", FAIL2BAN_LINES / seconds(1, "fail2ban-regex", head, FAIL2BAN_REGEX), ours)


def main(hextet):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        log = folder / "access.log"
        with open(log, "wb") as out:
            subprocess.run([HERE / "gen-access-log", str(LINES)], stdout=out, check=True)
        estate = folder / "estate"
        estate.mkdir()
        (estate / "guard.yaml").write_text(RULES)
        print(f"guard: {LINES:,} lines of nginx's combined format, {log.stat().st_size / LINES:.0f} bytes each")
        parse = LINES / seconds(3, hextet, "guard", "parse", "--format", "nginx", "--count", log)
        say("hextet guard parse --count", parse, None, 5e6)
        replay = LINES / seconds(3, hextet, "guard", "replay", "--estate", estate, "--format", "nginx", log)
        say("hextet guard replay (parse, match, count)", replay, None, 3e6)
        print("  and how many times as fast as these `replay` is:")
        peers(log, folder, replay)
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]).resolve()))
