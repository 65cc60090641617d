/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch_tool [OPTION=VALUE...]: fetches what each line of standard input says, "FAMILY URL [CONNECT [CLIENT]]" with "-"
 * for none, and prints an object a line, in the order of the answers. With count=N every line is fetched N times and
 * only the number of answers, of those without a problem, and the most fetches that were under way are printed.
 */
#include <sodium.h>
#include <string.h>

#include "base/emit.h"
#include "probe/fetch.h"

struct state {
	struct emit *e;
	unsigned count, round;
	VEC(struct fetch) list;
	size_t next;
	uint64_t answers, good;
};

static bool on_next(struct fetch *ret_fetch, void *user) {
	struct state *s = user;

	if (s->next == s->list.n && ++s->round < s->count)
		s->next = 0;
	if (s->next == s->list.n)
		return false;
	*ret_fetch = s->list.v[s->next++];
	return true;
}

static void emit_hex(struct emit *e, const char *name, const void *data, size_t len) {
	uint8_t digest[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof(digest) + 1];

	(void)crypto_hash_sha256(digest, data, len);
	emit_text(e, name, sodium_bin2hex(hex, sizeof(hex), digest, sizeof(digest)));
}

static void emit_ip(struct emit *e, const char *name, struct ip ip) {
	char text[IP_TEXT_MAX];

	(void)ip_format(ip, text);
	emit_text(e, name, text);
}

static void emit_hops(struct emit *e, const struct fetched *f) {
	emit_list(e, "hops");
	for (size_t i = 0; i < f->hops.n; i++) {
		emit_object(e, NULL);
		emit_str(e, "url", f->hops.v[i].url);
		emit_uint(e, "status", f->hops.v[i].status);
		emit_str(e, "location", f->hops.v[i].location);
		emit_ip(e, "remote", f->hops.v[i].remote);
		emit_uint(e, "port", f->hops.v[i].port);
		emit_end(e);
	}
	emit_end(e);
}

static void emit_certificate(struct emit *e, const struct fetch_certificate *c) {
	char hex[2 * sizeof(c->sha256) + 1];

	if (!c->has)
		return;
	emit_object(e, "certificate");
	emit_text(e, "sha256", sodium_bin2hex(hex, sizeof(hex), c->sha256, sizeof(c->sha256)));
	emit_str(e, "subject", c->subject);
	emit_str(e, "issuer", c->issuer);
	emit_str(e, "names", c->names);
	emit_uint(e, "not_before", (uint64_t)c->not_before);
	emit_uint(e, "not_after", (uint64_t)c->not_after);
	emit_end(e);
}

static void emit_answer(struct emit *e, const struct fetch *fetch, const struct fetched *f) {
	emit_object(e, NULL);
	emit_uint(e, "family", fetch->family);
	emit_text(e, "problem", fetch_problem_to_str(f->problem));
	emit_str(e, "why", f->why);
	emit_uint(e, "status", f->status);
	emit_uint(e, "attempts", f->attempts);
	emit_hops(e, f);
	emit_list(e, "headers");
	for (size_t i = 0; i < f->headers.n; i++) {
		emit_list(e, NULL);
		emit_str(e, NULL, f->headers.v[i].name);
		emit_str(e, NULL, f->headers.v[i].value);
		emit_end(e);
	}
	emit_end(e);
	emit_hex(e, "body", f->body.s, f->body.len);
	emit_uint(e, "body_kept", f->body.len);
	emit_uint(e, "body_len", f->body_len);
	emit_certificate(e, &f->certificate);
	emit_str(e, "tls", f->tls);
	emit_str(e, "alpn", f->alpn);
	emit_uint(e, "dns_us", f->times.dns_us);
	emit_uint(e, "connect_us", f->times.connect_us);
	emit_uint(e, "tls_us", f->times.tls_us);
	emit_uint(e, "first_byte_us", f->times.first_byte_us);
	emit_uint(e, "total_us", f->times.total_us);
	emit_end(e);
}

static int on_done(const struct fetch *fetch, struct fetched *fetched, void *user) {
	struct state *s = user;

	s->answers++;
	s->good += fetched->problem == FETCH_OK;
	if (!s->count)
		emit_answer(s->e, fetch, fetched);
	fetched_free(fetched);
	return 0;
}

static void read_line(struct state *s, struct arena *a, char *text) {
	struct str rest = str_trim(str_of(text)), word[4] = { 0 };
	struct fetch f = { 0 };

	for (size_t i = 0; i < 4 && str_split(&rest, ' ', &word[i]); i++)
		;
	if (!word[1].s)
		return;
	f.family = str_is(word[0], "4") ? FAMILY_4 : FAMILY_6;
	f.url = arena_dup(a, word[1].s, word[1].len);
	if (word[2].len && !str_is(word[2], "-"))
		(void)ip_parse(word[2].s, word[2].len, &f.connect, NULL);
	if (word[3].len)
		f.proxy_v2 = arena_dup(a, word[3].s, word[3].len);
	vec_push(&s->list, f);
}

static void set_option(struct fetcher_options *o, struct state *s, const char *text) {
	const char *value = strchr(text, '=');
	struct str name = { text, value ? (size_t)(value - text) : strlen(text) };
	unsigned n = value ? (unsigned)strtoul(value + 1, NULL, 10) : 0;
	const struct {
		const char *name;
		unsigned *to;
	} numbers[] = {
		{ "parallel", &o->parallel }, { "connect_ms", &o->connect_ms }, { "total_ms", &o->total_ms },
		{ "stall_ms", &o->stall_ms }, { "retry", &o->retry },           { "redirects", &o->redirects_max },
		{ "count", &s->count },
	};

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		if (str_is(name, numbers[i].name))
			*numbers[i].to = n;
	if (str_is(name, "body_max"))
		o->body_max = n;
	if (str_is(name, "rate"))
		o->host_rate = n;
	if (str_is(name, "insecure"))
		o->insecure = n;
	if (str_is(name, "ca_file") && value)
		o->ca_file = value + 1;
}

int main(int argc, char **argv) {
	struct arena arena = { 0 };
	struct fetcher_options o = { 0 };
	struct emit e;
	struct state s = { .e = &e };
	struct fetcher *f;
	const char *why;
	unsigned now, most;
	char line[20000];

	for (int i = 1; i < argc; i++)
		set_option(&o, &s, argv[i]);
	while (fgets(line, sizeof(line), stdin))
		read_line(&s, &arena, line);
	if (fetcher_new(&o, &f, &why) < 0) {
		(void)fprintf(stderr, "%s\n", why);
		return 3;
	}
	emit_init(&e, stdout, EMIT_JSON_LINES);
	(void)fetcher_run(f, on_next, on_done, &s);
	fetcher_count(f, &now, &most);
	if (s.count)
		(void)printf("%ju %ju %u %u\n", (uintmax_t)s.answers, (uintmax_t)s.good, now, most);
	fetcher_free(f);
	vec_done(&s.list);
	arena_done(&arena);
	return emit_done(&e) < 0 ? 3 : 0;
}
