/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fragment for nginx's http block, so that the distribution's nginx.conf stays. Behind HAProxy or Varnish on the same
 * machine it listens on the loopback only, on port 8080; elsewhere it is the public server. The first server takes what
 * is for nobody; it has no default_server, which could only be one of two with the distribution's default site.
 *
 * The template sees, beside machine and estate:
 *   listen          where it listens at all: {address, port, ipv6, tls}
 *   servers         {listen, names, tls, redirect}: one for each name, and one for names that are redirected to TLS
 *   behind_haproxy  whether HAProxy runs on the machine
 *   names_bucket    server_names_hash_bucket_size, when the default is too small
 */
#include <errno.h>
#include <string.h>

#include "render/data.h"
#include "render/listen_read.h"
#include "render/serves.h"
#include "render/target.h"
#include "render/throwaway_cert.h"
#include "render/verify.h"

#define NGINX_CONF "/etc/nginx/conf.d/hextet.conf"
#define CERTS "/etc/nginx/certs/"
#define LOGS "/var/log/nginx/"
#define SITES "/etc/nginx/hextet.d/"

enum { INNER_PORT = 8080 };

static const struct value *get(const struct value *dict, const char *key) {
	return value_get(dict, key_of(key, strlen(key)));
}

static const struct value *server(struct arena *a, const struct value *listen, const struct value *names, bool tls,
				  bool redirect) {
	struct value *d = value_dict(a, names->loc);

	value_dict_set(a, d, "listen", listen);
	value_dict_set(a, d, "names", names);
	value_dict_set(a, d, "tls", tls ? &value_true : &value_false);
	value_dict_set(a, d, "redirect", redirect ? &value_true : &value_false);
	return d;
}

static const struct value *one(struct arena *a, const struct value *v) {
	struct value *list = value_list(a, v->loc);

	value_list_push(a, list, v);
	return list;
}

static bool has(const struct value *list, const struct value *item) {
	for (uint32_t i = 0; i < list->list.n; i++)
		if (list->list.v[i] == item)
			return true;
	return false;
}

/* What a public server listens to. Port numbers of all items are distinct. */
struct plan {
	struct value *listen, *servers;
};

static void add_public(struct target_run *r, const struct value *item, struct plan *p) {
	const struct value *names = get(item, "names"), *redirect = get(item, "redirect");
	bool tls = get(item, "tls")->boolean;
	const struct value *listen =
		serves_listen(get(item, "ports"), tls, serves_family(r->estate, r->machine, FAMILY_4) ? "" : NULL,
			      serves_family(r->estate, r->machine, FAMILY_6) ? "[::]:" : NULL, r->arena);

	for (uint32_t i = 0; i < listen->list.n; i++)
		value_list_push(r->arena, p->listen, listen->list.v[i]);
	if (redirect->list.n)
		value_list_push(r->arena, p->servers, server(r->arena, listen, redirect, false, true));
	for (uint32_t i = 0; i < names->list.n; i++)
		value_list_push(r->arena, p->servers,
				server(r->arena, listen, one(r->arena, names->list.v[i]), tls, false));
}

/*
 * TLS and redirects are the proxy's. 127.0.0.1 is on every machine, and is where Varnish's default backend looks; [::1]
 * only where IPv6 is.
 */
static void add_inner(struct target_run *r, const struct value *items, struct plan *p) {
	const struct value *port = one(r->arena, value_int(r->arena, INNER_PORT, NO_LOC));
	const char *host6 = serves_family(r->estate, r->machine, FAMILY_6) ? "[::1]:" : NULL;
	struct value *seen = value_list(r->arena, NO_LOC);

	p->listen = (struct value *)serves_listen(port, false, "127.0.0.1:", host6, r->arena);
	for (uint32_t i = 0; i < items->list.n; i++) {
		const struct value *names = get(items->list.v[i], "names");

		for (uint32_t k = 0; k < names->list.n; k++) {
			if (has(seen, names->list.v[k]))
				continue;
			value_list_push(r->arena, seen, names->list.v[k]);
			value_list_push(r->arena, p->servers,
					server(r->arena, p->listen, one(r->arena, names->list.v[k]), false, false));
		}
	}
}

/* A name and two pointers must fit into a bucket, which has 64 bytes by default on today's processors. */
static const struct value *names_bucket(const struct target_run *r) {
	size_t longest = 0;
	int64_t bucket = 64;

	for (uint32_t i = 0; i < r->machine->endpoint_count; i++)
		longest = MAX(longest, strlen(r->machine->endpoints[i]->name.s));
	while ((size_t)bucket < (longest + 2 + 7) / 8 * 8 + 2 * sizeof(void *))
		bucket *= 2;
	return bucket > 64 ? value_int(r->arena, bucket, NO_LOC) : &value_null;
}

static int files(struct target_run *r) {
	bool haproxy = machine_has_role(r->machine, ROLE_HAPROXY);
	const struct value *items = serves_ports(r->estate, r->machine, r->arena);
	struct plan p = { value_list(r->arena, NO_LOC), value_list(r->arena, NO_LOC) };

	if (haproxy || machine_has_role(r->machine, ROLE_VARNISH))
		add_inner(r, items, &p);
	else
		for (uint32_t i = 0; i < items->list.n; i++)
			add_public(r, items->list.v[i], &p);
	target_set(r, "listen", p.listen);
	target_set(r, "servers", p.servers);
	target_set(r, "behind_haproxy", haproxy ? &value_true : &value_false);
	target_set(r, "names_bucket", names_bucket(r));
	return target_file(r, NGINX_CONF, "nginx/hextet.conf", 0644);
}

/*
 * nginx -t binds for real, opens logs, reads certificates, and creates its folders for temporary files and gives them
 * to its user: it runs in a network of its own, with stand-ins, as the root of whatever user namespace it is in.
 */
static const char frame_format[] = "daemon off;\n"
				   "user root root;\n"
				   "pid %1$s/pid;\n"
				   "error_log stderr;\n"
				   "events {}\n"
				   "http {\n"
				   "access_log off;\n"
				   "client_body_temp_path %1$s/body;\n"
				   "proxy_temp_path %1$s/proxy;\n"
				   "fastcgi_temp_path %1$s/fastcgi;\n"
				   "uwsgi_temp_path %1$s/uwsgi;\n"
				   "scgi_temp_path %1$s/scgi;\n"
				   "include %1$s" NGINX_CONF ";\n"
				   "}\n";

static int verify(struct verify_run *v) {
	const char *cert = verify_helper(v, "throwaway.pem", throwaway_cert),
		   *frame = verify_helper(v, "frame.conf", arena_printf(v->arena, frame_format, v->folder));
	const char *const argv[] = { "nginx", "-t", "-q", "-e", "stderr", "-p", v->folder, "-c", frame, NULL };
	int r;

	if (!cert || !frame)
		return -EINVAL;
	r = verify_stand_in(v, NGINX_CONF, CERTS, cert);
	if (r == 0)
		r = verify_stand_in(v, NGINX_CONF, LOGS, "/dev/null");
	if (r == 0)
		r = verify_stand_in(v, NGINX_CONF, SITES, arena_printf(v->arena, "%s/none*", v->folder));
	return r < 0 ? r : verify_program(v, argv, VERIFY_NETNS);
}

static int facts(struct facts *f, const char *path, struct str text, const char **ret_error) {
	(void)path;
	return nginx_listeners(f, "nginx", text, ret_error);
}

const struct target target_nginx = {
	.name = "nginx",
	.summary = "nginx for the public names of a machine",
	.doc = "A machine with role nginx that an endpoint names gets " NGINX_CONF
	       ", a fragment of the http block: a server for each public name, listening once for each family that the "
	       "machine has, on the loopback's port 8080 when HAProxy or Varnish run on the same machine, else on the "
	       "ports "
	       "of its service as the target haproxy does; a server that answers 421 to all other names; whose "
	       "X-Forwarded-For is believed (guard: trusted_proxies); and $client_net, the client's /64 or IPv4 "
	       "address, "
	       "as a key for limit_req. Locations are included from " SITES
	       "NAME/*.conf, documents are in /var/www/NAME, "
	       "certificates are " CERTS "NAME.pem, with their key. Checked with nginx -t in a network namespace.",
	.roles = 1U << ROLE_NGINX,
	.templates = (const char *const[]){ "nginx/hextet.conf", NULL },
	.applies = serves_any,
	.files = files,
	.verify = verify,
	.facts = facts,
};
