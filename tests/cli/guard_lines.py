# SPDX-License-Identifier: Apache-2.0
"""What the tests of `hextet guard parse` share: lines in, records out."""
import json


def parse(hextet, fmt, lines, *args, env=None):
    """The records of these lines (bytes or str, without their ends), in order."""
    text = b"".join((line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines)
    options = {"env": env} if env else {}
    done = hextet("guard", "parse", "--format", fmt, "--output", "json", *args, "-", input=text, **options)
    assert done.returncode in (0, 1), done.stderr
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [r["line"] for r in records] == list(range(1, len(lines) + 1))
    return records


def parse_one(hextet, fmt, line, *args, **options):
    (record,) = parse(hextet, fmt, [line], *args, **options)
    return record


def outcome(record):
    """The address, or why there is none."""
    return record.get("addr") or record["reason"]
