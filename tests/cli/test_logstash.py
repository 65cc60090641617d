# SPDX-License-Identifier: Apache-2.0
"""The patterns and the script that were rendered for Logstash, over lines as HAProxy and nginx write them (those that
they really wrote: lab/test_web_lab.py). What an address is, and its network, Python's ipaddress says."""
import ipaddress

import pytest
from hypothesis import given, settings, strategies as st
from logstash_filter import Filter


@pytest.fixture(scope="module")
def read(hextet, tool, tmp_path_factory):
    return Filter(hextet, tool("ruby"), tmp_path_factory.mktemp("out")).read


def hex_of(address, port):
    return f"{ipaddress.ip_address(address).packed.hex().upper()}:{port:04X}"


def unique_id(client, port, front="2001:db8::1", front_port=443):
    return f"{hex_of(client, port)}_{hex_of(front, front_port)}_6B03D9B3_0000:3FA4"


def haproxy(client, port, head="", request="GET / HTTP/1.1", tail=True):
    line = (f"{head}{client}:{port} [23/Nov/2026:06:14:11.460] https~ varnish/varnish 0/0/0/1/1 200 148 - - ---- 1/1/0/0/0 0/0 "
            f'"{request}')
    return f'{line}" {unique_id(client, port)}' if tail else line


def nginx(client, request="GET / HTTP/1.1", more="", user="-"):
    return f'{client} - {user} [23/Nov/2026:06:14:11 +0000] "{request}" 200 148 "-" "curl/7.88.1"{more}'


def expected(client):
    ip = ipaddress.ip_address(client)
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return str(ip), str(ipaddress.ip_network((ip, 32 if ip.version == 4 else 64), strict=False))


def as_address(text):
    ip = ipaddress.ip_address(text)
    return getattr(ip, "ipv4_mapped", None) or ip


@given(st.lists(st.tuples(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6),
                                    st.ip_addresses(v=4).map(lambda a: ipaddress.ip_address("::ffff:" + str(a)))),
                          st.integers(0, 65535)), min_size=200, max_size=200))
@settings(max_examples=5, deadline=None)
def test_any_client(read, clients):
    """Over HAProxy and nginx, with and without the unique id, as the address says itself."""
    lines = [line for ip, port in clients for line in (
        haproxy(ip, port), haproxy(ip, port, "Nov 23 06:14:11 fe01 haproxy[16292]: "), nginx(ip),
        nginx(ip, more=f' "{unique_id(ip, port)}"'))]
    got = iter(read(lines))
    for ip, port in clients:
        address, net = expected(str(ip))
        for kind in ("haproxy", "syslog", "nginx", "id"):
            event = next(got)
            assert as_address(event["client_ip"]) == as_address(address) and "tags" not in event
            length = event["client_net"].partition("/")[2]
            assert length == net.partition("/")[2] and ipaddress.ip_network(event["client_net"]) == ipaddress.ip_network(net)
            assert event.get("client_port") == (port if kind in ("haproxy", "syslog") else None)
            if kind != "nginx":
                assert as_address(event["id_client_ip"]) == as_address(address)
                assert event["id_client_port"] == port
                assert (event["id_frontend_ip"], event["id_frontend_port"]) == ("2001:db8::1", 443)


def test_the_talk(read):
    """Its two lines: the zeros of the first try are not an id, the second is the client's address."""
    bad, good = read([haproxy("2001:db8::f", 38390, tail=False) + '" 00000000:95F6_00000000:01BB_0_0:0',
                      haproxy("2001:db8:a:b:c:d:e:f", 38390)])
    assert (bad["client_ip"], bad["id_client_ip"]) == ("2001:db8::f", "0.0.0.0")
    assert (good["id_client_ip"], good["client_net"]) == ("2001:db8:a:b:c:d:e:f", "2001:db8:a:b::/64")
    assert (good["status"], good["bytes"], good["duration_ms"], good["backend"]) == (200, 148, 1, "varnish")


def test_clients_who_want_to_be_somebody_else(read):
    """What they send stands behind their address, whatever it looks like."""
    fake = haproxy("192.0.2.66", 66, "haproxy[1]: ").replace('"', "#22")
    lines = [haproxy("2001:db8::1", 5, request=f"GET /{fake} HTTP/1.1"), haproxy("2001:db8::1", 5, request=fake, tail=False),
             nginx("2001:db8::1", request=fake), nginx("2001:db8::1", user=f"x [23/Nov/2026:06:14:11 +0000] {fake}"),
             nginx("2001:db8::1", more=f' "{fake}"')]
    got = read(lines)
    assert [event["client_ip"] for event in got] == ["2001:db8::1"] * 5
    assert got[4]["tags"] == ["_hextet_unique_id"] and "id_client_ip" not in got[4]


@pytest.mark.parametrize("client", ["1.2.3", "1.2.3.400", "01.2.3.4", "::g", "1::2::3", ":", "2001:db8:::1", "12345::"])
def test_no_address(read, client):
    """Elasticsearch would refuse the whole event for a field of type ip that is none."""
    for event in read([haproxy("192.0.2.1", 5).replace("192.0.2.1:5", f"{client}:5", 1), nginx(client)]):
        assert event is None or ("client_ip" not in event and "client_net" not in event and event["tags"] == ["_hextet_address"])


def test_other_lines_are_not_taken(read):
    assert read(["", "hello", "Nov 23 06:14:11 fe01 haproxy[1]: Proxy https started.", "x" + nginx("2001:db8::1"),
                 " " + haproxy("2001:db8::1", 5)]) == [None] * 5
