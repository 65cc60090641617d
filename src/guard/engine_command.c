/* SPDX-License-Identifier: Apache-2.0 */
/* What operators and the clock on the wall do to bans: make, lift, forget. */
#include <errno.h>
#include <string.h>

#include "guard/engine_state.h"

/* Ends the bans of exactly this network; how many there were. */
static unsigned end_bans(struct engine *e, struct prefix network, int64_t at_ms) {
	unsigned n = 0;

	for (unsigned rule = 0; rule <= RULE_BY_HAND; rule++) {
		struct ban_record *b = bans_find(&e->bans, network, rule);

		if (!b || b->until_ms <= at_ms)
			continue;
		b->until_ms = MAX(b->at_ms, at_ms);
		n++;
	}
	return n;
}

int engine_ban(struct engine *e, struct prefix network, int64_t at_ms, int64_t until_ms, const char *comment) {
	char *copy = comment ? strdup(comment) : NULL;
	struct ban_record *b;

	if (comment && !copy)
		return -ENOMEM;
	if (prefix_set_covers(e->config.allow, network)) {
		free(copy);
		return -EPERM;
	}
	(void)end_bans(e, network, at_ms);
	b = bans_find(&e->bans, network, RULE_BY_HAND);
	if (!b)
		b = bans_add(&e->bans, network, RULE_BY_HAND);
	b->repetition += b->repetition < UINT32_MAX;
	b->at_ms = MAX(at_ms, 0);
	b->until_ms = until_ms;
	free(b->comment);
	b->comment = copy;
	return 0;
}

int engine_unban(struct engine *e, struct prefix network, int64_t at_ms) {
	if (!end_bans(e, network, at_ms))
		return -ENOENT;
	for (size_t i = 0; i < e->tier_count; i++) {
		struct counter *c = e->tier[i].counter;

		if (e->tier[i].level->len == network.len)
			counter_forget(c, counter_key(c, network.ip));
	}
	return 0;
}

struct expiry {
	const struct engine *engine;
	int64_t at_ms;
};

static bool is_forgotten(const struct ban_record *b, const void *user) {
	const struct expiry *x = user;
	int64_t memory = b->rule == RULE_BY_HAND ? 0 : rule_longest_ban(&x->engine->config.rules[b->rule]);

	return b->until_ms < x->at_ms - memory;
}

void engine_expire(struct engine *e, int64_t at_ms) {
	bans_sweep(&e->bans, is_forgotten, &(struct expiry){ e, at_ms });
}
