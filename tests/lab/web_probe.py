# SPDX-License-Identifier: Apache-2.0
"""Runs inside mount, network and PID namespaces of its own: web_probe.py PLAN < plan. The plan (JSON) says which files
the machine has, which addresses, which daemons, and what to ask; the answers go to standard output as JSON. Everything
ends with this process."""
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

MOUNTED = ("/etc", "/run", "/var")
LIMIT = 10  # seconds until a daemon must answer


def mount(plan):
    """Folders of the machine take the place of ours; only what programs need from /etc is carried over."""
    root = Path(plan["root"])
    for name in MOUNTED:
        folder = root / name[1:]
        folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    for name in plan["etc"]:
        if (Path("/etc") / name).exists():
            to = root / "etc" / name
            to.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["cp", "-a", f"/etc/{name}", to], check=True)
    for name in plan["folders"]:
        (root / name[1:]).mkdir(parents=True, exist_ok=True)
    for name in MOUNTED:
        subprocess.run(["mount", "--rbind", root / name[1:], name], check=True)


def addresses(plan):
    """All addresses live on lo; clients choose theirs as the source."""
    batch = "link set lo up\n" + "".join(f"addr add {a} dev lo {'nodad' if ':' in a else ''}\n" for a in plan["addresses"])
    subprocess.run(["ip", "-batch", "-"], input=batch, text=True, check=True)


def receive_syslog(address, lines):
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.bind(tuple(address))

    def run():
        while True:
            lines.append(sock.recv(65536).decode())

    threading.Thread(target=run, daemon=True).start()


def wait_for(address):
    end = time.monotonic() + LIMIT
    while True:
        try:
            return socket.create_connection(tuple(address), 1).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


def ask_curl(args):
    """Status, headers by lower-case name, body as hex; status 0 when there was no answer."""
    done = subprocess.run(["curl", "-gsk", "--max-time", "5", "-i", *args], stdout=subprocess.PIPE)
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    return {"status": int(lines[0].split()[1]) if done.returncode == 0 else 0, "curl": done.returncode,
            "headers": {k.lower(): v for k, _, v in (line.partition(": ") for line in lines[1:])}, "body": body.hex()}


def ask_http(request):
    connection = http.client.HTTPConnection(*request["to"], timeout=5)
    connection.request("GET", request["path"], headers=request["headers"])
    answer = connection.getresponse()
    return {"status": answer.status, "body": answer.read().hex()}


def ask_socket(request):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(request["path"])
        sock.sendall(request["text"].encode() + b"\n")
        return {"text": b"".join(iter(lambda: sock.recv(65536), b"")).decode()}


ASK = {"curl": ask_curl, "http": ask_http, "socket": ask_socket}


def main():
    plan = json.load(sys.stdin)
    logs, answers = [], []
    mount(plan)
    addresses(plan)
    if plan["syslog"]:
        receive_syslog(plan["syslog"], logs)
    daemons = [subprocess.Popen(args, stdout=sys.stderr) for args in plan["daemons"]]
    try:
        for address in plan["ready"]:
            wait_for(address)
        for kind, request in plan["requests"]:
            answers.append(ASK[kind](request))
        end = time.monotonic() + 2
        while plan["syslog"] and len(logs) < plan["log_lines"] and time.monotonic() < end:
            time.sleep(0.02)
    finally:
        for daemon in daemons:
            daemon.terminate()
    files = {name: Path(name).read_text() for name in plan["read"] if os.path.exists(name)}
    json.dump({"answers": answers, "syslog": logs, "files": files}, sys.stdout)


main()
