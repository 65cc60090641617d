# SPDX-License-Identifier: Apache-2.0
"""From the line in the log to the dropped packet: 250 clients that send all the time are banned one after the other, by
`hextet guard run` with an nftables sink, in network namespaces of its own.

    /usr/bin/python3 bench/bench_reaction.py build/hextet

A client's time is from the return of the write of its fifth line to the arrival of its last packet, one every half
millisecond. Exit status 1 when the 99th percentile is over 100 ms, 77 (skipped) without root.
"""
import os
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path[:0] = [str(TESTS / "lab"), str(TESTS / "cli")]
from reaction import Machine, percentile  # noqa: E402
from sink_lab import Lab  # noqa: E402

EACH, LIMIT_MS = 125, 100


def main(program):
    if os.geteuid() != 0:
        print("network namespaces take root")
        return 77
    lab, machine = Lab(None), None
    with tempfile.TemporaryDirectory() as folder:
        try:
            lab.open()
            machine = Machine(lab, Path(program).resolve(), Path(folder))
            took = machine.measure(EACH, 0.15)
        finally:
            if machine:
                machine.guard.stop()
            lab.close()
    for family, values in (("IPv4", [t for a, t in took.items() if ":" not in a]),
                           ("IPv6", [t for a, t in took.items() if ":" in a]), ("both", list(took.values()))):
        print(f"from the log to the dropped packet, {family}, {len(values)} bans: p50 {percentile(values, 50):.2f} ms, "
              f"p99 {percentile(values, 99):.2f} ms, longest {max(values):.2f} ms")
    held = len(took) == 2 * EACH and percentile(took.values(), 99) <= LIMIT_MS
    print(f"p99 at most {LIMIT_MS} ms: {'held' if held else 'NOT HELD'}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
