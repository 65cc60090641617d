#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""bench_template PROGRAM TEMPLATE: one template, one set of data, compiled once and rendered many times by hextet and by
jinja2 in the same run, with the same bytes as the result."""
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import jinja2

ROUNDS = 300


def data():
    groups = {f"group{i}": {"ip": [f"10.{i}.{k}.1" for k in range(12)], "ip6": [f"2001:db8:{i:x}:{k:x}::1" for k in range(12)]}
              for i in range(8)}
    rules = [{"chain": "input" if i % 4 else "forward", "from": f"group{i % 8}", "proto": "tcp" if i % 3 else "udp",
              "ports": [8000 + i, 443, 80], "family": (0, 4, 6)[i % 3], "comment": f"rule number {i}"} for i in range(60)]
    return {"machine": {"name": "fe01", "log": True}, "groups": groups, "rules": rules}


def main(program, template):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "data.json")
        path.write_text(json.dumps(data()))
        ours = json.loads(subprocess.run([program, template, path, str(ROUNDS)], check=True, capture_output=True).stdout)
        values = json.loads(path.read_text())
    env = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
                             keep_trailing_newline=True)
    compiled = env.from_string(Path(template).read_text())
    text = compiled.render(values)
    assert text == ours["text"], "the results differ"
    start = time.process_time()
    for _ in range(ROUNDS):
        compiled.render(values)
    peer = (time.process_time() - start) / ROUNDS
    print(f"template of {len(text)} bytes: hextet {ours['seconds'] * 1e6:.1f} us, jinja2 {peer * 1e6:.1f} us, "
          f"ratio {peer / ours['seconds']:.1f} (goal: 5)")


main(*sys.argv[1:])
