/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's own state in a snapshot. The input is put behind a head that is right for it, and before the counters of
 * an empty engine, so that neither hash nor counters (fuzz_counter_load) stand in the way. What is loaded works, and is
 * saved as it was loaded.
 */
#include "fuzz.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "guard/engine.h"

enum { MAGIC = 16, HASH = 32, HEAD = MAGIC + HASH + 8 + HASH };

static const struct rule rules[2] = {
	{ .name = "login",
	  .window_ms = 60000,
	  .level = { { { 128, 128, 3, 0, 0 } }, { { 56, 64, 6, 2, 0.5 }, { 64, 128, 3, 0, 0 } } },
	  .level_count = { 1, 2 },
	  .ban_ms = 1000,
	  .ban_grow = 2,
	  .ban_max_ms = 60000 },
	{ .name = "flood",
	  .window_ms = 1000,
	  .level = { { { 128, 128, 2, 0, 0 } }, { { 64, 128, 2, 0, 0 } } },
	  .level_count = { 1, 1 },
	  .ban_ms = 1000,
	  .ban_grow = 1 },
};
static const struct prefix_set allow = PREFIX_SET_INIT;

struct bytes {
	char *s;
	size_t n;
};

static struct engine *new_engine(void) {
	const struct engine_config config = {
		.rules = rules, .rule_count = ARRAY_LEN(rules), .allow = &allow, .memory = 1 << 22
	};
	struct engine *e;

	CLAIM(engine_new(&config, &e) == 0);
	return e;
}

static struct bytes save(const struct engine *e) {
	struct bytes b = { NULL, 0 };
	FILE *f = open_memstream(&b.s, &b.n);

	CLAIM(f && engine_save(e, f) == 0 && fclose(f) == 0);
	return b;
}

static int load(struct engine *e, struct bytes b) {
	_cleanup_(freep) char *why = NULL;
	FILE *f = fmemopen(b.s, b.n, "r");
	int r;

	CLAIM(f);
	r = engine_load(e, f, &why);
	CLAIM((r == -EBADMSG) == (why != NULL));
	(void)fclose(f);
	return r;
}

/* A snapshot with this as the engine's state. */
static struct bytes snapshot(const struct engine *empty, const uint8_t *state, size_t size) {
	struct bytes old = save(empty), b = { NULL, 0 };
	uint64_t len = size, old_len;
	FILE *f = open_memstream(&b.s, &b.n);
	uint8_t hash[HASH];

	memcpy(&old_len, old.s + MAGIC + HASH, sizeof(old_len));
	(void)crypto_generichash(hash, HASH, state, size, NULL, 0);
	CLAIM(f);
	(void)fwrite(old.s, MAGIC + HASH, 1, f);
	(void)fwrite(&len, sizeof(len), 1, f);
	(void)fwrite(hash, HASH, 1, f);
	(void)fwrite(state, 1, size, f);
	(void)fwrite(old.s + HEAD + old_len, 1, old.n - HEAD - old_len, f);
	CLAIM(fclose(f) == 0);
	free(old.s);
	return b;
}

static void ignore(const struct ban *b, void *user) {
	(void)user;
	CLAIM(b->until_ms > b->at_ms && b->repetition);
}

static void use(struct engine *e) {
	struct request r = {
		.addr = ip_from_v4(0xc6120001), .time_ms = INT64_C(1795400000000), .rules = 3, .line = STR("a line")
	};

	for (unsigned i = 0; i < 200; i++) {
		r.time_ms += 500;
		r.source = i % 5;
		r.addr.lo ^= i & 1;
		engine_requests(e, &r, 1, ignore, NULL);
	}
	engine_expire(e, r.time_ms);
	engine_each_ban(e, r.time_ms, ignore, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct engine *e = new_engine();
	struct bytes in = snapshot(e, data, size), out, again;

	if (load(e, in) == 0) {
		out = save(e);
		CLAIM(load(e, out) == 0);
		again = save(e);
		CLAIM(out.n == again.n && memcmp(out.s, again.s, out.n) == 0);
		free(again.s);
		free(out.s);
	}
	use(e);
	engine_free(e);
	free(in.s);
	return 0;
}
