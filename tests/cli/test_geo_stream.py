# SPDX-License-Identifier: Apache-2.0
"""`hextet geo build --stream`: the answers and the warnings of the build in memory, and what happens when disks are
full."""
import ipaddress
import json
import random
import resource
import signal

import maxminddb
import pytest

COUNTRIES = ["AT", "CZ", "DE", "SK"]


def random_table(rng, rows):
    """Networks and ranges that nest, overlap and contradict each other."""
    bases = [ipaddress.ip_network(n) for n in ("10.0.0.0/20", "192.0.2.0/24", "2001:db8::/44", "2a00::/12", "::/4")]
    for _ in range(rows):
        base = rng.choice(bases)
        size = rng.randrange(base.max_prefixlen - base.prefixlen + 1)
        first = int(base.network_address) + rng.randrange(base.num_addresses)
        if rng.random() < 0.5:
            network = ipaddress.ip_network((first >> size << size, base.max_prefixlen - size))
            yield f"{network},{rng.choice(COUNTRIES)}"
        else:
            last = min(first + (1 << size), int(base.broadcast_address))
            yield f"{base[0].__class__(first)},{base[0].__class__(last)},{rng.choice(COUNTRIES)}"


def write_tables(rng, tmp_path, rows):
    """Each table has rows of one shape: two files."""
    table = list(random_table(rng, rows))
    paths = [tmp_path / "networks.csv", tmp_path / "ranges.csv"]
    for path, commas in zip(paths, (1, 2)):
        path.write_text("".join(f"{row}\n" for row in table if row.count(",") == commas))
    return [f"--from={path}" for path in paths if path.read_text()]


@pytest.mark.parametrize("seed", range(12))
def test_as_in_memory(hextet, tmp_path, seed):
    rng = random.Random(seed)
    sources = write_tables(rng, tmp_path, rng.choice([1, 20, 400]))
    said, networks = [], []
    for path, args in ((tmp_path / "memory", []), (tmp_path / "disk", ["--stream"])):
        done = hextet("geo", "build", *sources, "-o", path, "--build-epoch=1", "--stats", *args)
        assert done.returncode == 0, done.stderr
        said.append([line for line in done.stderr.splitlines() if not line.startswith(f"{path}: ")])
        networks.append(json.loads(done.stdout)["networks"])
    assert said[0] == said[1] and networks[0] == networks[1]
    done = hextet("geo", "diff", tmp_path / "memory", tmp_path / "disk")
    assert (done.returncode, done.stdout) == (0, "")
    with maxminddb.open_database(str(tmp_path / "memory")) as memory, \
            maxminddb.open_database(str(tmp_path / "disk")) as disk:
        assert memory.metadata().node_count <= disk.metadata().node_count
        for _ in range(300):
            ip = rng.choice([ipaddress.IPv4Address(0x0A000000 + rng.randrange(1 << 12)),
                             ipaddress.IPv6Address((0x20010DB8 << 96) + rng.randrange(1 << 84)),
                             ipaddress.IPv6Address(rng.randrange(1 << 124))])
            assert memory.get(str(ip)) == disk.get(str(ip))


def many_rows(path, n):
    path.write_text("".join(f"{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}.0/24,{COUNTRIES[i % 3]}\n"
                            for i in range(1 << 16, n)))
    return path


def test_limit_of_file_size(hextet, tmp_path):
    """What cannot be written is an error that names the folder; the file that was there stays, and nothing else."""
    source, folder = many_rows(tmp_path / "rows.csv", 200000), tmp_path / "folder"
    folder.mkdir()
    (folder / "out.mmdb").write_bytes(b"old")

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))

    done = hextet("geo", "build", "--stream", "--from", source, "-o", folder / "out.mmdb", preexec_fn=limit,
                  restore_signals=False)
    assert done.returncode == 3
    assert f"cannot sort in {folder}: File too large" in done.stderr
    assert [p.name for p in folder.iterdir()] == ["out.mmdb"] and (folder / "out.mmdb").read_bytes() == b"old"


def test_temp_folder(hextet, tmp_path):
    source = many_rows(tmp_path / "rows.csv", 70000)
    (tmp_path / "elsewhere").mkdir()
    done = hextet("geo", "build", "--stream", "--from", source, "-o", tmp_path / "out.mmdb", "--temp-folder",
                  tmp_path / "elsewhere")
    assert done.returncode == 0 and not list((tmp_path / "elsewhere").iterdir())
    done = hextet("geo", "build", "--stream", "--from", source, "-o", tmp_path / "new.mmdb", "--temp-folder",
                  tmp_path / "nowhere")
    assert done.returncode == 3 and "nowhere: No such file or directory" in done.stderr
    assert not (tmp_path / "new.mmdb").exists()
