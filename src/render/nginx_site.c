/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One server a name. Names that are redirected to TLS share a server for each group of ports. Port numbers of the items
 * of serves_ports() are distinct, and so are the listeners.
 */
#include "render/nginx_site.h"

#include <errno.h>
#include <string.h>

#include "render/data.h"
#include "render/serves.h"
#include "render/throwaway_cert.h"

static const struct value *get(const struct value *dict, const char *key) {
	return value_get(dict, key_of(key, strlen(key)));
}

static void add_server(struct target_run *r, const struct nginx_site *s, const struct value *listen,
		       const struct value *names, bool tls, bool redirect) {
	struct value *d = value_dict(r->arena, names->loc);
	const struct value *only = serves_only(r->estate, r->machine, r->arena);

	value_dict_set(r->arena, d, "listen", listen);
	value_dict_set(r->arena, d, "names", names);
	value_dict_set(r->arena, d, "tls", tls ? &value_true : &value_false);
	value_dict_set(r->arena, d, "redirect", redirect ? &value_true : &value_false);
	value_dict_set(r->arena, d, "only", redirect ? &value_null : serves_only_from(only, names->list.v[0]));
	value_list_push(r->arena, s->servers, d);
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

static void add_public(struct target_run *r, const struct value *item, const struct nginx_site *s) {
	const struct value *names = get(item, "names"), *redirect = get(item, "redirect");
	bool tls = get(item, "tls")->boolean;
	const struct value *listen =
		serves_listen(get(item, "ports"), tls, serves_family(r->estate, r->machine, FAMILY_4) ? "" : NULL,
			      serves_family(r->estate, r->machine, FAMILY_6) ? "[::]:" : NULL, r->arena);

	for (uint32_t i = 0; i < listen->list.n; i++)
		value_list_push(r->arena, s->listen, listen->list.v[i]);
	if (redirect->list.n)
		add_server(r, s, listen, redirect, false, true);
	for (uint32_t i = 0; i < names->list.n; i++)
		add_server(r, s, listen, one(r->arena, names->list.v[i]), tls, false);
}

void nginx_site_public(struct target_run *r, struct nginx_site *ret_site) {
	const struct value *items = serves_ports(r->estate, r->machine, r->arena);

	*ret_site = (struct nginx_site){ value_list(r->arena, NO_LOC), value_list(r->arena, NO_LOC) };
	for (uint32_t i = 0; i < items->list.n; i++)
		add_public(r, items->list.v[i], ret_site);
}

/* 127.0.0.1 is on every machine, and is where Varnish's default backend looks; [::1] only where IPv6 is. */
void nginx_site_inner(struct target_run *r, uint16_t port, struct nginx_site *ret_site) {
	const struct value *items = serves_ports(r->estate, r->machine, r->arena),
			   *ports = one(r->arena, value_int(r->arena, port, NO_LOC));
	const char *host6 = serves_family(r->estate, r->machine, FAMILY_6) ? "[::1]:" : NULL;
	struct value *seen = value_list(r->arena, NO_LOC);

	*ret_site = (struct nginx_site){ (struct value *)serves_listen(ports, false, "127.0.0.1:", host6, r->arena),
					 value_list(r->arena, NO_LOC) };
	for (uint32_t i = 0; i < items->list.n; i++) {
		const struct value *names = get(items->list.v[i], "names");

		for (uint32_t k = 0; k < names->list.n; k++) {
			if (has(seen, names->list.v[k]))
				continue;
			value_list_push(r->arena, seen, names->list.v[k]);
			add_server(r, ret_site, ret_site->listen, one(r->arena, names->list.v[k]), false, false);
		}
	}
}

/* A name and two pointers must fit into a bucket, which has 64 bytes by default on today's processors. */
const struct value *nginx_site_bucket(const struct target_run *r) {
	size_t longest = 0;
	int64_t bucket = 64;

	for (uint32_t i = 0; i < r->machine->endpoint_count; i++)
		longest = MAX(longest, strlen(r->machine->endpoints[i]->name.s));
	while ((size_t)bucket < (longest + 2 + 7) / 8 * 8 + 2 * sizeof(void *))
		bucket *= 2;
	return bucket > 64 ? value_int(r->arena, bucket, NO_LOC) : &value_null;
}

/*
 * nginx -t binds for real, opens logs, reads certificates, and creates its folders for temporary files and gives them
 * to its user: it runs in a network of its own, with stand-ins, as the root of whatever user namespace it is in.
 */
static const char frame_head[] = "daemon off;\n"
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
				 "scgi_temp_path %1$s/scgi;\n";

int nginx_site_verify(struct verify_run *v, const char *path, const char *inside) {
	const char *cert = verify_helper(v, "throwaway.pem", throwaway_cert), *head, *frame;
	int r;

	head = arena_printf(v->arena, frame_head, v->folder);
	if (!inside)
		inside = arena_printf(v->arena, "include %s%s;\n", v->folder, path);
	frame = verify_helper(v, "frame.conf", arena_printf(v->arena, "%s%s}\n", head, inside));
	const char *const argv[] = { "nginx", "-t", "-q", "-e", "stderr", "-p", v->folder, "-c", frame, NULL };

	if (!cert || !frame)
		return -EINVAL;
	r = verify_stand_in(v, path, NGINX_CERTS, cert);
	if (r == 0)
		r = verify_stand_in(v, path, NGINX_LOGS, "/dev/null");
	if (r == 0)
		r = verify_stand_in(v, path, NGINX_SITES, arena_printf(v->arena, "%s/none*", v->folder));
	return r < 0 ? r : verify_file(v, path, argv, VERIFY_NETNS);
}
