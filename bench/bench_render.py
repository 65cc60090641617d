# SPDX-License-Identifier: Apache-2.0
"""Render 16 000 machines into tmpfs: everything (load, all checks, every target), then again with nothing to change.

    /usr/bin/python3 bench/bench_render.py build/hextet [MACHINES]
"""
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
RUNS = 5


def timed(argv):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    out = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, out.strip()


def best(runs):
    runs = list(runs)
    return min(r[0] for r in runs), min(r[1] for r in runs), runs[-1][2]


def main():
    hextet, machines = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 16000
    folder = Path(tempfile.mkdtemp(dir="/dev/shm"))
    estate, out = folder / "estate", folder / "out"

    def fresh():
        shutil.rmtree(out, ignore_errors=True)
        return timed([hextet, "render", str(estate), "-o", str(out)])

    try:
        subprocess.run([str(HERE / "gen-web-estate"), str(estate), str(machines)], check=True)
        wall, cpu, said = best(fresh() for _ in range(RUNS))
        size = sum(f.stat().st_size for f in out.rglob("*") if f.is_file())
        print(f"{machines} machines, {os.cpu_count()} processors, best of {RUNS}")
        print(f"render    {wall:6.2f} s   {cpu:6.2f} s of processor time   {size >> 20} MiB   {said.split(': ')[1]}")
        wall, cpu, said = best(timed([hextet, "render", str(estate), "-o", str(out)]) for _ in range(RUNS))
        print(f"again     {wall:6.2f} s   {cpu:6.2f} s of processor time   {said.split(': ')[1]}")
        wall, cpu, said = best(timed([hextet, "check", str(estate)]) for _ in range(RUNS))
        print(f"check     {wall:6.2f} s   {cpu:6.2f} s of processor time")
    finally:
        shutil.rmtree(folder)


main()
