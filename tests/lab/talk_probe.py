# SPDX-License-Identifier: Apache-2.0
"""An established connection. `echo PORT` gives back what it hears; `talk SOURCE DESTINATION PORT` sends each line of
its standard input over one connection and prints whether it was "heard" or there was "silence"."""
import socket
import sys


def echo(port):
    listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    print("ready", flush=True)
    with listener.accept()[0] as s:
        while said := s.recv(1000):
            s.send(said)


def talk(source, destination, port):
    with socket.create_connection((destination, port), timeout=5, source_address=(source, 0)) as s:
        s.settimeout(1)
        print("connected", flush=True)
        for line in sys.stdin:
            s.send(line.encode())
            try:
                print("heard" if s.recv(1000) else "closed", flush=True)
            except TimeoutError:
                print("silence", flush=True)


if __name__ == "__main__":
    echo(int(sys.argv[2])) if sys.argv[1] == "echo" else talk(*sys.argv[2:4], int(sys.argv[4]))
