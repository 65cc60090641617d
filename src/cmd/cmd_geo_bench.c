/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lookups through libhextet-geo and, in the same run, through libmaxminddb up to the same two letters. An address is
 * drawn in two steps, a range (neighbouring networks with one country) and an address in it, so that most of the time
 * goes where the tree is deep; drawn from the whole address space, most would end at the root. A time is the best of
 * several rounds one after the other, so that each finds the caches as it left them and a busy machine changes it
 * little.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <maxminddb.h>
#include <string.h>
#include <time.h>

#include "addr/set.h"
#include "addr/wide.h"
#include "base/vec.h"
#include "cmd/geo_file.h"
#include "geo/mmdb_value.h"
#include "hextet-geo.h"

enum { ADDRESSES = 1 << 16, ROUNDS = 25, RANGES_MAX = 1 << 26 };

struct options {
	struct output_options output;
	const char *file;
};

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->output;
		return 0;
	case ARGP_KEY_ARG:
		if (o->file)
			argp_error(state, "one file: '%s' is too much", arg);
		o->file = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->file)
			argp_error(state, "name a file");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &output_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.parser = parse,
	.args_doc = "FILE",
	.doc = "Measures lookups of countries in a file through libhextet-geo, and through libmaxminddb in the same "
	       "run: "
	       "nanoseconds for each, at addresses drawn from the ranges that the file has. Exit status 1 when the two "
	       "do not answer the same.",
	.children = children,
};

struct country_range {
	struct range range;
	char code[2];
};

/* What is measured: one family's addresses in all the forms that are asked for. */
struct questions {
	enum family family;
	struct in_addr v4[ADDRESSES];
	struct in6_addr v6[ADDRESSES];
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} peer[ADDRESSES];
	char codes[ADDRESSES][3];
};

struct bench {
	struct geo_file file;
	struct hextet_geo *geo;
	MMDB_s peer;
	VEC(struct country_range) ranges[2]; /* of IPv6, IPv4 */
	struct questions *q;
	uint64_t seed, sink;
};

static uint64_t draw(struct bench *b) { /* SplitMix64: the same addresses in every run */
	uint64_t z = (b->seed += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static int collect(const struct mmdb_network *n, void *user) {
	struct bench *b = user;
	bool is_v4 = prefix_family(n->prefix) == FAMILY_4;
	struct country_range r = { { prefix_first(n->prefix), prefix_last(n->prefix) }, "" };
	char code[3];

	if (mmdb_country(&b->file.db, n->offset, code, NULL) != 1)
		return 0;
	memcpy(r.code, code, sizeof r.code);
	if (b->ranges[is_v4].n > 0) {
		struct country_range *before = &b->ranges[is_v4].v[b->ranges[is_v4].n - 1];

		if (memcmp(before->code, r.code, sizeof r.code) == 0 &&
		    ip_equal(ip_next(before->range.last), r.range.first)) {
			before->range.last = r.range.last;
			return 0;
		}
	}
	if (b->ranges[is_v4].n >= RANGES_MAX)
		return -EFBIG;
	vec_push(&b->ranges[is_v4], r);
	return 0;
}

static void ask(struct bench *b, enum family family) {
	bool is_v4 = family == FAMILY_4;
	struct questions *q = b->q;

	q->family = family;
	for (size_t i = 0; i < ADDRESSES; i++) {
		struct range r = b->ranges[is_v4].v[draw(b) % b->ranges[is_v4].n].range;
		wide first = wide_of(r.first), count = wide_of(r.last) - first + 1, any;
		uint8_t bytes[16];

		any = (wide)draw(b) << 64;
		any |= draw(b);
		ip_to_bytes(wide_ip(first + (count ? any % count : any)), bytes);
		memcpy(&q->v4[i], bytes + 12, sizeof q->v4[i]);
		memcpy(&q->v6[i], bytes, sizeof q->v6[i]);
		memset(&q->peer[i], 0, sizeof q->peer[i]);
		q->peer[i].any.sa_family = is_v4 ? AF_INET : AF_INET6;
		if (is_v4)
			q->peer[i].v4.sin_addr = q->v4[i];
		else
			q->peer[i].v6.sin6_addr = q->v6[i];
	}
}

static void look_singly(struct bench *b) {
	struct questions *q = b->q;

	if (q->family == FAMILY_4)
		for (size_t i = 0; i < ADDRESSES; i++)
			b->sink += (uint64_t)hextet_geo_country4(b->geo, q->v4[i], q->codes[i]);
	else
		for (size_t i = 0; i < ADDRESSES; i++)
			b->sink += (uint64_t)hextet_geo_country6(b->geo, &q->v6[i], q->codes[i]);
}

static void look_batched(struct bench *b) {
	struct questions *q = b->q;

	b->sink += q->family == FAMILY_4 ? hextet_geo_countries4(b->geo, q->v4, ADDRESSES, q->codes)
					 : hextet_geo_countries6(b->geo, q->v6, ADDRESSES, q->codes);
}

static bool peer_code(struct bench *b, size_t i, char ret_code[3]) {
	static const char *const path[] = { "country", "iso_code", NULL };
	MMDB_entry_data_s data = { .has_data = false };
	MMDB_lookup_result_s found;
	int error;

	found = MMDB_lookup_sockaddr(&b->peer, &b->q->peer[i].any, &error);
	if (error != MMDB_SUCCESS || !found.found_entry)
		return false;
	error = MMDB_aget_value(&found.entry, &data, path);
	if (error != MMDB_SUCCESS || !data.has_data || data.data_size != 2)
		return false;
	memcpy(ret_code, data.utf8_string, 2);
	return true;
}

static void look_peer(struct bench *b) {
	for (size_t i = 0; i < ADDRESSES; i++)
		b->sink += peer_code(b, i, b->q->codes[i]);
}

static double now_ns(void) {
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

enum { SINGLE, BATCHED, PEER, METHODS };

static void measure(struct bench *b, double ret_ns[static METHODS]) {
	static void (*const methods[])(struct bench * b) = { look_singly, look_batched, look_peer };

	for (int m = 0; m < METHODS; m++)
		for (int round = 0; round < ROUNDS; round++) {
			double start = now_ns(), took;

			methods[m](b);
			took = (now_ns() - start) / ADDRESSES;
			if (round == 0 || took < ret_ns[m])
				ret_ns[m] = took;
		}
}

/* How many addresses the two answer differently; codes hold ours. */
static unsigned differences(struct bench *b) {
	unsigned n = 0;

	look_singly(b);
	for (size_t i = 0; i < ADDRESSES; i++) {
		char code[3] = "";

		(void)peer_code(b, i, code);
		n += memcmp(code, b->q->codes[i], sizeof code) != 0;
	}
	return n;
}

static void print_row(struct emit *e, enum family family, const char *method, double ns, double peer_ns) {
	if (e->format == EMIT_TEXT) {
		(void)fprintf(e->out, "IPv%d %-7s %9.1f ns %9.1f ns %7.1f x\n", family, method, ns, peer_ns,
			      peer_ns / ns);
		return;
	}
	emit_object(e, NULL);
	emit_uint(e, "family", family);
	emit_text(e, "method", method);
	emit_real(e, "ns", ns);
	emit_real(e, "libmaxminddb_ns", peer_ns);
	emit_real(e, "ratio", peer_ns / ns);
	emit_end(e);
}

static int measure_family(struct job *j, struct bench *b, enum family family) {
	double ns[METHODS];
	unsigned differ;

	if (b->ranges[family == FAMILY_4].n == 0)
		return EXIT_DONE;
	ask(b, family);
	differ = differences(b);
	if (differ > 0) {
		(void)fprintf(stderr, "%s: libmaxminddb answers %u of %d addresses of IPv%d differently\n",
			      b->file.path, differ, ADDRESSES, family);
		return EXIT_NO;
	}
	measure(b, ns);
	print_row(&j->emit, family, "single", ns[SINGLE], ns[PEER]);
	print_row(&j->emit, family, "batched", ns[BATCHED], ns[PEER]);
	return EXIT_DONE;
}

static void print_head(struct job *j, struct bench *b, double load_ms) {
	struct hextet_geo_status status;
	struct emit *e = &j->emit;

	hextet_geo_status(b->geo, &status);
	if (e->format == EMIT_TEXT) {
		(void)fprintf(e->out,
			      "%zu ranges of IPv4, %zu of IPv6; %.1f MB compiled, read, verified and compiled in %.0f "
			      "ms\n%24s %12s %9s\n",
			      b->ranges[1].n, b->ranges[0].n, (double)status.memory / 1e6, load_ms, "libhextet-geo",
			      "libmaxminddb", "ratio");
		return;
	}
	emit_object(e, NULL);
	emit_text(e, "file", b->file.path);
	emit_uint(e, "ranges_v4", b->ranges[1].n);
	emit_uint(e, "ranges_v6", b->ranges[0].n);
	emit_uint(e, "memory", status.memory);
	emit_real(e, "load_ms", load_ms);
	emit_list(e, "lookups");
}

static int bench(struct job *j, struct bench *b) {
	char why[HEXTET_GEO_MESSAGE];
	struct mmdb_fault fault = { "too many networks to draw from", 0 };
	double start;
	int code = geo_file_open(j, b->file.path, &b->file);

	if (code)
		return code;
	start = now_ns();
	if (hextet_geo_open(b->file.path, 0, &b->geo, why) < 0)
		return cannot("%s", why);
	start = now_ns() - start;
	if (mmdb_each(&b->file.db, false, collect, b, &fault) < 0)
		return geo_file_broken(&b->file, &fault);
	if (b->ranges[0].n + b->ranges[1].n == 0)
		return cannot("%s has no network with a country to draw addresses from", b->file.path);
	if (MMDB_open(b->file.path, MMDB_MODE_MMAP, &b->peer) != MMDB_SUCCESS)
		return cannot("libmaxminddb cannot open %s", b->file.path);
	print_head(j, b, start / 1e6);
	code = measure_family(j, b, FAMILY_4);
	if (code == EXIT_DONE)
		code = measure_family(j, b, FAMILY_6);
	if (j->output.format != EMIT_TEXT) {
		emit_end(&j->emit);
		emit_end(&j->emit);
	}
	MMDB_close(&b->peer);
	return code;
}

static int run(int argc, char **argv) {
	struct options o = { 0 };
	struct bench b = { .seed = 1 };
	struct job j;
	int code;

	command_parse(&argp, argc, argv, &o);
	job_init(&j, &o.output);
	b.file.path = o.file;
	b.q = malloc(sizeof *b.q);
	code = b.q ? bench(&j, &b) : cannot("not enough memory");
	hextet_geo_close(b.geo);
	vec_done(&b.ranges[0]);
	vec_done(&b.ranges[1]);
	free(b.q);
	return job_finish(&j, code);
}

const struct command command_geo_bench = {
	.name = "bench",
	.summary = "Measure lookups beside libmaxminddb",
	.argp = &argp,
	.run = run,
};
