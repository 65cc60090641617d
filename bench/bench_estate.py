# SPDX-License-Identifier: Apache-2.0
"""Load and fully check 16 000 and 64 000 machines, beside PyYAML's C loader on the same files (which only reads them).

    /usr/bin/python3 bench/bench_estate.py build/hextet

Each number is the best of RUNS runs of the whole program. The limits: 16 000 machines in 0.3 s and 150 MB, 64 000 in at
most 4.6 times as long, both in CPU time, which a loaded machine stretches less than wall-clock time.
"""
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
SIZES, RUNS = (16000, 64000), 10
SECONDS_MAX, MEGABYTES_MAX, GROWTH_MAX = 0.3, 150, 4.6


def run(argv):
    """(wall seconds, CPU seconds, peak MB) of one program."""
    start = time.monotonic()
    child = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{' '.join(argv)} ended with {child.returncode}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def peer(folder):
    """PyYAML with libyaml, CPU seconds for reading every file."""
    start = time.process_time()
    for path in folder.rglob("*.yaml"):
        yaml.load(path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return time.process_time() - start


def main():
    hextet, best = sys.argv[1], {}
    with tempfile.TemporaryDirectory() as top:
        folders = {size: Path(top) / str(size) for size in SIZES}
        for size, folder in folders.items():
            subprocess.run([HERE.parent / "tools/gen-estate", folder, str(size)], check=True)
        # In turns, so that both sizes meet the same neighbours.
        runs = [[run([hextet, "check", str(folder)]) for folder in folders.values()] for _ in range(RUNS)]
        for size, column in zip(SIZES, zip(*runs)):
            best[size] = [min(values) for values in zip(*column)]
            print(f"check, {size} machines: {best[size][0]:.3f} s, {best[size][1]:.3f} s CPU, {best[size][2]:.0f} MB")
        read = peer(folders[SIZES[0]])
    wall, cpu, megabytes = best[SIZES[0]]
    growth = best[SIZES[1]][1] / cpu
    print(f"PyYAML's C loader, reading {SIZES[0]} alone: {read:.3f} s CPU, {read / cpu:.1f} times as long")
    print(f"{SIZES[1]} take {growth:.2f} times as long as {SIZES[0]} (limit {GROWTH_MAX})")
    sys.exit(not (cpu <= SECONDS_MAX and megabytes <= MEGABYTES_MAX and growth <= GROWTH_MAX))


main()
