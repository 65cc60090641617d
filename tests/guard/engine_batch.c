/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_batch [--cuts SEED] [--restart]: runs the traces on standard input (traces.py says how they are written) and
 * prints what the engine does, for the comparison with engine_oracle.py; also "path HEX" and "glob HEX HEX". --cuts
 * hands the requests over in batches of random sizes instead of one by one; --restart saves and loads the engine after
 * each batch.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "../unit/random.h"
#include "base/vec.h"
#include "guard/engine.h"
#include "guard/path.h"

enum { MATCH_MAX = 8, REQUESTS_MAX = 128, WORDS_MAX = 16 };

static struct {
	struct arena arena;
	struct rule rules[RULE_MAX];
	size_t rule_count;
	struct prefix_set allow;
	struct prefix translated;
	size_t translated_count;
	struct engine *engine;
	struct request request[REQUESTS_MAX];
	size_t waiting, flush_at;
	uint64_t random;
	bool cuts, restart;
} t;

#define CHECK(x)                                                                                                       \
	do {                                                                                                           \
		if (!(x)) {                                                                                            \
			(void)fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #x);                   \
			exit(2);                                                                                       \
		}                                                                                                      \
	} while (0)

static int64_t number(const char *word) {
	char *end;
	int64_t n = strtoll(word, &end, 10);

	CHECK(*word && !*end);
	return n;
}

static double real(const char *word) {
	char *end;
	double x = strtod(word, &end);

	CHECK(*word && !*end);
	return x;
}

static struct prefix network(const char *word) {
	struct prefix p;

	CHECK(prefix_parse(word, strlen(word), &p, NULL) == 0);
	return p;
}

static struct str unhex(const char *word, size_t len) {
	char *bytes = arena_alloc(&t.arena, len / 2 + 1);

	if (len == 1 && *word == '-')
		return (struct str){ bytes, 0 };
	for (size_t i = 0; i + 1 < len; i += 2) {
		char two[3] = { word[i], word[i + 1], 0 };

		bytes[i / 2] = (char)strtoul(two, NULL, 16);
	}
	return (struct str){ bytes, len / 2 };
}

static const struct str *texts(const char *word, size_t *ret_n) {
	struct str *list = arena_array(&t.arena, struct str, MATCH_MAX), rest = str_of(word), piece;
	size_t n = 0;

	while (strcmp(word, "-") != 0 && str_split(&rest, ',', &piece)) {
		CHECK(n < MATCH_MAX);
		list[n++] = unhex(piece.s, piece.len);
	}
	*ret_n = n;
	return list;
}

static void read_rule(char **w) {
	struct rule *r = &t.rules[t.rule_count++];
	struct str rest = str_of(w[6]), piece;

	*r = (struct rule){ .name = arena_dup(&t.arena, w[1], strlen(w[1])),
			    .window_ms = number(w[2]),
			    .ban_ms = number(w[3]),
			    .ban_grow = real(w[4]),
			    .ban_max_ms = number(w[5]) };
	while (strcmp(w[6], "-") != 0 && str_split(&rest, ',', &piece))
		CHECK(rule_status_add(piece, r->match.status) == 0);
	r->match.method = texts(w[7], &r->match.method_count);
	r->match.path = texts(w[8], &r->match.path_count);
	r->match.host = texts(w[9], &r->match.host_count);
}

static void read_level(char **w) {
	struct rule *r = &t.rules[t.rule_count - 1];
	unsigned family = strcmp(w[1], "6") == 0;

	r->level[family][r->level_count[family]++] = (struct rule_level){
		.len = (uint8_t)number(w[2]),
		.child_len = (uint8_t)number(w[3]),
		.count = (uint32_t)number(w[4]),
		.children = (uint32_t)number(w[5]),
		.ratio = real(w[6]),
	};
}

static void read_translated(char **w) {
	t.translated = network(w[1]);
	t.translated_count = 1;
}

static struct engine *new_engine(void) {
	const struct engine_config config = {
		.rules = t.rules,
		.rule_count = t.rule_count,
		.allow = &t.allow,
		.translated = &t.translated,
		.translated_count = t.translated_count,
		.memory = 8 << 20,
	};
	struct engine *e;

	CHECK(engine_new(&config, &e) == 0);
	return e;
}

static void print_ban(const struct ban *b, void *user) {
	char prefix[PREFIX_TEXT_MAX], client[IP_TEXT_MAX];
	const struct evidence *v = &b->evidence;

	(void)user;
	(void)prefix_format(b->network, prefix);
	(void)ip_format(v->client, client);
	(void)printf("ban %s %s %" PRId64 " %" PRId64 " %u %u %u %.17g %" PRId64 " %s\n", prefix, b->rule, b->at_ms,
		     b->until_ms, b->repetition, v->count, v->children, v->ratio, v->first_ms, client);
}

static void print_active(const struct ban *b, void *user) {
	char prefix[PREFIX_TEXT_MAX];

	(void)user;
	(void)prefix_format(b->network, prefix);
	(void)printf("active %s %s %" PRId64 " %" PRId64 " %u\n", prefix, b->rule, b->at_ms, b->until_ms,
		     b->repetition);
}

static void save_and_load(void) {
	char *bytes = NULL, *why = NULL;
	size_t len;
	FILE *f = open_memstream(&bytes, &len);

	CHECK(f && engine_save(t.engine, f) == 0 && fclose(f) == 0);
	engine_free(t.engine);
	t.engine = new_engine();
	f = fmemopen(bytes, len, "r");
	CHECK(f && engine_load(t.engine, f, &why) == 0);
	CHECK(fgetc(f) == EOF); /* all of it was read */
	(void)fclose(f);
	free(bytes);
}

static void flush(void) {
	engine_requests(t.engine, t.request, t.waiting, print_ban, NULL);
	t.waiting = 0;
	t.flush_at = t.cuts ? 1 + random_below(&t.random, REQUESTS_MAX) : 1;
	if (t.restart)
		save_and_load();
}

static void read_request(char **w) {
	struct arena_mark mark = arena_mark(&t.arena);
	struct log_record record = {
		.time_ms = strcmp(w[2], "-") == 0 ? LOG_TIME_NONE : number(w[2]),
		.status = (uint16_t)number(w[4]),
		.method = unhex(w[5], strlen(w[5])),
		.host = unhex(w[6], strlen(w[6])),
		.path = unhex(w[7], strlen(w[7])),
	};

	CHECK(ip_parse(w[3], strlen(w[3]), &record.addr, NULL) == 0);
	t.request[t.waiting++] = (struct request){
		.addr = record.addr,
		.time_ms = record.time_ms,
		.rules = engine_match(t.engine, &record),
		.source = (uint16_t)number(w[1]),
	};
	arena_release(&t.arena, mark);
	if (t.waiting == t.flush_at)
		flush();
}

static void command(char **w, bool ban) {
	struct prefix p = network(w[1]);
	int64_t now;
	int r;

	flush();
	now = engine_clock(t.engine);
	if (now == LOG_TIME_NONE)
		return;
	r = ban ? engine_ban(t.engine, p, now, now + number(w[2]), "by hand") : engine_unban(t.engine, p, now);
	CHECK(r == 0 || r == (ban ? -EPERM : -ENOENT));
	(void)printf("%s %s %s\n", ban ? "by-hand" : "unban", w[1], r == 0 ? "done" : ban ? "refused" : "none");
}

static void begin(void) {
	prefix_set_normalise(&t.allow);
	t.engine = new_engine();
	t.waiting = 0;
	t.flush_at = 1;
}

static void end(void) {
	struct engine_stats s;

	flush();
	engine_each_ban(t.engine, engine_clock(t.engine), print_active, NULL);
	s = engine_stats(t.engine);
	(void)printf("end %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", s.matched, s.allowed, s.late, s.steps);
	CHECK(s.takeovers == 0);
	engine_free(t.engine);
	prefix_set_done(&t.allow);
	arena_done(&t.arena);
	t.rule_count = t.translated_count = 0;
}

static void print_hex(struct str s) {
	for (size_t i = 0; i < s.len; i++)
		(void)printf("%02x", (unsigned char)s.s[i]);
	(void)putchar('\n');
}

static void ask_path(char **w) {
	struct str path = unhex(w[1], strlen(w[1]));
	char *exact = malloc(path.len + !path.len), room[PATH_MAX_LEN];

	memcpy(exact, path.s, path.len);
	print_hex(path_normal((struct str){ exact, path.len }, room));
	free(exact);
	arena_done(&t.arena);
}

static void ask_glob(char **w) {
	struct str glob = unhex(w[1], strlen(w[1])), text = unhex(w[2], strlen(w[2]));

	(void)printf("%d %d\n", glob_match(glob, text, false), glob_match(glob, text, true));
	arena_done(&t.arena);
}

static void step(char **w) {
	if (strcmp(w[0], "path") == 0)
		ask_path(w);
	else if (strcmp(w[0], "glob") == 0)
		ask_glob(w);
	else if (strcmp(w[0], "req") == 0)
		read_request(w);
	else if (strcmp(w[0], "rule") == 0)
		read_rule(w);
	else if (strcmp(w[0], "level") == 0)
		read_level(w);
	else if (strcmp(w[0], "allow") == 0)
		prefix_set_add(&t.allow, network(w[1]));
	else if (strcmp(w[0], "translated") == 0)
		read_translated(w);
	else if (strcmp(w[0], "begin") == 0)
		begin();
	else if (strcmp(w[0], "end") == 0)
		end();
	else
		command(w, strcmp(w[0], "ban") == 0);
}

int main(int argc, char **argv) {
	char *line = NULL, *words[WORDS_MAX];
	size_t room = 0;
	ssize_t len;

	for (int i = 1; i < argc; i++) {
		t.restart |= strcmp(argv[i], "--restart") == 0;
		if (strcmp(argv[i], "--cuts") == 0 && i + 1 < argc) {
			t.cuts = true;
			t.random = (uint64_t)number(argv[++i]);
		}
	}
	while ((len = getline(&line, &room, stdin)) > 0) {
		struct str rest = { line, (size_t)len - 1 }, piece;
		size_t n = 0;

		while (n < WORDS_MAX && str_split(&rest, ' ', &piece)) {
			words[n] = line + (piece.s - line);
			words[n++][piece.len] = '\0';
		}
		CHECK(n);
		while (n < WORDS_MAX) /* a number that is missing is none */
			words[n++] = line + len - 1;
		step(words);
	}
	free(line);
	return 0;
}
