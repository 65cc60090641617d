# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL on the files that were rendered: over both families it lets in the sources that the policy names, with a
password and TLS, and nobody else, although the firewall is not even there."""
import pytest

pytestmark = pytest.mark.lab

PROGRAMS = "/usr/lib/postgresql/15/bin"
MAIN = "/etc/postgresql/15/main"
DB = ("192.0.2.10", "2001:db8:1:1::a")
APP = ("192.0.2.11", "2001:db8:1:2::b")
OTHER = ("192.0.2.12", "2001:db8:1:3::c")
ESTATE = {"estate.yaml": """
estate: lab
domain: example.net
checks: { documentation-prefix: ignore }
prefixes:
  2001:db8:1::/48: { per_machine: 64, gateway: "fe80::1" }
  192.0.2.0/24: { gateway: 192.0.2.1 }
groups: { database: { roles: [postgresql] }, app: {}, other: {}, containers: {} }
services: { postgresql: { tcp: 6432 }, ssh: { tcp: 22 } }
policy:
  - { name: app to database, from: [app, containers], to: database, allow: postgresql }
  - { name: nothing of this, from: other, to: database, allow: ssh }
""", "machines/all.yaml": f"""
db.example.net: {{ groups: [database], ip: {DB[0]}, ipv6: "{DB[1]}" }}
app.example.net:
  groups: [app]
  ip: {APP[0]}
  ipv6: "{APP[1]}"
  routed_networks6: {{ "2001:db8:1:2:c::/80": {{ groups: [containers] }} }}
other.example.net: {{ groups: [other], ip: {OTHER[0]}, ipv6: "{OTHER[1]}" }}
"""}
# As Debian's own postgresql.conf: the includes, and TLS.
CONF = f"""
data_directory = '/var/lib/postgresql/15/main'
hba_file = '{MAIN}/pg_hba.conf'
ident_file = '{MAIN}/pg_ident.conf'
unix_socket_directories = '/run/postgresql'
ssl = on
ssl_cert_file = '{MAIN}/cert.pem'
ssl_key_file = '{MAIN}/key.pem'
fsync = off
include_dir = 'conf.d'
"""


@pytest.fixture(scope="module")
def lab(machines, tool):
    tool("openssl")
    tool(f"{PROGRAMS}/postgres")
    lab = machines(ESTATE)
    db = lab["db.example.net"]
    db.write(f"{MAIN}/postgresql.conf", CONF)
    db.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9",
           "-subj", "/CN=db.example.net", "-keyout", f"{MAIN}/key.pem", "-out", f"{MAIN}/cert.pem", check=True)
    db.run("install", "-d", "-o", "postgres", "/var/lib/postgresql/15/main", "/run/postgresql", check=True)
    db.run("chown", "postgres", f"{MAIN}/key.pem", check=True)
    db.run(*as_postgres("initdb", "-D", "/var/lib/postgresql/15/main", "-A", "peer", "-N", "--locale=C.UTF-8"), check=True)
    db.write(f"{MAIN}/pg_ident.conf", "")
    db.start(*as_postgres("postgres", "-c", f"config_file={MAIN}/postgresql.conf"), ready=("tcp", DB[1], 6432))
    db.run("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "psql", "-h", "/run/postgresql", "-p", "6432",
           "-c", "CREATE ROLE web LOGIN PASSWORD 'secret'", "postgres", check=True)
    app = lab["app.example.net"]
    app.ip("address add 2001:db8:1:2:c::7/128 dev lo")
    return lab


def as_postgres(program, *args):
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", f"{PROGRAMS}/{program}", *args]


def connect(machine, server, password="secret", sslmode="require"):
    """What the server says of the connection, or why there is none."""
    done = machine.run(f"{PROGRAMS}/psql", "-X", "-At", "-c", "SELECT client_addr, ssl FROM pg_stat_activity JOIN "
                       "pg_stat_ssl USING (pid) WHERE pid = pg_backend_pid()",
                       f"host={server} port=6432 user=web dbname=postgres password={password} sslmode={sslmode}")
    return done.stdout.strip() or done.stderr


def test_listens_on_each_address_and_no_other(lab):
    db = lab["db.example.net"]
    db.ip("address add 2001:db8:1:1::ffff dev eth0 nodad", "address add 192.0.2.99/32 dev eth0")
    answers = [db.accepts(a, 6432) for a in (*DB, "::1", "127.0.0.1", "2001:db8:1:1::ffff", "192.0.2.99")]
    assert answers == [True] * 4 + [False] * 2
    assert not db.accepts(DB[1], 5432)


@pytest.mark.parametrize("family", [0, 1], ids=["ipv4", "ipv6"])
def test_the_allowed_group_comes_in(lab, family):
    assert connect(lab["app.example.net"], DB[family]) == f"{APP[family]}|t"


@pytest.mark.parametrize("family", [0, 1], ids=["ipv4", "ipv6"])
def test_everybody_else_is_refused(lab, family):
    said = connect(lab["other.example.net"], DB[family])
    assert f'no pg_hba.conf entry for host "{OTHER[family]}"' in said
    app = lab["app.example.net"]
    assert "password authentication failed" in connect(app, DB[family], password="wrong")
    assert "no pg_hba.conf entry" in connect(app, DB[family], sslmode="disable")


def test_a_routed_network_is_let_in_as_such(lab):
    """A container's own address."""
    app = lab["app.example.net"]
    app.ip(f"route replace {DB[1]} via fe80::1 dev eth0 src 2001:db8:1:2:c::7")
    assert connect(app, DB[1]) == "2001:db8:1:2:c::7|t"
