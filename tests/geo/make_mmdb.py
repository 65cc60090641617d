#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""make_mmdb.py FOLDER [small]: MaxMind DB files with one thing wrong each, and some that are right but odd, byte by byte.

CASES has a row for each: what `hextet geo verify` says first, where in the file, and whether it is an error. The seeds in
tests/fuzz/corpus/mmdb are these files (the small ones)."""
import struct
import sys
from pathlib import Path

MARKER = b"\xab\xcd\xefMaxMind.com"
POINTER, STRING, DOUBLE, BYTES, UINT16, UINT32, MAP, INT32, UINT64, UINT128, ARRAY = range(1, 12)
BOOL, FLOAT = 14, 15


def head(kind, size):
    """Control byte, byte of an extended type, bytes of the size."""
    if size < 29:
        low, more = size, b""
    elif size < 285:
        low, more = 29, bytes([size - 29])
    elif size < 65821:
        low, more = 30, (size - 285).to_bytes(2, "big")
    else:
        low, more = 31, (size - 65821).to_bytes(3, "big")
    return (bytes([kind << 5 | low]) if kind < 8 else bytes([low, kind - 7])) + more


def text(s):
    s = s.encode() if isinstance(s, str) else s
    return head(STRING, len(s)) + s


def number(kind, n, size):
    return head(kind, size) + n.to_bytes(size, "big")


def mapping(*pairs):
    return head(MAP, len(pairs)) + b"".join(text(k) + v for k, v in pairs)


def array(*items):
    return head(ARRAY, len(items)) + b"".join(items)


def pointer(to):
    if to < 2048:
        return bytes([0x20 | to >> 8, to & 255])
    if to < 526336:
        to -= 2048
        return bytes([0x28 | to >> 16, to >> 8 & 255, to & 255])
    return b"\x38" + to.to_bytes(4, "big")


def node(bits, left, right):
    if bits == 28:
        return (left & 0xFFFFFF).to_bytes(3, "big") + bytes([left >> 24 << 4 | right >> 24]) + (right & 0xFFFFFF).to_bytes(3, "big")
    return left.to_bytes(bits // 8, "big") + right.to_bytes(bits // 8, "big")


def metadata(nodes, bits=24, version=4, **changes):
    """As usual, but for `changes`: key=None leaves a key out, key=bytes puts something else."""
    values = {
        "binary_format_major_version": number(UINT16, 2, 1),
        "binary_format_minor_version": number(UINT16, 0, 0),
        "build_epoch": number(UINT64, 1700000000, 4),
        "database_type": text("Test-Country"),
        "description": mapping(("en", text("made by make_mmdb.py"))),
        "ip_version": number(UINT16, version, 1),
        "languages": array(text("en")),
        "node_count": number(UINT32, nodes, max(1, (nodes.bit_length() + 7) // 8)),
        "record_size": number(UINT16, bits, 1),
    }
    values.update(changes)
    return MARKER + mapping(*((k, v) for k, v in values.items() if v is not None))


def country(code):
    return mapping(("country", mapping(("iso_code", text(code)))))


def tree(nodes, data, bits=24, version=4, separator=bytes(16), **changes):
    return (b"".join(node(bits, *n) for n in nodes) + separator + data
            + metadata(len(nodes), bits, version, **changes))


def value(data, **changes):
    """One node, both halves of which are the value at the start of the data."""
    return tree([(17, 17)], data, **changes)


AT = 6 + 16  # the data section of value()


def v6_nodes(v4, left_of_v4=None):
    """96 nodes on the way to IPv4, then those of `v4` (node n + 96), with data records as ("d", offset)."""
    count = 96 + len(v4)

    def record(r):
        if r is None:
            return count
        return count + 16 + r[1] if isinstance(r, tuple) else r
    return [(record(i + 1), record(left_of_v4 if i == 0 else None)) for i in range(96)] + [(record(a), record(b)) for a, b in v4]


def nested(levels):
    return array() if levels == 1 else head(ARRAY, 1) * (levels - 1) + head(ARRAY, 0)


def meta_offset(file):
    return file.rindex(MARKER) + len(MARKER)


GOOD = value(country("CZ"))
TWO_MARKERS = value(country("CZ") + metadata(5) + metadata(7))
IN_DATA = "behind the end of its section"
TOO_DEEP = "values are nested deeper than 512"

# name: (file, message or None, offset or None, is an error)
CASES = {
    "good": (GOOD, None, None, False),
    "good-28": (value(country("CZ"), bits=28), None, None, False),
    "good-32": (value(country("CZ"), bits=32), "records of 32 bits", 0, False),
    "v6": (tree(v6_nodes([(("d", 0), None)], ("d", 0)), country("CZ"), version=6), "::ffff:0:0/96 is not the IPv4 tree", 0, False),
    "v6-short": (tree([(17, 1)], country("CZ"), version=6), "::ffff:0:0/96 is not the IPv4 tree", 0, False),
    "all-types": (value(mapping(
        ("array", array(number(UINT16, 65535, 2), text("x"), pointer(1))), ("bytes", head(BYTES, 3) + b"\0\1\xff"),
        ("double", head(DOUBLE, 8) + struct.pack(">d", -1.5)), ("false", head(BOOL, 0)), ("float", head(FLOAT, 4) + struct.pack(">f", 0.1)),
        ("int32", number(INT32, 0xFFFFFFFB, 4)), ("int32-short", number(INT32, 0xFFFE, 2)), ("map", mapping()), ("true", head(BOOL, 1)),
        ("uint128", number(UINT128, 2**128 - 1, 16)), ("uint32", number(UINT32, 2**32 - 1, 4)),
        ("uint64", number(UINT64, 2**64 - 1, 8)), ("zero", number(UINT128, 0, 0)))), None, None, False),
    "several-markers": (TWO_MARKERS, "nothing points to the bytes from here on", AT + len(country("CZ")), False),
    "pointers-in-metadata": (value(country("CZ"), languages=array(pointer(1)), description=mapping(("en", pointer(1)))), None, None, False),
    "epoch-of-64-bits": (value(country("CZ"), build_epoch=number(UINT64, 2**64 - 1, 8)), None, None, False),
    "empty-map-last": (value(country("CZ"), zz=mapping()), "the metadata ends in an empty map or array", None, False),
    "empty-array-last": (value(country("CZ"), zz=array()), "the metadata ends in an empty map or array", None, False),
    "value-in-separator": (tree([(1, 2)], b"x" * 20), "a record points into the separator", 3, True),
    "separator-min-left": (tree([(2, 17)], text("x")), "a record points into the separator", 0, True),
    "separator-min-right": (tree([(17, 2)], text("x")), "a record points into the separator", 3, True),
    "separator-max-left": (tree([(16, 17)], text("x")), "a record points into the separator", 0, True),
    "separator-max-right-32": (tree([(17, 16)], text("x"), bits=32), "a record points into the separator", 4, True),
    "separator-not-zero": (tree([(17, 17)], text("x"), separator=bytes(9) + b"\1" + bytes(6)), "the 16 bytes between tree and data", 15, True),
    "record-behind-data": (tree([(17, 19)], text("x")), "a record points behind the end of the data section", 3, True),
    "record-largest": (tree([(17, 0xFFFFFFFF)], text("x"), bits=32), "a record points behind the end of the data section", 4, True),
    "tree-too-short": (tree([(17, 17)], text("x"), node_count=number(UINT32, 100, 1)), "the tree of node_count nodes", AT + 2, True),
    "tree-of-4-gib": (tree([(17, 17)], text("x"), node_count=number(UINT32, 0xFFFFFFFF, 4)), "the tree of node_count nodes", AT + 2, True),
    "tree-of-0-nodes": (tree([(17, 17)], text("x"), node_count=number(UINT32, 0, 0)), "node_count is not between 1 and 2^32 - 1", None, True),
    "tree-of-2^63-nodes": (tree([(17, 17)], text("x"), node_count=number(UINT64, 1 << 63, 8)), "node_count is not between", None, True),
    "tree-cyclic": (tree([(1, 19), (0, 19)], text("x")), "a node leads back to itself", 6, True),
    "tree-to-itself": (tree([(0, 0)], text("x")), "a node leads back to itself", 0, True),
    "tree-to-itself-v6": (tree([(0, 0)], text("x"), version=6), "the tree goes on behind the last bit", 0, True),
    "tree-too-deep": (tree([(i + 1, i + 1) for i in range(33)], b""), "the tree goes on behind the last bit", 31 * 6, True),
    "tree-2^32-times-nothing": (tree([(i + 1, i + 1) for i in range(32)], b""), None, None, False),
    "tree-2^32-networks": (tree([(i + 1, i + 1) for i in range(31)] + [(48, 48)], text("x")), None, None, False),
    "pointer-to-pointer": (value(array(pointer(4)) + pointer(0)), "a pointer points to a pointer", AT + 4, True),
    "pointer-behind-data": (value(array(pointer(1999))), "a pointer points " + IN_DATA, AT + 2, True),
    "pointer-cut-off": (value(head(ARRAY, 1) + b"\x38\0"), "a pointer reaches " + IN_DATA, AT + 2, True),
    "pointer-to-itself": (value(pointer(0)), "a pointer points to a pointer", AT, True),
    "cyclic": (value(array(pointer(0))), "a value holds itself", AT, True),
    "cyclic-map": (value(mapping(("a", mapping(("b", pointer(0)))))), "a value holds itself", AT, True),
    "cyclic-of-two": (value(array(pointer(4)) + array(pointer(0))), "a value holds itself", AT, True),
    "deep-512": (value(nested(512)), None, None, False),
    "deep-513": (value(nested(513)), TOO_DEEP, AT + 1024, True),
    "deep-600-maps": (value((head(MAP, 1) + text("k")) * 600 + mapping()), TOO_DEEP, None, True),
    "deep-65000": (value(nested(65000)), TOO_DEEP, AT + 1024, True),
    "deep-65000-metadata": (value(text("x"), zz=nested(65000)), TOO_DEEP, None, True),
    "deep-through-pointers": (value(b"".join(array(pointer(4 * i + 4)) for i in range(255)) + array(b"\xa0")), "only other values point to this value", AT + 4, False),
    "deep-through-one-more": (value(b"".join(array(pointer(4 * i + 4)) for i in range(256)) + array(b"\xa0")), TOO_DEEP, AT + 1024, True),
    "laughs": (tree([(17 + 2, 17 + 2 + 63 * 6)], text("x") + b"".join(array(pointer(max(0, 2 + 6 * (i - 1))), pointer(max(0, 2 + 6 * (i - 1)))) for i in range(64))), "only other values point to this value", AT, False),
    "size-array": (value(head(ARRAY, 1000000) + b"\xa0"), "a map or array says that it has more items", AT, True),
    "size-map": (value(head(MAP, 1000000) + b"\x41a\xa0"), "a map or array says that it has more items", AT, True),
    "size-string": (value(head(STRING, 200) + b"x"), "a value reaches " + IN_DATA, AT, True),
    "size-bytes": (value(head(BYTES, 200) + b"x"), "a value reaches " + IN_DATA, AT, True),
    "size-key": (value(head(MAP, 1) + head(STRING, 200) + b"x\xa0"), "a value reaches " + IN_DATA, None, True),
    "size-cut-off": (value(b"\x5f\xff"), "a value's size reaches " + IN_DATA, AT, True),
    "size-largest": (value(b"\x5f\xff\xff\xff"), "a value reaches " + IN_DATA, AT, True),
    "double-of-5": (value(head(DOUBLE, 5) + bytes(5)), "a number has a size that its type cannot have", AT, True),
    "float-of-3": (value(head(FLOAT, 3) + bytes(3)), "a number has a size that its type cannot have", AT, True),
    "uint16-of-3": (value(number(UINT16, 1, 3)), "a number has a size that its type cannot have", AT, True),
    "uint32-of-5": (value(number(UINT32, 1, 5)), "a number has a size that its type cannot have", AT, True),
    "uint64-of-9": (value(number(UINT64, 1, 9)), "a number has a size that its type cannot have", AT, True),
    "uint128-of-17": (value(number(UINT128, 1, 17)), "a number has a size that its type cannot have", AT, True),
    "int32-of-5": (value(number(INT32, 1, 5)), "a number has a size that its type cannot have", AT, True),
    "bool-of-2": (value(head(BOOL, 2)), "a number has a size that its type cannot have", AT, True),
    "type-container": (value(head(12, 0)), "a value has a type that the format does not know", AT, True),
    "type-end": (value(head(13, 0)), "a value has a type that the format does not know", AT, True),
    "type-16": (value(head(16, 0)), "a value has a type that the format does not know", AT, True),
    "type-extended-map": (value(b"\0\0"), "a value has a type that the format does not know", AT, True),
    "type-cut-off": (value(b"\0"), "a value's type lies " + IN_DATA, AT, True),
    "text-not-utf8": (value(text(b"caf\xe9")), "a text is not UTF-8", AT + 4, True),
    "text-surrogate": (value(text(b"\xed\xa0\x80")), "a text is not UTF-8", AT + 1, True),
    "key-not-utf8": (value(mapping((b"\xff", text("x")))), "a text is not UTF-8", AT + 2, True),
    "key-number": (value(head(MAP, 1) + number(UINT16, 1, 1) + text("x")), "a map's key is no text", AT + 1, True),
    "key-twice": (value(mapping(("a", text("x")), ("a", text("y")))), "a map has a key twice", AT, True),
    "key-twice-apart": (value(mapping(("b", text("x")), ("a", text("y")), ("b", text("z")))), "a map has a key twice", AT, True),
    "key-unsorted": (value(mapping(("b", text("x")), ("a", text("y")))), None, None, False),
    "unused-data": (value(text("x") + text("y")), "nothing points to the bytes from here on", AT + 2, False),
    "keys-of-their-own": (tree([(17 + 8, 1)], text("country") + head(MAP, 1) + pointer(0) + text("CZ")), "only other values point to this value", AT, False),
    "no-data": (tree([(1, 1)], b""), None, None, False),
    "metadata-only-marker": (MARKER, "a value is expected outside the data section", 14, True),
    "metadata-none": (b"x" * 100, "no metadata marker", 100, True),
    "metadata-empty-file": (b"", "no metadata marker", 0, True),
    "metadata-too-far": (GOOD + bytes(128 << 10), "no metadata marker", None, True),
    "metadata-string": (GOOD[:meta_offset(GOOD)] + text("x"), "the metadata is no map", None, True),
    "metadata-uint128": (GOOD[:meta_offset(GOOD)] + number(UINT128, 1, 1), "the metadata is no map", None, True),
    "metadata-cut": (GOOD[:-5], "a value reaches " + IN_DATA, None, True),
    "metadata-behind": (GOOD + b"\0", "nothing points to the bytes from here on", len(GOOD), False),
    "metadata-major-3": (value(text("x"), binary_format_major_version=number(UINT16, 3, 1)), "the format's major version is not 2", None, True),
    "metadata-record-26": (value(text("x"), record_size=number(UINT16, 26, 1)), "record_size is not 24, 28 or 32", None, True),
    "metadata-record-0": (value(text("x"), record_size=number(UINT16, 0, 0)), "record_size is not 24, 28 or 32", None, True),
    "metadata-ip-5": (value(text("x"), ip_version=number(UINT16, 5, 1)), "ip_version is not 4 or 6", None, True),
    "metadata-no-count": (value(text("x"), node_count=None), "the metadata lacks a number", None, True),
    "metadata-text-count": (value(text("x"), node_count=text("1")), "a number in the metadata is no unsigned integer", None, True),
    "metadata-uint16-count": (value(text("x"), node_count=number(UINT16, 1, 1)), "node_count is no uint32", None, False),
    "metadata-no-type": (value(text("x"), database_type=None), "the metadata has no text database_type", None, True),
    "metadata-no-minor": (value(text("x"), binary_format_minor_version=None), "the metadata has no binary_format_minor_version", None, True),
    "metadata-no-description": (value(text("x"), description=None), "the metadata has no description", None, False),
    "metadata-empty-description": (value(text("x"), description=mapping()), "description is empty", None, False),
    "metadata-list-description": (value(text("x"), description=array(text("x"))), "description is no map", None, True),
    "metadata-number-description": (value(text("x"), description=mapping(("en", number(UINT16, 1, 1)))), "a description is no text", None, True),
    "metadata-no-languages": (value(text("x"), languages=None), "the metadata has no languages", None, False),
    "metadata-type-unknown": (value(text("x"), database_type=text("Mine")), "database_type has none of the words", None, False),
    "metadata-cyclic": (value(text("x"), zz=array(pointer(0))), "a value holds itself", None, True),
    "metadata-not-utf8": (value(text("x"), zz=text(b"\xff")), "a text is not UTF-8", None, True),
}

SEED_MAX = 4096

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, (file, *_) in CASES.items():
        if len(sys.argv) < 3 or len(file) <= SEED_MAX:
            (folder / name).write_bytes(file)
