/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of our firewalls: what it understands, and each thing it refuses with its line. */
#include "unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "render/nft_read.h"

#define HEAD "table inet hextet\ndelete table inet hextet\ntable inet hextet {\n"
#define SET "\tset g_a_4 {\n\t\ttype ipv4_addr\n\t\tflags interval\n\t\telements = {\n\t\t\t192.0.2.1,\n\t\t}\n\t}\n"
#define INPUT "\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n"
#define FORWARD "\tchain forward {\n\t\ttype filter hook forward priority filter; policy drop;\n"
#define END "\t}\n}\n"

/* One statement of the chain forward in line 16, and one of the chain input in line 13. */
#define IN_FORWARD(rule) HEAD SET INPUT "\t}\n" FORWARD rule "\n" END
#define IN_INPUT(rule) HEAD SET INPUT rule "\n\t}\n" FORWARD END

static const struct {
	const char *text;
	uint32_t line;
	const char *says;
} bad[] = {
	{ "", 1, "expected table, not the end of the text" },
	{ "table inet hextet\n", 2, "expected delete" },
	{ "flush ruleset\n", 1, "expected table, not 'flush'" },
	{ HEAD INPUT END, 8, "the chain forward is missing" },
	{ HEAD FORWARD END, 8, "the chain input is missing" },
	{ HEAD INPUT "\t}\n" FORWARD "\t}\n", 10, "expected set or chain, not the end of the text" },
	{ HEAD INPUT "\t}\n" INPUT END, 7, "the chain 'input' is there already" },
	{ HEAD "chain input {\ntype filter hook input priority filter; policy accept;\n}\n}\n", 5, "does not begin" },
	{ HEAD "chain other {\n}\n}\n", 4, "a chain of this firewall" },
	{ IN_INPUT("accept"), 13, "expected tcp or udp, not 'accept'" },
	{ IN_INPUT("include \"/etc/more\""), 13, "not 'include'" },
	{ IN_INPUT("tcp dport 22 drop"), 13, "expected accept, not 'drop'" },
	{ IN_INPUT("tcp dport 22 counter accept"), 13, "expected accept, not 'counter'" },
	{ IN_INPUT("tcp dport 22 accept; accept"), 13, "expected the end of the line, not ';'" },
	{ IN_INPUT("tcp dport 22-80 accept"), 13, "expected a port" },
	{ IN_INPUT("tcp dport { 22 80 } accept"), 13, "expected }, not '80'" },
	{ IN_INPUT("tcp dport { } accept"), 13, "expected a port" },
	{ IN_INPUT("tcp dport 65536 accept"), 13, "expected a port" },
	{ IN_INPUT("tcp dport 022 accept"), 13, "expected a port" },
	{ IN_INPUT("tcp sport 22 accept"), 13, "expected dport" },
	{ IN_INPUT("ip saddr != @g_a_4 tcp dport 22 accept"), 13, "an IPv4 address or network, not '!='" },
	{ IN_INPUT("ip saddr @g_b_4 tcp dport 22 accept"), 13, "no set of IPv4 addresses" },
	{ IN_INPUT("ip6 saddr @g_a_4 tcp dport 22 accept"), 13, "no set of IPv6 addresses" },
	{ IN_INPUT("ip6 saddr ::ffff:192.0.2.1 tcp dport 22 accept"), 13, "an IPv6 address" },
	{ IN_INPUT("ip saddr 192.0.2.1/24 tcp dport 22 accept"), 13, "an IPv4 address" },
	{ IN_INPUT("ip saddr 192.0.2.1 ip6 daddr ::1 tcp dport 22 accept"), 13, "families meet" },
	{ IN_INPUT("meta nfproto ipv6 ip saddr 192.0.2.1 tcp dport 22 accept"), 13, "families meet" },
	{ IN_INPUT("ip saddr 192.0.2.1 ip saddr 192.0.2.2 tcp dport 22 accept"), 13, "saddr twice" },
	{ IN_INPUT("ip saddr { } tcp dport 22 accept"), 13, "an IPv4 address" },
	{ IN_INPUT("ct status dnat ct original ip daddr 192.0.2.1 meta l4proto tcp ct original proto-dst 1 accept"), 13,
	  "into the chain forward" },
	{ IN_INPUT("ip6 saddr ::1 ip6 daddr ::1 accept"), 13, "expected tcp or udp" },
	{ IN_FORWARD("ip saddr 192.0.2.1 accept"), 16, "expected tcp or udp" },
	{ IN_FORWARD("iif \"lo\" accept"), 16, "not 'iif'" },
	{ IN_INPUT("tcp dport 22 accept comment \"x"), 13, "without its end" },
	{ IN_INPUT("tcp dport 22 accept comment x"), 13, "in quotes" },
	{ IN_INPUT("tcp dport 22 \\\n accept"), 13, "expected accept, not '\\'" },
	{ IN_INPUT("tcp dport 22 accept\r"), 13, "a byte that no firewall has" },
	{ HEAD SET SET INPUT "\t}\n" FORWARD END, 11, "the set 'g_a_4' is there already" },
	{ HEAD "set a {\ntype ipv4_addr\nflags interval\nelements = {\n}\n}\n", 8, "an IPv4 address or network" },
	{ HEAD "set a {\ntype ipv4_addr . inet_service\n", 5, "expected the end of the line" },
	{ HEAD INPUT "\t}\n" FORWARD END "table inet more {\n}\n", 11, "nothing behind the table" },
	{ HEAD "chain icmp6_in {\ntcp dport 22 accept\n", 5, "a statement that the chain icmp6_in does not have" },
};

static void test_bad(void **state) {
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct arena a = { 0 };
		struct nft_text t;
		int r = nft_read(str_of(bad[i].text), &a, &t);

		if (r != -EINVAL || t.error_line != bad[i].line || !strstr(t.error, bad[i].says))
			fail_msg("%s\n%d, line %u: %s", bad[i].text, r, t.error_line, t.error);
		nft_text_done(&t);
		arena_done(&a);
	}
}

/* The flows of one statement: how many boxes, and whether 192.0.2.1 → 198.51.100.1, or ::1 → ::2, is in. */
static const struct {
	const char *text;
	size_t boxes;
	bool in4, in6, translated;
} good[] = {
	{ IN_FORWARD("tcp dport 22 accept"), 2, true, true, false },
	{ IN_FORWARD("udp dport 22 accept"), 2, false, false, false },
	{ IN_FORWARD("tcp dport { 22, 23 } accept comment \"a\""), 4, true, true, false },
	{ IN_FORWARD("tcp dport 23 accept"), 2, false, false, false },
	{ IN_FORWARD("meta nfproto ipv4 tcp dport 22 accept"), 1, true, false, false },
	{ IN_FORWARD("meta nfproto ipv6 tcp dport 22 accept"), 1, false, true, false },
	{ IN_FORWARD("ip saddr @g_a_4 tcp dport 22 accept"), 1, true, false, false },
	{ IN_FORWARD("ip daddr @g_a_4 tcp dport 22 accept"), 1, false, false, false },
	{ IN_FORWARD("ip6 saddr { ::1, ::4/126 } tcp dport 22 accept"), 1, false, true, false },
	{ IN_FORWARD("ip6 saddr ::/0 ip6 daddr ::2 tcp dport 22 accept"), 1, false, true, false },
	{ IN_FORWARD("ct status dnat ct original ip daddr 198.51.100.1 meta l4proto tcp ct original proto-dst 22 "
		     "accept"),
	  1, true, false, true },
	{ IN_FORWARD("\t\t# tcp dport 22 accept"), 0, false, false, false },
	{ IN_FORWARD("ip saddr 192.0.2.1 ip daddr 198.51.100.1 accept"), 0, false, false, false },
};

static void test_flows(void **state) {
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		const struct ip from4 = ip_from_v4(0xc0000201), to4 = ip_from_v4(0xc6336401);
		struct arena a = { 0 };
		struct nft_text t;

		if (nft_read(str_of(good[i].text), &a, &t) != 0)
			fail_msg("%s\nline %u: %s", good[i].text, t.error_line, t.error);
		assert_int_equal(t.flows.boxes.n, good[i].boxes);
		assert_int_equal(good[i].in4, flows_find(&t.flows, FLOW_FORWARD, from4, to4, IPPROTO_TCP, 22,
							 good[i].translated) != NULL);
		assert_int_equal(good[i].in6, flows_find(&t.flows, FLOW_FORWARD, (struct ip){ 0, 1 },
							 (struct ip){ 0, 2 }, IPPROTO_TCP, 22, false) != NULL);
		assert_null(flows_find(&t.flows, FLOW_INPUT, from4, to4, IPPROTO_TCP, 22, false));
		nft_text_done(&t);
		arena_done(&a);
	}
}

static void test_origin_and_other(void **state) {
	static const char text[] = IN_INPUT("  iif   \"lo\"  accept # loopback\n"
					    "ct state vmap { established : accept, related : accept, invalid : drop }\n"
					    "tcp dport 22 accept comment \"admin's\"");
	static const char *const other[] = {
		"input: type filter hook input priority filter; policy drop;",
		"input: iif \"lo\" accept",
		"input: ct state vmap { established : accept, related : accept, invalid : drop }",
		"forward: type filter hook forward priority filter; policy drop;",
	};
	const struct nft_rule *rule;
	struct arena a = { 0 };
	struct nft_text t;

	(void)state;
	assert_int_equal(nft_read(STR(text), &a, &t), 0);
	assert_int_equal(t.other.n, ARRAY_LEN(other));
	for (size_t i = 0; i < t.other.n; i++)
		assert_true(str_is(t.other.v[i], other[i]));
	assert_int_equal(t.flows.boxes.n, 2);
	rule = t.flows.boxes.v[1].origin;
	assert_int_equal(rule->line, 15);
	assert_true(str_is(rule->comment, "admin's"));
	nft_text_done(&t);
	arena_done(&a);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_flows),
		cmocka_unit_test(test_origin_and_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
