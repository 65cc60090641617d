/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/trace_report.h"

#include <netinet/in.h>
#include <string.h>

enum { PREFIXES_SHOWN = 8, RECTS_SHOWN = 6 };

static const char *family_name(enum family f) {
	return f == FAMILY_4 ? "IPv4" : "IPv6";
}

static const char *port_text(struct trace_port p, struct arena *a) {
	return arena_printf(a, "%s/%u", p.protocol == IPPROTO_TCP ? "tcp" : "udp", p.port);
}

static const char *ip_text(struct ip ip, struct arena *a) {
	char text[IP_TEXT_MAX];

	return arena_dup(a, text, ip_format(ip, text));
}

/* The hop that decides: of the dropped pair, or the last one of the accepted. */
static const struct trace_hop *deciding_hop(const struct trace_answer *a) {
	const struct trace_path *p = a->no.found ? &a->no : &a->yes;

	return p->n ? &p->hops[p->n - 1] : NULL;
}

/* A service with the port: the one that was asked for, or any. */
static const char *service_with(const struct trace_report *r, struct trace_port port) {
	const struct estate *e = r->estate->estate;

	if (map_get(&e->service_by_name, r->service, strlen(r->service)))
		return r->service;
	LIST_EACH (struct service, s, &e->services)
		LIST_EACH (struct number, n, port.protocol == IPPROTO_TCP ? &s->tcp : &s->udp)
			if (n->n == port.port)
				return s->name.s;
	return NULL;
}

/*
 * What may stand in a policy line for an end: not every name of one may, and where some of `any` or `all` are let
 * through already, only the one that is not is named, lest a hint opens everything.
 */
static const char *end_word(const struct trace_report *r, const struct trace_answer *a, const struct trace_end *end,
			    struct ip dropped) {
	const struct ref *ref = end->refs;
	const enum ref_kind all = REF_ANY | REF_ALL, named = REF_GROUP | REF_ADDRESS | REF_PREFIX;

	if (end->n == 1 && ref->kind == REF_MACHINE)
		return ((const struct machine *)ref->to)->name.s;
	if (end->n == 1 && (ref->kind & named || (ref->kind & all && !a->partly)) && strcmp(ref->s, end->text) == 0)
		return end->text;
	return ip_text(dropped, r->arena);
}

static const char *to_word(const struct trace_report *r, const struct trace_answer *a, const struct trace_hop *hop) {
	const struct ref *ref = r->question->to.refs;

	if (hop->chain == FLOW_INPUT && (r->question->to.n != 1 || ref->kind & (REF_FAILOVER | REF_ANY | REF_ALL)))
		return hop->machine->name.s;
	return end_word(r, a, &r->question->to, a->no.to);
}

/* The line that lets it through in the other family, when that is where the families part. */
static const struct policy *line_of_other(const struct trace_report *r, const struct trace_answer *a) {
	for (size_t i = 0; i < r->n; i++)
		if (&r->answers[i] != a && r->answers[i].accepts && deciding_hop(&r->answers[i]))
			return deciding_hop(&r->answers[i])->line;
	return NULL;
}

static const char *end_missing(const struct trace_report *r, const struct trace_answer *a,
			       const struct trace_end *end) {
	const char *key = a->family == FAMILY_4 ? "ip" : "ipv6";

	if (end->n && end->refs[0].kind & (REF_ADDRESS | REF_PREFIX))
		return arena_printf(r->arena, "%s is not %s: ask with an address of that family, or with a name",
				    end->text, family_name(a->family));
	return arena_printf(r->arena, "%s has no %s address: give its machines \"%s:\" and it can be asked again",
			    end->text, family_name(a->family), key);
}

/* What to write so that a dropped connection is accepted; NULL when nothing is dropped. */
static const char *missing(const struct trace_report *r, const struct trace_answer *a) {
	const struct trace_hop *hop = deciding_hop(a);
	const struct policy *other = line_of_other(r, a);
	const char *service = service_with(r, a->no.port);
	struct arena *m = r->arena;

	if (a->accepts)
		return NULL;
	if (!a->from_has)
		return end_missing(r, a, &r->question->from);
	if (!a->to_has)
		return end_missing(r, a, &r->question->to);
	if (other && !trace_side_has(r->tracer, &other->from, a->family))
		return arena_printf(m, "nobody in \"from\" of \"%s\" has an %s address: add one there", other->name.s,
				    family_name(a->family));
	if (other && !trace_side_has(r->tracer, &other->to, a->family))
		return arena_printf(m, "nobody in \"to\" of \"%s\" has an %s address: add one there", other->name.s,
				    family_name(a->family));
	if (hop->chain == FLOW_FORWARD && trace_needs_nat(r->tracer, hop->machine, hop->from, hop->to))
		return arena_printf(m, "%s is behind NAT: from elsewhere it is asked for at the IPv4 address of %s",
				    ip_text(hop->to, m), hop->machine->name.s);
	if (!service)
		return arena_printf(
			m, "no service has %s: write one under \"services:\", and a policy line that allows it",
			port_text(a->no.port, m));
	return arena_printf(m, "write under \"policy:\" - { name: NAME, from: %s, to: %s, allow: %s }",
			    end_word(r, a, &r->question->from, a->no.from), to_word(r, a, hop), service);
}

static void emit_place(const struct trace_report *r, struct emit *e, const struct policy *line) {
	const struct loc loc = line ? line->name.at->loc : (struct loc){ 0 };
	const struct source *src = sources_get(&r->estate->sources, loc.file);

	emit_text(e, "file", src ? src->path : NULL);
	if (src) {
		emit_uint(e, "line", loc.line);
		emit_uint(e, "column", loc.col);
	} else {
		emit_null(e, "line");
		emit_null(e, "column");
	}
	emit_text(e, "policy", line ? line->name.s : NULL);
}

static void emit_hop(const struct trace_report *r, struct emit *e, const struct trace_hop *h) {
	emit_object(e, NULL);
	emit_text(e, "machine", h->machine->name.s);
	emit_text(e, "chain", flow_chain_to_str(h->chain));
	emit_text(e, "verdict", h->accepts ? "accept" : "drop");
	emit_text(e, "from", ip_text(h->from, r->arena));
	emit_text(e, "to", ip_text(h->to, r->arena));
	emit_bool(e, "translated", h->translated);
	emit_place(r, e, h->line);
	emit_end(e);
}

static void emit_path(const struct trace_report *r, struct emit *e, const char *name, const struct trace_path *p) {
	if (!p->found) {
		emit_null(e, name);
		return;
	}
	emit_object(e, name);
	emit_text(e, "from", ip_text(p->from, r->arena));
	emit_text(e, "to", ip_text(p->to, r->arena));
	emit_text(e, "port", port_text(p->port, r->arena));
	emit_list(e, "hops");
	for (unsigned i = 0; i < p->n; i++)
		emit_hop(r, e, &p->hops[i]);
	emit_end(e);
	emit_end(e);
}

static int emit_prefix(struct prefix p, void *user) {
	char text[PREFIX_TEXT_MAX];

	(void)prefix_format(p, text);
	emit_text(user, NULL, text);
	return 0;
}

static void emit_accepted(const struct trace_report *r, struct emit *e, const struct trace_answer *a) {
	emit_list(e, "accepted");
	for (size_t i = 0; i < a->n_accepted && a->partly; i++) {
		const struct trace_rect *rect = &a->accepted[i];

		emit_object(e, NULL);
		emit_list(e, "from");
		(void)prefix_set_each(&rect->from, emit_prefix, e);
		emit_end(e);
		emit_list(e, "to");
		(void)prefix_set_each(&rect->to, emit_prefix, e);
		emit_end(e);
		emit_list(e, "ports");
		for (size_t k = 0; k < rect->n_ports; k++)
			emit_text(e, NULL, port_text(rect->ports[k], r->arena));
		emit_end(e);
		emit_end(e);
	}
	emit_end(e);
}

static void emit_answer(const struct trace_report *r, struct emit *e, const struct trace_answer *a,
			bool with_question) {
	const struct trace_hop *hop = deciding_hop(a);

	emit_object(e, NULL);
	if (with_question) {
		emit_text(e, "from", r->question->from.text);
		emit_text(e, "to", r->question->to.text);
		emit_text(e, "service", r->service);
	}
	emit_uint(e, "family", a->family);
	emit_text(e, "verdict", a->accepts ? "accept" : "drop");
	emit_text(e, "machine", hop ? hop->machine->name.s : NULL);
	emit_text(e, "chain", hop ? flow_chain_to_str(hop->chain) : NULL);
	emit_place(r, e, hop ? hop->line : NULL);
	emit_bool(e, "partly", a->partly);
	emit_text(e, "missing", missing(r, a));
	emit_path(r, e, "accepted_path", &a->yes);
	emit_path(r, e, "dropped_path", &a->no);
	emit_accepted(r, e, a);
	emit_end(e);
}

void trace_report_emit(const struct trace_report *r, struct emit *e, bool with_question) {
	for (size_t i = 0; i < r->n; i++)
		emit_answer(r, e, &r->answers[i], with_question);
}

/* The hops of one connection as notes; a refusal has no place in the files to point at. */
static void add_path(const struct trace_report *r, struct diags *d, const struct trace_path *p, const char *hint) {
	for (unsigned i = 0; i < p->n; i++) {
		const struct trace_hop *h = &p->hops[i];
		const char *way =
			arena_printf(r->arena, "%s -> %s %s%s", ip_text(h->from, r->arena), ip_text(h->to, r->arena),
				     port_text(p->port, r->arena), h->translated ? " (translated)" : "");

		if (h->accepts)
			diag_add(d, SEVERITY_NOTE, NULL, h->line->name.at->loc, NULL, "%s is accepted on %s, chain %s",
				 way, h->machine->name.s, flow_chain_to_str(h->chain));
		else
			diag_add(d, SEVERITY_NOTE, NULL, (struct loc){ 0 }, hint,
				 "%s is dropped on %s, chain %s: no policy line allows it", way, h->machine->name.s,
				 flow_chain_to_str(h->chain));
	}
}

struct text_list {
	FILE *out;
	unsigned n;
};

static int print_prefix(struct prefix p, void *user) {
	struct text_list *l = user;
	char text[PREFIX_TEXT_MAX];

	(void)(p.len == 128 ? ip_format(p.ip, text) : prefix_format(p, text));
	if (l->n < PREFIXES_SHOWN)
		(void)fprintf(l->out, "%s%s", l->n ? ", " : "", text);
	l->n++;
	return 0;
}

static void print_set(const struct prefix_set *set, FILE *out) {
	struct text_list l = { .out = out };

	(void)prefix_set_each(set, print_prefix, &l);
	if (l.n > PREFIXES_SHOWN)
		(void)fprintf(out, " and %u more", l.n - PREFIXES_SHOWN);
}

static void print_accepted(const struct trace_report *r, const struct trace_answer *a, FILE *out) {
	for (size_t i = 0; i < MIN(a->n_accepted, (size_t)RECTS_SHOWN); i++) {
		const struct trace_rect *rect = &a->accepted[i];

		(void)fputs("  accepted: ", out);
		print_set(&rect->from, out);
		(void)fputs(" -> ", out);
		print_set(&rect->to, out);
		for (size_t k = 0; k < rect->n_ports; k++)
			(void)fprintf(out, "%s %s", k ? "," : "", port_text(rect->ports[k], r->arena));
		(void)fputc('\n', out);
	}
	if (a->n_accepted > RECTS_SHOWN)
		(void)fprintf(out, "  accepted: and %zu more of this kind; --output json has all\n",
			      a->n_accepted - RECTS_SHOWN);
}

static void print_answer(const struct trace_report *r, const struct trace_answer *a, FILE *out, bool colour) {
	const char *on = !colour ? "" : a->accepts ? "\033[1;32m" : "\033[1;31m", *off = colour ? "\033[0m" : "";
	struct diags d;

	(void)fprintf(out, "%s: %s%s%s\n", family_name(a->family), on,
		      a->accepts  ? "accept"
		      : a->partly ? "partly"
				  : "drop",
		      off);
	if (!a->from_has || !a->to_has) {
		(void)fprintf(out, "      = %s\n", missing(r, a));
		return;
	}
	if (a->accepts && !a->between)
		(void)fputs("      = no firewall of the estate lies between the two\n", out);
	if (a->partly)
		print_accepted(r, a, out);
	diags_init(&d, r->arena, &r->estate->sources);
	add_path(r, &d, &a->yes, NULL);
	add_path(r, &d, &a->no, missing(r, a));
	diags_print(&d, out, colour);
	diags_done(&d);
}

void trace_report_print(const struct trace_report *r, FILE *out, bool colour) {
	for (size_t i = 0; i < r->n; i++)
		print_answer(r, &r->answers[i], out, colour);
}
