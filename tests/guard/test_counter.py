# SPDX-License-Identifier: Apache-2.0
"""The counter against plain lists."""

import os
import pathlib
import subprocess

import counter_oracle as oracle

BUILD = pathlib.Path(os.environ.get("HEXTET", "build-check/hextet")).resolve().parent
BATCH = BUILD / "tests" / "counter_batch"
TRACES = int(os.environ.get("COUNTER_TRACES", "20000"))


def batch(text):
    done = subprocess.run([BATCH], input=text, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout.splitlines()


def test_random_traces():
    for first in range(0, TRACES, 1000):
        traces = [oracle.random_trace(seed) for seed in range(first, min(first + 1000, TRACES))]
        lines = iter(batch("".join(oracle.text_of(config, ops) for config, _, ops in traces)))
        for seed, (config, forgets, ops) in enumerate(traces, first):
            for i, wanted in enumerate(oracle.answers(config, forgets, ops)):
                got = oracle.parse(next(lines))
                assert got == wanted, (seed, i, config)
        assert next(lines, None) is None
