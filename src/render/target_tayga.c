/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAT64 in user space: tayga translates each client to an IPv4 address of a private pool, and the kernel's NAT
 * (firewall_rules.c, hidden()) puts the machine's address in its place. Debian's init script makes the device and the
 * routes from the two files.
 *
 * tayga has no way to ask whether a file is right, but --mktun reads all of it and makes the device: in a network
 * namespace of its own that is a check. What it takes without a word is looked at here.
 */
#include <errno.h>
#include <string.h>

#include "render/data.h"
#include "render/nat64.h"
#include "render/target.h"
#include "render/verify.h"

#define TAYGA_CONF "/etc/tayga.conf"
#define TAYGA_DEFAULT "/etc/default/tayga"

enum { DUMMY = 0xc0000008, POOL_LONGEST = 96 + 30 };

/* Without a pool there is nothing to translate to; check nat64-ipv4 says so. */
static bool applies(const struct estate *e, const struct machine *m) {
	const struct nat64 *n = nat64_on(e, m, 1U << ROLE_TAYGA);

	return n && m->ip.at && n->ipv4_pool.at && n->prefix.at;
}

static int files(struct target_run *r) {
	const struct nat64 *n = r->estate->nat64;
	const bool dummy = nat64_is_wellknown(n->prefix.prefix);
	const struct ip own = dummy ? ip_from_v4(DUMMY) : ip_next(n->ipv4_pool.prefix.ip);
	int result;

	target_set(r, "own", value_ip(r->arena, own, n->ipv4_pool.at->loc));
	target_set(r, "dummy", dummy ? &value_true : &value_false);
	target_set(r, "prefix", data_network(r->arena, &n->prefix));
	target_set(r, "pool", data_network(r->arena, &n->ipv4_pool));
	result = target_file(r, TAYGA_CONF, "tayga/tayga.conf", 0644);
	return result < 0 ? result : target_file(r, TAYGA_DEFAULT, "tayga/default", 0644);
}

static int complain(struct verify_run *v, uint32_t line, const char *message) {
	return verify_complain(v, TAYGA_CONF, line, "hextet's reader of tayga.conf", message);
}

/* One directive: what is wrong with it that tayga does not say. */
static const char *fault_of(struct str word, struct str value) {
	struct prefix p;

	if (str_is(word, "prefix"))
		return nat64_text_fault(value, &p);
	if (str_is(word, "dynamic-pool") && prefix_parse(value.s, value.len, &p, NULL) == 0 && p.len > POOL_LONGEST)
		return "the pool has no address for a client beside tayga's own";
	return NULL;
}

static int read_text(struct verify_run *v, struct str text) {
	struct str line, word;
	uint32_t number = 0;
	int result = 0;

	while (str_split(&text, '\n', &line)) {
		const char *fault;

		number++;
		line = str_trim(line);
		if (!line.len || *line.s == '#' || !str_split(&line, ' ', &word))
			continue;
		fault = line.s ? fault_of(word, str_trim(line)) : NULL;
		if (fault)
			result = complain(v, number, fault);
	}
	return result;
}

/* "Unknown directive "x" on line 7 of /tmp/…, aborting…": takes the message apart; 0 without a line. */
static uint32_t cut_line(char *message) {
	char *at = strstr(message, " on line ");

	if (!at)
		return 0;
	*at = '\0';
	return (uint32_t)strtoul(at + strlen(" on line "), NULL, 10);
}

static int judge(struct verify_run *v, int status, struct str output) {
	struct str rest = output, line;
	int result = 0;

	if (status == 0) {
		verify_passed(v, TAYGA_CONF);
		return 0;
	}
	while (str_split(&rest, '\n', &line)) {
		char *message = arena_dup(v->arena, line.s, line.len);
		uint32_t number;

		if (strstr(message, "/dev/net/tun")) {
			verify_missing(v, TAYGA_CONF, "the permission for /dev/net/tun");
			return 0;
		}
		number = cut_line(message);
		if (number)
			result = verify_complain(v, TAYGA_CONF, number, "tayga", message);
	}
	return result ? result : verify_judge(v, TAYGA_CONF, "tayga", status, output);
}

static int verify(struct verify_run *v) {
	const char *const mktun[] = { "tayga", "-c", verify_path(v, TAYGA_CONF), "--mktun", NULL };
	const char *const sh[] = { "sh", "-n", verify_path(v, TAYGA_DEFAULT), NULL };
	int status, r, result = read_text(v, v->files[0].text);
	struct str output;

	if (result < 0)
		return result;
	r = verify_exec(v, mktun, VERIFY_NETNS, &status, &output);
	if (r == -ENOENT || r == -EPERM)
		verify_missing(v, TAYGA_CONF, r == -ENOENT ? "tayga" : "the permission for a network namespace");
	else
		result = r < 0 ? r : judge(v, status, output);
	r = verify_file(v, TAYGA_DEFAULT, sh, 0);
	return result ? result : r;
}

const struct target target_tayga = {
	.name = "tayga",
	.summary = "NAT64 by tayga",
	.doc = "A machine with role tayga that nat64: names gets " TAYGA_CONF " and " TAYGA_DEFAULT
	       ", by which Debian's init script makes the device nat64 and the routes to the prefix and the pool. The "
	       "firewall (target nftables) lets clients of nat64 through to what policy lines allow them and hides the "
	       "pool behind the machine's IPv4 address, by which other machines know its clients: put it into their "
	       "group; forwarding is switched on by networkd. With 64:ff9b::/96 "
	       "tayga's "
	       "own address is 192.0.0.8 (RFC 7600), because private ones have no place there. Checked with tayga "
	       "--mktun in a network namespace of its own, for which it takes root, and for what tayga does not say: a "
	       "prefix that RFC 6052 does not allow, a pool without room.",
	.roles = 1U << ROLE_TAYGA,
	.templates = (const char *const[]){ "tayga/tayga.conf", "tayga/default", NULL },
	.applies = applies,
	.files = files,
	.verify = verify,
	.reload = (const char *const[]){ "systemctl restart tayga", NULL },
	.withdraw = (const char *const[]){ "systemctl stop tayga", NULL },
};
