# SPDX-License-Identifier: Apache-2.0
"""`hextet geo serve` over a real PostgreSQL: what is committed is published, also when the server was away meanwhile."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
from geo_server import Server, wait_for  # noqa: E402

pytestmark = pytest.mark.lab


@pytest.fixture()
def database(postgres, hextet):
    """A database with the talk's table and one row."""
    name = postgres.database("geo")
    assert hextet("geo", "init", postgres.spec(name)).returncode == 0
    insert(postgres, "1.1.1.0/24", "CZ")
    return name


def insert(postgres, network, country):
    postgres.sql(f"INSERT INTO geo_exceptions (network, country) VALUES ('{network}', '{country}')", "geo")


def country(server, ip):
    return server.get(f"/v1/lookup?ip={ip}").json()["country"]


def start(hextet_path, postgres, database, tmp_path):
    return Server(hextet_path, "--from", postgres.spec(database), "-o", tmp_path / "geo.mmdb", "--every", "1d")


def test_what_is_committed_is_published(hextet_path, postgres, database, tmp_path):
    with start(hextet_path, postgres, database, tmp_path) as server:
        server.wait_healthy()
        wait_for("LISTEN", lambda: server.health().json()["sources"][0]["changes"] == "heard of")
        assert country(server, "1.1.1.1") == "CZ"
        etag = server.file().headers["ETag"]
        insert(postgres, "2001:1528::/32", "SK")
        wait_for("the new row", lambda: country(server, "2001:1528::1") == "SK")
        assert server.file().headers["ETag"] != etag
        postgres.sql("UPDATE geo_exceptions SET country = 'AT' WHERE network = '1.1.1.0/24'", "geo")
        wait_for("the changed row", lambda: country(server, "1.1.1.1") == "AT")
        postgres.sql("DELETE FROM geo_exceptions WHERE network = '2001:1528::/32'", "geo")
        wait_for("the row to go", lambda: country(server, "2001:1528::1") is None)
        # What was not committed is not published, and what changes nothing changes nothing.
        etag = server.file().headers["ETag"]
        postgres.sql("BEGIN; UPDATE geo_exceptions SET country = 'DE'; ROLLBACK;"
                    "UPDATE geo_exceptions SET comment = 'the same' WHERE network = '1.1.1.0/24'", "geo")
        wait_for("another build", lambda: server.metrics()['hextet_geo_builds_total{result="unchanged"}'] >= 1)
        assert server.file().headers["ETag"] == etag


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_postgres_restarts(hextet_path, postgres, database, tmp_path, mode):
    with start(hextet_path, postgres, database, tmp_path) as server:
        server.wait_healthy()
        postgres.stop(mode)
        wait_for("the loss", lambda: server.health().json()["sources"][0]["changes"] == "lost")
        server.wait_line("changes are not heard of")
        assert country(server, "1.1.1.1") == "CZ"  # from the last good file
        postgres.start()
        # Nobody heard this one: it is published because the channel was opened again.
        insert(postgres, "5.5.0.0/16", "SK")
        wait_for("the row of the time between", lambda: country(server, "5.5.5.5") == "SK")
        wait_for("LISTEN", lambda: server.health().json()["sources"][0]["changes"] == "heard of")
        insert(postgres, "5.6.0.0/16", "HU")
        wait_for("the row afterwards", lambda: country(server, "5.6.5.5") == "HU")
        assert server.wait_healthy()


def test_postgres_is_down_at_the_start(hextet_path, postgres, database, tmp_path):
    postgres.stop()
    try:
        with start(hextet_path, postgres, database, tmp_path) as server:
            wait_for("a failed build", lambda: server.metrics()['hextet_geo_builds_total{result="failed"}'] >= 1)
            assert server.health().status == 503 and server.file().status == 503
            postgres.start()
            server.wait_healthy()
            assert country(server, "1.1.1.1") == "CZ"
    finally:
        if not (postgres.folder / "data" / "postmaster.pid").exists():
            postgres.start()


def test_a_table_that_tells_nothing(hextet_path, hextet, postgres, database, tmp_path):
    """The talk's table as it is, without our trigger: nobody claims to hear of its changes, until one is made."""
    postgres.sql("DROP TRIGGER hextet_geo_notify ON geo_exceptions", database)
    with start(hextet_path, postgres, database, tmp_path) as server:
        server.wait_healthy()
        server.wait_line("changes may not be heard of")
        assert server.health().json()["sources"][0]["changes"] == "asked for"
        assert [v for k, v in server.metrics().items() if k.startswith("hextet_geo_source_listening")] == [0]
        assert hextet("geo", "init", postgres.spec(database)).returncode == 0
        insert(postgres, "9.9.9.0/24", "FR")
        wait_for("the new row", lambda: country(server, "9.9.9.9") == "FR")
        assert server.health().json()["sources"][0]["changes"] == "heard of"


def test_a_row_that_is_wrong_keeps_the_file(hextet_path, postgres, database, tmp_path):
    with start(hextet_path, postgres, database, tmp_path) as server:
        server.wait_healthy()
        postgres.sql("ALTER TABLE geo_exceptions DISABLE TRIGGER USER;"
                    "ALTER TABLE geo_exceptions DROP CONSTRAINT IF EXISTS geo_exceptions_country", "geo")
        constraints = postgres.sql("SELECT conname FROM pg_constraint WHERE conrelid = 'geo_exceptions'::regclass "
                                  "AND contype = 'c'", "geo").splitlines()
        for name in constraints:
            postgres.sql(f'ALTER TABLE geo_exceptions DROP CONSTRAINT "{name}"', "geo")
        postgres.sql("ALTER TABLE geo_exceptions ENABLE TRIGGER USER", "geo")
        insert(postgres, "9.9.9.0/24", "Atlantis")
        wait_for("a failed build", lambda: server.health().status == 503)
        assert "Atlantis" in server.health().json()["reason"]
        assert country(server, "1.1.1.1") == "CZ"
        postgres.sql("DELETE FROM geo_exceptions WHERE country = 'Atlantis'", "geo")
        server.wait_healthy()
