# SPDX-License-Identifier: Apache-2.0
"""A private PostgreSQL: a folder, a socket in it, and no network. It refuses to run as root, so root hands it to nobody."""
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

PROGRAMS = Path("/usr/lib/postgresql/15/bin")


class Cluster:
    """host is the folder of the socket; the superuser is "lab", and everybody gets in without a password but those who
    are members of the role "secretive"."""

    def __init__(self):
        # The path of a socket has at most 107 bytes: not pytest's folder.
        self.folder = Path(tempfile.mkdtemp(prefix="hextet-pg-"))
        self.host = self.folder
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
        self.folder.chmod(0o755)
        self._run("initdb", "-D", "data", "-A", "trust", "-U", "lab", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        hba = self.folder / "data" / "pg_hba.conf"
        hba.write_text("local all +secretive scram-sha-256\nlocal all all trust\n")
        with open(self.folder / "data" / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.write(f"listen_addresses = ''\nunix_socket_directories = '{self.folder}'\nfsync = off\n"
                       "max_connections = 30\nlog_min_messages = fatal\n")
        self.start()

    def _run(self, program, *args):
        drop = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []
        # What the server inherits it keeps: no pipe of ours.
        with open(self.folder.parent / f"{self.folder.name}.out", "w+", encoding="utf-8") as out:
            done = subprocess.run([*drop, PROGRAMS / program, *args], cwd=self.folder, stdin=subprocess.DEVNULL,
                                  env={**os.environ, "HOME": str(self.folder)}, stdout=out, stderr=out, timeout=60)
            out.seek(0)
            assert done.returncode == 0, out.read()

    def start(self, *options):
        self._run("pg_ctl", "-D", "data", "-w", "-s", "-l", "data/log", *options, "start")

    def stop(self, mode="fast"):
        """mode "immediate" is what a crash looks like."""
        self._run("pg_ctl", "-D", "data", "-w", "-s", "-m", mode, "stop")

    def restart(self):
        self.stop()
        self.start()

    def psql_command(self, database="postgres", user="lab"):
        return ["psql", "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-h", str(self.host), "-U", user, "-d", database]

    def sql(self, text, database="postgres", user="lab"):
        """Runs SQL; its output."""
        done = subprocess.run([*self.psql_command(database, user), "-f", "-"], input=text, text=True, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def database(self, name):
        """An empty database of this name."""
        self.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self.sql(f'CREATE DATABASE "{name}"')
        return name

    def spec(self, database="postgres", table=None, user="lab", more=""):
        """The source as hextet names it."""
        return (f"postgres:host={self.host} dbname={database} user={user}{' ' if more else ''}{more}"
                f"{'#' + table if table else ''}")

    def close(self):
        try:
            self.stop("immediate")
        except AssertionError:
            pass  # it was stopped
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder.parent / f"{self.folder.name}.out").unlink(missing_ok=True)
