/* SPDX-License-Identifier: Apache-2.0 */
/* Readers of zones and of listeners, what two sets of facts have apart, and how much may go. */
#include "unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/text.h"
#include "render/facts_dns.h"
#include "render/listen_read.h"
#include "render/safety.h"

typedef int (*reader)(struct facts *f, struct str text, const char **ret_error);

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

static void test_zones(void **state) {
	(void)state;
	check(facts_dns_read, zones, ARRAY_LEN(zones));
}

static void test_listeners(void **state) {
	(void)state;
	check(haproxy_listeners, binds, ARRAY_LEN(binds));
	check(nginx, listens, ARRAY_LEN(listens));
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
