/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Only what the machine's part in the estate needs, each line with why. Templates see `settings`, a list of {key,
 * value, why, is_of_interface}: keys with slashes, because a VLAN's name has a dot in it.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "render/data.h"
#include "render/link.h"
#include "render/serves.h"
#include "render/target.h"
#include "render/verify.h"

#define SYSCTL_CONF "/etc/sysctl.d/60-hextet.conf"

enum { INTERFACES_MAX = 64 };

static const void *prepare(const struct estate *e, struct arena *a) {
	return link_index_build(e, a);
}

/* What is said about a machine. */
struct part {
	bool has[2];     /* an address of the family: IPv4, IPv6 */
	bool behind[2];  /* a network of the family behind it */
	bool virtual[2]; /* an address of the family that a failover entry can give it */
};

enum { V4, V6 };

static bool lists_machine(const struct list *machines, const struct machine *m) {
	LIST_EACH (struct ref, ref, machines)
		if (ref->to == m)
			return true;
	return false;
}

static bool has_global(const struct list *addresses) {
	LIST_EACH (struct ifaddr, a, addresses)
		if (a->ip.hi >> 54 != 0xfe80 >> 6)
			return true;
	return false;
}

static void find_behind(const struct estate *e, const struct machine *m, struct part *p) {
	p->behind[V4] |= m->routed_networks.n > 0 || machine_has_role(m, ROLE_DOCKER);
	p->behind[V6] |= m->routed_networks6.n > 0;
	LIST_EACH (struct lan, l, &e->lans)
		if (l->router.to == m) {
			p->behind[V4] |= l->ipv4.at != NULL;
			p->behind[V6] |= l->ipv6.at != NULL;
		}
	LIST_EACH (struct vpn, v, &e->vpn)
		if (lists_machine(&v->machines, m)) {
			p->behind[V4] |= v->ipv4.at != NULL;
			p->behind[V6] |= v->ipv6.at != NULL;
		}
	if (e->nat64 && lists_machine(&e->nat64->machines, m))
		p->behind[V4] = p->behind[V6] = true;
}

static struct part find_part(const struct estate *e, const struct machine *m) {
	struct part p = { .has = { serves_family(e, m, FAMILY_4), serves_family(e, m, FAMILY_6) } };

	find_behind(e, m, &p);
	LIST_EACH (struct failover, f, &e->failover)
		if (lists_machine(&f->machines, m)) {
			p.virtual[V4] |= has_global(&f->ipv4);
			p.virtual[V6] |= has_global(&f->ipv6);
		}
	return p;
}

static void set(struct target_run *r, struct value *list, const char *interface, const char *key, int value,
		const char *why) {
	struct value *d = value_dict(r->arena, NO_LOC);

	key = interface ? arena_printf(r->arena, "net/ipv6/conf/%s/%s", interface, key) : key;
	value_dict_set(r->arena, d, "key", value_text(r->arena, key, NO_LOC));
	value_dict_set(r->arena, d, "value", value_int(r->arena, value, NO_LOC));
	value_dict_set(r->arena, d, "why", value_text(r->arena, why, NO_LOC));
	value_dict_set(r->arena, d, "is_of_interface", value_bool(r->arena, interface != NULL, NO_LOC));
	value_list_push(r->arena, list, d);
}

/* Addresses and routes are the estate's. A router would not listen to advertisements anyway, unless told to. */
static void set_advertisements(struct target_run *r, struct value *list) {
	struct links links;

	links_build(r->estate, r->shared, r->machine, r->arena, &links);
	set(r, list, NULL, "net/ipv6/conf/default/accept_ra", 0,
	    "Addresses and routes are those of the estate, not what a router says.");
	for (const struct link *l = links.first; l; l = l->next)
		set(r, list, l->name, "accept_ra", 0,
		    "The same; there is no word for all interfaces at once that the kernel heeds.");
}

static int files(struct target_run *r) {
	const struct part p = find_part(r->estate, r->machine);
	struct value *list = value_list(r->arena, NO_LOC);

	if (p.has[V6]) {
		set(r, list, NULL, "net/ipv6/conf/all/disable_ipv6", 0,
		    "IPv6 is on, also on a machine where it was once switched off.");
		set(r, list, NULL, "net/ipv6/conf/default/disable_ipv6", 0, "The same, for interfaces to come.");
		set_advertisements(r, list);
	}
	if (p.has[V4] && p.has[V6])
		set(r, list, NULL, "net/ipv6/bindv6only", 0,
		    "A program that listens on [::] and says no more answers over both families.");
	if (p.behind[V4])
		set(r, list, NULL, "net/ipv4/ip_forward", 1, "There are IPv4 networks behind this machine.");
	if (p.behind[V6])
		set(r, list, NULL, "net/ipv6/conf/all/forwarding", 1, "There are IPv6 networks behind this machine.");
	if (p.virtual[V4])
		set(r, list, NULL, "net/ipv4/ip_nonlocal_bind", 1,
		    "Services bind the virtual addresses also while the other machine has them.");
	if (p.virtual[V6]) {
		set(r, list, NULL, "net/ipv6/ip_nonlocal_bind", 1, "The same in IPv6, which has a word of its own.");
		set(r, list, NULL, "net/ipv6/conf/all/keep_addr_on_down", 1,
		    "An interface that goes down and up has its IPv6 addresses back, as it has its IPv4 ones.");
	}
	target_set(r, "settings", list);
	return target_file(r, SYSCTL_CONF, "sysctl/sysctl.conf", 0644);
}

static int complain(struct verify_run *v, uint32_t line, const char *message) {
	return verify_complain(v, SYSCTL_CONF, line, "hextet's reader of sysctl files", message);
}

/* "net.ipv6.conf.all.x" or "net/ipv6/conf/eth0.1/x" → the path below /proc/sys: the first of the two is the divider. */
static char *path_of(struct verify_run *v, struct str key) {
	char *path = arena_dup(v->arena, key.s, key.len);
	const char *first = strpbrk(path, "./");

	if (first && *first == '.')
		for (char *c = path; *c; c++)
			*c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
	return path;
}

struct reading {
	struct verify_run *run;
	struct text strict; /* what belongs to a network namespace, one line for each of the file, without dashes */
	const char *interfaces[INTERFACES_MAX + 1];
	unsigned n;
};

/* The interface of net/ipv6/conf/NAME/key exists when the checker looks. */
static void make_interface(struct reading *r, const char *path) {
	const char *name, *end;
	char *copy;

	if (strncmp(path, "net/ipv6/conf/", 14) != 0 && strncmp(path, "net/ipv4/conf/", 14) != 0)
		return;
	name = path + 14;
	end = strchr(name, '/');
	if (!end || r->n == INTERFACES_MAX)
		return;
	copy = arena_dup(r->run->arena, name, (size_t)(end - name));
	if (strcmp(copy, "all") == 0 || strcmp(copy, "default") == 0 || strcmp(copy, "lo") == 0)
		return;
	for (unsigned i = 0; i < r->n; i++)
		if (strcmp(r->interfaces[i], copy) == 0)
			return;
	r->interfaces[r->n++] = copy;
}

/* One line: keys of the network are tried by sysctl itself, others must exist here. */
static int read_line(struct reading *r, struct str line, uint32_t number) {
	struct str text = str_trim(line), key, value;
	const char *equals, *path;

	if (!text.len || text.s[0] == '#' || text.s[0] == ';') {
		text_puts(&r->strict, "#\n");
		return 0;
	}
	equals = memchr(text.s, '=', text.len);
	if (!equals)
		return complain(r->run, number, "a setting is 'key = value'");
	key = str_trim((struct str){ text.s, (size_t)(equals - text.s) });
	value = str_trim((struct str){ equals + 1, text.len - (size_t)(equals + 1 - text.s) });
	if (key.len && key.s[0] == '-')
		key = (struct str){ key.s + 1, key.len - 1 };
	if (!key.len || !value.len)
		return complain(r->run, number, "a setting is 'key = value'");
	path = path_of(r->run, key);
	if (strstr(path, ".."))
		return complain(r->run, number, "the key leads out of /proc/sys");
	if (strncmp(path, "net/", 4) == 0) {
		text_printf(&r->strict, "%s = %.*s\n", path, (int)value.len, value.s);
		make_interface(r, path);
		return 0;
	}
	text_puts(&r->strict, "#\n");
	if (access(arena_printf(r->run->arena, "/proc/sys/%s", path), F_OK) < 0)
		return complain(r->run, number, "there is no such key on this machine");
	return 0;
}

/* Dots and slashes, each for the other. */
static char *swapped(struct verify_run *v, const char *path) {
	char *copy = arena_dup(v->arena, path, strlen(path));

	for (char *c = copy; *c; c++)
		*c = *c == '/' ? '.' : *c == '.' ? '/' : *c;
	return copy;
}

/* sysctl names the path of a key that does not exist, and the key with its dots when the kernel refuses the value. */
static int blame_line(struct verify_run *v, uint32_t number, const char *path, const char *said) {
	if (strstr(said, arena_printf(v->arena, "/proc/sys/%s:", path)))
		return verify_complain(v, SYSCTL_CONF, number, "sysctl", "the kernel has no such key");
	if (strstr(said, arena_printf(v->arena, "\"%s\"", swapped(v, path))) ||
	    strstr(said, arena_printf(v->arena, "\"%s\"", path)))
		return verify_complain(v, SYSCTL_CONF, number, "sysctl", "the kernel does not take this value");
	return 0;
}

static int blame(struct reading *r, struct str output) {
	const char *said = arena_dup(r->run->arena, output.s, output.len);
	struct str rest = { r->strict.v, r->strict.n }, line;
	uint32_t number = 0;
	int result = 0;

	while (str_split(&rest, '\n', &line)) {
		const char *equals = memchr(line.s, '=', line.len);
		int one = 0;

		number++;
		if (equals)
			one = blame_line(r->run, number,
					 arena_dup(r->run->arena, line.s, (size_t)(equals - line.s) - 1), said);
		result = result ? result : one;
	}
	return result;
}

static int try_settings(struct reading *r) {
	struct verify_run *v = r->run;
	const char *file = verify_helper(v, "strict.conf", r->strict.n ? r->strict.v : "#\n");
	const char *const argv[] = { "sysctl", "-q", "-p", file, NULL };
	struct str output;
	int status, result;

	if (!file)
		return -EINVAL;
	v->interfaces = r->interfaces;
	result = verify_exec(v, argv, VERIFY_NETNS, &status, &output);
	if (result == -ENOENT || result == -EPERM) {
		verify_missing(v, SYSCTL_CONF, result == -ENOENT ? "sysctl" : "a network namespace");
		return 0;
	}
	if (result < 0)
		return result;
	if (output.len) { /* a value that the kernel refuses leaves status 0 in some versions */
		result = blame(r, output);
		if (result < 0)
			return result;
	}
	return verify_judge(v, SYSCTL_CONF, "sysctl", status, output);
}

static int verify(struct verify_run *v) {
	struct reading r = { .run = v };
	struct str rest = v->files[0].text, line;
	uint32_t number = 0;
	int result = 0;

	while (str_split(&rest, '\n', &line)) {
		int one = read_line(&r, line, ++number);

		if (one < 0) {
			text_puts(&r.strict, "#\n");
			result = one;
		}
	}
	text_add(&r.strict, "", 1);
	r.strict.n--;
	if (result == 0)
		result = try_settings(&r);
	text_done(&r.strict);
	return result;
}

const struct target target_sysctl = {
	.name = "sysctl",
	.summary = "kernel settings: forwarding, advertisements, virtual addresses",
	.doc = "Every machine gets " SYSCTL_CONF ", with a line of why above each setting. Forwarding is on, a family "
	       "at a time, where there is a network "
	       "behind the machine: routed networks, Docker's, a LAN it is router of, a VPN, NAT64. Router "
	       "advertisements "
	       "are not heeded, on each interface of the estate, so that forwarding cannot cost the default route. "
	       "Machines of a failover entry may bind its addresses while the other machine has them "
	       "(ip_nonlocal_bind, which IPv4 and IPv6 have each) and keep IPv6 addresses on an interface that goes "
	       "down. 'sysctl --system', or a restart, puts it in force. Checked by sysctl itself, which sets it all "
	       "in "
	       "a network namespace of its own; keys that are not about the network must exist.",
	.roles = 0,
	.templates = (const char *const[]){ "sysctl/sysctl.conf", NULL },
	.prepare = prepare,
	.files = files,
	.verify = verify,
	/* -e: procps 4.0.2 minds a missing interface in spite of the dash. */
	.reload = (const char *const[]){ "sysctl -e -q -p " SYSCTL_CONF, NULL },
};
