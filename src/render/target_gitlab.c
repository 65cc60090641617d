/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that gitlab.rb reads, so that the operator's own settings and secrets stay there. ruby -c knows the syntax
 * only; that a word in a list of addresses is one, and has brackets where nginx wants them, is read again here.
 *
 * The template sees, beside machine and estate:
 *   url         of GitLab; null: no name.  registry: of its registry, the name that begins with "registry."
 *   hosts       where nginx listens.       redirect: whether port 80 leads to TLS
 *   monitoring  who may read its state.
 *   services    {name, only}: nginx, and registry_nginx, which takes nothing over from it; only: whom its name is
 *               for; null: everybody
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "addr/prefix.h"
#include "estate/party.h"
#include "render/data.h"
#include "render/listen_lines.h"
#include "render/serves.h"
#include "render/target.h"
#include "render/verify.h"

#define HEXTET_RB "/etc/gitlab/hextet.rb"

enum { PORT_HTTP = 80, PORT_HTTPS = 443 };

struct names {
	const struct value *url, *registry;
	const struct value *name, *registry_name; /* those of the URLs; NULL: none */
	bool redirect;
};

static const struct value *get(const struct value *dict, const char *key) {
	return value_get(dict, key_of(key, strlen(key)));
}

static const struct value *url_of(struct arena *a, const struct value *name, const struct value *item) {
	bool tls = get(item, "tls")->boolean;
	const struct value *port = get(item, "ports")->list.v[0];
	struct str s = value_as_str(name);
	const char *scheme = tls ? "https" : "http", *text;

	if (port->integer == (tls ? PORT_HTTPS : PORT_HTTP))
		text = arena_printf(a, "%s://%.*s", scheme, (int)s.len, s.s);
	else
		text = arena_printf(a, "%s://%.*s:%lld", scheme, (int)s.len, s.s, (long long)port->integer);
	return value_text(a, text, name->loc);
}

static void find_names(const struct target_run *r, struct names *n) {
	const struct value *items = serves_ports(r->estate, r->machine, r->arena);

	*n = (struct names){ .url = &value_null, .registry = &value_null };
	for (uint32_t i = 0; i < items->list.n; i++) {
		const struct value *item = items->list.v[i], *names = get(item, "names");

		n->redirect |= get(item, "redirect")->list.n > 0;
		for (uint32_t k = 0; k < names->list.n; k++) {
			struct str s = value_as_str(names->list.v[k]);
			bool registry = s.len > 9 && memcmp(s.s, "registry.", 9) == 0;

			if (registry && !n->registry_name) {
				n->registry = url_of(r->arena, names->list.v[k], item);
				n->registry_name = names->list.v[k];
			} else if (!registry && !n->name) {
				n->url = url_of(r->arena, names->list.v[k], item);
				n->name = names->list.v[k];
			}
		}
	}
}

static const struct value *hosts(const struct target_run *r) {
	struct value *list = value_list(r->arena, NO_LOC);

	if (serves_family(r->estate, r->machine, FAMILY_4))
		value_list_push(r->arena, list, value_text(r->arena, "0.0.0.0", NO_LOC));
	if (serves_family(r->estate, r->machine, FAMILY_6))
		value_list_push(r->arena, list, value_text(r->arena, "[::]", NO_LOC));
	return list;
}

static const struct value *monitoring(const struct target_run *r) {
	struct prefix_set set = PREFIX_SET_INIT;
	const struct value *list;

	prefix_set_add(&set, prefix_host(ip_from_v4(0x7f000001)));
	prefix_set_add(&set, prefix_host((struct ip){ 0, 1 }));
	LIST_EACH (struct machine, m, &r->estate->machines)
		if (machine_has_role(m, ROLE_ICINGA)) {
			party_machine_own(m, FAMILY_4, &set);
			party_machine_own(m, FAMILY_6, &set);
		}
	prefix_set_normalise(&set);
	list = data_set(r->arena, &set, NO_LOC);
	prefix_set_done(&set);
	return list;
}

static void add_service(const struct target_run *r, struct value *list, const char *service, const struct value *name) {
	const struct value *only = serves_only(r->estate, r->machine, r->arena);
	struct value *d = value_dict(r->arena, NO_LOC);

	value_dict_set(r->arena, d, "name", value_text(r->arena, service, NO_LOC));
	value_dict_set(r->arena, d, "only", name ? serves_only_from(only, name) : &value_null);
	value_list_push(r->arena, list, d);
}

static int files(struct target_run *r) {
	struct value *services = value_list(r->arena, NO_LOC);
	struct names n;

	find_names(r, &n);
	target_set(r, "url", n.url);
	target_set(r, "registry", n.registry);
	target_set(r, "redirect", n.redirect ? &value_true : &value_false);
	target_set(r, "hosts", hosts(r));
	target_set(r, "monitoring", monitoring(r));
	add_service(r, services, "nginx", n.name);
	if (n.registry_name)
		add_service(r, services, "registry_nginx", n.registry_name);
	target_set(r, "services", services);
	return target_file(r, HEXTET_RB, "gitlab/hextet.rb", 0644);
}

/* The next word in single quotes. */
static bool next_word(struct str *rest, struct str *ret_word) {
	const char *from = memchr(rest->s, '\'', rest->len), *to;

	if (!from)
		return false;
	to = memchr(from + 1, '\'', rest->len - (size_t)(from + 1 - rest->s));
	if (!to)
		return false;
	*ret_word = (struct str){ from + 1, (size_t)(to - from - 1) };
	*rest = (struct str){ to + 1, rest->len - (size_t)(to + 1 - rest->s) };
	return true;
}

static bool contains(struct str s, const char *what) {
	return memmem(s.s, s.len, what, strlen(what)) != NULL;
}

static bool is_listen(struct str line) {
	return contains(line, "listen_addresses'] =");
}

static bool is_list(struct str line) {
	return contains(line, "trusted_addresses'] =") || contains(line, "trusted_proxies'] =") ||
	       contains(line, "monitoring_whitelist'] =");
}

static const char *listen_fault(struct arena *a, struct str word) {
	struct endpoint e;
	bool bracket = word.len && word.s[0] == '[';

	if (str_is(word, "*") ||
	    (endpoint_parse(word.s, word.len, &e, NULL) == 0 && e.port < 0 && bracket == (ip_family(e.ip) == FAMILY_6)))
		return NULL;
	return arena_printf(a, "nginx takes an IPv4 address or an IPv6 address in brackets, not '%.*s'", (int)word.len,
			    word.s);
}

static const char *list_fault(struct arena *a, struct str word) {
	struct prefix p;

	if (prefix_parse(word.s, word.len, &p, NULL) < 0)
		return arena_printf(a, "'%.*s' is not an address or a prefix", (int)word.len, word.s);
	return p.len == 0 || prefix_text_len(p) == 0 ? "a length of 0 is everybody" : NULL;
}

/* What is behind the "=" of an assignment; the whole line when there is none. */
static struct str value_of(struct str line) {
	const char *at = memmem(line.s, line.len, "'] =", 4);

	return at ? (struct str){ at + 4, line.len - (size_t)(at + 4 - line.s) } : line;
}

static int read_back(struct verify_run *v) {
	struct str rest = v->files[0].text, line, word;
	bool in_list = false;
	uint32_t number = 0;
	int result = 0;

	while (str_split(&rest, '\n', &line)) {
		const bool listen = is_listen(line);

		number++;
		in_list |= is_list(line);
		line = value_of(line);
		while ((listen || in_list) && next_word(&line, &word)) {
			const char *fault = listen ? listen_fault(v->arena, word) : list_fault(v->arena, word);

			if (fault)
				result = verify_complain(v, HEXTET_RB, number, "hextet", fault);
		}
		if (memchr(line.s, ']', line.len))
			in_list = false;
	}
	return result;
}

static int verify(struct verify_run *v) {
	const char *const argv[] = { "ruby", "-c", verify_path(v, HEXTET_RB), NULL };
	int r = verify_program(v, argv, 0), result = read_back(v);

	return r < 0 ? r : result;
}

static int facts(struct facts *f, const char *path, struct str text, const char **ret_error) {
	(void)path;
	return gitlab_listeners(f, text, ret_error);
}

const struct target target_gitlab = {
	.name = "gitlab",
	.summary = "GitLab's addresses and names",
	.doc = "A machine with role gitlab that an endpoint names gets " HEXTET_RB
	       "; the last line of /etc/gitlab/gitlab.rb, which stays yours, has to be: from_file '" HEXTET_RB
	       "'. It has the URL of the first name, that of the registry if a name begins with \"registry.\", a "
	       "listener "
	       "for each family that the machine has, the guard's trusted_proxies for nginx and Rails, and who may "
	       "read "
	       "/-/metrics: the machine and those with role icinga, over both families. A name with only: denies all "
	       "others. Certificates are where GitLab looks: /etc/gitlab/ssl/NAME.crt and NAME.key. GitLab brings its "
	       "own nginx: the machine should have no other web role. Checked with ruby -c, which knows the syntax "
	       "only, "
	       "and a reader of the addresses.",
	.roles = 1U << ROLE_GITLAB,
	.templates = (const char *const[]){ "gitlab/hextet.rb", NULL },
	.applies = serves_any,
	.files = files,
	.verify = verify,
	.reload = (const char *const[]){ "gitlab-ctl reconfigure", "gitlab-ctl restart nginx", NULL },
	.facts = facts,
};
