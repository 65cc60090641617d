/* SPDX-License-Identifier: Apache-2.0 */
/* Readers of zones and of listeners, what two sets of facts have apart, and how much may go. */
#include "unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/text.h"
#include "render/facts_dns.h"
#include "render/listen_lines.h"
#include "render/listen_logstash.h"
#include "render/listen_read.h"
#include "render/safety.h"

typedef int (*reader)(struct facts *f, struct str text, const char **ret_error);

static int openvpn(struct facts *f, struct str text, const char **ret_error) {
	return openvpn_listeners(f, "openvpn (x)", text, ret_error);
}

static int nginx(struct facts *f, struct str text, const char **ret_error) {
	return nginx_listeners(f, "nginx", text, ret_error);
}

/* "owner type data|", "tcp address port|": what was read. */
static void describe(const struct facts *f, struct text *t) {
	t->n = 0;
	for (size_t i = 0; i < f->records.n; i++)
		text_printf(t, "%s %s %s|", f->records.v[i].owner, f->records.v[i].type, f->records.v[i].data);
	for (size_t i = 0; i < f->listeners.n; i++) {
		const struct fact_listener *l = &f->listeners.v[i];
		char ip[IP_TEXT_MAX];

		(void)ip_format(l->ip, ip);
		assert_int_equal(l->family, ip_family(l->ip));
		text_printf(t, "%s %s %u|", l->protocol == IPPROTO_TCP ? "tcp" : "udp", ip, l->port);
	}
	text_char(t, '\0');
}

struct row {
	const char *text, *means; /* or the error, when it begins with "line " */
};

static void check(reader read, const struct row *rows, size_t n) {
	struct text t = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct arena a = { 0 };
		struct facts f;
		const char *error = NULL, *is;
		int r;

		facts_init(&f, &a);
		r = read(&f, str_of(rows[i].text), &error);
		describe(&f, &t);
		is = r < 0 ? error : t.v;
		if (r < 0 ? r != -EINVAL || !strstr(error, rows[i].means) : strcmp(is, rows[i].means) != 0)
			fail_msg("%s\nis    %s\nnot   %s", rows[i].text, is, rows[i].means);
		facts_done(&f);
		arena_done(&a);
	}
	text_done(&t);
}

#define ORIGIN "$ORIGIN Example.net.\n"

static const struct row zones[] = {
	{ "", "" },
	{ "; nothing\n\n   \n", "" },
	{ ORIGIN "@ SOA a. b. (\n 1 ; serial\n 2 3 4\n 5 )\n@ NS ns1\n", "example.net. NS ns1.example.net.|" },
	{ ORIGIN "WWW A 192.0.2.1 ; note\n    AAAA 2001:DB8:0::1\n",
	  "www.example.net. A 192.0.2.1|www.example.net. AAAA 2001:db8::1|" },
	{ ORIGIN "$TTL 1h\na 3600 IN A 192.0.2.1\nb IN 1d A 192.0.2.2\n",
	  "a.example.net. A 192.0.2.1|b.example.net. A 192.0.2.2|" },
	{ "$ORIGIN 2.0.192.in-addr.arpa.\n1 PTR www.example.net.\n", "1.2.0.192.in-addr.arpa. PTR www.example.net.|" },
	{ ORIGIN "@ MX  10   mail\n@ TXT \"a;b\" ( \"c \\\" d\"\n)\n",
	  "example.net. MX 10 mail.example.net.|example.net. TXT \"a;b\" \"c \\\" d\"|" },
	{ "$ORIGIN .\nexample A 192.0.2.1\n", "example. A 192.0.2.1|" },
	{ "www A 192.0.2.1\n", "line 1: 'www' is too long a name, or there is no $ORIGIN" },
	{ " A 192.0.2.1\n", "line 1: the first record has no owner" },
	{ ORIGIN "www A 192.0.2.256\n", "line 2: '192.0.2.256' is no IPv4 address" },
	{ ORIGIN "www AAAA ::ffff:192.0.2.1\n", "line 2: '::ffff:192.0.2.1' is no IPv6 address" },
	{ ORIGIN "www A 192.0.2.1 192.0.2.2\n", "line 2: A takes one address" },
	{ ORIGIN "\nwww (\n A\n", "line 3: a ( without its )" },
	{ ORIGIN "www A 192.0.2.1 )\n", "line 2: a ) without its (" },
	{ ORIGIN "www TXT \"x\n", "line 2: a quoted text without its end" },
	{ ORIGIN "$INCLUDE other\n", "line 2: $INCLUDE is not understood" },
	{ ORIGIN "a\\046b A 192.0.2.1\n", "line 2: 'a\\046b' is no plain name" },
	{ ORIGIN "www CH TXT x\n", "line 2: 'CH' is no type" },
	{ ORIGIN "www A\n", "line 2: 'A' is no type with data" },
	{ ORIGIN "www 3600\n", "line 2: a type is missing" },
};

static const struct row binds[] = {
	{ "frontend a\n    bind 0.0.0.0:80\n    bind [::]:80 v6only\n", "tcp 0.0.0.0 80|tcp :: 80|" },
	{ "bind [::]:443 ssl crt /x # why\n", "tcp :: 443|tcp 0.0.0.0 443|" },
	{ "bind [::]:443 v6only v4v6\n", "tcp :: 443|tcp 0.0.0.0 443|" },
	{ "bind :80,*:81,192.0.2.1:82\n", "tcp 0.0.0.0 80|tcp 0.0.0.0 81|tcp 192.0.2.1 82|" },
	{ "bind ipv6@:::80 v6only\nbind ipv4@127.0.0.1:1", "tcp :: 80|tcp 127.0.0.1 1|" },
	{ "bind \"[2001:db8::1]:80\"\n", "tcp 2001:db8::1 80|" },
	{ "# bind :80\nserver a 192.0.2.1:80\nbind-process all\n", "" },
	{ "x 'it\nbind :80\n", "tcp 0.0.0.0 80|" },
	{ "\nbind\n", "line 2: 'bind' is no address" },
	{ "bind /run/x.sock\n", "line 1: '/run/x.sock' is no address" },
	{ "bind :80-90\n", "line 1: ':80-90' is no address" },
	{ "bind name:80\n", "line 1: 'name:80' is no address" },
	{ "bind :0\n", "line 1: ':0' is no address" },
	{ "bind :65536\n", "line 1: ':65536' is no address" },
	{ "bind 192.0.2.1\n", "line 1: '192.0.2.1' is no address" },
};

static const struct row listens[] = {
	{ "server { listen 80; listen [::]:80; }", "tcp 0.0.0.0 80|tcp :: 80|" },
	{ "listen\n  443\n  ssl http2;", "tcp 0.0.0.0 443|" },
	{ "listen [::]:80 ipv6only=off;", "tcp :: 80|tcp 0.0.0.0 80|" },
	{ "listen 192.0.2.1; listen [::1]; listen *:8080;", "tcp 192.0.2.1 80|tcp ::1 80|tcp 0.0.0.0 8080|" },
	{ "listen 443 quic;", "udp 0.0.0.0 443|" },
	{ "# listen 80;\nlog_format x 'a { listen 81;\n }';", "" },
	{ "server{listen 80;}", "tcp 0.0.0.0 80|" },
	{ "a;\nlisten unix:/run/x;", "line 2: 'unix:/run/x' is no address" },
	{ "listen name:80;", "line 1: 'name:80' is no address" },
	{ "listen $port;", "line 1: '$port' is no address" },
	{ "listen;", "line 1: 'listen' is no address" },
};

static const struct row knots[] = {
	{ "server:\n    listen: \"192.0.2.1@53\" # why\n    listen: \"::1@5353\"\n",
	  "tcp 192.0.2.1 53|udp 192.0.2.1 53|tcp ::1 5353|udp ::1 5353|" },
	{ "listen: [ ::, 0.0.0.0@54 ]\nremote:\n  - id: a\n    address: 192.0.2.9@53\n",
	  "tcp :: 53|udp :: 53|tcp 0.0.0.0 54|udp 0.0.0.0 54|" },
	{ "listen:\n  - ::1\n", "line 1: 'listen' is no address" },
	{ "listen: [ ::1,\n  ::2 ]\n", "line 1: 'listen' has a list that goes on" },
	{ "\nlisten: \"::1\n", "line 2: '\"::1' is no address" },
	{ "listen: /run/knot.sock\n", "line 1: '/run/knot.sock' is no address" },
	{ "listen: ::1@0\n", "line 1: '::1@0' is no address" },
	{ "listen-quic: ::1\n", "line 1: 'listen-quic' is not understood" },
};

static const struct row unbounds[] = {
	{ "server:\n interface: ::1\n do-udp: no\n port: 54\n", "tcp ::1 54|" },
	{ "interface: 192.0.2.1@55\ninterface: ::1\ndo-ip6: no\n", "tcp 192.0.2.1 55|udp 192.0.2.1 55|" },
	{ "ip-address: \"::\"\n# interface: ::1\nstub-addr: ::2\n", "tcp :: 53|udp :: 53|" },
	{ "do-ip4: yes\n", "" },
	{ "interface: eth0\n", "line 1: 'eth0' is no address" },
	{ "do-ip6: perhaps\n", "line 1: 'perhaps' is neither yes nor no" },
	{ "port: 70000\n", "line 1: '70000' is no port" },
	{ "server: interface: ::1\n", "line 1: 'interface:' is not understood" },
	{ "\ninclude: x.conf\n", "line 2: 'include' is not understood" },
};

static const struct row openvpns[] = {
	{ "proto udp6\nport 1195\n", "udp :: 1195|udp 0.0.0.0 1195|" },
	{ "proto udp6\nbind ipv6only\n", "udp :: 1194|" },
	{ "proto tcp4-server ; note\nport 443 # note\n", "tcp 0.0.0.0 443|" },
	{ "local 2001:db8::1\npush \"port 1\"\n", "udp 2001:db8::1 1194|" },
	{ "proto udp6\nnobind\n", "" },
	{ "port 1\nproto udp\n", "line 2: 'udp' does not say the family" },
	{ "proto quic\n", "line 1: 'quic' is no protocol" },
	{ "local vpn.example.net\n", "line 1: 'vpn.example.net' is no address" },
	{ "management 127.0.0.1 7505\n", "line 1: 'management' is not understood" },
};

static const struct row postgresqls[] = {
	{ "listen_addresses = '127.0.0.1, ::1'\nport = 5433\n", "tcp 127.0.0.1 5433|tcp ::1 5433|" },
	{ "listen_addresses='*'\n", "tcp :: 5432|tcp 0.0.0.0 5432|" },
	{ "listen_addresses = '::'\nlisten_addresses '::1'\n", "tcp ::1 5432|" },
	{ "listen_addresses = ''\n#port = x\n", "" },
	{ "listen_addresses = 'localhost'\n", "line 1: 'localhost' is no address" },
	{ "port = five\n", "line 1: 'five' is no port" },
	{ "include_dir 'x'\n", "line 1: 'include_dir' is not understood" },
};

#define NGINX_BOTH "nginx['listen_addresses'] = ['0.0.0.0', '[::]']\n"

static const struct row gitlabs[] = {
	{ "external_url 'https://a'\n" NGINX_BOTH, "tcp 0.0.0.0 443|tcp :: 443|" },
	{ NGINX_BOTH "nginx['redirect_http_to_https'] = true\nexternal_url \"https://a:8443/x\"\n",
	  "tcp 0.0.0.0 8443|tcp 0.0.0.0 80|tcp :: 8443|tcp :: 80|" },
	{ "external_url 'http://a'\nnginx['redirect_http_to_https'] = true\nnginx['listen_addresses'] = ['*']\n",
	  "tcp 0.0.0.0 80|" },
	{ "registry_external_url 'http://r:5050'\nregistry_nginx['listen_addresses'] = [ '[::1]' ]\n",
	  "tcp ::1 5050|" },
	{ NGINX_BOTH, "line 1: '0.0.0.0' has no port" },
	{ "external_url 'https://a'\n", "line 1: 'https://a' has no listen_addresses" },
	{ "external_url 'ftp://a'\n" NGINX_BOTH, "line 1: 'ftp://a' is no URL" },
	{ "external_url 'https://:1'\n" NGINX_BOTH, "line 1: 'https://:1' is no URL" },
	{ "\nnginx['listen_addresses'] = ['0.0.0.0',\n'[::]']\n", "line 2: 'nginx['listen_addresses']' has a list" },
	{ "external_url 'https://a'\nnginx['listen_addresses'] = addresses\n", "line 2: 'addresses' is no address" },
	{ "from_file '/x'\n", "line 1: 'from_file' is not understood" },
};

static const struct row jenkinses[] = {
	{ "[Service]\nEnvironment=\"JENKINS_LISTEN_ADDRESS=::1\" JENKINS_PORT=8090\n", "tcp ::1 8090|" },
	{ "Environment=JENKINS_LISTEN_ADDRESS=127.0.0.1\n", "tcp 127.0.0.1 8080|" },
	{ "Environment=\"JAVA_OPTS=-Da=b\"\n", "" },
	{ "Environment=JENKINS_LISTEN_ADDRESS=::\n", "line 1: '::' is no address" },
	{ "Environment=JENKINS_LISTEN_ADDRESS\n", "line 1: '' is no address" },
	{ "Environment=JENKINS_PORT=-1\n", "line 1: 'JENKINS_PORT=-1' is no port" },
	{ "Environment=JENKINS_HTTPS_PORT=1\n", "line 1: 'JENKINS_HTTPS_PORT=1' is not understood" },
};

static const struct row logstashes[] = {
	{ "input { beats { host => \"192.0.2.1\" port => 5044 }\n beats { port => 5044 host => \"::1\" } }",
	  "tcp 192.0.2.1 5044|tcp ::1 5044|" },
	{ "input { syslog { host => \"::1\" } }", "tcp ::1 514|udp ::1 514|" },
	{ "input { tcp { mode => \"client\" host => \"a\" port => 1 } stdin { } }\n"
	  "output { tcp { host => \"192.0.2.1\" port => 1 } }",
	  "" },
	{ "input {\n udp { port => 1 }\n}", "line 2: 'udp' has no address of its own" },
	{ "input { http { host => \"::\" } }", "line 1: 'http' has no address of its own" },
	{ "input { http { } }", "line 1: 'http' has no address of its own" },
	{ "input { beats { host => \"::1\" } }", "line 1: 'beats' has no address of its own with a port" },
	{ "input { http { host => \"::1\" }\n\nodd { } }", "line 3: 'odd' is an input that is not known" },
	{ "input {", "line 1: a plugin, or '}', is missing here" },
};

static void test_zones(void **state) {
	(void)state;
	check(facts_dns_read, zones, ARRAY_LEN(zones));
}

static void test_listeners(void **state) {
	(void)state;
	check(haproxy_listeners, binds, ARRAY_LEN(binds));
	check(nginx, listens, ARRAY_LEN(listens));
	check(knot_listeners, knots, ARRAY_LEN(knots));
	check(unbound_listeners, unbounds, ARRAY_LEN(unbounds));
	check(openvpn, openvpns, ARRAY_LEN(openvpns));
	check(postgresql_listeners, postgresqls, ARRAY_LEN(postgresqls));
	check(gitlab_listeners, gitlabs, ARRAY_LEN(gitlabs));
	check(jenkins_listeners, jenkinses, ARRAY_LEN(jenkinses));
	check(logstash_listeners, logstashes, ARRAY_LEN(logstashes));
}

static void test_delta(void **state) {
	static const char old_zone[] = ORIGIN "a A 192.0.2.1\na A 192.0.2.1\nb A 192.0.2.2\nb AAAA 2001:db8::2\n",
			  new_zone[] = ORIGIN "c A 192.0.2.3\nb A 192.0.2.2\na A 192.0.2.1\n";
	struct arena a = { 0 };
	struct facts old, now;
	struct fact_delta d;
	const char *error;

	(void)state;
	facts_init(&old, &a);
	facts_init(&now, &a);
	assert_int_equal(facts_dns_read(&old, STR(old_zone), &error), 0);
	assert_int_equal(facts_dns_read(&now, STR(new_zone), &error), 0);
	assert_int_equal(haproxy_listeners(&old, STR("bind [::]:80\n"), &error), 0);
	assert_int_equal(haproxy_listeners(&now, STR("bind 0.0.0.0:80\n"), &error), 0);
	fact_delta_init(&d, &old, &now, &a);
	assert_false(fact_delta_is_empty(&d));
	assert_int_equal(d.gone.records.n, 1);
	assert_string_equal(d.gone.records.v[0].type, "AAAA");
	assert_int_equal(d.come.records.n, 1);
	assert_string_equal(d.come.records.v[0].owner, "c.example.net.");
	assert_int_equal(d.gone.listeners.n, 1);
	assert_int_equal(d.gone.listeners.v[0].family, FAMILY_6);
	assert_int_equal(d.come.listeners.n, 0);
	assert_int_equal(d.count[FACT_RECORD].old, 3);
	assert_int_equal(d.count[FACT_RECORD].lost, 1);
	assert_int_equal(d.count[FACT_LISTENER].old, 2);
	assert_int_equal(d.count[FACT_LISTENER].lost, 1);
	fact_delta_done(&d);
	fact_delta_init(&d, &now, &now, &a);
	assert_true(fact_delta_is_empty(&d));
	fact_delta_done(&d);
	facts_done(&old);
	facts_done(&now);
	arena_done(&a);
}

static void test_safety(void **state) {
	static const struct {
		struct fact_count count;
		bool refused;
	} rows[] = {
		{ { 0, 0 }, false },    { { 9, 9 }, false },          { { 10, 10 }, true },
		{ { 100, 30 }, false }, { { 100, 31 }, true },        { { 33, 10 }, true },
		{ { 34, 10 }, false },  { { UINT32_MAX, 1 }, false }, { { UINT32_MAX, UINT32_MAX }, true },
	};
	const struct safety all = { .percent = 100, .floor = 0 }, none = { .percent = 0, .floor = 0 };
	struct safety s = SAFETY_DEFAULT;
	struct arena a = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(safety_refuses(&s, &rows[i].count), rows[i].refused);
		assert_false(safety_refuses(&all, &rows[i].count));
		assert_int_equal(safety_refuses(&none, &rows[i].count), rows[i].count.lost > 0);
	}
	assert_string_equal(safety_text(&s, &rows[5].count, "flow", &a),
			    "10 of 33 flows (30 %) would go away, and at most 30 % may");
	assert_int_equal(safety_parse_percent("45%", &s.percent), 0);
	assert_int_equal(s.percent, 45);
	assert_int_equal(safety_parse_percent("100", &s.percent), 0);
	for (const char **c = (const char *[]){ "", "%", "101", "-1", "3.5", "30%%", "30 %", "4294967297", NULL }; *c;
	     c++)
		assert_int_equal(safety_parse_percent(*c, &s.percent), -EINVAL);
	assert_int_equal(s.percent, 100);
	arena_done(&a);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zones),
		cmocka_unit_test(test_listeners),
		cmocka_unit_test(test_delta),
		cmocka_unit_test(test_safety),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
