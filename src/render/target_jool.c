/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAT64 in the kernel. Jool's own program hands the file to its kernel module and says nothing about it where that is
 * missing, as on the machine that renders; so the file is read here: as JSON, then by a table of the keys that this
 * target writes. A key beyond them is refused, for Jool refuses the whole file for one that it does not know.
 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "render/data.h"
#include "render/nat64.h"
#include "render/target.h"
#include "render/verify.h"

#define JOOL_CONF "/etc/jool/jool.conf"

static bool applies(const struct estate *e, const struct machine *m) {
	const struct nat64 *n = nat64_on(e, m, 1U << ROLE_JOOL);

	return n && m->ip.at && n->prefix.at;
}

static int files(struct target_run *r) {
	target_set(r, "prefix", data_network(r->arena, &r->estate->nat64->prefix));
	return target_file(r, JOOL_CONF, "jool/jool.conf", 0644);
}

static int complain(struct verify_run *v, uint32_t line, const char *message) {
	return verify_complain(v, JOOL_CONF, line, "hextet's reader of jool.conf", message);
}

/* The line in which a text stands first; 0: nowhere. */
static uint32_t line_of(struct str text, const char *what) {
	const char *at = memmem(text.s, text.len, what, strlen(what));
	uint32_t line = 1;

	for (const char *c = text.s; at && c < at; c++)
		line += *c == '\n';
	return at ? line : 0;
}

struct reading {
	struct verify_run *run;
	struct str text;
	int result;
};

static void say(struct reading *r, const char *key, const char *message) {
	r->result = complain(r->run, line_of(r->text, arena_printf(r->run->arena, "\"%s\"", key)), message);
}

static bool is_boolean(struct reading *r, const json_t *v) {
	(void)r;
	return json_is_boolean(v);
}

static bool is_name(struct reading *r, const json_t *v) {
	const char *s = json_string_value(v);

	(void)r;
	return s && *s && strlen(s) <= 15;
}

static bool is_netfilter(struct reading *r, const json_t *v) {
	const char *s = json_string_value(v);

	(void)r;
	return s && (strcmp(s, "netfilter") == 0 || strcmp(s, "iptables") == 0);
}

static bool is_anything(struct reading *r, const json_t *v) {
	(void)r;
	return v != NULL;
}

static bool is_pool6(struct reading *r, const json_t *v) {
	const char *s = json_string_value(v), *fault;
	struct prefix p;

	fault = s ? nat64_text_fault(str_of(s), &p) : NULL;
	if (fault)
		say(r, "pool6", fault);
	return s != NULL;
}

static bool is_protocol(struct reading *r, const json_t *v) {
	const char *s = json_string_value(v);

	(void)r;
	return s && (strcmp(s, "TCP") == 0 || strcmp(s, "UDP") == 0 || strcmp(s, "ICMP") == 0);
}

/* Addresses of others would take packets away that are theirs. */
static bool is_own(struct reading *r, const json_t *v) {
	const char *s = json_string_value(v);
	const struct machine *m = r->run->machine;
	struct prefix p;

	if (!s || prefix_parse(s, strlen(s), &p, NULL) < 0 || p.len != 128)
		return false;
	if (ip_equal(p.ip, m->ip.ip))
		return true;
	LIST_EACH (struct other_ip, o, &m->other_ips)
		if (ip_equal(p.ip, o->address.ip))
			return true;
	return false;
}

/* Ports that the machine itself may use belong to it: those of services, and net.ipv4.ip_local_port_range. */
static bool is_ports(struct reading *r, const json_t *v) {
	const char *s = json_string_value(v);
	unsigned long first, last;
	char *end;

	(void)r;
	if (!s)
		return false;
	first = strtoul(s, &end, 10);
	if (end == s || *end != '-')
		return false;
	s = end + 1;
	last = strtoul(s, &end, 10);
	return end != s && !*end && first >= 1024 && first <= last && last <= UINT16_MAX;
}

struct row {
	const char *key;
	bool (*check)(struct reading *r, const json_t *v);
	const char *what; /* it should be */
};

static const struct row root_rows[] = {
	{ "comment", is_anything, "a remark" },
	{ "instance", is_name, "a name of at most 15 characters" },
	{ "framework", is_netfilter, "netfilter or iptables" },
	{ "global", is_anything, "an object" },
	{ "pool4", is_anything, "a list" },
	{ 0 },
};
static const struct row global_rows[] = {
	{ "pool6", is_pool6, "a prefix" },
	{ "address-dependent-filtering", is_boolean, "true or false" },
	{ 0 },
};
static const struct row pool4_rows[] = {
	{ "protocol", is_protocol, "TCP, UDP or ICMP" },
	{ "prefix", is_own, "one of the machine's own IPv4 addresses, as /32" },
	{ "port range", is_ports, "FIRST-LAST, not below 1024" },
	{ 0 },
};

static void read_object(struct reading *r, json_t *object, const struct row *rows) {
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) {
		const struct row *row = rows;

		while (row->key && strcmp(row->key, key) != 0)
			row++;
		if (!row->key)
			say(r, key, arena_printf(r->run->arena, "\"%s\" is no key that is known here", key));
		else if (!row->check(r, value))
			say(r, key, arena_printf(r->run->arena, "\"%s\" is not %s", key, row->what));
	}
}

static void read_root(struct reading *r, json_t *root) {
	json_t *global = json_object_get(root, "global"), *pool4 = json_object_get(root, "pool4"), *entry;
	size_t i;

	if (!json_is_object(root)) {
		r->result = complain(r->run, 1, "the file is no JSON object");
		return;
	}
	read_object(r, root, root_rows);
	if (!json_is_object(global) || !json_object_get(global, "pool6"))
		say(r, "global", "there is no global.pool6: Jool does not know what to translate");
	else
		read_object(r, global, global_rows);
	if (!json_array_size(pool4))
		say(r, "pool4", "pool4 is empty: Jool would take any port of any address of the machine");
	json_array_foreach(pool4, i, entry) {
		if (json_is_object(entry))
			read_object(r, entry, pool4_rows);
		else
			say(r, "pool4", "an entry of pool4 is no object");
	}
}

static int verify(struct verify_run *v) {
	struct reading r = { v, v->files[0].text, 0 };
	json_error_t error;
	json_t *root = json_loadb(r.text.s, r.text.len, JSON_REJECT_DUPLICATES, &error);

	if (!root)
		return complain(v, (uint32_t)MAX(error.line, 0), arena_printf(v->arena, "%s", error.text));
	read_root(&r, root);
	json_decref(root);
	if (r.result == 0)
		verify_passed(v, NULL);
	return r.result;
}

const struct target target_jool = {
	.name = "jool",
	.summary = "NAT64 by Jool, in the kernel",
	.doc = "A machine with role jool that nat64: names gets " JOOL_CONF
	       ", from which Debian's jool.service makes an instance in the framework netfilter: the prefix as pool6, "
	       "and "
	       "ports 61001 to 65535 of the machine's IPv4 address as pool4, above those that Linux gives to its own "
	       "connections. For more at a time, lower net.ipv4.ip_local_port_range and override the template. Answers "
	       "are taken from the hosts only that a client has written to (address-dependent-filtering). Jool "
	       "translates "
	       "before a forward chain sees the packet, so target nftables puts a chain in front of it. Other machines "
	       "know its clients by the machine's IPv4 address: put it into their group. No program "
	       "checks "
	       "this file without the kernel module (package jool-dkms): a reader of hextet's takes the keys that this "
	       "template has and refuses any other, a prefix that RFC 6052 does not allow, and addresses that are not "
	       "the "
	       "machine's.",
	.roles = 1U << ROLE_JOOL,
	.templates = (const char *const[]){ "jool/jool.conf", NULL },
	.applies = applies,
	.files = files,
	.verify = verify,
	/* The first is for a machine on which it does not run yet; the second replaces it in one step. */
	.reload = (const char *const[]){ "systemctl start jool", "jool file handle " JOOL_CONF, NULL },
	.withdraw = (const char *const[]){ "jool instance remove hextet", NULL },
};
