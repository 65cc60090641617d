# SPDX-License-Identifier: Apache-2.0
"""`hextet scan` beside `grep -rE` for the words that one would search for (bench_scan_quality.py), over the same trees on
one core, each read once before so that the disk has no part in it.

    /usr/bin/python3 bench/bench_scan.py build/hextet

The trees are what every machine that builds hextet has. Megabytes are those of all files in them, whether searched or not:
both programs walk over all of them, and scan leaves alone what is in no language it knows. Exit status 1 when a limit is
not held.
"""
import os
import subprocess
import sys
import time
from pathlib import Path

import bench_geo
import bench_scan_quality
from bench_geo import say

TREES = [t for t in ("/usr/include", "/usr/lib/python3", "/usr/lib/python3.11", "/usr/share/perl") if Path(t).is_dir()]


def measure(command):
    """The best of five runs in seconds, and the most memory in MiB."""
    best, memory = float("inf"), 0
    for _ in range(5):
        begun = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        assert os.waitstatus_to_exitcode(status) in (0, 1), command
        best, memory = min(best, time.monotonic() - begun), max(memory, usage.ru_maxrss / 1024)
    return best, memory


def size(top):
    return sum(p.stat().st_size for p in Path(top).rglob("*") if p.is_file() and not p.is_symlink())


def main(program):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    megabytes = sum(map(size, TREES)) / 1e6
    words = [option for word in bench_scan_quality.WORDS.values() for option in ("-e", word)]
    ours, memory = measure([program, "scan", "--no-ignore", "--output", "jsonl", *TREES])
    theirs, _ = measure(["grep", "-rEnI", *words, *TREES])
    print(f"{megabytes:.0f} MB in {', '.join(TREES)}; grep takes {theirs:.2f} s, {megabytes / theirs:.0f} MB/s")
    say("scan of all of it, on one core", megabytes / ours, "MB/s", 200, at_least=True)
    say("of the time of grep -rE", ours / theirs, "x", 1)
    say("memory", memory, "MiB", 100)
    sys.exit(bool(bench_geo.failures))


if __name__ == "__main__":
    main(sys.argv[1])
