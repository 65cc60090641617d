/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/facts.h"

#include <string.h>
#include <time.h>

#include "guard/daemon_state.h"

const char *guard_time(int64_t ms, char room[static GUARD_TIME_MAX]) {
	int64_t part = ms % 1000;
	time_t seconds = (time_t)((ms - part) / 1000);
	struct tm tm;
	size_t n;

	(void)snprintf(room, GUARD_TIME_MAX, "-");
	if (ms < 0 || !gmtime_r(&seconds, &tm))
		return room;
	n = strftime(room, GUARD_TIME_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	if (part)
		(void)snprintf(room + n, GUARD_TIME_MAX - n, ".%03dZ", (int)part);
	else
		(void)snprintf(room + n, GUARD_TIME_MAX - n, "Z");
	return room;
}

json_t *fact_time(int64_t ms) {
	char text[GUARD_TIME_MAX];

	return ms < 0 ? json_null() : json_string(guard_time(ms, text));
}

json_t *fact_text(const char *text) {
	_cleanup_(freep) char *clean = NULL;
	size_t len = 0, left = text ? strlen(text) : 0;
	FILE *out;

	if (!text)
		return json_null();
	if (utf8_check(text, left) == left)
		return json_stringn(text, left);
	out = open_memstream(&clean, &len);
	if (!out)
		return NULL;
	while (left) {
		size_t good = utf8_check(text, left);

		(void)fwrite(text, 1, good, out);
		if (good < left)
			(void)fputs("\xef\xbf\xbd", out);
		text += MIN(good + 1, left);
		left -= MIN(good + 1, left);
	}
	(void)fclose(out);
	return json_stringn(clean, len);
}

json_t *fact_prefix(struct prefix p) {
	char text[PREFIX_TEXT_MAX];

	(void)prefix_format(p, text);
	return json_string(text);
}

static json_t *fact_ip(struct ip ip) {
	char text[IP_TEXT_MAX];

	(void)ip_format(ip, text);
	return json_string(text);
}

static json_t *fact_evidence(const struct ban *b) {
	const struct evidence *e = &b->evidence;
	json_t *o = json_pack("{s:I,s:I,s:o,s:o}", "repetition", (json_int_t)b->repetition, "window",
			      (json_int_t)e->window_ms / 1000, "first", fact_time(e->first_ms), "client",
			      fact_ip(e->client));

	if (e->children)
		(void)json_object_set_new(o, "children", json_integer(e->children));
	if (e->ratio > 0)
		(void)json_object_set_new(o, "ratio", json_real(e->ratio));
	(void)json_object_set_new(o, "first_line", fact_text(e->first));
	(void)json_object_set_new(o, "last_line", fact_text(e->last));
	return o;
}

json_t *fact_ban(const struct stored_ban *b, int64_t wall_ms) {
	bool active = b->lifted_ms == LOG_TIME_NONE && b->ends_ms > wall_ms;
	json_t *o =
		json_pack("{s:I,s:o,s:o,s:o,s:o}", "id", (json_int_t)b->id, "prefix", fact_prefix(b->ban.network), "at",
			  fact_time(b->ban.at_ms), "until", fact_time(b->ban.until_ms), "rule", fact_text(b->ban.rule));

	if (b->ban.origin == BAN_BY_RULE) {
		(void)json_object_set_new(o, "count", json_integer(b->ban.evidence.count));
		(void)json_object_set_new(o, "evidence", fact_evidence(&b->ban));
	} else {
		(void)json_object_set_new(o, "comment", fact_text(b->ban.comment));
	}
	(void)json_object_set_new(o, "active", json_boolean(active));
	(void)json_object_set_new(o, "ends", fact_time(b->ends_ms));
	(void)json_object_set_new(o, "left", json_integer(active ? (b->ends_ms - wall_ms + 999) / 1000 : 0));
	if (b->lifted_ms != LOG_TIME_NONE) {
		(void)json_object_set_new(o, "lifted", fact_time(b->lifted_ms));
		(void)json_object_set_new(o, "lifted_by", fact_text(b->lifted_by));
	}
	return o;
}

/* ---- the allowlist ---- */

const struct guard_allow *fact_allowed_by(const struct guard *g, struct prefix network) {
	const struct guard_allow *best = NULL;

	for (size_t i = 0; i < g->config->allow_count; i++)
		if (prefix_covers(g->config->allow[i].network, network) &&
		    (!best || g->config->allow[i].network.len > best->network.len))
			best = &g->config->allow[i];
	return best;
}

static json_t *fact_allow(const struct guard_allow *a) {
	return json_pack("{s:o,s:o}", "prefix", fact_prefix(a->network), "what", fact_text(a->what));
}

json_t *fact_allowed_in(const struct guard *g, struct prefix network, size_t max, size_t *ret_n) {
	json_t *list = json_array();

	*ret_n = 0;
	for (size_t i = 0; i < g->config->allow_count; i++)
		if (prefix_overlaps(g->config->allow[i].network, network) && (*ret_n)++ < max)
			(void)json_array_append_new(list, fact_allow(&g->config->allow[i]));
	return list;
}

/* ---- explain ---- */

enum { HISTORY = 10 };

static void on_level(const struct explain *x, void *user) {
	const struct counter_result *now = &x->now;
	json_t *o = json_pack("{s:o,s:o,s:I,s:I,s:I,s:I,s:b}", "rule", fact_text(x->rule->name), "prefix",
			      fact_prefix(x->network), "count", (json_int_t)now->count, "needed",
			      (json_int_t)x->level->count, "missing", (json_int_t)x->missing, "window",
			      (json_int_t)x->rule->window_ms / 1000, "banned", x->ban != NULL);

	if (x->level->children) {
		(void)json_object_set_new(o, "children", json_integer(now->children));
		(void)json_object_set_new(o, "children_needed", json_integer(x->level->children));
		(void)json_object_set_new(o, "child_length", json_integer(x->level->child_len));
	}
	if (x->level->ratio > 0) {
		(void)json_object_set_new(o, "ratio", json_real(now->ratio));
		(void)json_object_set_new(o, "ratio_needed", json_real(x->level->ratio));
	}
	if (now->count) {
		(void)json_object_set_new(o, "first", fact_time(now->first_ms));
		(void)json_object_set_new(o, "newest", fact_time(now->newest_ms));
		/* The oldest one that counts falls out of the window then. */
		(void)json_object_set_new(o, "fades", fact_time(now->first_ms + x->rule->window_ms));
	}
	if (now->error)
		(void)json_object_set_new(o, "perhaps_more", json_integer(now->error));
	(void)json_array_append_new(user, o);
}

struct history {
	json_t *list;
	int64_t wall_ms;
};

static void on_past(const struct stored_ban *b, void *user) {
	const struct history *h = user;

	(void)json_array_append_new(h->list, fact_ban(b, h->wall_ms));
}

json_t *fact_explain(struct guard *g, struct ip ip) {
	struct prefix host = prefix_host(ip);
	const struct guard_allow *allowed = fact_allowed_by(g, host);
	struct history h = { json_array(), guard_wall_ms() };
	const struct store_filter active = { .active_at_ms = h.wall_ms, .overlap = &host };
	const struct store_filter all = { .active_at_ms = LOG_TIME_NONE, .overlap = &host, .limit = HISTORY };
	const struct ban_table_row *row = ban_table_around(&g->table, host);
	json_t *levels = json_array(), *o;
	struct explain_head head;
	char *why = NULL;

	engine_explain(g->engine, ip, guard_log_ms(g), &head, on_level, levels);
	o = json_pack("{s:b,s:o,s:b,s:o?,s:o?,s:o,s:o}", "ok", 1, "ip", fact_ip(ip), "banned",
		      row != NULL && !head.allowed, "banned_by", row ? fact_prefix(row->network) : NULL, "allowed_by",
		      allowed ? fact_allow(allowed) : NULL, "log_time", fact_time(guard_log_ms(g)), "levels", levels);
	if (store_each_ban(g->store, &active, on_past, &h, &why) >= 0)
		(void)json_object_set_new(o, "bans", h.list);
	else
		json_decref(h.list);
	free(why);
	why = NULL;
	h.list = json_array();
	if (store_each_ban(g->store, &all, on_past, &h, &why) >= 0)
		(void)json_object_set_new(o, "history", h.list);
	else
		json_decref(h.list);
	free(why);
	return o;
}
