/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the state of a counter: refused and the counter is empty, or it works, and is saved and loaded as it is.
 * The first byte chooses the configuration. */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "guard/counter.h"

static const struct counter_config configs[] = {
	{ .window_ms = 60000, .count = 20, .len = 64, .child_len = 128, .memory = 1 << 16 },
	{ .window_ms = 60000, .count = 40, .children = 8, .ratio = 0.8, .len = 56, .child_len = 64, .memory = 1 << 16 },
	{ .window_ms = 3600000, .count = 5, .children = 3, .len = 48, .child_len = 128, .memory = 1 << 16 },
	{ .window_ms = 1000, .count = 3, .ratio = 0.5, .len = 128, .child_len = 128, .memory = 1 << 16 },
};

static struct counter *make(const struct counter_config *config) {
	struct counter *c = NULL;

	CLAIM(counter_new(config, &c) == 0);
	return c;
}

static char *saved(const struct counter *c, size_t *ret_size) {
	char *bytes = NULL;
	FILE *f = open_memstream(&bytes, ret_size);

	CLAIM(f && counter_save(c, f) == 0 && fclose(f) == 0);
	return bytes;
}

static int load(struct counter *c, const void *bytes, size_t size) {
	FILE *f = fmemopen((void *)bytes, size, "r");
	int r;

	CLAIM(f);
	r = counter_load(c, f);
	(void)fclose(f);
	return r;
}

/* Requests at the times and from the networks that the bytes name, so that they meet what was loaded. */
static void use(struct counter *c, const struct counter_config *config, const uint8_t *data, size_t size) {
	for (size_t i = 0; i + 24 <= size && i < 2000; i += 8) {
		struct ip ip = ip_from_bytes(data + i);
		struct counter_key key = counter_key(c, ip);
		struct counter_result r;
		int64_t t;

		memcpy(&t, data + i + 16, sizeof(t));
		if (i % 3 == 0)
			t = counter_look(c, key).newest_ms + (int8_t)data[i];
		r = counter_add(c, key, ip, t);
		CLAIM(r.count <= config->count && r.children <= config->children);
		CLAIM(!r.count || r.first_ms <= r.newest_ms);
		counter_total(c, key, t);
		if (data[i] == 7)
			counter_step_back(c, t);
	}
	CLAIM(counter_stats(c).memory <= config->memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	const struct counter_config *config;
	struct counter *c, *again;
	size_t len, len_again;
	char *bytes, *bytes_again;
	int r;

	if (size < 2)
		return 0;
	config = &configs[*data % ARRAY_LEN(configs)];
	c = make(config);
	r = load(c, data + 1, size - 1);
	CLAIM(r == 0 || r == -EBADMSG);
	if (r < 0)
		CLAIM(counter_stats(c).used == 0 && counter_stats(c).late == 0);
	use(c, config, data, size);
	bytes = saved(c, &len);
	again = make(config);
	CLAIM(load(again, bytes, len) == 0);
	CLAIM(counter_stats(again).used <= counter_stats(c).used);
	bytes_again = saved(again, &len_again);
	CLAIM(counter_stats(again).used < counter_stats(c).used || len == len_again);
	free(bytes);
	free(bytes_again);
	counter_free(c);
	counter_free(again);
	return 0;
}
