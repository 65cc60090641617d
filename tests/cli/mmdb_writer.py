# SPDX-License-Identifier: Apache-2.0
"""Writes small MaxMind DB files, from the format's text alone and without sharing anything, as an oracle: what is
written here and what hextet reads must agree."""
import ipaddress
import random
import struct

UINT16, UINT32, UINT64 = 5, 6, 9
IPV4_PLACE = ipaddress.ip_network("::/96")


def head(kind, size):
    more, base = (0, 0) if size < 29 else (1, 29) if size < 285 else (2, 285) if size < 65821 else (3, 65821)
    first = (kind << 5 if kind <= 7 else 0) | (28 + more if more else size)
    return bytes([first]) + (bytes([kind - 7]) if kind > 7 else b"") + (
        (size - base).to_bytes(more, "big") if more else b"")


def encode(value, order):
    """The bytes of a value; order(keys) gives the order in which a map's keys are written."""
    if isinstance(value, bool):
        return head(14, int(value))
    if isinstance(value, tuple):  # a number of this type
        raw = value[1].to_bytes(8, "big").lstrip(b"\0")
        return head(value[0], len(raw)) + raw
    if isinstance(value, int):
        raw = value.to_bytes(8, "big").lstrip(b"\0")
        return head(6 if len(raw) <= 4 else 9, len(raw)) + raw
    if isinstance(value, float):
        return head(3, 8) + struct.pack(">d", value)
    if isinstance(value, str):
        return head(2, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(11, len(value)) + b"".join(encode(v, order) for v in value)
    return head(7, len(value)) + b"".join(encode(k, order) + encode(value[k], order) for k in order(list(value)))


def bits_of(network, version):
    """The network as a string of bits in a tree of this version; IPv4 is at ::/96."""
    width = 32 if network.version == 4 else 128
    bits = f"{int(network.network_address):0{width}b}"[: network.prefixlen]
    return ("0" * 96 if network.version == 4 and version == 6 else "") + bits


def insert(root, bits, leaf):
    """Longer prefixes must come later."""
    node = root
    for bit in bits[:-1]:
        below = node[int(bit)]
        if not isinstance(below, list):
            below = node[int(bit)] = [below, below]
        node = below
    node[int(bits[-1])] = leaf


def write(path, networks, version=6, record_size=24, aliases=(), order=sorted, separate=False, kind="Test-Country",
          seed=0):
    """networks: text → record. separate: equal records are written once for each network."""
    rows = sorted((ipaddress.ip_network(n) for n in networks), key=lambda n: (n.version == 4, n.prefixlen))
    root, data, places = [None, None], b"", {}
    isolated = version == 4
    for network in rows:
        if network.version == 4 and not isolated:  # no IPv6 network answers for IPv4
            insert(root, bits_of(IPV4_PLACE, 6), None)
            isolated = True
        value = networks[str(network)]
        written = encode(value, order)
        if separate or written not in places:
            places[written] = len(data)
            data += written
        if not bits_of(network, version):
            root[:] = [("data", places[written])] * 2
        else:
            insert(root, bits_of(network, version), ("data", places[written]))
    if not isolated:
        insert(root, bits_of(IPV4_PLACE, 6), None)
    ipv4 = root
    for _ in range(96 if version == 6 else 0):
        if not isinstance(ipv4[0], list):
            ipv4[0] = [ipv4[0], ipv4[0]]
        ipv4 = ipv4[0]
    for alias in aliases:
        insert(root, bits_of(ipaddress.ip_network(alias), 6), ipv4)

    nodes, number = [], {}

    def walk(node):
        if id(node) in number:
            return
        number[id(node)] = len(nodes)
        nodes.append(node)
        for below in node:
            if isinstance(below, list):
                walk(below)

    walk(root)
    if seed:
        rest = nodes[1:]
        random.Random(seed).shuffle(rest)
        nodes = nodes[:1] + rest
        number = {id(node): i for i, node in enumerate(nodes)}

    def record(below):
        if below is None:
            return len(nodes)
        return number[id(below)] if isinstance(below, list) else len(nodes) + 16 + below[1]

    tree = b""
    for node in nodes:
        left, right = record(node[0]), record(node[1])
        if record_size == 28:
            tree += (left & 0xFFFFFF).to_bytes(3, "big") + bytes([left >> 24 << 4 | right >> 24])
            tree += (right & 0xFFFFFF).to_bytes(3, "big")
        else:
            tree += left.to_bytes(record_size // 8, "big") + right.to_bytes(record_size // 8, "big")
    meta = {"binary_format_major_version": (UINT16, 2), "binary_format_minor_version": (UINT16, 0),
            "build_epoch": (UINT64, 1700000000), "database_type": kind, "description": {"en": "test"},
            "ip_version": (UINT16, version), "languages": ["en"], "node_count": (UINT32, len(nodes)),
            "record_size": (UINT16, record_size)}
    path.write_bytes(tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + encode(meta, sorted))
    return path


def country(code, **more):
    return {"country": {"iso_code": code, "names": {"en": f"Land {code}"}}, **more}
