/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jenkins has no business on the wire: it listens on the loopback, and nginx is in front. What nginx hands on is in a
 * file for each name that a server includes: that of the target nginx on a machine with that role, which then serves
 * all names, else one of ours. So no name has two servers. Behind HAProxy or Varnish on the same machine ours listens
 * where they look, on the loopback's port 8080; Jenkins is therefore never on its default port, which is the same.
 *
 * The templates see, beside machine and estate:
 *   listen, servers  as for the target nginx; none when that target serves the names
 *   names_bucket     server_names_hash_bucket_size, when the default is too small
 *   loopback         the prefixes of the proxies on the same machine; empty: there are none
 *   behind           whether there are
 *   host, port       where Jenkins listens
 *   prefer           java.net.preferIPv6Addresses; null: no IPv6
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "addr/set.h"
#include "render/data.h"
#include "render/jvm_option.h"
#include "render/listen_lines.h"
#include "render/listen_read.h"
#include "render/nginx_site.h"
#include "render/serves.h"
#include "render/unit_check.h"

#define SITE_CONF "/etc/nginx/conf.d/hextet-jenkins.conf"
#define LOCATION_CONF "/hextet-jenkins.conf"
#define DROPIN "/etc/systemd/system/jenkins.service.d/60-hextet.conf"

enum { INNER_PORT = 8080, JENKINS_PORT = 8090 };

static bool is_behind(const struct machine *m) {
	return machine_has_role(m, ROLE_HAPROXY) || machine_has_role(m, ROLE_VARNISH);
}

/* Beside the role nginx, a name that only leads to groups without Jenkins is another's. */
static bool is_ours(const struct machine *m, const struct endpoint_name *n) {
	if (!machine_has_role(m, ROLE_NGINX))
		return true;
	LIST_EACH (struct ref, to, &n->to)
		if (to->kind != REF_GROUP || ((const struct group *)to->to)->role_bits & 1U << ROLE_JENKINS)
			return true;
	return false;
}

static bool name_is_ours(const struct machine *m, struct str name) {
	for (uint32_t i = 0; i < m->endpoint_count; i++) {
		const struct scalar *n = &m->endpoints[i]->name;

		if (strlen(n->s) == name.len && strncasecmp(n->s, name.s, name.len) == 0)
			return is_ours(m, m->endpoints[i]);
	}
	return false;
}

static bool applies(const struct estate *e, const struct machine *m) {
	for (uint32_t i = 0; i < m->endpoint_count; i++)
		if (is_ours(m, m->endpoints[i]))
			return serves_any(e, m);
	return false;
}

static const struct value *loopback(const struct target_run *r) {
	struct prefix_set set = PREFIX_SET_INIT;
	const struct value *list;

	if (is_behind(r->machine)) {
		prefix_set_add(&set, prefix_host(ip_from_v4(0x7f000001)));
		if (serves_family(r->estate, r->machine, FAMILY_6))
			prefix_set_add(&set, prefix_host((struct ip){ 0, 1 }));
	}
	prefix_set_normalise(&set);
	list = data_set(r->arena, &set, NO_LOC);
	prefix_set_done(&set);
	return list;
}

static void set_jenkins(struct target_run *r) {
	const bool is4 = serves_family(r->estate, r->machine, FAMILY_4),
		   is6 = serves_family(r->estate, r->machine, FAMILY_6);

	target_set(r, "host", value_text(r->arena, is6 ? "::1" : "127.0.0.1", NO_LOC));
	target_set(r, "port", value_int(r->arena, JENKINS_PORT, NO_LOC));
	target_set(r, "prefer", is6 ? value_text(r->arena, is4 ? "system" : "true", NO_LOC) : &value_null);
}

/* Of each server inside, which has one name. */
static int location_files(struct target_run *r, const struct value *servers) {
	int result = 0;

	for (uint32_t i = 0; result == 0 && i < servers->list.n; i++) {
		const struct value *names = value_get(servers->list.v[i], key_of("names", 5));
		struct str name = value_as_str(names->list.v[0]);

		if (name_is_ours(r->machine, name))
			result = target_file(
				r, arena_printf(r->arena, NGINX_SITES "%.*s" LOCATION_CONF, (int)name.len, name.s),
				"jenkins/location.conf", 0644);
	}
	return result;
}

static int files(struct target_run *r) {
	const bool nginx = machine_has_role(r->machine, ROLE_NGINX), behind = is_behind(r->machine);
	struct nginx_site inner, public;
	const struct value *none = value_list(r->arena, NO_LOC);
	int result;

	nginx_site_inner(r, INNER_PORT, &inner);
	nginx_site_public(r, &public);
	target_set(r, "listen", nginx ? none : behind ? inner.listen : public.listen);
	target_set(r, "servers", nginx ? none : behind ? inner.servers : public.servers);
	target_set(r, "names_bucket", nginx ? &value_null : nginx_site_bucket(r));
	target_set(r, "loopback", loopback(r));
	target_set(r, "behind", behind ? &value_true : &value_false);
	set_jenkins(r);
	result = target_file(r, SITE_CONF, "jenkins/site.conf", 0644);
	if (result == 0)
		result = location_files(r, inner.servers);
	return result == 0 ? target_file(r, DROPIN, "jenkins/service.conf", 0644) : result;
}

/* What is between `from` and the next of `ends` in a line of the text; empty when it is not there. */
static struct str word_after(struct str text, const char *from, const char *ends, uint32_t *ret_line) {
	struct str line;
	uint32_t number = 0;

	while (str_split(&text, '\n', &line)) {
		const char *at = memmem(line.s, line.len, from, strlen(from));
		size_t len = 0, room;

		number++;
		if (!at || line.s[0] == '#')
			continue;
		at += strlen(from);
		room = line.len - (size_t)(at - line.s);
		while (len < room && !strchr(ends, at[len]))
			len++;
		*ret_line = number;
		return (struct str){ at, len };
	}
	*ret_line = 0;
	return (struct str){ "", 0 };
}

static struct str text_of(const struct verify_run *v, const char *path) {
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->files[i].path, path) == 0)
			return v->files[i].text;
	return (struct str){ "", 0 };
}

/* systemd knows nothing of the variables. Gives the URL that leads to what they say. */
static int read_dropin(struct verify_run *v, const char **ret_url) {
	struct str rest = text_of(v, DROPIN), host, port, line;
	uint32_t host_line, port_line, number = 0;
	int result = 0;

	host = word_after(rest, "JENKINS_LISTEN_ADDRESS=", "\"", &host_line);
	port = word_after(rest, "JENKINS_PORT=", "\"", &port_line);
	*ret_url = arena_printf(v->arena, str_is(host, "::1") ? "http://[%.*s]:%.*s" : "http://%.*s:%.*s",
				(int)host.len, host.s, (int)port.len, port.s);
	if (!str_is(host, "::1") && !str_is(host, "127.0.0.1"))
		result = verify_complain(v, DROPIN, host_line, "hextet",
					 "Jenkins has to listen on ::1 or 127.0.0.1, or whoever reaches the machine "
					 "talks to it past nginx");
	while (str_split(&rest, '\n', &line)) {
		const char *fault = jvm_option_fault(v->arena, line);

		number++;
		if (fault)
			result = verify_complain(v, DROPIN, number, "hextet", fault);
	}
	return result;
}

/* nginx -t accepts any port to hand on to, and any header. */
static int read_location(struct verify_run *v, const struct output_file *f, const char *url) {
	uint32_t number;
	struct str word = word_after(f->text, "proxy_pass ", ";", &number);
	int result = 0;

	if (!str_is(word, url))
		result = verify_complain(v, f->path, number, "hextet",
					 arena_printf(v->arena, "Jenkins listens at %s", url));
	word = word_after(f->text, "proxy_set_header X-Forwarded-For ", ";", &number);
	if (!str_is(word, "$remote_addr"))
		result = verify_complain(v, f->path, number, "hextet",
					 "X-Forwarded-For has to be $remote_addr alone: what the client sends in it is "
					 "not to be believed");
	return result;
}

static int verify_location(struct verify_run *v, const struct output_file *f) {
	const char *inside = arena_printf(v->arena,
					  "include %s" SITE_CONF ";\n"
					  "server {\nlisten 127.0.0.1:1;\ninclude %s%s;\n}\n",
					  v->folder, v->folder, f->path);

	return nginx_site_verify(v, f->path, inside);
}

static int verify(struct verify_run *v) {
	const char *url;
	int result = nginx_site_verify(v, SITE_CONF, NULL), r = read_dropin(v, &url);

	result = result < 0 ? result : r;
	for (size_t i = 0; i < v->n; i++) {
		if (strncmp(v->files[i].path, NGINX_SITES, strlen(NGINX_SITES)) != 0)
			continue;
		/* With a broken map, each would only repeat that. */
		r = result < 0 ? 0 : verify_location(v, &v->files[i]);
		result = r < 0 ? r : result;
		r = read_location(v, &v->files[i], url);
		result = r < 0 ? r : result;
	}
	r = unit_check(v, DROPIN, "jenkins.service");
	return r < 0 ? r : result;
}

static int facts(struct facts *f, const char *path, struct str text, const char **ret_error) {
	if (strcmp(path, DROPIN) == 0)
		return jenkins_listeners(f, text, ret_error);
	return strcmp(path, SITE_CONF) == 0 ? nginx_listeners(f, "nginx (jenkins)", text, ret_error) : 0;
}

const struct target target_jenkins = {
	.name = "jenkins",
	.summary = "Jenkins on the loopback behind nginx",
	.doc = "A machine with role jenkins that an endpoint names gets " DROPIN
	       ", with which Debian's jenkins.service listens on port 8090 of the loopback ([::1]; 127.0.0.1 where "
	       "there "
	       "is no IPv6) and its JVM prefers addresses as the target java says; " SITE_CONF
	       ", nginx's servers for the public names, on the ports and with the certificates that the target nginx "
	       "would use; and " NGINX_SITES "NAME" LOCATION_CONF
	       ", the way to Jenkins, with WebSocket and without a limit of the body. Jenkins is told the client's "
	       "address in X-Forwarded-For, never what the client sent in it. With role nginx on the same machine that "
	       "target has the servers, and Jenkins the names whose endpoint leads to a group with role jenkins or to "
	       "the machine itself; behind HAProxy or Varnish on the same machine nginx listens on the loopback's port "
	       "8080. Varnish has to pass Jenkins's names uncached, and GitLab's own nginx would want the same ports. "
	       "nginx is reloaded; Jenkins, whose restart ends builds, takes its file when you restart it: systemctl "
	       "restart jenkins. Until then nginx answers 502 if Jenkins was on another port. Checked with nginx -t in "
	       "a network namespace, systemd-analyze verify, and a reader of what those do not know: that nginx leads "
	       "to where Jenkins listens, and that this is the loopback.",
	.roles = 1U << ROLE_JENKINS,
	.templates =
		(const char *const[]){ "jenkins/site.conf", "jenkins/location.conf", "jenkins/service.conf", NULL },
	.applies = applies,
	.files = files,
	.verify = verify,
	.reload = (const char *const[]){ "systemctl daemon-reload", "systemctl reload nginx", NULL },
	.withdraw = (const char *const[]){ "systemctl daemon-reload", "systemctl reload nginx", NULL },
	.facts = facts,
};
