# SPDX-License-Identifier: Apache-2.0
"""tools/lint-banned sees calls, and only calls."""
import subprocess

import pytest


@pytest.fixture
def banned(top, tmp_path):
    def run(text):
        path = tmp_path / "x.c"
        path.write_text(text)
        done = subprocess.run([top / "tools/lint-banned", path], text=True, capture_output=True, check=False)
        return done.returncode, done.stdout.replace(f"{path}:", "")

    return run


@pytest.mark.parametrize("call", ["strcpy(a, b)", "(void)sprintf (a, b)", "x = atoi(s)", "signal(SIGINT, f)",
                                  "if (gmtime(&t))", "inet_pton(AF_INET6, s, &a)"])
def test_calls_are_found(banned, call):
    status, out = banned(f'/* one\n two */\nconst char *s = "\\"";\n\t{call};\n')
    assert status == 1
    assert out.startswith("4: ") and len(out.splitlines()) == 1


@pytest.mark.parametrize("text", ["/* strcpy(a, b) */", "// atoi(s)", '"strtok(x)"', "my_atoi(s)", "x->system(c)",
                                  "gmtime_r(&t, &tm)", "signal(SIGPIPE, SIG_IGN)", "signal(SIGPIPE, SIG_DFL)",
                                  "int system;"])
def test_others_are_not(banned, text):
    assert banned(f"{text}\n") == (0, "")


def test_the_sources(top):
    files = sorted((top / "src").rglob("*.[ch]"))
    assert files
    assert subprocess.run([top / "tools/lint-banned", *files], check=False).returncode == 0
