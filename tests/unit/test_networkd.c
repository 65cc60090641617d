/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of networkd's files: what it takes, and each thing it refuses with its line. */
#include "unit.h"

#include <string.h>

#include "render/networkd_read.h"

struct heard {
	unsigned n;
	uint32_t line;
	char message[256];
};

static void hear(uint32_t line, const char *message, void *user) {
	struct heard *h = user;

	if (!h->n++) {
		h->line = line;
		(void)snprintf(h->message, sizeof(h->message), "%s", message);
	}
}

static struct heard read_text(const char *text, size_t len, enum networkd_kind kind) {
	struct heard h = { 0 };

	unsigned mistakes = networkd_read((struct str){ text, len }, kind, hear, &h);

	assert_int_equal(mistakes, h.n);
	return h;
}

#define MATCH "[Match]\nName=eth0\n"

static void test_good(void **state) {
	static const char *const network[] = {
		MATCH,
		"# comment\n; comment \\\n\n  [Match]  \n  Name = eth0 eth1  \n[Network]\nAddress=2001:db8::1/64\n",
		MATCH
		"[Network]\nDHCP=no\nDHCP=ipv6\nIPForward=yes\nLinkLocalAddressing=ipv6\nKeepConfiguration=static\n",
		MATCH "[Route]\nGateway=fe80::1\n[Route]\nGateway=192.0.2.1\nGatewayOnLink=yes",
		MATCH "[Route]\nDestination=2001:db8::/64\nType=unreachable\nMetric=4294967295\n",
		MATCH "[Route]\nDestination=192.0.2.0/24\nGateway=192.0.2.1\n[Address]\nAddress=192.0.2.9/24\n",
		MATCH "[Link]\nMTUBytes=1280\nRequiredForOnline=no\n",
	};
	const char *netdev = "[NetDev]\nName=eth0.4001\nKind=vlan\n[VLAN]\nId=4001\n";

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(network); i++) {
		struct heard h = read_text(network[i], strlen(network[i]), NETWORKD_NETWORK);

		if (h.n)
			fail_msg("%s\nline %u: %s", network[i], h.line, h.message);
	}
	assert_int_equal(read_text(netdev, strlen(netdev), NETWORKD_NETDEV).n, 0);
}

static const struct {
	const char *text;
	uint32_t line;
	const char *says;
} bad_network[] = {
	{ "", 0, "every interface" },
	{ "[Match]\n", 0, "every interface" },
	{ "[Network]\nDHCP=no\n", 0, "every interface" },
	{ MATCH "[Networkk]\n", 3, "unknown section [Networkk]" },
	{ MATCH "[Network\nDHCP=no\n", 3, "ends in ]" },
	{ MATCH "[Network]\nAdress=2001:db8::1/64\n", 4, "unknown key Adress in section [Network]" },
	{ MATCH "[Network]\nAddress=2001:db8:::1/64\n", 4, "Address=2001:db8:::1/64" },
	{ MATCH "[Network]\nAddress=192.0.2.1/33\n", 4, "Address=192.0.2.1/33" },
	{ MATCH "[Network]\nAddress=\n", 4, "no value" },
	{ MATCH "[Network]\nIPForward=maybe\n", 4, "yes, no, ipv4 or ipv6" },
	{ MATCH "[Network]\nVLAN=a-name-of-16-cha\n", 4, "an interface" },
	{ MATCH "[Network]\nVLAN=eth0/1\n", 4, "an interface" },
	{ MATCH "[Link]\nMTUBytes=67\n", 4, "68 to 65535" },
	{ MATCH "[Link]\nMTUBytes=99999999999999999999999\n", 4, "68 to 65535" },
	{ MATCH "[Link]\nMTUBytes=15OO\n", 4, "68 to 65535" },
	{ MATCH "[Route]\nGateway=192.0.2\n", 4, "an address" },
	{ MATCH "[Route]\nMetric=1\n", 3, "needs a Gateway= or a Destination=" },
	{ MATCH "[Route]\nGateway=fe80::1\nType=blackhole\n", 3, "needs its Destination=" },
	{ MATCH "[Route]\nDestination=2001:db8::/64\nGateway=fe80::1\nType=throw\n", 3, "has no Gateway=" },
	{ MATCH "[Route]\nDestination=2001:db8::/64\nGateway=192.0.2.1\n", 3, "two families" },
	{ MATCH "[Route]\nDestination=2001:db8::1/64\n", 4, "without bits to the right" },
	{ MATCH "[Route]\nDestination=2001:db8::/64\nType=nowhere\n", 5, "unicast" },
	{ MATCH "[Address]\nLabel=x\n[Network]\n", 3, "needs its Address=" },
	{ "Name=eth0\n" MATCH, 1, "before the first section" },
	{ MATCH "[Network]\nDHCP\n", 4, "KEY=VALUE" },
	{ MATCH "[Network]\nDomains=a \\\nb\n", 4, "write it on one" },
	{ MATCH "[Network]\n# text\rDHCP=yes\n", 4, "carriage return" },
	{ MATCH "[VLAN]\nId=1\n", 3, "unknown section [VLAN]" },
};

static void test_bad_network(void **state) {
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad_network); i++) {
		struct heard h = read_text(bad_network[i].text, strlen(bad_network[i].text), NETWORKD_NETWORK);

		if (!h.n || h.line != bad_network[i].line || !strstr(h.message, bad_network[i].says))
			fail_msg("%s\n%u mistakes, line %u: %s", bad_network[i].text, h.n, h.line, h.message);
	}
}

static void test_bad_netdev(void **state) {
	static const struct {
		const char *text;
		const char *says;
	} bad[] = {
		{ "", "no section [NetDev]" },
		{ "[NetDev]\nName=eth0.1\n", "needs Name= and Kind=" },
		{ "[NetDev]\nName=eth0.1\nKind=vlan\n", "[VLAN] Id=" },
		{ "[NetDev]\nName=eth0.1\nKind=vlan\n[VLAN]\nProtocol=802.1ad\n", "[VLAN] Id=" },
		{ "[NetDev]\nName=eth0.1\nKind=vlan\n[VLAN]\nId=4095\n", "0 to 4094" },
		{ "[NetDev]\nName=eth0.1\nKind=vlam\n", "a kind of device" },
		{ "[NetDev]\nName=b\nKind=bridge\n[Network]\n", "unknown section [Network]" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct heard h = read_text(bad[i].text, strlen(bad[i].text), NETWORKD_NETDEV);

		if (!h.n || !strstr(h.message, bad[i].says))
			fail_msg("%s\n%u mistakes: %s", bad[i].text, h.n, h.message);
	}
}

/* Every mistake is heard, not the first only; the bytes of a file may be any. */
static void test_all_and_any(void **state) {
	static const char zero[] = MATCH "[Network]\n\0DHCP=yes\nX=1\nY=2\n";

	(void)state;
	assert_int_equal(read_text(zero, sizeof(zero) - 1, NETWORKD_NETWORK).n, 3);
	assert_int_equal(read_text(NULL, 0, NETWORKD_NETWORK).n, 1);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad_network),
		cmocka_unit_test(test_bad_netdev),
		cmocka_unit_test(test_all_and_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
