/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The edge: it ends TLS for the public names of its machine and hands requests to the next role on the same host,
 * varnish or nginx, over the loopback.
 */
#include <errno.h>
#include <string.h>

#include "render/data.h"
#include "render/serves.h"
#include "render/target.h"
#include "render/throwaway_cert.h"
#include "render/verify.h"

#define HAPROXY_CFG "/etc/haproxy/haproxy.cfg"
#define CERTS "/etc/haproxy/certs/"
#define DEFAULT_SOCKET "/run/haproxy/admin.sock"

static bool applies(const struct estate *e, const struct machine *m) {
	return serves_any(e, m);
}

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
	} rows[] = { { ROLE_VARNISH, "varnish", 6081 }, { ROLE_NGINX, "nginx", 8080 } };
	struct value *d = value_dict(r->arena, NO_LOC);
	size_t i = 0;

	while (i < ARRAY_LEN(rows) && !machine_has_role(r->machine, rows[i].role))
		i++;
	value_dict_set(r->arena, d, "name",
		       value_text(r->arena, i < ARRAY_LEN(rows) ? rows[i].name : "nobody", NO_LOC));
	value_dict_set(r->arena, d, "port",
		       i < ARRAY_LEN(rows) ? value_int(r->arena, rows[i].port, NO_LOC) : &value_null);
	return d;
}

static int files(struct target_run *r) {
	const struct guard_sink *sink = guard_sink(r->estate);

	target_set(r, "frontends", serves_data(r->estate, r->machine, r->arena));
	target_set(r, "backend", backend(r));
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
	r = verify_substitute(v, HAPROXY_CFG, CERTS, cert);
	if (r == 0 && sink && sink->acl.s)
		r = verify_substitute(v, HAPROXY_CFG, sink->acl.s, empty);
	return r < 0 ? r : verify_program(v, argv, 0);
}

const struct target target_haproxy = {
	.name = "haproxy",
	.summary = "HAProxy for the public names of a machine",
	.doc = "A machine with role haproxy that an endpoint names gets " HAPROXY_CFG
	       ": a frontend for each service of its "
	       "endpoints, bound once for each family (one dual-stack bind would show IPv4 clients as ::ffff:a.b.c.d, "
	       "which no "
	       "IPv4 ACL matches), unique ids that carry both families, a counter per /64, and the guard's ban list "
	       "when the "
	       "estate has that sink. Certificates are taken from " CERTS
	       ". Requests go to varnish on [::1]:6081, or nginx on "
	       "[::1]:8080, whichever role the machine has first. Checked with haproxy -c.",
	.roles = 1U << ROLE_HAPROXY,
	.templates = (const char *const[]){ "haproxy/haproxy.cfg", NULL },
	.applies = applies,
	.files = files,
	.verify = verify,
};
