/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives a sink of any kind from standard input, for the lab's tests: one command a line, and behind what it has to say
 * a line "ok", or "error: why" (and in front of it "refused: why" when a sink that works did not take all). The tool
 * keeps the ban table that a daemon would have.
 *
 *     allow PREFIX...   the allowlist; before open
 *     open SPEC         another open closes the sink first
 *     ban PREFIX MS     into the table and the sink; a line may hold several pairs, which are one batch
 *     unban PREFIX...
 *     want PREFIX MS    into the table only
 *     drop PREFIX       out of the table only
 *     reconcile         says what differed: missing, foreign, wrong_time, structure
 *     list              PREFIX MS of what is in the sink, sorted; "-" where it knows no times
 */
#include "addr/ip.h"
#include "guard/sink.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum { WORDS_MAX = 4096 };

struct tool {
	struct prefix_set allow;
	struct ban_sink *sink;
	VEC(struct sink_entry) table; /* left_ms is the time of its end here */
	VEC(struct sink_entry) listed;
};

static int64_t now_ms(void) {
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void say(const char *text, void *user) {
	(void)user;
	puts(text);
}

static struct prefix network(const char *text) {
	struct ip_fault fault;
	struct prefix p;

	if (!text || prefix_parse(text, strlen(text), &p, &fault) < 0) {
		(void)fprintf(stderr, "sink_tool: \"%s\" is no network\n", text ? text : "");
		exit(2);
	}
	return p;
}

static void answer(int r, char *why) {
	if (r < 0)
		(void)printf("error: %s\n", why ? why : strerror(-r));
	else
		puts("ok");
	free(why);
}

/* A sink that works may have refused single networks. */
static void answer_of(const struct tool *t, int r, char *why) {
	if (r >= 0 && t->sink->why)
		(void)printf("refused: %s\n", t->sink->why);
	answer(r, why);
}

static void drop(struct tool *t, struct prefix p) {
	size_t n = 0;

	for (size_t i = 0; i < t->table.n; i++)
		if (!prefix_equal(t->table.v[i].network, p))
			t->table.v[n++] = t->table.v[i];
	t->table.n = n;
}

static void want(struct tool *t, struct prefix p, int64_t left) {
	drop(t, p);
	vec_push(&t->table, (struct sink_entry){ p, now_ms() + left });
}

static void allow(struct tool *t, char **word) {
	for (; *word; word++)
		prefix_set_add(&t->allow, network(*word));
	prefix_set_normalise(&t->allow);
	answer(0, NULL);
}

static void open_sink(struct tool *t, char **word) {
	struct ban_sink_config c = { .allow = &t->allow, .say = say };
	char *why = NULL;
	int r;

	ban_sink_close(t->sink);
	t->sink = NULL;
	r = ban_sink_open(*word ? *word : "", &c, &t->sink, &why);
	answer(r, why);
}

static void apply(struct tool *t, char **word, bool remove) {
	VEC(struct sink_change) batch = { 0 };
	char *why = NULL;
	int r;

	for (; *word; word++) {
		struct sink_change c = { { network(*word), 1 }, remove };

		if (remove) {
			drop(t, c.entry.network);
		} else {
			c.entry.left_ms = *++word ? strtoll(*word, NULL, 10) : 0;
			want(t, c.entry.network, c.entry.left_ms);
		}
		vec_push(&batch, c);
	}
	r = ban_sink_apply(t->sink, batch.v, batch.n, &why);
	vec_done(&batch);
	answer_of(t, r, why);
}

static void ban(struct tool *t, char **word) {
	apply(t, word, false);
}

static void unban(struct tool *t, char **word) {
	apply(t, word, true);
}

static void want_only(struct tool *t, char **word) {
	want(t, network(word[0]), word[1] ? strtoll(word[1], NULL, 10) : 0);
	answer(0, NULL);
}

static void drop_only(struct tool *t, char **word) {
	drop(t, network(*word));
	answer(0, NULL);
}

static void reconcile(struct tool *t, char **word) {
	VEC(struct sink_entry) active = { 0 };
	int64_t now = now_ms();
	struct sink_drift d;
	char *why = NULL;
	int r;

	(void)word;
	for (size_t i = 0; i < t->table.n; i++)
		if (t->table.v[i].left_ms > now)
			vec_push(&active, (struct sink_entry){ t->table.v[i].network, t->table.v[i].left_ms - now });
	t->sink->drift = (struct sink_drift){ 0 };
	r = ban_sink_reconcile(t->sink, active.v, active.n, now, &why);
	d = t->sink->drift;
	(void)printf("missing %ju foreign %ju wrong_time %ju structure %s\n", (uintmax_t)d.missing,
		     (uintmax_t)d.foreign, (uintmax_t)d.wrong_time, d.structure ? d.structure : "-");
	vec_done(&active);
	answer_of(t, r, why);
}

static void keep(const struct sink_entry *e, void *user) {
	struct tool *t = user;

	vec_push(&t->listed, *e);
}

static int by_network(const void *pa, const void *pb) {
	const struct sink_entry *a = pa, *b = pb;

	return prefix_compare(a->network, b->network);
}

static void list(struct tool *t, char **word) {
	char *why = NULL;
	int r;

	(void)word;
	t->listed.n = 0;
	r = t->sink->kind->list(t->sink, keep, t, &why);
	if (t->listed.n)
		qsort(t->listed.v, t->listed.n, sizeof(*t->listed.v), by_network);
	for (size_t i = 0; i < t->listed.n; i++) {
		char text[PREFIX_TEXT_MAX];

		(void)prefix_format(t->listed.v[i].network, text);
		if (t->listed.v[i].left_ms == INT64_MAX)
			(void)printf("%s -\n", text);
		else
			(void)printf("%s %jd\n", text, (intmax_t)t->listed.v[i].left_ms);
	}
	answer(r, why);
}

static const struct {
	const char *name;
	void (*run)(struct tool *t, char **word);
	bool sink; /* wants an open one */
} commands[] = {
	{ "allow", allow, false },        { "open", open_sink, false }, { "ban", ban, true },
	{ "unban", unban, true },         { "want", want_only, false }, { "drop", drop_only, false },
	{ "reconcile", reconcile, true }, { "list", list, true },
};

static void run(struct tool *t, char *line) {
	char *word[WORDS_MAX + 2] = { 0 };
	size_t n = 0;

	for (char *w; n < WORDS_MAX && (w = strsep(&line, " \n"));)
		if (*w)
			word[n++] = w;
	for (size_t i = 0; i < ARRAY_LEN(commands) && n; i++) {
		if (strcmp(word[0], commands[i].name) != 0)
			continue;
		if (commands[i].sink && !t->sink)
			puts("error: no sink is open");
		else
			commands[i].run(t, word + 1);
		return;
	}
	if (n)
		(void)printf("error: no command is called \"%s\"\n", word[0]);
}

int main(void) {
	struct tool t = { 0 };
	char *line = NULL;
	size_t cap = 0;

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	while (getline(&line, &cap, stdin) > 0)
		run(&t, line);
	free(line);
	ban_sink_close(t.sink);
	prefix_set_done(&t.allow);
	vec_done(&t.table);
	vec_done(&t.listed);
	return 0;
}
