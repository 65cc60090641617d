# SPDX-License-Identifier: Apache-2.0
"""Reports of a trial, made of hostile texts and read by parsers that are not ours."""
import json
import subprocess
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest

SCHEMA = json.loads((Path(__file__).parent.parent / "trial/report.schema.json").read_text())
HOSTILE = ("</pre></title></script><script>alert(1)</script><img src=x onerror=alert(1)>\"' onload='x' --> ]]> &lt; "
           "\x00\x01\x1b[31m\x7f\u0085\u202e\ufffe\uffff javascript:alert(1) {{7*7}} <svg/onload=alert(1)>")


def family(address, totals, status=200, failed=0):
    ordered = sorted(totals)
    median = ordered[len(ordered) // 2] if totals else 0
    out = {"address": address, "status": status, "fetched": len(totals) + failed, "failed": failed}
    if totals:
        out["median"] = {"dns_us": median // 10, "connect_us": median // 5, "tls_us": median // 2,
                         "first_byte_us": median // 2 + 5, "total_us": median}
        at = 0.95 * (len(ordered) - 1)
        low, high = ordered[int(at)], ordered[min(int(at) + 1, len(ordered) - 1)]
        out["p95_total_us"] = round(low + (at - int(at)) * (high - low))
        out["totals_us"] = totals
    return out


def result(url="https://www.example.net/", findings=(), v4=None, v6=None, **more):
    return {"url": url, "name": more.pop("name", url), "started": "2026-11-24T05:00:00Z", "same": not findings,
            "findings": list(findings), "ipv4": v4 or family("192.0.2.1", [1000, 1100, 1200]),
            "ipv6": v6 or family("2001:db8::1", [1500, 1600, 9000]), "p_value": 0.1, **more}


def finding(kind="body", number=0, detail="differs", diff=None):
    return {"kind": kind, "family": number, "detail": detail, **({"diff": diff} if diff else {})}


HARD = [
    result(),
    result("https://www.example.net/" + HOSTILE.replace("\0", ""), [
        finding("body", 0, HOSTILE, "--- IPv4 " + HOSTILE + "\n+++ IPv6\n@@ -1 +1 @@\n-" + HOSTILE + "\n+new\n same\n"),
        finding("unreachable", 6, HOSTILE)], note=HOSTILE, name=HOSTILE.replace("\0", "")),
    result("https://a.example/", [finding("unreachable", 6, "IPv6: refused")], v6=family(None, [], 0, 3), p_value=None),
]


@pytest.fixture(scope="module")
def report(hextet_path):
    def run(form, results):
        done = subprocess.run([hextet_path.parent / "tests/trial_report_tool", form], input=json.dumps(results).encode(),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert done.returncode == 0 and not done.stderr, done.stderr
        return done.stdout
    return run


def test_json_comes_back(report):
    """What is written reads as what was written before, and as the schema says."""
    jsonschema.validate(HARD, SCHEMA)
    once = json.loads(report("json", HARD))
    jsonschema.validate(once, SCHEMA)
    assert once == HARD
    lines = report("jsonl", HARD).decode().splitlines()
    assert [json.loads(line) for line in lines] == HARD


# The attributes of the schema that Jenkins publishes for JUnit, and whether they must be there.
JUNIT = {
    "testsuites": {"name": False, "time": False, "tests": False, "failures": False, "disabled": False, "errors": False},
    "testsuite": {"name": True, "tests": True, "failures": False, "errors": False, "time": False, "disabled": False,
                  "skipped": False, "timestamp": False, "hostname": False, "id": False, "package": False},
    "testcase": {"name": True, "assertions": False, "time": False, "classname": False, "status": False},
    "failure": {"type": False, "message": False},
}
CHILDREN = {"testsuites": {"testsuite"}, "testsuite": {"testcase"}, "testcase": {"failure"}, "failure": set()}


def test_junit(report):
    root = ElementTree.fromstring(report("junit", HARD))
    assert root.tag == "testsuites"
    for element in root.iter():
        allowed = JUNIT[element.tag]
        assert set(element.attrib) <= set(allowed) and {k for k, must in allowed.items() if must} <= set(element.attrib)
        assert {child.tag for child in element} <= CHILDREN[element.tag] and len(element.findall("failure")) <= 1
        for key in {"tests", "failures", "errors", "skipped"} & set(element.attrib):
            assert int(element.get(key)) >= 0
        for key in {"time"} & set(element.attrib):
            assert float(element.get(key)) >= 0
    suite = root.find("testsuite")
    assert (suite.get("tests"), suite.get("failures")) == ("3", "2") and len(suite) == 3
    assert suite.get("timestamp") == "2026-11-24T05:00:00"
    failures = [case.find("failure") for case in suite]
    assert failures[0] is None
    assert failures[1].get("type") == "body" and "<script>alert(1)</script>" in failures[1].get("message")
    assert "unreachable (IPv6)" in failures[1].text and "-</pre>" in failures[1].text
    assert failures[2].get("message") == "IPv6: refused"


class Page(HTMLParser):
    """The elements and attributes of a page, and its text."""
    VOID = {"meta"}

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.shape, self.text, self.open = [], [], []

    def handle_starttag(self, tag, attrs):
        self.shape.append((tag, tuple(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.shape.append((tag, tuple(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def handle_comment(self, data):
        raise AssertionError(data)


def parse(data):
    page = Page()
    page.feed(data.decode())
    page.close()
    assert not page.open
    return page


def harmless(value):
    """The same report with plain words in place of every text from outside, as long as lines stay lines."""
    if isinstance(value, str):
        return "\n".join((line[:1] if line[:1] in "+-@ " else "x") + "word" for line in value.split("\n")[:-1]) + "\n" \
            if value.startswith("---") else "word"
    return value


def test_html_is_text_only(report):
    """A page of hostile texts has the elements and attributes of a page of plain words."""
    plain = json.loads(json.dumps(HARD))
    for r in plain:
        r["url"] = "https://plain/" + str(plain.index(r))
        r["name"] = "word"
        if "note" in r:
            r["note"] = "word"
        for f in r["findings"]:
            f["detail"] = "word"
            if "diff" in f:
                f["diff"] = harmless(f["diff"])
    hard, soft = parse(report("html", HARD)), parse(report("html", plain))
    assert hard.shape == soft.shape
    assert "<script>alert(1)</script>" in "".join(hard.text)
    tags = {tag for tag, _ in hard.shape}
    assert not tags & {"script", "img", "iframe", "link", "object", "form", "base"}
    for _, attrs in hard.shape:
        for key, value in attrs:
            assert not key.startswith("on") and key not in ("src", "style")
            assert key != "href" or value.startswith("#r")
    assert b"\x1b" not in report("html", HARD) and b"\0" not in report("html", HARD)


def test_html_draws_and_tells(report):
    page = parse(report("html", HARD))
    metas = dict(a[0] if len(a) == 1 else (a[0][1], a[1][1]) for t, a in page.shape if t == "meta")
    assert metas["Content-Security-Policy"].startswith("default-src 'none'")
    drawings = [a for t, a in page.shape if t == "svg" and ("role", "img") in a]
    assert len(drawings) == 3 and all(any(k == "aria-labelledby" for k, _ in a) for a in drawings)
    ids = [value for _, attrs in page.shape for key, value in attrs if key == "id"]
    assert len(ids) == len(set(ids))
    for a in drawings:
        assert set(dict(a)["aria-labelledby"].split()) <= set(ids)
    dots = sum(t == "circle" for t, _ in page.shape)
    assert dots == 3 * 3 + 3 + 3  # each fetch of each family, but of the one without any
    bars = [dict(a) for t, a in page.shape if t == "rect" and dict(a).get("x")]
    assert all(0 <= float(b["width"]) <= 560.1 and 48 <= float(b["x"]) for b in bars)
    assert "2 of 3 URLs answer differently." in page.text


def test_text(report):
    plain, colour = report("text", HARD).decode(), report("colour", HARD).decode()
    assert "\x1b" not in plain and "\u202e" not in plain and "\0" not in plain
    assert "\\x1b[31m" in plain and "    -</pre>" in plain
    assert "2 of 3 URLs answer differently" in plain
    assert "\x1b[31m" in colour
    for code in ("\x1b[0m", "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[36m"):
        colour = colour.replace(code, "")
    assert colour == plain
