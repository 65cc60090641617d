/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "guard/engine_state.h"

static int compare(const void *pa, const void *pb) {
	const struct ban_record *a = *(const struct ban_record *const *)pa, *b = *(const struct ban_record *const *)pb;
	int order = prefix_compare(a->network, b->network);

	return order ? order : (int)a->rule - (int)b->rule;
}

void engine_each_ban(const struct engine *e, int64_t at_ms, void (*fn)(const struct ban *ban, void *user), void *user) {
	VEC(const struct ban_record *) active = { 0 };

	for (size_t i = 0; i < e->bans.records.n; i++)
		if (ban_is_active(&e->bans.records.v[i], at_ms))
			vec_push(&active, &e->bans.records.v[i]);
	if (active.n)
		qsort(active.v, active.n, sizeof(*active.v), compare);
	for (size_t i = 0; i < active.n; i++) {
		struct ban shown = engine_show_ban(e, active.v[i]);

		fn(&shown, user);
	}
	vec_done(&active);
}

size_t engine_ban_count(const struct engine *e, int64_t at_ms) {
	size_t n = 0;

	for (size_t i = 0; i < e->bans.records.n; i++)
		n += ban_is_active(&e->bans.records.v[i], at_ms);
	return n;
}

static struct counter_result look(const struct engine *e, const struct tier *t, struct ip ip, int64_t at_ms) {
	struct counter_result now = counter_look(t->counter, counter_key(t->counter, ip));

	if (now.count && at_ms - now.newest_ms >= e->config.rules[t->rule].window_ms)
		now = (struct counter_result){ 0 };
	return now;
}

static void explain_tier(const struct engine *e, const struct tier *t, struct ip ip, int64_t at_ms,
			 void (*fn)(const struct explain *x, void *user), void *user) {
	struct explain x = {
		.rule = &e->config.rules[t->rule],
		.level = t->level,
		.network = prefix_around(ip, t->level->len),
		.now = look(e, t, ip, at_ms),
	};
	const struct ban_record *b = bans_find(&e->bans, x.network, t->rule);
	struct ban shown;

	x.missing = x.now.count < t->level->count ? t->level->count - x.now.count : 0;
	if (b && ban_is_active(b, at_ms)) {
		shown = engine_show_ban(e, b);
		x.ban = &shown;
	}
	fn(&x, user);
}

static struct prefix allowed_by(const struct prefix_set *allow, struct ip ip) {
	struct range r = allow->ranges.v[prefix_set_find(allow, ip)];
	struct prefix p = prefix_host(ip);
	bool more = true;

	while (more) {
		more = range_next_prefix(&r, &p);
		if (prefix_has_ip(p, ip))
			return p;
	}
	return prefix_host(ip);
}

void engine_explain(const struct engine *e, struct ip ip, int64_t at_ms, struct explain_head *ret_head,
		    void (*fn)(const struct explain *x, void *user), void *user) {
	const struct ban_record *b = bans_over(&e->bans, prefix_host(ip), at_ms);
	unsigned family = engine_family(e, ip);
	struct explain_head head = { .ip = ip, .allowed = prefix_set_has_ip(e->config.allow, ip) };

	if (head.allowed)
		head.allowed_by = allowed_by(e->config.allow, ip);
	head.banned = b != NULL;
	if (b)
		head.ban = engine_show_ban(e, b);
	*ret_head = head;
	for (size_t rule = 0; rule < e->config.rule_count; rule++)
		for (size_t i = e->first_tier[rule][family]; i < engine_tier_end(e, rule, family); i++)
			explain_tier(e, &e->tier[i], ip, at_ms, fn, user);
}

struct engine_stats engine_stats(const struct engine *e) {
	struct engine_stats stats = e->stats;

	stats.memory_max = e->config.memory;
	for (size_t i = 0; i < e->tier_count; i++) {
		struct counter_stats c = counter_stats(e->tier[i].counter);

		stats.memory += c.memory;
		stats.takeovers += c.takeovers;
	}
	return stats;
}
