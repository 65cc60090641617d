/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fragment for nginx's http block, so that the distribution's nginx.conf stays. Behind HAProxy or Varnish on the same
 * machine it listens on the loopback only, on port 8080; elsewhere it is the public server. The first server takes what
 * is for nobody; it has no default_server, which could only be one of two with the distribution's default site.
 *
 * The template sees, beside machine and estate:
 *   listen          where it listens at all: {address, port, ipv6, tls}
 *   servers         {listen, names, tls, redirect, only}: one for each name, and one for names that are redirected
 *                   to TLS; only: whom it is for, null: everybody
 *   behind_haproxy  whether HAProxy runs on the machine
 *   names_bucket    server_names_hash_bucket_size, when the default is too small
 */
#include "render/listen_read.h"
#include "render/nginx_site.h"
#include "render/serves.h"

#define NGINX_CONF "/etc/nginx/conf.d/hextet.conf"

enum { INNER_PORT = 8080 };

static int files(struct target_run *r) {
	bool haproxy = machine_has_role(r->machine, ROLE_HAPROXY);
	struct nginx_site site;

	if (haproxy || machine_has_role(r->machine, ROLE_VARNISH))
		nginx_site_inner(r, INNER_PORT, &site);
	else
		nginx_site_public(r, &site);
	target_set(r, "listen", site.listen);
	target_set(r, "servers", site.servers);
	target_set(r, "behind_haproxy", haproxy ? &value_true : &value_false);
	target_set(r, "names_bucket", nginx_site_bucket(r));
	return target_file(r, NGINX_CONF, "nginx/hextet.conf", 0644);
}

static int verify(struct verify_run *v) {
	return nginx_site_verify(v, NGINX_CONF, NULL);
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
	       "as a key for limit_req. A name with only: is denied to all other clients; a family without addresses "
	       "there is "
	       "nobody. Locations are included from " NGINX_SITES "NAME/*.conf, documents are in /var/www/NAME, "
	       "certificates are " NGINX_CERTS
	       "NAME.pem, with their key. Checked with nginx -t in a network namespace.",
	.roles = 1U << ROLE_NGINX,
	.templates = (const char *const[]){ "nginx/hextet.conf", NULL },
	.applies = serves_any,
	.files = files,
	.verify = verify,
	.reload = (const char *const[]){ "systemctl reload nginx", NULL },
	.facts = facts,
};
