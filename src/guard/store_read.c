/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bans, the newest first. What overlaps a network is around it or inside it: around it are at most 128 keys, which are
 * looked up one by one; inside it is a range of keys. So the answer does not depend on how long the history is.
 */
#include <string.h>

#include "guard/store_sql.h"

static const char *column_text(sqlite3_stmt *q, int column) {
	return (const char *)sqlite3_column_text(q, column);
}

static struct ip column_ip(sqlite3_stmt *q, int column) {
	const char *text = column_text(q, column);
	struct ip ip = { 0, 0 };

	if (text)
		(void)ip_parse(text, strlen(text), &ip, NULL);
	return ip;
}

static void read_ban(sqlite3_stmt *q, struct stored_ban *ret_b) {
	*ret_b = (struct stored_ban){
		.id = (uint64_t)sqlite3_column_int64(q, 0),
		.ban = {
			.network = store_key_prefix(sqlite3_column_blob(q, 1)),
			.origin = sqlite3_column_int(q, 2) ? BAN_BY_HAND : BAN_BY_RULE,
			.rule = column_text(q, 3),
			.at_ms = sqlite3_column_int64(q, 4),
			.until_ms = sqlite3_column_int64(q, 5),
			.repetition = (uint32_t)sqlite3_column_int64(q, 8),
			.evidence = {
				.count = (uint32_t)sqlite3_column_int64(q, 9),
				.children = (uint32_t)sqlite3_column_int64(q, 10),
				.ratio = sqlite3_column_double(q, 11),
				.first_ms = sqlite3_column_int64(q, 12),
				.window_ms = sqlite3_column_int64(q, 13),
				.client = column_ip(q, 14),
				.first = column_text(q, 15),
				.last = column_text(q, 16),
			},
			.comment = column_text(q, 17),
		},
		.wall_ms = sqlite3_column_int64(q, 6),
		.ends_ms = sqlite3_column_int64(q, 7),
		.lifted_ms = sqlite3_column_type(q, 18) == SQLITE_NULL ? LOG_TIME_NONE : sqlite3_column_int64(q, 18),
		.lifted_by = column_text(q, 19),
	};
}

/* The keys of the network and of all around it, in `room`; returns how many. */
static int keys_around(struct prefix p, uint8_t room[static 129 * STORE_KEY_LEN]) {
	unsigned first = prefix_family(p) == FAMILY_4 ? 96 : 0;
	int n = 0;

	for (unsigned len = first; len <= p.len; len++, n++)
		store_key(prefix_around(p.ip, len), room + (size_t)n * STORE_KEY_LEN);
	return n;
}

static void bind_overlap(sqlite3_stmt *q, struct prefix p) {
	uint8_t around[129 * STORE_KEY_LEN], first[STORE_KEY_LEN], last[STORE_KEY_LEN];
	int n = keys_around(p, around);

	store_key(p, first);
	store_key((struct prefix){ prefix_last(p), UINT8_MAX }, last);
	(void)sqlite3_bind_blob(q, 4, around, n * STORE_KEY_LEN, SQLITE_TRANSIENT);
	(void)sqlite3_bind_int(q, 5, n);
	(void)sqlite3_bind_blob(q, 6, first, sizeof(first), SQLITE_TRANSIENT);
	(void)sqlite3_bind_blob(q, 7, last, sizeof(last), SQLITE_TRANSIENT);
}

static bool wanted(const struct store_filter *f, const sqlite3_stmt *q) {
	sqlite3_stmt *row = (sqlite3_stmt *)q;

	if (sqlite3_column_bytes(row, 1) != STORE_KEY_LEN || !sqlite3_column_text(row, 3))
		return false; /* not written by us */
	/* The range of keys inside an IPv6 network may hold IPv4. */
	return !f->overlap || prefix_overlaps(*f->overlap, store_key_prefix(sqlite3_column_blob(row, 1)));
}

int store_each_ban(struct store *s, const struct store_filter *f, void (*fn)(const struct stored_ban *b, void *user),
		   void *user, char **ret_why) {
	sqlite3_stmt *q = store_statement(s, f->overlap ? SQL_EACH_OVERLAP : SQL_EACH_BAN);
	struct stored_ban b;
	int r;

	if (!q)
		return store_failed(s, "read", ret_why);
	if (f->active_at_ms != LOG_TIME_NONE)
		(void)sqlite3_bind_int64(q, 1, f->active_at_ms);
	(void)sqlite3_bind_int64(q, 2, f->before_id ? (int64_t)f->before_id : INT64_MAX);
	(void)sqlite3_bind_int64(q, 3, f->limit ? (int64_t)f->limit : -1);
	if (f->overlap)
		bind_overlap(q, *f->overlap);
	while ((r = sqlite3_step(q)) == SQLITE_ROW) {
		if (!wanted(f, q))
			continue;
		read_ban(q, &b);
		fn(&b, user);
	}
	r = r == SQLITE_DONE ? 0 : store_failed(s, "read", ret_why);
	(void)sqlite3_reset(q);
	(void)sqlite3_clear_bindings(q);
	return r;
}
