/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fragment for nginx's http block, so that the distribution's nginx.conf stays. Behind HAProxy or Varnish on the same
 * machine it listens on the loopback only, on port 8080; elsewhere it is the public server.
 */
#include <errno.h>
#include <string.h>

#include "render/data.h"
#include "render/serves.h"
#include "render/target.h"
#include "render/throwaway_cert.h"
#include "render/verify.h"

#define NGINX_CONF "/etc/nginx/conf.d/hextet.conf"
#define CERTS "/etc/nginx/certs/"
#define LOGS "/var/log/nginx/"

enum { INNER_PORT = 8080 };

static bool applies(const struct estate *e, const struct machine *m) {
	return serves_any(e, m);
}

static const struct value *get(const struct value *dict, const char *key) {
	return value_get(dict, key_of(key, strlen(key)));
}

/* One server of the template. `names` empty: the default server. */
static const struct value *server(struct arena *a, const struct value *group, const struct value *ports,
				  const struct value *names) {
	struct value *d = value_dict(a, group->loc);

	value_dict_set(a, d, "ports", ports);
	value_dict_set(a, d, "names", names);
	value_dict_set(a, d, "tls", get(group, "tls"));
	value_dict_set(a, d, "redirect", get(group, "redirect"));
	value_dict_set(a, d, "site", names->list.n ? names->list.v[0] : value_text(a, "default", NO_LOC));
	return d;
}

static const struct value *one(struct arena *a, const struct value *v) {
	struct value *list = value_list(a, v->loc);

	value_list_push(a, list, v);
	return list;
}

/* A server for each public name, and one for the redirect to TLS. Behind a proxy TLS and redirects are the proxy's. */
static const struct value *servers(const struct target_run *r, bool behind_proxy) {
	const struct value *groups = serves_data(r->estate, r->machine, r->arena);
	const struct value *inner = one(r->arena, value_int(r->arena, INNER_PORT, NO_LOC));
	struct value *list = value_list(r->arena, NO_LOC);

	for (uint32_t i = 0; i < groups->list.n; i++) {
		const struct value *g = groups->list.v[i], *names = get(g, "names");
		const struct value *ports = behind_proxy ? inner : get(g, "ports");

		if (get(g, "redirect")->boolean && !behind_proxy)
			value_list_push(r->arena, list, server(r->arena, g, ports, names));
		for (uint32_t k = 0; k < names->list.n; k++)
			value_list_push(r->arena, list, server(r->arena, g, ports, one(r->arena, names->list.v[k])));
	}
	return list;
}

static int files(struct target_run *r) {
	bool behind_proxy = machine_has_role(r->machine, ROLE_HAPROXY) || machine_has_role(r->machine, ROLE_VARNISH);

	target_set(r, "behind_proxy", behind_proxy ? &value_true : &value_false);
	target_set(r, "servers", servers(r, behind_proxy));
	return target_file(r, NGINX_CONF, "nginx/hextet.conf", 0644);
}

/* nginx -t binds for real, opens logs and reads certificates: it runs in a network of its own, with stand-ins. */
static int verify(struct verify_run *v) {
	const char *path = verify_path(v, NGINX_CONF), *cert = verify_helper(v, "throwaway.pem", throwaway_cert),
		   *frame;
	const char *argv[] = { "nginx", "-t", "-q", "-p", v->folder, "-c", NULL, NULL };
	int r;

	frame = verify_helper(v, "frame.conf",
			      arena_printf(v->arena,
					   "daemon off;\npid %s/pid;\nerror_log stderr;\nevents {}\nhttp {\n"
					   "access_log off;\ninclude %s;\n}\n",
					   v->folder, path));
	if (!cert || !frame)
		return -EINVAL;
	argv[6] = frame;
	r = verify_substitute_between(v, NGINX_CONF, CERTS, ".pem", cert);
	if (r == 0)
		r = verify_substitute(v, NGINX_CONF, LOGS, arena_printf(v->arena, "%s/", v->folder));
	return r < 0 ? r : verify_program(v, argv, VERIFY_NETNS);
}

const struct target target_nginx = {
	.name = "nginx",
	.summary = "nginx for the public names of a machine",
	.doc = "A machine with role nginx that an endpoint names gets " NGINX_CONF
	       ", a fragment of the http block: a server "
	       "for each public name, listening once for each family, on the loopback's port 8080 when HAProxy or "
	       "Varnish run on "
	       "the same machine; whose X-Forwarded-For is believed (guard: trusted_proxies); and $client_net, the "
	       "client's /64 "
	       "or IPv4 address, as a key for limit_req. Locations are included from /etc/nginx/hextet.d/NAME*.conf, "
	       "certificates are " CERTS "NAME.pem. Checked with nginx -t in a network namespace.",
	.roles = 1U << ROLE_NGINX,
	.templates = (const char *const[]){ "nginx/hextet.conf", NULL },
	.applies = applies,
	.files = files,
	.verify = verify,
};
