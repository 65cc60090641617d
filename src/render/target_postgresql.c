/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pg_hba.conf can only be narrower than the firewall: its lines come from allowed.h, and verify() compares what it
 * reads back with that again, whoever wrote the template.
 *
 * PostgreSQL has no way to check pg_hba.conf without a cluster; a server that starts reads it too late to matter. But a
 * backend in single-user mode needs no server, no port and no socket, and has the view pg_hba_file_rules, which is the
 * server's own parser with line numbers. A cluster for it is made in verify's folder: 0.7 s altogether, on the machines
 * that have PostgreSQL only. It refuses root, so root is somebody else in a user namespace.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "estate/party.h"
#include "render/allowed.h"
#include "render/data.h"
#include "render/hba_read.h"
#include "render/listen_lines.h"
#include "render/target.h"
#include "render/verify.h"

#define FOLDER "/etc/postgresql/15/main"
#define HEXTET_CONF FOLDER "/conf.d/hextet.conf"
#define PG_HBA FOLDER "/pg_hba.conf"
#define BOOT_CONF "/etc/systemd/system/postgresql@15-main.service.d/hextet.conf"

enum { DEFAULT_PORT = 5432 };

static const enum family families[] = { FAMILY_4, FAMILY_6 };

static uint16_t port_of(const struct estate *e) {
	const struct service *s = map_get(&e->service_by_name, "postgresql", strlen("postgresql"));
	const struct number *n = s && s->tcp.n ? s->tcp.items : NULL;

	return n ? (uint16_t)n->n : DEFAULT_PORT;
}

static void push_own(struct target_run *r, struct value *list, const struct address *own, const struct list *others) {
	if (own->at)
		value_list_push(r->arena, list, data_ip(r->arena, own));
	LIST_EACH (struct other_ip, o, others)
		value_list_push(r->arena, list, data_ip(r->arena, &o->address));
}

static const struct value *addresses(struct target_run *r) {
	const struct machine *m = r->machine;
	struct value *list = value_list(r->arena, NO_LOC);

	value_list_push(r->arena, list, value_ip(r->arena, ip_from_v4(INADDR_LOOPBACK), NO_LOC));
	value_list_push(r->arena, list, value_ip(r->arena, (struct ip){ 0, 1 }, NO_LOC));
	push_own(r, list, &m->ip, &m->other_ips);
	push_own(r, list, &m->ipv6, &m->other_ips6);
	return list;
}

/* The parties that ought to have addresses and have none in the family. Literals are of one family on purpose. */
static const char *without_addresses(const struct target_run *r, const struct policy *p, enum family family) {
	struct text names = { 0 };
	const char *text;

	LIST_EACH (struct ref, ref, &p->from) {
		struct prefix_set set = PREFIX_SET_INIT;

		party_addresses(r->estate, ref, family, r->machine, &set);
		if (!set.ranges.n && ref->kind & (REF_ALL | REF_GROUP | REF_MACHINE))
			text_printf(&names, "%s%s", names.n ? ", " : "", ref->s);
		prefix_set_done(&set);
	}
	text = names.n ? arena_printf(r->arena, "%.*s", (int)names.n, names.v) : NULL;
	text_done(&names);
	return text;
}

static void add_family(struct target_run *r, const struct policy *p, enum family family, uint16_t port,
		       struct value *rules, struct value *notes) {
	const struct prefix everything =
		family == FAMILY_4 ? (struct prefix){ ip_from_v4(0), 96 } : (struct prefix){ 0 };
	const struct value *list;
	const char *missing;
	struct allowed a;

	allowed_by_line(r->estate, r->machine, family, IPPROTO_TCP, port, p, &a);
	if (a.any)
		prefix_set_add(&a.from, everything);
	list = data_set(r->arena, &a.from, p->at->loc);
	for (uint32_t i = 0; i < list->list.n; i++)
		value_list_push(r->arena, rules, list->list.v[i]);
	missing = a.any ? NULL : without_addresses(r, p, family);
	if (missing || !list->list.n)
		value_list_push(r->arena, notes,
				value_text(r->arena,
					   arena_printf(r->arena, "nothing over IPv%d%s%s%s", (int)family,
							missing ? " from " : "", missing ? missing : "",
							missing ? ": no address there" : ""),
					   p->at->loc));
	prefix_set_done(&a.from);
}

static const struct value *lines(struct target_run *r, uint16_t port) {
	struct value *list = value_list(r->arena, NO_LOC);

	LIST_EACH (struct policy, p, &r->estate->policy) {
		struct value *d = value_dict(r->arena, p->at->loc), *rules = value_list(r->arena, p->at->loc),
			     *notes = value_list(r->arena, p->at->loc);

		if (!allowed_applies(r->machine, IPPROTO_TCP, port, p))
			continue;
		for (size_t i = 0; i < ARRAY_LEN(families); i++)
			add_family(r, p, families[i], port, rules, notes);
		value_dict_set(r->arena, d, "name", data_scalar(r->arena, &p->name));
		value_dict_set(r->arena, d, "rules", rules);
		value_dict_set(r->arena, d, "notes", notes);
		value_list_push(r->arena, list, d);
	}
	return list;
}

static int files(struct target_run *r) {
	const uint16_t port = port_of(r->estate);
	int result;

	target_set(r, "addresses", addresses(r));
	target_set(r, "port", value_int(r->arena, port, NO_LOC));
	target_set(r, "lines", lines(r, port));
	result = target_file(r, HEXTET_CONF, "postgresql/hextet.conf", 0644);
	if (result == 0)
		result = target_file(r, PG_HBA, "postgresql/pg_hba.conf", 0644);
	return result == 0 ? target_file(r, BOOT_CONF, "postgresql/boot.conf", 0644) : result;
}

static struct str text_of_file(const struct verify_run *v, const char *path) {
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->files[i].path, path) == 0)
			return v->files[i].text;
	return (struct str){ 0 };
}

struct reading {
	struct verify_run *v;
	struct allowed allowed[ARRAY_LEN(families)];
	int result;
};

static void complain(uint32_t line, const char *message, void *user) {
	struct reading *k = user;

	k->result = verify_complain(k->v, PG_HBA, line, "hextet", message);
}

static bool is_loopback(struct prefix p) {
	return prefix_covers((struct prefix){ ip_from_v4(INADDR_LOOPBACK & 0xff000000), 104 }, p) ||
	       prefix_covers(prefix_host((struct ip){ 0, 1 }), p);
}

/* What the policy does not allow, no rule may let in. */
static void compare(const struct hba_rule *rule, void *user) {
	struct reading *k = user;
	const struct allowed *a4 = &k->allowed[0], *a6 = &k->allowed[1],
			     *a = prefix_family(rule->from) == FAMILY_4 ? a4 : a6;
	bool ok = rule->is_local || rule->rejects;

	if (!ok && rule->any)
		ok = a4->any && a6->any;
	else if (!ok)
		ok = a->any || is_loopback(rule->from) || prefix_set_covers(&a->from, rule->from);
	if (!ok)
		complain(rule->line, "the rule lets in more than the policy does", k);
}

static int check_hba(struct verify_run *v) {
	struct reading k = { .v = v };
	const struct hba_reader reader = { compare, complain, &k };

	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		allowed_sources(v->estate, v->machine, families[i], IPPROTO_TCP, port_of(v->estate), &k.allowed[i]);
	(void)hba_read(text_of_file(v, PG_HBA), &reader);
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		prefix_set_done(&k.allowed[i].from);
	return k.result;
}

/* PostgreSQL resolves what is listed, and starts without what it cannot find. */
static int check_listen(struct verify_run *v) {
	struct str text = text_of_file(v, HEXTET_CONF), line, item;
	uint32_t number = 0;
	int result = 0;

	while (str_split(&text, '\n', &line)) {
		const char *first = memchr(line.s, '\'', line.len);
		struct str list;

		number++;
		if (line.len < 16 || memcmp(line.s, "listen_addresses", 16) != 0 || !first)
			continue;
		list = (struct str){ first + 1, line.len - (size_t)(first + 1 - line.s) };
		if (list.len && list.s[list.len - 1] == '\'')
			list.len--;
		while (str_split(&list, ',', &item)) {
			struct ip_fault fault;
			struct ip ip;

			item = str_trim(item);
			if (!str_is(item, "*") && ip_parse(item.s, item.len, &ip, &fault) < 0)
				result = verify_complain(v, HEXTET_CONF, number, "hextet",
							 arena_printf(v->arena, "'%.*s' is not an address: %s",
								      (int)item.len, item.s,
								      ip_error_hint(fault.error)));
		}
	}
	return result;
}

/* $1: the folder, $2 and $3 the files. PostgreSQL's words about a line are brought into the form FILE:LINE: WORDS. */
static const char script[] =
	"cd \"$1\"\n"
	"for bin in /usr/lib/postgresql/*/bin; do :; done\n"
	"[ -x \"$bin/initdb\" ] || exit 127\n"
	"\"$bin/initdb\" -D data -A trust -U postgres -N --no-locale -E UTF8 --no-instructions >initdb.log 2>&1 ||\n"
	"	{ cat initdb.log; exit 1; }\n"
	"echo \"copy (select '$3:' || line_number || ': ' || error from pg_hba_file_rules where error is not null) to "
	"stdout\" |\n"
	"	\"$bin/postgres\" --single -D data -c config_file=\"$2\" -c ssl=on -c hba_file=\"$3\" postgres >said "
	"2>errors\n"
	"status=$?\n"
	"sed 's/^.*LOG:  \\(.*\\) in file \"\\([^\"]*\\)\" line \\([0-9]*\\)/\\2:\\3: \\1/' errors said | grep -F "
	"\"$1/etc/\" && exit 1\n"
	"[ $status = 0 ] || cat errors\n"
	"exit $status\n";

static int ask_postgres(struct verify_run *v) {
	const char *const as_root[] = { "unshare",
					"--user",
					"--map-user=nobody",
					"sh",
					"-c",
					script,
					"sh",
					v->folder,
					verify_path(v, HEXTET_CONF),
					verify_path(v, PG_HBA),
					NULL };
	const char *const *argv = geteuid() == 0 ? as_root : as_root + 3;
	struct str output;
	int status, r = verify_exec(v, argv, 0, &status, &output);

	if (r == 0 && status == 127)
		verify_missing(v, NULL, "PostgreSQL");
	else if (r == -ENOENT || (r == 0 && memmem(output.s, output.len, "unshare: ", strlen("unshare: "))))
		verify_missing(v, NULL, "a user namespace for PostgreSQL");
	else
		return r < 0 ? r : verify_judge(v, NULL, "postgres", status, output);
	return 0;
}

static int verify(struct verify_run *v) {
	const int hba = check_hba(v), listen = check_listen(v), asked = ask_postgres(v);

	return hba < 0 ? hba : listen < 0 ? listen : asked;
}

/* Who may connect is not a fact of its own: it is never wider than the firewall, whose flows are. */
static int facts(struct facts *f, const char *path, struct str text, const char **ret_error) {
	return strcmp(path, HEXTET_CONF) == 0 ? postgresql_listeners(f, text, ret_error) : 0;
}

const struct target target_postgresql = {
	.name = "postgresql",
	.summary = "PostgreSQL's addresses, and who may connect",
	.doc = "A machine with role postgresql gets " HEXTET_CONF " and " PG_HBA
	       " of Debian's cluster 15/main. It listens on the loopback and on the machine's own addresses, "
	       "literally, on "
	       "the first TCP port of the service called postgresql, or 5432, and waits for them at boot (a drop-in of "
	       "its "
	       "unit), because it starts without those it does not find. Who comes in: the Unix socket by peer, the "
	       "loopback "
	       "with a password, and for each policy line that leads here its sources in each family, over TLS (on in "
	       "Debian's cluster) with a "
	       "password (hostssl, scram-sha-256), in the policy's order; IPv4 behind NAT as this machine sees it. A "
	       "party "
	       "without addresses in a family gets no line there, and a comment. Replication, and rules for one "
	       "database "
	       "or user, go into an override of the template postgresql/pg_hba.conf. A change of listen_addresses or "
	       "port "
	       "needs a restart, which hextet leaves to you; pg_hba.conf is taken by the reload. Checked by "
	       "PostgreSQL's "
	       "own parsers in single-user mode, on a cluster that is made for it and thrown away, and by a reader of "
	       "our "
	       "own, which refuses a rule that lets in more than the policy, a host name, and the methods trust, "
	       "password, ident and md5.",
	.roles = 1U << ROLE_POSTGRESQL,
	.templates = (const char *const[]){ "postgresql/hextet.conf", "postgresql/pg_hba.conf", "postgresql/boot.conf",
					    NULL },
	.files = files,
	.verify = verify,
	.reload = (const char *const[]){ "systemctl daemon-reload", "systemctl reload postgresql@15-main", NULL },
	.facts = facts,
};
