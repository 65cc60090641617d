# SPDX-License-Identifier: Apache-2.0
"""proxies_run.py FOLDER: real servers and hostile clients, inside a network and process namespace of their own.

Starts what FOLDER/plan.json says, sends its requests from the addresses and ports that it names, waits until the logs do
not grow any more, and prints {"truth": [[address, port, bytes that came back], …] as the clients' sockets have them,
"before": {log: lines that were there before the requests}}."""
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

PATIENCE = 30


def run(*words):
    subprocess.run(words, check=True)


def network(plan):
    run("ip", "link", "set", "lo", "up")
    for address in plan["addresses"]:
        run("ip", "address", "add", address, "dev", "lo", *(["nodad"] if ":" in address else []))
    run("sysctl", "-qw", "net.ipv6.ip_nonlocal_bind=1")
    for prefix in plan["clients"]:  # any address of these may be bound
        run("ip", "-6" if ":" in prefix else "-4", "route", "add", "local", prefix, "dev", "lo")


def collect(port, path):
    """Syslog over UDP into a file, a line each."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    s.bind(("127.0.0.1", port))

    def loop():
        with open(path, "ab", buffering=0) as f:
            while True:
                f.write(s.recv(65536).rstrip(b"\n") + b"\n")

    threading.Thread(target=loop, daemon=True).start()


def wait(what, true):
    for _ in range(PATIENCE * 20):
        if true():
            return
        time.sleep(0.05)
    sys.exit(f"waited in vain for {what}")


def listens(address, port):
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as s:
        s.settimeout(1)
        return s.connect_ex((address, port)) == 0


def ask(request):
    to = request["to"]
    with socket.socket(socket.AF_INET6 if ":" in to[0] else socket.AF_INET) as s:
        s.settimeout(20)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((request["source"], request["port"]))
        s.connect(tuple(to))
        me = s.getsockname()
        came = b""
        try:
            s.sendall(request["bytes"].encode("latin-1"))
            s.shutdown(socket.SHUT_WR)
            while data := s.recv(65536):
                came += data
        except OSError:  # a reset is an answer too
            pass
    return [me[0], me[1], len(came)]


def lines(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0


def settle(folder, names):
    """Until no log has grown for two seconds."""
    last, quiet = None, 0
    while quiet < 20:
        time.sleep(0.1)
        now = [lines(folder / name) for name in names]
        last, quiet = now, quiet + 1 if now == last else 0


def main():
    folder = Path(sys.argv[1])
    os.chdir(folder)
    plan = json.loads((folder / "plan.json").read_text())
    network(plan)
    for port, name in plan["collect"]:
        collect(port, folder / name)
    children = []
    for name, words in plan["daemons"]:
        with open(folder / f"{name}.out", "wb") as out:
            children.append(subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=out))
    for address, port in plan["ports"]:
        wait(f"{address} port {port}", lambda: listens(address, port))
    for name, words in plan["readers"]:  # of what the daemons have made by now
        with open(folder / f"{name}.out", "wb") as out:
            children.append(subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=out))
    settle(folder, plan["logs"])  # what the looks whether somebody listens have left there
    before = {name: lines(folder / name) for name in plan["logs"]}
    truth = [ask(r) for r in plan["requests"]]
    settle(folder, plan["logs"])
    json.dump({"truth": truth, "before": before}, sys.stdout)
    sys.stdout.flush()
    for child in children:
        child.terminate()
    os._exit(0)


if __name__ == "__main__":
    main()
