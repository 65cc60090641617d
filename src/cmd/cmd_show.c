/* SPDX-License-Identifier: Apache-2.0 */
/* What the model knows, with the place of each fact. One walk a thing; emit makes text or JSON of it. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "cmd/estate_open.h"
#include "conf/json_schema.h"
#include "estate/party.h"
#include "render/target.h"

enum { KEY_SCHEMA = 0x200 };

enum what { SHOW_ESTATE, SHOW_GROUP, SHOW_MACHINE, _SHOW_MAX };

static const char *const what_words[_SHOW_MAX] = {
	[SHOW_ESTATE] = "estate",
	[SHOW_GROUP] = "group",
	[SHOW_MACHINE] = "machine",
};

struct options {
	struct output_options output;
	const char *folder, *name, *word[3];
	unsigned words;
	enum what what;
	bool schema;
};

static const struct argp_option option_rows[] = {
	{ "estate", 'C', "ESTATE", 0, "The estate's folder; the current one when it is not named", 0 },
	{ "schema", KEY_SCHEMA, NULL, 0, "Print the JSON Schema of the estate's files, for editors", 0 },
	{ 0 },
};

static int find_what(const char *word) {
	for (int i = 0; i < _SHOW_MAX; i++)
		if (strcmp(word, what_words[i]) == 0)
			return i;
	return -1;
}

/* WHAT [NAME] [ESTATE]; and ESTATE WHAT [NAME], as it is with the other commands. */
static void sort_words(struct options *o, struct argp_state *state) {
	unsigned at = 0;

	if (!o->words)
		argp_error(state, "say what to show: machine NAME, group NAME or estate");
	if (find_what(o->word[0]) < 0 && o->words > 1 && !o->folder)
		o->folder = o->word[at++];
	if (find_what(o->word[at]) < 0) {
		argp_error(state, "'%s' cannot be shown: say machine NAME, group NAME or estate", o->word[at]);
		return;
	}
	o->what = (enum what)find_what(o->word[at++]);
	if (o->what != SHOW_ESTATE) {
		if (at == o->words)
			argp_error(state, "name the %s", o->word[at - 1]);
		o->name = o->word[at++];
	}
	if (at < o->words && !o->folder)
		o->folder = o->word[at++];
	if (at < o->words)
		argp_error(state, "'%s' is too much", o->word[at]);
	if (!o->folder)
		o->folder = ".";
}

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->output;
		return 0;
	case 'C':
		o->folder = arg;
		return 0;
	case KEY_SCHEMA:
		o->schema = true;
		return 0;
	case ARGP_KEY_ARG:
		if (o->words == ARRAY_LEN(o->word))
			argp_error(state, "'%s' is too much", arg);
		o->word[o->words++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (o->schema && o->words)
			argp_error(state, "--schema needs no '%s'", o->word[0]);
		if (!o->schema)
			sort_words(o, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &output_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.options = option_rows,
	.parser = parse,
	.args_doc = "machine NAME [ESTATE]\ngroup NAME [ESTATE]\nestate [ESTATE]\n--schema",
	.doc = "Prints what the estate says about a machine or a group, or of what it consists.",
	.children = children,
};

static void print_schema(FILE *out) {
	(void)fputs("{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
		    "  \"title\": \"A file of a hextet estate\",\n"
		    "  \"description\": \"Either sections (ESTATE/*.yaml) or machines (ESTATE/machines/*.yaml)\",\n"
		    "  \"anyOf\": [{ \"$ref\": \"#/$defs/sections\" }, { \"$ref\": \"#/$defs/machines\" }],\n"
		    "  \"$defs\": {\n    \"sections\": ",
		    out);
	json_schema_struct(out, &estate_schema, 2);
	(void)fputs(",\n    \"machines\": ", out);
	json_schema_map(out, &machine_schema, 2);
	(void)fputs("\n  }\n}\n", out);
}

/* The walk: what it writes to, and what it walks over. */
struct show {
	struct emit e;
	const struct estate *estate;
	struct arena *arena;
};

static void emit_place(struct show *s, const struct node *at) {
	const struct source *src = at ? sources_get(s->estate->sources, at->loc.file) : NULL;

	if (src)
		emit_text(&s->e, "place", arena_printf(s->arena, "%s:%u", src->path, at->loc.line));
}

static void emit_scalar(struct show *s, const char *name, const struct scalar *text) {
	if (text->at)
		emit_text(&s->e, name, text->s);
}

static void emit_prefix(struct show *s, const char *name, struct prefix p) {
	char text[PREFIX_TEXT_MAX];

	(void)prefix_format(p, text);
	emit_text(&s->e, name, text);
}

static void emit_ip(struct show *s, const char *name, struct ip ip) {
	char text[IP_TEXT_MAX];

	(void)ip_format(ip, text);
	emit_text(&s->e, name, text);
}

static void emit_names(struct show *s, const char *name, const struct list *refs) {
	emit_list(&s->e, name);
	LIST_EACH (struct ref, ref, refs)
		emit_text(&s->e, NULL, ref->s);
	emit_end(&s->e);
}

static void emit_roles(struct show *s, unsigned bits) {
	emit_list(&s->e, "roles");
	for (enum role r = 0; r < _ROLE_MAX; r++)
		if (bits >> r & 1)
			emit_text(&s->e, NULL, role_words[r]);
	emit_end(&s->e);
}

static void emit_address(struct show *s, const char *use, const struct address *a, const struct given *in,
			 const struct scalar *comment) {
	if (!a->at)
		return;
	emit_object(&s->e, NULL);
	emit_ip(s, "address", a->ip);
	emit_uint(&s->e, "family", ip_family(a->ip));
	emit_text(&s->e, "use", use);
	if (in) {
		emit_prefix(s, "prefix", in->network.prefix);
		emit_scalar(s, "site", &in->site);
		if (in->gateway.at)
			emit_ip(s, "gateway", in->gateway.ip);
	}
	if (comment)
		emit_scalar(s, "comment", comment);
	emit_place(s, a->at);
	emit_end(&s->e);
}

static void emit_addresses(struct show *s, const struct machine *m) {
	emit_list(&s->e, "addresses");
	emit_address(s, "main", &m->ip, m->given4, NULL);
	emit_address(s, "main", &m->ipv6, m->given6, NULL);
	LIST_EACH (struct other_ip, o, &m->other_ips)
		emit_address(s, "other", &o->address, NULL, &o->comment);
	LIST_EACH (struct other_ip, o, &m->other_ips6)
		emit_address(s, "other", &o->address, NULL, &o->comment);
	emit_end(&s->e);
}

static void emit_network(struct show *s, const struct routed *n, bool with_machine) {
	emit_object(&s->e, NULL);
	emit_prefix(s, "network", n->network.prefix);
	emit_uint(&s->e, "family", prefix_family(n->network.prefix));
	if (with_machine && n->machine)
		emit_text(&s->e, "machine", n->machine->name.s);
	emit_names(s, "groups", &n->groups);
	if (n->docker_network) {
		emit_scalar(s, "docker_network", &n->docker_network->name);
		if (n->docker_network->ipv4.at)
			emit_prefix(s, "docker_ipv4", n->docker_network->ipv4.prefix);
	}
	emit_scalar(s, "comment", &n->comment);
	emit_place(s, n->network.at);
	emit_end(&s->e);
}

static void emit_routed(struct show *s, const struct machine *m) {
	emit_list(&s->e, "routed_networks");
	LIST_EACH (struct routed, n, &m->routed_networks)
		emit_network(s, n, false);
	LIST_EACH (struct routed, n, &m->routed_networks6)
		emit_network(s, n, false);
	emit_end(&s->e);
}

/* The position (from 1) of a machine in a list of references, or 0. */
static unsigned position(const struct list *refs, const struct machine *m) {
	unsigned i = 1;

	LIST_EACH (struct ref, ref, refs) {
		if (ref->kind == REF_MACHINE && ref->to == m)
			return i;
		i++;
	}
	return 0;
}

static void emit_failover(struct show *s, const struct machine *m) {
	emit_list(&s->e, "failover");
	LIST_EACH (struct failover, f, &s->estate->failover) {
		if (!position(&f->machines, m))
			continue;
		emit_object(&s->e, NULL);
		emit_text(&s->e, "name", f->name.s);
		emit_uint(&s->e, "preference", position(&f->machines, m));
		emit_uint(&s->e, "vrid", f->vrid.n);
		emit_list(&s->e, "addresses");
		LIST_EACH (struct ifaddr, a, &f->ipv4)
			emit_ip(s, NULL, a->ip);
		LIST_EACH (struct ifaddr, a, &f->ipv6)
			emit_ip(s, NULL, a->ip);
		emit_end(&s->e);
		emit_place(s, f->name.at);
		emit_end(&s->e);
	}
	emit_end(&s->e);
}

static void emit_vpns(struct show *s, const struct machine *m) {
	emit_list(&s->e, "vpn");
	LIST_EACH (struct vpn, v, &s->estate->vpn) {
		if (!position(&v->machines, m))
			continue;
		emit_object(&s->e, NULL);
		emit_text(&s->e, "name", v->name.s);
		if (v->ipv4.at)
			emit_prefix(s, "ipv4", v->ipv4.prefix);
		if (v->ipv6.at)
			emit_prefix(s, "ipv6", v->ipv6.prefix);
		emit_uint(&s->e, "clients", v->clients.n);
		emit_place(s, v->name.at);
		emit_end(&s->e);
	}
	emit_end(&s->e);
}

static bool names_network_of(const struct ref *ref, const struct list *networks) {
	LIST_EACH (struct routed, n, networks)
		if (party_has_network(ref, n))
			return true;
	return false;
}

/* Whether a party means the machine or a network behind it, by name, by group or by address. */
static bool concerns(const struct list *parties, const struct machine *m) {
	LIST_EACH (struct ref, ref, parties) {
		if (party_is_any(ref) || party_has_machine(ref, m))
			return true;
		if (names_network_of(ref, &m->routed_networks) || names_network_of(ref, &m->routed_networks6))
			return true;
		if (ref->kind & (REF_ADDRESS | REF_PREFIX) && ((m->ip.at && prefix_has_ip(ref->prefix, m->ip.ip)) ||
							       (m->ipv6.at && prefix_has_ip(ref->prefix, m->ipv6.ip))))
			return true;
	}
	return false;
}

static void emit_policy(struct show *s, const struct machine *m) {
	emit_list(&s->e, "policy");
	LIST_EACH (struct policy, p, &s->estate->policy) {
		bool from = concerns(&p->from, m), to = concerns(&p->to, m);

		if (!from && !to)
			continue;
		emit_object(&s->e, NULL);
		emit_text(&s->e, "name", p->name.s);
		emit_text(&s->e, "side", from && to ? "both" : from ? "from" : "to");
		emit_names(s, "from", &p->from);
		emit_names(s, "to", &p->to);
		emit_names(s, "allow", &p->allow);
		emit_place(s, p->at);
		emit_end(&s->e);
	}
	emit_end(&s->e);
}

static bool endpoint_points_at(const struct endpoint_name *n, const struct machine *m) {
	LIST_EACH (struct ref, ref, &n->to) {
		if (ref->kind == REF_FAILOVER && position(&((const struct failover *)ref->to)->machines, m))
			return true;
		if ((ref->kind == REF_MACHINE || ref->kind == REF_GROUP) && party_has_machine(ref, m))
			return true;
	}
	return false;
}

static void emit_endpoints(struct show *s, const struct machine *m) {
	emit_list(&s->e, "endpoints");
	LIST_EACH (struct endpoint_name, n, &s->estate->endpoints) {
		if (!endpoint_points_at(n, m))
			continue;
		emit_object(&s->e, NULL);
		emit_text(&s->e, "name", n->name.s);
		emit_names(s, "to", &n->to);
		if (n->service.at)
			emit_text(&s->e, "service", n->service.s);
		emit_place(s, n->name.at);
		emit_end(&s->e);
	}
	emit_end(&s->e);
}

static void show_machine(struct show *s, const struct machine *m) {
	emit_object(&s->e, NULL);
	emit_text(&s->e, "name", m->name.s);
	emit_place(s, m->name.at);
	emit_scalar(s, "comment", &m->comment);
	emit_names(s, "groups", &m->groups);
	emit_roles(s, m->role_bits);
	emit_list(&s->e, "targets");
	for (const struct target *const *t = target_list; *t; t++)
		if (target_applies(*t, s->estate, m))
			emit_text(&s->e, NULL, (*t)->name);
	emit_end(&s->e);
	emit_text(&s->e, "interface", m->interface.s);
	if (m->mtu.at)
		emit_uint(&s->e, "mtu", m->mtu.n);
	emit_addresses(s, m);
	if (m->ipv6.at)
		emit_prefix(s, "subnet6", m->subnet6);
	emit_routed(s, m);
	emit_list(&s->e, "lans");
	LIST_EACH (struct lan, l, &s->estate->lans)
		if (l->router.to == m)
			emit_text(&s->e, NULL, l->name.s);
	emit_end(&s->e);
	emit_failover(s, m);
	emit_vpns(s, m);
	if (s->estate->nat64)
		emit_bool(&s->e, "nat64", position(&s->estate->nat64->machines, m));
	emit_policy(s, m);
	emit_endpoints(s, m);
	emit_end(&s->e);
}

static bool policy_names(const struct list *parties, const struct group *g) {
	LIST_EACH (struct ref, ref, parties)
		if (ref->kind == REF_GROUP && ref->to == g)
			return true;
	return false;
}

static void show_group(struct show *s, const struct group *g) {
	emit_object(&s->e, NULL);
	emit_text(&s->e, "name", g->name.s);
	emit_place(s, g->name.at);
	emit_scalar(s, "comment", &g->comment);
	emit_roles(s, g->role_bits);
	emit_list(&s->e, "machines");
	for (uint32_t i = 0; i < g->machine_count; i++)
		emit_text(&s->e, NULL, g->machines[i]->name.s);
	emit_end(&s->e);
	emit_list(&s->e, "networks");
	for (uint32_t i = 0; i < g->network_count; i++)
		emit_network(s, g->networks[i], true);
	emit_end(&s->e);
	emit_list(&s->e, "lans");
	for (uint32_t i = 0; i < g->lan_count; i++)
		emit_text(&s->e, NULL, g->lans[i]->name.s);
	emit_end(&s->e);
	emit_list(&s->e, "policy");
	LIST_EACH (struct policy, p, &s->estate->policy) {
		bool from = policy_names(&p->from, g), to = policy_names(&p->to, g);

		if (!from && !to)
			continue;
		emit_object(&s->e, NULL);
		emit_text(&s->e, "name", p->name.s);
		emit_text(&s->e, "side", from && to ? "both" : from ? "from" : "to");
		emit_place(s, p->at);
		emit_end(&s->e);
	}
	emit_end(&s->e);
	emit_end(&s->e);
}

static void show_estate(struct show *s) {
	const struct estate *e = s->estate;

	emit_object(&s->e, NULL);
	emit_scalar(s, "name", &e->name);
	emit_scalar(s, "domain", &e->domain);
	emit_text(&s->e, "folder", e->folder);
	emit_uint(&s->e, "machines", e->machines.n);
	emit_uint(&s->e, "services", e->services.n);
	emit_uint(&s->e, "policy", e->policy.n);
	emit_uint(&s->e, "endpoints", e->endpoints.n);
	emit_list(&s->e, "groups");
	LIST_EACH (struct group, g, &e->groups) {
		emit_object(&s->e, NULL);
		emit_text(&s->e, "name", g->name.s);
		emit_uint(&s->e, "machines", g->machine_count);
		emit_uint(&s->e, "networks", g->network_count);
		emit_end(&s->e);
	}
	emit_end(&s->e);
	emit_list(&s->e, "prefixes");
	LIST_EACH (struct given, g, &e->prefixes) {
		emit_object(&s->e, NULL);
		emit_prefix(s, "prefix", g->network.prefix);
		emit_scalar(s, "site", &g->site);
		emit_scalar(s, "comment", &g->comment);
		emit_place(s, g->network.at);
		emit_end(&s->e);
	}
	emit_end(&s->e);
	emit_end(&s->e);
}

/* A thing by its name; when there is none, says which was meant. Things begin with their names. */
static const void *find_named(struct show *s, const struct options *o, const struct map *by_name,
			      const struct list *list, size_t size) {
	const void *found = map_get(by_name, o->name, strlen(o->name));
	const char *near = NULL;
	unsigned best = UINT_MAX;

	if (found)
		return found;
	for (uint32_t i = 0; i < list->n; i++) {
		const struct scalar *name = (const void *)((const char *)list->items + i * size);

		if (suggest_better(str_of(o->name), str_of(name->s), &best))
			near = name->s;
	}
	(void)fprintf(stderr, "hextet: %s has no %s called '%s'", s->estate->folder, what_words[o->what], o->name);
	(void)fprintf(stderr, near ? "; did you mean '%s'?\n" : "\n", near);
	return NULL;
}

/* EXIT_NO when there is no such thing. */
static int show(struct show *s, const struct options *o) {
	const struct estate *e = s->estate;
	const void *thing = NULL;

	if (o->what == SHOW_MACHINE)
		thing = find_named(s, o, &e->machine_by_name, &e->machines, sizeof(struct machine));
	else if (o->what == SHOW_GROUP)
		thing = find_named(s, o, &e->group_by_name, &e->groups, sizeof(struct group));
	if (!thing && o->what != SHOW_ESTATE)
		return EXIT_NO;
	emit_init(&s->e, stdout, o->output.format);
	if (o->what == SHOW_MACHINE)
		show_machine(s, thing);
	else if (o->what == SHOW_GROUP)
		show_group(s, thing);
	else
		show_estate(s);
	return output_finish(&s->e, EXIT_DONE);
}

static int run(int argc, char **argv) {
	struct options opt = { 0 };
	struct opened_estate o;
	struct show s = { 0 };
	int code;

	command_parse(&argp, argc, argv, &opt);
	if (opt.schema) {
		print_schema(stdout);
		emit_init(&s.e, stdout, EMIT_JSON_LINES);
		return output_finish(&s.e, EXIT_DONE);
	}
	code = opened_estate_open(&o, opt.folder);
	if (code)
		return code;
	if (!o.estate->loaded)
		(void)fprintf(stderr,
			      "hextet: not all of %s could be read ('hextet check' says why); what follows may lack "
			      "something\n",
			      o.estate->folder);
	s.estate = o.estate;
	s.arena = &o.arena;
	code = show(&s, &opt);
	opened_estate_close(&o);
	return code;
}

const struct command command_show = {
	.name = "show",
	.summary = "Show what the estate says about a machine or a group",
	.argp = &argp,
	.run = run,
};
