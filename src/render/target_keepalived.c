/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A failover entry becomes an instance for each of its families, with one virtual router id, and a sync group when
 * there are two. The group tracks the scripts: keepalived wants the same of all members, and a weight there is ignored.
 *
 * A failed script is a fault, not a matter of weights: keepalived's manual says of weights in a sync group that they
 * probably will not work. Failover then takes at most interval * fall, 2 s, plus the skew of the next machine, 8 ms for
 * the second one (RFC 9568 section 6.1); 3 s and the skew when the machine itself goes away.
 *
 * The templates see, beside machine and estate: entries and scripts, as templates/keepalived/keepalived.conf lists
 * them.
 */
#include <errno.h>
#include <string.h>

#include "render/data.h"
#include "render/keepalived.h"
#include "render/serves.h"
#include "render/target.h"
#include "render/verify.h"

enum { PRIORITY_MAX = 254 }; /* 255 is the owner of the addresses (RFC 9568 section 5.2.4): nobody is */

static bool applies(const struct estate *e, const struct machine *m) {
	LIST_EACH (struct failover, f, &e->failover)
		if (keepalived_place(f, m) >= 0 && (f->ipv4.n || f->ipv6.n))
			return true;
	return false;
}

/* Where to knock: the port of the first public name without TLS, else the first one. False: nothing is served. */
static bool public_port(const struct target_run *r, bool *ret_tls, unsigned *ret_port) {
	const struct value *items = serves_ports(r->estate, r->machine, r->arena);
	bool found = false;

	for (uint32_t i = 0; i < items->list.n; i++) {
		bool tls = value_get(items->list.v[i], key_of("tls", 3))->boolean;

		if (found && (tls || !*ret_tls))
			continue;
		*ret_tls = tls;
		*ret_port = (unsigned)value_get(items->list.v[i], key_of("ports", 5))->list.v[0]->integer;
		found = true;
	}
	return found;
}

/* The ports are those of the targets haproxy, varnish and nginx. NULL: ask for the unit. */
static const char *answers_command(const struct target_run *r, const char *service) {
	const bool haproxy = machine_has_role(r->machine, ROLE_HAPROXY),
		   varnish = machine_has_role(r->machine, ROLE_VARNISH),
		   is4 = serves_family(r->estate, r->machine, FAMILY_4),
		   is6 = serves_family(r->estate, r->machine, FAMILY_6);
	bool tls = false;
	unsigned port;

	if (strcmp(service, "varnish") == 0 && varnish)
		return arena_printf(r->arena, KEEPALIVED_ANSWERS " http %s 6081", is6 ? "::1" : "127.0.0.1");
	if (strcmp(service, "nginx") == 0 && (haproxy || varnish))
		return arena_printf(r->arena, KEEPALIVED_ANSWERS " http %s 8080", is6 ? "::1" : "127.0.0.1");
	if (!(strcmp(service, "haproxy") == 0 && haproxy) &&
	    !(strcmp(service, "nginx") == 0 && machine_has_role(r->machine, ROLE_NGINX)))
		return NULL;
	if (!public_port(r, &tls, &port))
		return NULL;
	return arena_printf(r->arena, KEEPALIVED_ANSWERS " %s%s%s", tls ? "tcp" : "http",
			    is4 ? arena_printf(r->arena, " 127.0.0.1 %u", port) : "",
			    is6 ? arena_printf(r->arena, " ::1 %u", port) : "");
}

/* What systemd calls a service, where that is not its own name. */
static const char *unit_of(const char *service) {
	static const char *const rows[][2] = {
		{ "gitlab", "gitlab-runsvdir" },
		{ "icinga", "icinga2" },
		{ "postgresql",
		  "postgresql@15-main" }, /* postgresql.service itself does nothing and is always active */
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(rows[i][0], service) == 0)
			return rows[i][1];
	return service;
}

static const struct value *script(const struct target_run *r, const struct scalar *track, bool *ret_answers) {
	struct value *d = value_dict(r->arena, track->at->loc);
	const char *command = answers_command(r, track->s), *says = "Whether the service answers, in each family.";

	*ret_answers |= command != NULL;
	if (!command) {
		command = arena_printf(r->arena, "/usr/bin/systemctl is-active --quiet %s.service", unit_of(track->s));
		says = "Whether systemd takes the service for running.";
	}
	value_dict_set(r->arena, d, "name", data_scalar(r->arena, track));
	value_dict_set(r->arena, d, "command", value_text(r->arena, command, track->at->loc));
	value_dict_set(r->arena, d, "says", value_text(r->arena, says, NO_LOC));
	return d;
}

/* One for each service, whoever tracks it. */
static const struct value *scripts(const struct target_run *r, bool *ret_answers) {
	struct value *list = value_list(r->arena, NO_LOC);
	struct map seen;

	map_init(&seen, r->arena);
	LIST_EACH (struct failover, f, &r->estate->failover)
		LIST_EACH (struct scalar, track, &f->track)
			if (keepalived_place(f, r->machine) >= 0 &&
			    map_add(&seen, track->s, strlen(track->s), track) == track)
				value_list_push(r->arena, list, script(r, track, ret_answers));
	map_done(&seen);
	return list;
}

static const struct value *instance(const struct target_run *r, const struct failover *f, const struct list *vips,
				    enum family family) {
	const bool ipv6 = family == FAMILY_6;
	struct value *d = value_dict(r->arena, f->name.at->loc), *list = value_list(r->arena, vips->at->loc);
	char text[IP_TEXT_MAX];

	LIST_EACH (struct ifaddr, vip, vips) {
		(void)ip_format(vip->ip, text);
		value_list_push(r->arena, list,
				value_text(r->arena,
					   arena_printf(r->arena, "%s/%u", text, vip->len - (ipv6 ? 0U : 96U)),
					   vip->at->loc));
	}
	value_dict_set(
		r->arena, d, "name",
		value_text(r->arena, arena_printf(r->arena, "%s_ipv%u", f->name.s, (unsigned)family), f->name.at->loc));
	value_dict_set(r->arena, d, "ipv6", value_bool(r->arena, ipv6, NO_LOC));
	value_dict_set(r->arena, d, "source", ipv6 ? &value_null : data_ip(r->arena, &r->machine->ip));
	value_dict_set(r->arena, d, "addresses", list);
	return d;
}

static const struct value *track_names(const struct target_run *r, const struct failover *f) {
	struct value *list = value_list(r->arena, f->name.at->loc);

	LIST_EACH (struct scalar, track, &f->track)
		value_list_push(r->arena, list, data_scalar(r->arena, track));
	return list;
}

static const struct value *entry(const struct target_run *r, const struct failover *f, int place) {
	const struct loc loc = f->name.at->loc;
	struct value *d = value_dict(r->arena, loc), *instances = value_list(r->arena, loc);

	if (f->ipv4.n)
		value_list_push(r->arena, instances, instance(r, f, &f->ipv4, FAMILY_4));
	if (f->ipv6.n)
		value_list_push(r->arena, instances, instance(r, f, &f->ipv6, FAMILY_6));
	value_dict_set(r->arena, d, "name", data_scalar(r->arena, &f->name));
	value_dict_set(r->arena, d, "interface", data_scalar(r->arena, &f->interface));
	value_dict_set(r->arena, d, "vrid", data_uint(r->arena, &f->vrid));
	value_dict_set(r->arena, d, "priority", value_int(r->arena, MAX(1, PRIORITY_MAX - place), loc));
	value_dict_set(r->arena, d, "track", track_names(r, f));
	value_dict_set(r->arena, d, "instances", instances);
	return d;
}

static int files(struct target_run *r) {
	struct value *entries = value_list(r->arena, NO_LOC);
	bool answers = false;
	int result;

	LIST_EACH (struct failover, f, &r->estate->failover) {
		int place = keepalived_place(f, r->machine);

		if (place >= 0 && (f->ipv4.n || f->ipv6.n))
			value_list_push(r->arena, entries, entry(r, f, place));
	}
	target_set(r, "entries", entries);
	target_set(r, "scripts", scripts(r, &answers));
	result = target_file(r, KEEPALIVED_CONF, "keepalived/keepalived.conf", 0644);
	if (result == 0 && answers)
		result = target_file(r, KEEPALIVED_ANSWERS, "keepalived/answers", 0755);
	return result;
}

/*
 * keepalived -t wants to see the interfaces, and the scripts, which it looks for on this machine; with
 * enable_script_security and a script_user that is not root, that of Debian 12 (2.2.7) ends itself with SIGTERM. A
 * script of root's, the shell, stands in.
 */
static int verify_conf(struct verify_run *v) {
	const char *const argv[] = { "keepalived", "-t", "-f", verify_path(v, KEEPALIVED_CONF), NULL };
	VEC(const char *) interfaces = { 0 };
	int r, own = keepalived_judge(v);

	LIST_EACH (struct failover, f, &v->estate->failover)
		if (f->interface.s && keepalived_place(f, v->machine) >= 0)
			vec_push(&interfaces, f->interface.s);
	vec_push(&interfaces, NULL);
	v->interfaces = interfaces.v;
	r = verify_stand_in(v, KEEPALIVED_CONF, "nobody", "root");
	r = r < 0 ? r : verify_stand_in(v, KEEPALIVED_CONF, KEEPALIVED_ANSWERS, "/bin/sh");
	r = r < 0 ? r : verify_stand_in(v, KEEPALIVED_CONF, "/usr/bin/systemctl", "/bin/sh");
	r = r < 0 ? r : verify_file(v, KEEPALIVED_CONF, argv, VERIFY_NETNS);
	vec_done(&interfaces);
	return r < 0 ? r : own;
}

static int verify(struct verify_run *v) {
	int r = verify_conf(v), script = 0;

	if (verify_path(v, KEEPALIVED_ANSWERS)) {
		const char *const argv[] = { "bash", "-n", verify_path(v, KEEPALIVED_ANSWERS), NULL };

		script = verify_file(v, KEEPALIVED_ANSWERS, argv, 0);
	}
	return r < 0 ? r : script;
}

const struct target target_keepalived = {
	.name = "keepalived",
	.summary = "keepalived for the addresses that move between machines",
	.doc = "A machine with role keepalived that a failover entry names gets " KEEPALIVED_CONF
	       ": an instance for each family of the entry, under one virtual router id, and a sync group that keeps "
	       "two "
	       "of them together. The first of the entry's machines has priority 254, the next 253, and so on; all "
	       "begin "
	       "as BACKUP, and the preferred one takes the addresses back when it is well. IPv6 instances have the "
	       "link-local address first. The IPv4 one speaks from the machine's own address, because the interface "
	       "may "
	       "have none. "
	       "What the entry tracks is asked every second: haproxy, varnish and nginx by " KEEPALIVED_ANSWERS
	       ", which wants an answer in HTTP (on a TLS port: a connection) over the loopback, in each family that "
	       "the "
	       "machine has, and anything else by systemctl is-active. Two failures move the addresses; when the "
	       "service "
	       "fails everywhere nobody holds them. Scripts run as nobody; keepalived refuses those that somebody "
	       "other "
	       "than root can write. "
	       "Checked with keepalived -t in a network namespace that has the interfaces, bash -n, and a reader of "
	       "hextet's own, because keepalived is content with a first IPv6 address that is not link-local, with "
	       "addresses that belong to other machines, and with families that move apart.",
	.roles = 1U << ROLE_KEEPALIVED,
	.templates = (const char *const[]){ "keepalived/keepalived.conf", "keepalived/answers", NULL },
	.applies = applies,
	.files = files,
	.verify = verify,
	.reload = (const char *const[]){ "systemctl reload keepalived", NULL },
};
