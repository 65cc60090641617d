/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every Icinga watches the whole estate, so prepare() makes the hosts once.
 *
 * Each address is pinged by a service of its own, in its own family, with a literal address: a name would let the
 * resolver choose the family. The host's state is computed from those services. Icinga starts a check without looking
 * at the addresses in it ("zz::1" passes `icinga2 daemon -C`), so verify() reads them back.
 *
 * icinga2 gives up root for the user nagios before it reads its files, which the folder of verify() keeps from it; its
 * environment makes it stay who it is.
 */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "estate/party.h"
#include "render/data.h"
#include "render/serves.h"
#include "render/target.h"
#include "render/verify.h"

#define HEXTET_CONF "/etc/icinga2/conf.d/hextet.conf"

struct maker {
	const struct estate *estate;
	struct arena *arena;
	struct value *hosts;
	struct value *host, *pings, *pages, *required; /* of the host at hand */
};

static const struct value *literal(struct arena *a, struct ip ip, const struct node *at) {
	return value_ip(a, ip, at->loc);
}

static void add_ping(struct maker *k, bool is_main, struct ip ip, const struct node *at, const struct scalar *comment) {
	const int family = ip_family(ip);
	char text[IP_TEXT_MAX];
	struct value *d = value_dict(k->arena, at->loc);
	const char *name;

	(void)ip_format(ip, text);
	name = is_main ? arena_printf(k->arena, "ping%d", family) : arena_printf(k->arena, "ping%d %s", family, text);
	value_dict_set(k->arena, d, "name", value_text(k->arena, name, at->loc));
	value_dict_set(k->arena, d, "family", value_int(k->arena, family, at->loc));
	value_dict_set(k->arena, d, "address", literal(k->arena, ip, at));
	value_dict_set(k->arena, d, "comment", comment ? data_scalar(k->arena, comment) : &value_null);
	value_list_push(k->arena, k->pings, d);
	if (is_main)
		value_list_push(k->arena, k->required, value_get(d, key_of("name", 4)));
}

static bool has_named(const struct value *list, const char *name) {
	for (uint32_t i = 0; i < list->list.n; i++)
		if (str_is(value_as_str(value_get(list->list.v[i], key_of("name", 4))), name))
			return true;
	return false;
}

/* The machines with role icinga that a name with only: is not for, in one family: they are to be refused. */
static const struct value *refused(struct maker *k, const struct endpoint_name *n, enum family family) {
	struct value *list = value_list(k->arena, n->name.at->loc);
	struct prefix_set set = PREFIX_SET_INIT;

	LIST_EACH (struct ref, ref, &n->only)
		party_addresses(k->estate, ref, family, NULL, &set);
	prefix_set_normalise(&set);
	LIST_EACH (struct machine, m, &k->estate->machines) {
		const struct address *own = family == FAMILY_4 ? &m->ip : &m->ipv6;

		if (n->only.at && machine_has_role(m, ROLE_ICINGA) &&
		    !(own->at && prefix_set_covers(&set, prefix_host(own->ip))))
			value_list_push(k->arena, list, data_scalar(k->arena, &m->name));
	}
	prefix_set_done(&set);
	return list;
}

/* A path in the name of a service: Icinga divides HOST!SERVICE, and takes no name with a '!' in it. */
static const char *name_of_path(struct arena *a, const char *path) {
	struct text t = { 0 };
	const char *name;

	for (; *path; path++)
		if (*path == '!')
			text_puts(&t, "%21");
		else
			text_char(&t, *path);
	name = arena_dup(a, t.v, t.n);
	text_done(&t);
	return name;
}

/* One path of an endpoint on one port and address. A default port is not said. */
static void add_page(struct maker *k, const struct endpoint_name *n, const struct scalar *path, uint64_t port,
		     struct ip ip, const struct node *at) {
	const bool tls = serves_tls(n->service.to, port);
	const int family = ip_family(ip);
	const char *shown = port == (tls ? 443U : 80U) ? "" : arena_printf(k->arena, ":%u", (unsigned)port),
		   *name = arena_printf(k->arena, "http%d %s%s%s", family, n->name.s, shown,
					name_of_path(k->arena, path->s));
	struct value *d = value_dict(k->arena, path->at->loc);

	if (has_named(k->pages, name))
		return;
	value_dict_set(k->arena, d, "name", value_text(k->arena, name, path->at->loc));
	value_dict_set(k->arena, d, "family", value_int(k->arena, family, at->loc));
	value_dict_set(k->arena, d, "address", literal(k->arena, ip, at));
	value_dict_set(k->arena, d, "port", value_int(k->arena, (int64_t)port, n->service.at->loc));
	value_dict_set(k->arena, d, "tls", tls ? &value_true : &value_false);
	value_dict_set(k->arena, d, "vhost", data_scalar(k->arena, &n->name));
	value_dict_set(k->arena, d, "uri", data_scalar(k->arena, path));
	value_dict_set(k->arena, d, "refused", refused(k, n, ip_family(ip)));
	value_list_push(k->arena, k->pages, d);
}

/* Where a service speaks TLS, its other ports only send people there. */
static bool is_asked(const struct service *s, uint64_t port) {
	if (serves_tls(s, port))
		return true;
	LIST_EACH (struct number, other, &s->tcp)
		if (serves_tls(s, other->n))
			return false;
	return true;
}

static void add_pages(struct maker *k, const struct endpoint_name *n, struct ip ip, const struct node *at) {
	const struct service *s = n->service.to;

	LIST_EACH (struct number, port, &s->tcp)
		if (is_asked(s, port->n))
			LIST_EACH (struct scalar, path, &n->paths)
				add_page(k, n, path, port->n, ip, at);
}

static void begin_host(struct maker *k, const char *name, const struct node *at, const struct scalar *comment) {
	k->host = value_dict(k->arena, at->loc);
	k->pings = value_list(k->arena, at->loc);
	k->pages = value_list(k->arena, at->loc);
	k->required = value_list(k->arena, at->loc);
	value_dict_set(k->arena, k->host, "name", value_text(k->arena, name, at->loc));
	value_dict_set(k->arena, k->host, "comment", data_scalar(k->arena, comment));
}

/* A host that nothing is asked of is left out: it would be green for ever. */
static void end_host(struct maker *k, const struct value *groups, const struct value *address,
		     const struct value *address6) {
	if (!k->pings->list.n)
		return;
	for (uint32_t i = 0; !k->required->list.n && i < k->pings->list.n; i++)
		value_list_push(k->arena, k->required, value_get(k->pings->list.v[i], key_of("name", 4)));
	value_dict_set(k->arena, k->host, "groups", groups);
	value_dict_set(k->arena, k->host, "address", address);
	value_dict_set(k->arena, k->host, "address6", address6);
	value_dict_set(k->arena, k->host, "required", k->required);
	value_dict_set(k->arena, k->host, "pings", k->pings);
	value_dict_set(k->arena, k->host, "pages", k->pages);
	value_list_push(k->arena, k->hosts, k->host);
}

static bool is_pinged(const struct word *monitoring, enum monitoring how) {
	return !monitoring->at || monitoring->index == (unsigned)how;
}

static void add_others(struct maker *k, const struct list *others) {
	LIST_EACH (struct other_ip, o, others)
		if (!o->monitoring.at || o->monitoring.index != MONITORING_NONE)
			add_ping(k, false, o->address.ip, o->address.at, &o->comment);
}

static void add_machine(struct maker *k, const struct machine *m, const struct value *groups) {
	const bool silent = m->monitoring.at && m->monitoring.index == MONITORING_NONE;

	begin_host(k, m->name.s, m->name.at, &m->comment);
	if (m->ip.at && is_pinged(&m->monitoring, MONITORING_PING4))
		add_ping(k, true, m->ip.ip, m->ip.at, NULL);
	if (m->ipv6.at && is_pinged(&m->monitoring, MONITORING_PING6))
		add_ping(k, true, m->ipv6.ip, m->ipv6.at, NULL);
	add_others(k, &m->other_ips);
	add_others(k, &m->other_ips6);
	for (uint32_t i = 0; !silent && i < m->endpoint_count; i++) {
		const struct endpoint_name *n = m->endpoints[i];
		bool direct = false;

		LIST_EACH (struct ref, ref, &n->to)
			direct |= party_has_machine(ref, m);
		if (direct && n->service.to && m->ip.at)
			add_pages(k, n, m->ip.ip, m->ip.at);
		if (direct && n->service.to && m->ipv6.at)
			add_pages(k, n, m->ipv6.ip, m->ipv6.at);
	}
	end_host(k, groups, data_ip(k->arena, &m->ip), data_ip(k->arena, &m->ipv6));
}

static const struct value *group_names(struct maker *k, const struct machine *m) {
	struct value *list = value_list(k->arena, m->name.at->loc);

	LIST_EACH (struct ref, ref, &m->groups)
		value_list_push(k->arena, list, value_text(k->arena, ref->s, ref->at->loc));
	return list;
}

/* The link-local address of an instance is the router's among its own kind; nobody else can ask it. */
static bool is_link_local(struct ip ip) {
	return ip.hi >> 54 == 0xfe80U >> 6;
}

static const struct value *add_moving(struct maker *k, const struct list *addrs) {
	const struct value *first = &value_null;

	LIST_EACH (struct ifaddr, a, addrs) {
		if (is_link_local(a->ip))
			continue;
		add_ping(k, first == &value_null, a->ip, a->at, NULL);
		if (first == &value_null)
			first = literal(k->arena, a->ip, a->at);
	}
	return first;
}

/* What moves between machines is watched where it is, whoever has it. */
static void add_failover(struct maker *k, const struct failover *f) {
	const struct value *address, *address6;

	begin_host(k, arena_printf(k->arena, "failover-%s", f->name.s), f->name.at, &f->comment);
	address = add_moving(k, &f->ipv4);
	address6 = add_moving(k, &f->ipv6);
	LIST_EACH (struct endpoint_name, n, &k->estate->endpoints)
		LIST_EACH (struct ref, ref, &n->to) {
			if (ref->kind != REF_FAILOVER || ref->to != f || !n->service.to)
				continue;
			if (address != &value_null)
				add_pages(k, n, address->str.prefix->ip, f->ipv4.at);
			if (address6 != &value_null)
				add_pages(k, n, address6->str.prefix->ip, f->ipv6.at);
		}
	end_host(k, value_list(k->arena, f->name.at->loc), address, address6);
}

static bool is_member(const struct value *hosts, const char *group) {
	for (uint32_t i = 0; i < hosts->list.n; i++) {
		const struct value *groups = value_get(hosts->list.v[i], key_of("groups", 6));

		for (uint32_t j = 0; j < groups->list.n; j++)
			if (str_is(value_as_str(groups->list.v[j]), group))
				return true;
	}
	return false;
}

/* Groups that have hosts. */
static const struct value *host_groups(struct maker *k) {
	struct value *list = value_list(k->arena, NO_LOC);

	LIST_EACH (struct group, g, &k->estate->groups) {
		struct value *d = value_dict(k->arena, g->name.at->loc);

		if (!is_member(k->hosts, g->name.s))
			continue;
		value_dict_set(k->arena, d, "name", data_scalar(k->arena, &g->name));
		value_dict_set(k->arena, d, "comment", data_scalar(k->arena, &g->comment));
		value_list_push(k->arena, list, d);
	}
	return list;
}

static const void *prepare(const struct estate *e, struct arena *a) {
	struct maker k = { .estate = e, .arena = a, .hosts = value_list(a, NO_LOC) };
	struct value *d = value_dict(a, NO_LOC);

	LIST_EACH (struct machine, m, &e->machines)
		add_machine(&k, m, group_names(&k, m));
	LIST_EACH (struct failover, f, &e->failover)
		add_failover(&k, f);
	value_dict_set(a, d, "hosts", k.hosts);
	value_dict_set(a, d, "groups", host_groups(&k));
	return d;
}

static int files(struct target_run *r) {
	target_set(r, "hosts", value_get(r->shared, key_of("hosts", 5)));
	target_set(r, "groups", value_get(r->shared, key_of("groups", 6)));
	return target_file(r, HEXTET_CONF, "icinga/hextet.conf", 0644);
}

/* The text in quotes behind `key =`, when the line is such a line. */
static bool read_setting(struct str line, const char *key, struct str *ret_value) {
	struct str rest = str_trim(line);
	const size_t len = strlen(key);

	if (rest.len <= len || memcmp(rest.s, key, len) != 0)
		return false;
	rest = str_trim((struct str){ rest.s + len, rest.len - len });
	if (!rest.len || rest.s[0] != '=')
		return false;
	rest = str_trim((struct str){ rest.s + 1, rest.len - 1 });
	*ret_value = rest;
	if (rest.len >= 2 && rest.s[0] == '"' && rest.s[rest.len - 1] == '"')
		*ret_value = (struct str){ rest.s + 1, rest.len - 2 };
	return true;
}

/* The family that a line of a service decides on, else 0. */
static int family_said(struct str line) {
	struct str value;

	for (int family = 4; family <= 6; family += 2) {
		const char *ping = family == 4 ? "ping4" : "ping6",
			   *http = family == 4 ? "vars.http_ipv4" : "vars.http_ipv6";

		if (read_setting(line, "check_command", &value) && str_is(value, ping))
			return family;
		if (read_setting(line, http, &value) && str_is(value, "true"))
			return family;
	}
	return 0;
}

static int check_address(struct verify_run *v, uint32_t number, struct str value, int family) {
	struct ip_fault fault;
	struct ip ip;
	const char *shown = arena_dup(v->arena, value.s, value.len);

	if (ip_parse(value.s, value.len, &ip, &fault) < 0)
		return verify_complain(
			v, HEXTET_CONF, number, "hextet",
			arena_printf(v->arena, "'%s' is not an address: %s", shown, ip_error_hint(fault.error)));
	if ((int)ip_family(ip) != family)
		return verify_complain(v, HEXTET_CONF, number, "hextet",
				       arena_printf(v->arena, "'%s' is an IPv%d address, where IPv%d is asked", shown,
						    (int)ip_family(ip), family));
	return 0;
}

/* Every literal address, in the family that its place wants. Macros ("$address6$") are for Icinga to fill. */
static int check_addresses(struct verify_run *v) {
	static const struct {
		const char *key;
		int family; /* 0: the one that the service has said */
	} rows[] = { { "address", 4 }, { "address6", 6 }, { "vars.ping_address", 0 }, { "vars.http_address", 0 } };
	struct str rest = v->files->text, line, value;
	uint32_t number = 0;
	int said = 0, result = 0;

	while (str_split(&rest, '\n', &line)) {
		const int now = family_said(line);

		number++;
		said = line.len && line.s[0] == '}' ? 0 : now ? now : said;
		for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
			const int family = rows[i].family ? rows[i].family : said;

			if (family && read_setting(line, rows[i].key, &value) && value.len && value.s[0] != '$')
				result = check_address(v, number, value, family) < 0 ? -EINVAL : result;
		}
	}
	return result;
}

/* What icinga2 says, without the folder that will be gone when it is read. */
static const char *without_folder(struct verify_run *v, const char *text) {
	char *copy = arena_dup(v->arena, text, strlen(text)), *at;
	const size_t len = strlen(v->folder);

	while ((at = strstr(copy, v->folder)))
		memmove(at, at + len, strlen(at + len) + 1);
	return copy;
}

/* "critical/config: Error: WHAT", then "Location: in FILE: 12:3-12:9". */
static bool report_error(struct verify_run *v, struct str output) {
	const char *path = verify_path(v, HEXTET_CONF), *what = "the configuration is wrong";
	struct str rest = output, line;
	bool reported = false;

	while (str_split(&rest, '\n', &line)) {
		const char *text = arena_dup(v->arena, line.s, line.len), *at = strstr(text, "Error: ");

		if (at && strstr(text, "critical/"))
			what = without_folder(v, at + strlen("Error: "));
		at = strncmp(text, "Location: in ", 13) == 0 ? text + 13 : NULL;
		if (!at || strncmp(at, path, strlen(path)) != 0)
			continue;
		at += strlen(path) + strspn(at + strlen(path), ": ");
		(void)verify_complain(v, HEXTET_CONF, (uint32_t)strtoul(at, NULL, 10), "icinga2", what);
		reported = true;
	}
	return reported;
}

static int verify(struct verify_run *v) {
	const char *frame = verify_helper(v, "frame.conf",
					  arena_printf(v->arena,
						       "const PluginDir = \"/usr/lib/nagios/plugins\"\ninclude <itl>\n"
						       "include <plugins>\ninclude \"%s\"\n",
						       verify_path(v, HEXTET_CONF)));
	const char *const argv[] = {
		"sh",
		"-c",
		"ICINGA2_USER=$(id -un) ICINGA2_GROUP=$(id -gn) exec icinga2 \"$@\"",
		"icinga2",
		"daemon",
		"-C",
		arena_printf(v->arena, "-DConfiguration.CacheDir=%s", v->folder),
		arena_printf(v->arena, "-DConfiguration.DataDir=%s", v->folder),
		"-c",
		frame,
		NULL,
	};
	struct str output;
	int status, r, addresses = check_addresses(v);

	if (!frame)
		return -EINVAL;
	r = verify_exec(v, argv, 0, &status, &output);
	if (r == 0 && status == 127) {
		verify_missing(v, HEXTET_CONF, "icinga2");
		return addresses;
	}
	if (r < 0 || status == 0)
		r = r < 0 ? r : verify_judge(v, HEXTET_CONF, "icinga2", status, output);
	else
		r = report_error(v, output) ? -EINVAL : verify_judge(v, HEXTET_CONF, "icinga2", status, output);
	return addresses < 0 ? addresses : r;
}

const struct target target_icinga = {
	.name = "icinga",
	.summary = "hosts and checks for Icinga, each family apart",
	.doc = "A machine with role icinga gets " HEXTET_CONF
	       ": a host for each machine that is watched, in the host groups of its groups, and for the addresses of "
	       "each "
	       "failover entry (failover-NAME). Every address has a ping4 or ping6 service, as monitoring: says (by "
	       "family "
	       "when "
	       "it is absent; none: nothing is asked of the address), and every path of an endpoint an http4 and http6 "
	       "service on each host that it leads to: with the public name in TLS and in the request, sent to the "
	       "literal "
	       "address. Where the name's only: leaves the machine out, 403 is the right answer. A host is UP only "
	       "when all its families answer; while it is not, Icinga holds back the "
	       "notifications of its services, and the host's own text says which family is dead. Intervals and "
	       "thresholds "
	       "are constants that constants.conf may set first (HextetCheckInterval, …). Remove Debian's samples "
	       "conf.d/hosts.conf and conf.d/services.conf, which would define the same host and services again. "
	       "Checked "
	       "with icinga2 daemon -C, and by a reader of our own for addresses, which Icinga takes as they come.",
	.roles = 1U << ROLE_ICINGA,
	.templates = (const char *const[]){ "icinga/hextet.conf", NULL },
	.prepare = prepare,
	.files = files,
	.verify = verify,
	.reload = (const char *const[]){ "systemctl reload icinga2", NULL },
};
