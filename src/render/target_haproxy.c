/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The edge: it ends TLS for the public names of its machine and hands requests to the next role on the same host,
 * varnish or nginx, over the loopback.
 *
 * The template sees, beside machine and estate:
 *   frontends     {name, listen, names, redirect, tls}: see serves.h; only: {name, from} of those that are not for all
 *   backend       {name, address}: address null when no role takes the requests
 *   proxies       the estate's trusted proxies but the loopback
 *   syslog        where the guard receives HAProxy's log
 *   banned        the guard's ACL file; null: no such sink
 *   admin_socket  the runtime socket
 */
#include <errno.h>
#include <string.h>

#include "render/data.h"
#include "render/listen_read.h"
#include "render/serves.h"
#include "render/target.h"
#include "render/throwaway_cert.h"
#include "render/verify.h"

#define HAPROXY_CFG "/etc/haproxy/haproxy.cfg"
#define CERTS "/etc/haproxy/certs/"
#define DEFAULT_SOCKET "/run/haproxy/admin.sock"

/* The guard's HAProxy sink, if the estate has one: its socket and ACL file are those of this configuration. */
static const struct guard_sink *guard_sink(const struct estate *e) {
	if (e->guard)
		LIST_EACH (struct guard_sink, s, &e->guard->sinks)
			if (s->haproxy.at)
				return s;
	return NULL;
}

/* Who takes what arrives: the first of these roles that the machine has. */
static const struct value *backend(const struct target_run *r) {
	static const struct {
		enum role role;
		const char *name;
		int port;
	} rows[] = { { ROLE_VARNISH, "varnish", 6081 },
		     { ROLE_NGINX, "nginx", 8080 },
		     { ROLE_JENKINS, "nginx", 8080 } };
	const char *loopback = serves_family(r->estate, r->machine, FAMILY_6) ? "[::1]" : "127.0.0.1", *address;
	struct value *d = value_dict(r->arena, NO_LOC);
	size_t i = 0;

	while (i < ARRAY_LEN(rows) && !machine_has_role(r->machine, rows[i].role))
		i++;
	address = i < ARRAY_LEN(rows) ? arena_printf(r->arena, "%s:%d", loopback, rows[i].port) : NULL;
	value_dict_set(r->arena, d, "name", value_text(r->arena, address ? rows[i].name : "nobody", NO_LOC));
	value_dict_set(r->arena, d, "address", address ? value_text(r->arena, address, NO_LOC) : &value_null);
	return d;
}

/* Of the names that are not for everybody, those of one frontend. */
static const struct value *only_of(const struct value *frontend, const struct value *only, struct arena *a) {
	const struct value *names = value_get(frontend, key_of("names", 5));
	struct value *list = value_list(a, NO_LOC);

	for (uint32_t i = 0; i < only->list.n; i++)
		for (uint32_t k = 0; k < names->list.n; k++)
			if (str_eq(value_as_str(value_get(only->list.v[i], key_of("name", 4))),
				   value_as_str(names->list.v[k])))
				value_list_push(a, list, only->list.v[i]);
	return list;
}

static const struct value *frontends(const struct target_run *r) {
	const char *host4 = serves_family(r->estate, r->machine, FAMILY_4) ? "0.0.0.0:" : NULL,
		   *host6 = serves_family(r->estate, r->machine, FAMILY_6) ? "[::]:" : NULL;
	const struct value *list = serves_ports(r->estate, r->machine, r->arena),
			   *only = serves_only(r->estate, r->machine, r->arena);

	for (uint32_t i = 0; i < list->list.n; i++) {
		struct value *f = (struct value *)list->list.v[i];
		bool tls = value_get(f, key_of("tls", 3))->boolean;

		value_dict_set(r->arena, f, "listen",
			       serves_listen(value_get(f, key_of("ports", 5)), tls, host4, host6, r->arena));
		value_dict_set(r->arena, f, "only", only_of(f, only, r->arena));
	}
	return list;
}

static bool is_loopback(struct prefix p) {
	return prefix_covers((struct prefix){ ip_from_v4(0x7f000000), 104 }, p) ||
	       prefix_covers(prefix_host((struct ip){ 0, 1 }), p);
}

static const struct value *proxies(const struct target_run *r) {
	const struct value *estate = scope_get(&r->scope, key_of("estate", 6)),
			   *all = value_get(estate, key_of("trusted_proxies", 15));
	struct value *list = value_list(r->arena, all->loc);

	for (uint32_t i = 0; i < all->list.n; i++)
		if (!is_loopback(*all->list.v[i]->str.prefix))
			value_list_push(r->arena, list, all->list.v[i]);
	return list;
}

/* A listener on every address is reached over the loopback. */
static const struct value *syslog_addresses(const struct target_run *r) {
	struct value *list = value_list(r->arena, NO_LOC);

	if (!r->estate->guard)
		return list;
	LIST_EACH (struct guard_log, log, &r->estate->guard->logs) {
		struct ip to = log->syslog.ip;
		char text[IP_TEXT_MAX];

		if (!log->syslog.at || strcmp(log->format.s, "haproxy") != 0)
			continue;
		if (ip_equal(to, (struct ip){ 0 }) || ip_equal(to, ip_from_v4(0)))
			to = ip_family(to) == FAMILY_4 ? ip_from_v4(0x7f000001) : (struct ip){ 0, 1 };
		(void)ip_format(to, text);
		value_list_push(r->arena, list,
				value_text(r->arena,
					   arena_printf(r->arena, ip_family(to) == FAMILY_6 ? "[%s]:%u" : "%s:%u", text,
							log->syslog.port),
					   log->syslog.at->loc));
	}
	return list;
}

static int files(struct target_run *r) {
	const struct guard_sink *sink = guard_sink(r->estate);

	target_set(r, "frontends", frontends(r));
	target_set(r, "backend", backend(r));
	target_set(r, "proxies", proxies(r));
	target_set(r, "syslog", syslog_addresses(r));
	target_set(r, "banned", sink ? data_scalar(r->arena, &sink->acl) : &value_null);
	target_set(r, "admin_socket",
		   sink ? data_scalar(r->arena, &sink->haproxy) : value_text(r->arena, DEFAULT_SOCKET, NO_LOC));
	return target_file(r, HAPROXY_CFG, "haproxy/haproxy.cfg", 0644);
}

/* Certificates and the ban list are the machine's; the checker gets stand-ins. */
static int verify(struct verify_run *v) {
	const struct guard_sink *sink = guard_sink(v->estate);
	const char *cert = verify_helper(v, "certs/throwaway.pem", throwaway_cert),
		   *empty = verify_helper(v, "empty", "");
	const char *const argv[] = { "haproxy", "-c", "-dW", "-f", verify_path(v, HAPROXY_CFG), NULL };
	int r;

	if (!cert || !empty)
		return -EINVAL;
	r = verify_stand_in(v, HAPROXY_CFG, CERTS, cert);
	if (r == 0 && sink && sink->acl.s)
		r = verify_stand_in(v, HAPROXY_CFG, sink->acl.s, empty);
	return r < 0 ? r : verify_program(v, argv, 0);
}

static int facts(struct facts *f, const char *path, struct str text, const char **ret_error) {
	(void)path;
	return haproxy_listeners(f, text, ret_error);
}

const struct target target_haproxy = {
	.name = "haproxy",
	.summary = "HAProxy for the public names of a machine",
	.doc = "A machine with role haproxy that an endpoint names gets " HAPROXY_CFG
	       ": a frontend for the ports of its endpoints' services, bound once for each family that the machine has "
	       "(one dual-stack bind would show IPv4 clients as ::ffff:a.b.c.d, which no IPv4 ACL matches). TLS is "
	       "spoken on port 443 and on every port but 80 of a service that has port 443 or whose name begins with "
	       "https; port 80 redirects the names of port 443 when there is a service called http with that port. "
	       "Other "
	       "names get 421. Unique ids carry the client of either family, a table counts requests per /64 or IPv4 "
	       "address, X-Forwarded-For is believed from the guard's trusted_proxies only, the guard's ban list is "
	       "asked "
	       "and its syslog listener is told, when the estate has them. A name with only: "
	       "answers 403 to all other clients; a family without addresses there is nobody. Certificates are all "
	       "files in " CERTS
	       "; the ban list's file must exist, if empty. Requests go to varnish on port 6081 of the loopback, or "
	       "nginx on "
	       "8080 (its role, or jenkins), whichever role the machine has first. Checked with haproxy -c.",
	.roles = 1U << ROLE_HAPROXY,
	.templates = (const char *const[]){ "haproxy/haproxy.cfg", NULL },
	.applies = serves_any,
	.files = files,
	.verify = verify,
	.reload = (const char *const[]){ "systemctl reload haproxy", NULL },
	.facts = facts,
};
