/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The addresses come first, sorted; then each row is held against those it has. So memory holds the rows that matter,
 * whatever the size of the sources.
 */
#include "cmd/geo_explain.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "addr/wide.h"
#include "cmd/addr.h"
#include "cmd/geo_file.h"
#include "geo/answer.h"
#include "geo/country.h"
#include "geo/policy.h"

enum layer { LAYER_EXCEPTION, LAYER_BASE };

static const char *const layer_words[] = { "exception", "base" };

/* A row that has the address. */
struct candidate {
	uint32_t question;
	enum layer layer;
	const struct geo_spec *spec;
	uint32_t file;
	struct geo_row row;
	struct prefix prefix; /* of the minimal prefixes of its range, the one around the address */
	const char *comment;
	const char *code, *name; /* of a record in a file, which is no row; else NULL */
	uint64_t offset;
};

struct question {
	struct ip ip;    /* whose rows answer */
	struct ip given; /* as it was asked */
	uint32_t asked;  /* its place among the questions as they were asked */
};

struct explaining {
	struct geo_sink sink;
	struct job *job;
	VEC(struct question) questions; /* sorted */
	VEC(struct candidate) candidates;
	const struct geo_spec *spec; /* that is read now */
	enum layer layer;
	uint32_t file;
	struct geo_policy policy;
	struct geo_file built; /* the file to hold the answers against; path NULL: none */
	uint32_t built_file;   /* for findings about it */
};

/* In a file ::/96 and 2002::/16 are places of IPv4, and rows there are left out for it (policy.h). */
static struct ip answering(struct ip ip) {
	if (ip.hi == 0 && ip.lo <= UINT32_MAX)
		return ip_from_v4((uint32_t)ip.lo);
	return ip.hi >> 48 == 0x2002 ? ip_from_v4((uint32_t)(ip.hi >> 16)) : ip;
}

static int ask(struct job_input in, void *user) {
	struct explaining *x = user;
	struct ip_fault wrong = { IP_OK, 0 };
	struct question q = { .asked = (uint32_t)x->questions.n };

	if (ip_parse(in.text.s, in.text.len, &q.given, &wrong) < 0) {
		addr_wrong(x->job, in, wrong.at, ip_error_hint(wrong.error), "an address");
	} else {
		q.ip = answering(q.given);
		vec_push(&x->questions, q);
	}
	return 0;
}

static int compare_questions(const void *a, const void *b) {
	const struct question *p = a, *q = b;

	return ip_compare(p->ip, q->ip);
}

/* The largest prefix around an address that lies in a range. */
static struct prefix prefix_within(struct range r, struct ip ip) {
	struct prefix p = prefix_host(ip);

	while (p.len > (ip_is_v4(ip) ? 96 : 0)) {
		struct prefix wider = prefix_around(ip, p.len - 1U);

		if (ip_compare(prefix_first(wider), r.first) < 0 || ip_compare(prefix_last(wider), r.last) > 0)
			break;
		p = wider;
	}
	return p;
}

static int begin(struct geo_sink *sink, uint32_t file) {
	struct explaining *x = (struct explaining *)sink;

	x->file = file;
	return 0;
}

static int add(struct geo_sink *sink, const struct geo_row *row) {
	struct explaining *x = (struct explaining *)sink;
	size_t low = 0, high = x->questions.n;

	if (!geo_policy_take(&x->policy, row, x->file, sink->diags))
		return 0;
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (ip_compare(x->questions.v[middle].ip, row->range.first) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < x->questions.n; low++) {
		struct ip ip = x->questions.v[low].ip;

		if (ip_compare(ip, row->range.last) > 0)
			break;
		if (ip_family(ip) != ip_family(row->range.first))
			continue; /* ::/0 has no IPv4 address */
		vec_push(&x->candidates, (struct candidate){ .question = x->questions.v[low].asked,
							     .layer = x->layer,
							     .spec = x->spec,
							     .file = x->file,
							     .row = *row,
							     .prefix = prefix_within(row->range, ip) });
	}
	return 0;
}

static int read_source(struct explaining *x, const struct geo_spec *spec, enum layer layer) {
	x->spec = spec;
	x->layer = layer;
	return spec->source->read(spec, &x->sink);
}

/* A base that is a file has records, no rows. */
static int read_base_file(struct explaining *x, const struct geo_spec *spec) {
	struct geo_file f;
	int code = geo_file_open(x->job, spec->place, &f);

	for (size_t i = 0; i < x->questions.n && !code; i++) {
		struct candidate c = { .question = x->questions.v[i].asked, .layer = LAYER_BASE, .spec = spec };
		struct geo_answer a = { .code = "" };
		struct mmdb_fault fault;
		int r = mmdb_lookup(&f.db, x->questions.v[i].ip, &c.offset, &c.prefix, &fault);

		if (r == 1 && geo_answer(&f.db, c.offset, &a, &fault) < 0)
			r = -EBADMSG;
		if (r == -EBADMSG)
			return geo_file_broken(&f, &fault);
		if (r != 1)
			continue;
		c.code = *a.code ? arena_dup(&x->job->arena, a.code, 2) : NULL;
		c.name = arena_dup(&x->job->arena, a.name.s ? a.name.s : "", a.name.len);
		vec_push(&x->candidates, c);
	}
	return code;
}

/* By question; then the one that decides first. */
static int compare_candidates(const void *a, const void *b) {
	const struct candidate *p = a, *q = b;

	if (p->question != q->question)
		return p->question < q->question ? -1 : 1;
	if (p->layer != q->layer)
		return p->layer < q->layer ? -1 : 1;
	if (p->prefix.len != q->prefix.len)
		return p->prefix.len > q->prefix.len ? -1 : 1;
	if (p->row.created != q->row.created)
		return p->row.created > q->row.created ? -1 : 1;
	if (p->row.value != q->row.value)
		return p->row.value < q->row.value ? -1 : 1;
	if (p->file != q->file)
		return p->file < q->file ? -1 : 1;
	return p->row.id < q->row.id ? -1 : p->row.id > q->row.id;
}

static const char *why_lost(const struct candidate *winner, const struct candidate *c) {
	if (c->layer != winner->layer)
		return "exceptions beat base data";
	if (c->prefix.len != winner->prefix.len)
		return "a longer prefix beats it";
	if (c->row.created != winner->row.created)
		return "a newer row for the same network beats it";
	return c->row.value != winner->row.value ? "the smaller code of the same network beats it" : "says the same";
}

struct commenting {
	struct explaining *x;
	const struct geo_spec *spec;
};

static int take_comment(const struct geo_exception *e, void *user) {
	struct commenting *at = user;
	struct explaining *x = at->x;

	for (size_t i = 0; i < x->candidates.n; i++) {
		struct candidate *c = &x->candidates.v[i];

		if (c->spec == at->spec && c->row.id == e->id && e->comment)
			c->comment = arena_dup(&x->job->arena, e->comment, strlen(e->comment));
	}
	return 0;
}

static void read_comments(struct explaining *x, const struct geo_spec *specs, size_t n) {
	for (size_t i = 0; i < n; i++) {
		struct commenting at = { x, &specs[i] };
		bool decides = false;

		for (size_t k = 0; k < x->candidates.n; k++)
			decides |= x->candidates.v[k].spec == &specs[i];
		if (decides && specs[i].source->list)
			(void)specs[i].source->list(&specs[i], &x->job->diags, take_comment, &at);
	}
}

static void emit_prefix(struct emit *e, const char *name, struct prefix p) {
	char text[PREFIX_TEXT_MAX];

	(void)prefix_format(p, text);
	emit_text(e, name, text);
}

/* The row's own range as it was written, in short: a prefix where it is one. */
static void emit_range(struct emit *e, struct range r) {
	struct prefix p = prefix_around(r.first, wide_leading_zeros(wide_of(r.first) ^ wide_of(r.last)));
	char text[2 * IP_TEXT_MAX];
	size_t len;

	if (ip_equal(prefix_first(p), r.first) && ip_equal(prefix_last(p), r.last)) {
		emit_prefix(e, "network", p);
		return;
	}
	len = ip_format(r.first, text);
	text[len++] = '-';
	(void)ip_format(r.last, text + len);
	emit_text(e, "range", text);
}

static void emit_created(struct emit *e, int64_t created) {
	time_t seconds = (time_t)(created / 1000000 - (created % 1000000 < 0));
	char text[32];
	struct tm tm;

	if (created != GEO_NEVER && gmtime_r(&seconds, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		emit_text(e, "created_at", text);
}

static void emit_source(struct explaining *x, const struct candidate *c) {
	struct emit *e = &x->job->emit;
	const struct source *file = sources_get(&x->job->sources, c->file);

	emit_text(e, "layer", layer_words[c->layer]);
	emit_text(e, "source", c->spec->text);
	if (!c->file) {
		emit_uint(e, "offset", c->offset);
		emit_prefix(e, "network", c->prefix);
		return;
	}
	if (c->row.id_is_line)
		emit_text(e, "place",
			  arena_printf(&x->job->arena, "%s:%llu", file ? file->path : c->spec->text,
				       (unsigned long long)c->row.id));
	else
		emit_uint(e, "id", c->row.id);
	emit_range(e, c->row.range);
	emit_created(e, c->row.created);
	if (c->comment)
		emit_text(e, "comment", c->comment);
}

static const char *code_of(const struct candidate *c) {
	size_t n;

	return c->file ? country_table(&n)[c->row.value].code : c->code;
}

static void emit_country(struct emit *e, const struct candidate *c) {
	const char *code = code_of(c);
	const struct country *country = code ? country_of_code(code) : NULL;

	emit_text(e, "country", code);
	emit_text(e, "name", c->file && country ? country->name : c->name);
	if (country)
		emit_bool(e, "in_eu", country->in_eu);
	else
		emit_null(e, "in_eu");
}

/* What the built file says, and a warning when the sources say something else by now. */
static int emit_built(struct explaining *x, struct ip ip, const char *ip_text, const char *code) {
	struct geo_answer a = { .code = "" };
	struct mmdb_fault fault;
	struct prefix network;
	uint64_t offset;
	int r;

	if (!x->built.path)
		return 0;
	r = mmdb_lookup(&x->built.db, ip, &offset, &network, &fault);
	if (r == 1)
		r = geo_answer(&x->built.db, offset, &a, &fault);
	if (r == -EBADMSG)
		return geo_file_broken(&x->built, &fault);
	emit_text(&x->job->emit, "in_file", *a.code ? a.code : NULL);
	if (strcmp(a.code, code ? code : "") != 0)
		diag_add(&x->job->diags, SEVERITY_WARNING, "geo-outdated", (struct loc){ .file = x->built_file },
			 "build the file again", "%s is %s in the file and %s in the sources", ip_text,
			 *a.code ? a.code : "in no country", code ? code : "in no country");
	return 0;
}

/* One question: candidate [first, end) are its rows. */
static int emit_question(struct explaining *x, struct ip ip, size_t first, size_t end) {
	struct emit *e = &x->job->emit;
	const struct candidate *winner = &x->candidates.v[first];
	char text[IP_TEXT_MAX];
	int code;

	(void)ip_format(ip, text);
	emit_object(e, NULL);
	emit_text(e, "ip", text);
	if (first == end) {
		emit_null(e, "network");
		emit_null(e, "country");
		code = emit_built(x, ip, text, NULL);
		emit_end(e);
		return code;
	}
	emit_prefix(e, "network", winner->prefix);
	emit_country(e, winner);
	code = emit_built(x, ip, text, code_of(winner));
	emit_object(e, "decided_by");
	emit_source(x, winner);
	emit_end(e);
	emit_list(e, "lost");
	for (size_t i = first + 1; i < end; i++) {
		emit_object(e, NULL);
		emit_text(e, "country", code_of(&x->candidates.v[i]));
		emit_source(x, &x->candidates.v[i]);
		emit_text(e, "why", why_lost(winner, &x->candidates.v[i]));
		emit_end(e);
	}
	emit_end(e);
	emit_end(e);
	return code;
}

static int emit_all(struct explaining *x) {
	_cleanup_(freep) struct ip *asked = calloc(x->questions.n + 1, sizeof(*asked));
	size_t at = 0;
	int code = 0;

	if (!asked)
		return cannot("out of memory");
	for (size_t i = 0; i < x->questions.n; i++)
		asked[x->questions.v[i].asked] = x->questions.v[i].given;
	if (x->candidates.n)
		qsort(x->candidates.v, x->candidates.n, sizeof(*x->candidates.v), compare_candidates);
	for (size_t i = 0; i < x->questions.n && !code; i++) {
		size_t first = at;

		while (at < x->candidates.n && x->candidates.v[at].question == i)
			at++;
		code = emit_question(x, asked[i], first, at);
	}
	return code;
}

static int read_sources(struct explaining *x, const struct geo_setup *s) {
	int r = 0;

	for (size_t i = 0; i < s->from_count && r == 0; i++)
		r = read_source(x, &s->from[i], LAYER_EXCEPTION);
	if (r == 0 && s->base && strcmp(s->base->source->name, "mmdb") == 0)
		return read_base_file(x, s->base);
	if (r == 0 && s->base)
		r = read_source(x, s->base, LAYER_BASE);
	return r < 0 ? geo_failed(x->job, r, "read the sources") : 0;
}

int geo_explain(struct job *j, const struct geo_options *o, const char *db, char **args, int n) {
	struct explaining x = { .sink = { begin, add, &j->diags }, .job = j };
	struct geo_setup setup;
	int r, code = geo_setup(j, o, &setup);

	if (code == 0 && db)
		code = geo_file_open(j, db, &x.built);
	if (code)
		return code;
	if (db)
		x.built_file = sources_add(&j->sources, db, NULL, 0);
	r = job_each_input(j, args, n, ask, &x);
	if (r < 0)
		return cannot("cannot read standard input: %s", strerror(-r));
	if (x.questions.n)
		qsort(x.questions.v, x.questions.n, sizeof(*x.questions.v), compare_questions);
	geo_policy_init(&x.policy);
	code = read_sources(&x, &setup);
	if (code == 0) {
		read_comments(&x, setup.from, setup.from_count);
		code = emit_all(&x);
	}
	geo_policy_done(&x.policy);
	vec_done(&x.questions);
	vec_done(&x.candidates);
	return code;
}
