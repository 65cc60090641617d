/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include "guard/pipeline.h"

/* A format for tests: one letter is a client, a digit is a reason why not. */
static enum log_reason parse(struct log_parser *p, const char *line, size_t len, struct log_record *ret_record,
			     size_t *ret_at) {
	(void)p;
	*ret_at = 0;
	if (len != 1)
		return len ? LOG_OTHER : LOG_EMPTY;
	if (*line >= '1' && *line <= '9')
		return (enum log_reason)(*line - '0');
	*ret_record = (struct log_record){ .addr = ip_from_v4((uint32_t)*line), .time_ms = 1000 };
	return LOG_OK;
}

static const struct prefix_set allow = PREFIX_SET_INIT;
static const struct rule rule = {
	.name = "all",
	.window_ms = 1000,
	.level = { { { 128, 128, 3, 0, 0 } } },
	.level_count = { 1, 0 },
	.ban_ms = 1000,
	.ban_grow = 1,
};

struct run {
	struct engine *engine;
	struct pipeline *pipeline;
	struct log_parser parser;
	unsigned log;
	char banned[16]; /* clients */
	size_t n;
};

static void note(const struct ban *b, void *user) {
	struct run *r = user;

	assert_true(r->n + 1 < sizeof(r->banned));
	r->banned[r->n++] = (char)b->network.ip.lo;
	assert_true(b->evidence.last[0] == (char)b->network.ip.lo && !b->evidence.last[1]);
}

static void begin(struct run *r) {
	const struct engine_config config = { .rules = &rule, .rule_count = 1, .allow = &allow, .memory = 1 << 20 };

	*r = (struct run){ .parser = { .parse = parse } };
	assert_int_equal(engine_new(&config, &r->engine), 0);
	assert_int_equal(pipeline_new(r->engine, note, r, &r->pipeline), 0);
	assert_int_equal(pipeline_add_log(r->pipeline, "test", &r->parser, 0, &r->log), 0);
}

static void feed(struct run *r, const char *bytes, size_t len) {
	pipeline_feed(r->pipeline, r->log, &(struct log_batch){ bytes, len });
}

static void end(struct run *r) {
	pipeline_free(r->pipeline);
	engine_free(r->engine);
}

static void test_cuts(void **state) {
	static const char log[] = "a\nb\na\n\nb\na\nxx\nc\nc\nb\na\nc\n";

	(void)state;
	for (size_t first = 0; first < sizeof(log); first += 2) {
		const char *cut = first ? memchr(log + first - 1, '\n', sizeof(log) - first) : log - 1;
		size_t len = cut ? (size_t)(cut + 1 - log) : sizeof(log) - 1;
		struct run r;

		begin(&r);
		feed(&r, log, len);
		feed(&r, log + len, sizeof(log) - 1 - len);
		assert_string_equal(r.banned, "abc");
		assert_int_equal(pipeline_log(r.pipeline, r.log)->lines, 12);
		assert_int_equal(pipeline_log(r.pipeline, r.log)->parsed, 10);
		end(&r);
	}
}

static void test_unparsed(void **state) {
	static const char log[] = "a\n3\n4\n3\n5\n6\nb\n7\nlonger\n";
	const struct pipeline_log *l;
	struct run r;

	(void)state;
	begin(&r);
	feed(&r, log, sizeof(log) - 1);
	l = pipeline_log(r.pipeline, r.log);
	assert_true(l->lines == 9 && l->parsed == 2 && l->unparsed[3] == 2 && l->unparsed[LOG_OTHER] == 1);
	assert_true(l->sample[0].line == 2 && l->sample[1].line == 3 && l->sample[2].line == 5); /* the first of each */
	assert_true(l->sample[3].line == 9 && l->sample[3].reason == LOG_OTHER);                 /* the latest */
	assert_memory_equal(l->sample[3].text, "longer", 6);
	assert_true(l->first_ms == 1000 && l->last_ms == 1000);
	end(&r);
}

static void test_long_line(void **state) {
	size_t len = LOG_LINE_MAX + 2;
	char *line = malloc(len);
	struct run r;

	(void)state;
	assert_non_null(line);
	memset(line, 'x', len);
	line[len - 1] = '\n';
	begin(&r);
	feed(&r, line, len);
	assert_int_equal(pipeline_log(r.pipeline, r.log)->unparsed[LOG_LINE_TOO_LONG], 1);
	assert_int_equal(pipeline_log(r.pipeline, r.log)->sample[0].len, PIPELINE_SAMPLE_MAX);
	end(&r);
	free(line);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_unparsed),
		cmocka_unit_test(test_long_line),
	};

	return cmocka_run_group_tests_name("guard_pipeline", tests, NULL, NULL);
}
