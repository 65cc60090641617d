/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operators' commands, and removing what is old. A command is one transaction with what it does to the bans, committed
 * with an fsync: the bans that were committed before it without one are in the same log of SQLite's, and so become
 * durable too.
 */
#include <errno.h>

#include "guard/store_sql.h"

static void bind_text(sqlite3_stmt *q, int column, const char *text) {
	(void)sqlite3_bind_text(q, column, text, -1, SQLITE_STATIC);
}

static int write_command(struct store *s, const struct store_command *c) {
	sqlite3_stmt *q = store_statement(s, SQL_ADD_COMMAND);
	uint8_t key[STORE_KEY_LEN];
	char network[PREFIX_TEXT_MAX];

	if (!q)
		return store_failed(s, "write", NULL);
	store_key(c->network, key);
	(void)prefix_format(c->network, network);
	(void)sqlite3_bind_int(q, 1, c->ban);
	(void)sqlite3_bind_blob(q, 2, key, sizeof(key), SQLITE_STATIC);
	bind_text(q, 3, network);
	(void)sqlite3_bind_int64(q, 4, c->at_ms);
	(void)sqlite3_bind_int64(q, 5, c->until_ms);
	(void)sqlite3_bind_int64(q, 6, c->wall_ms);
	(void)sqlite3_bind_int64(q, 7, (int64_t)c->lines);
	bind_text(q, 8, c->comment);
	bind_text(q, 9, c->who);
	return store_run(s, q);
}

/* Bans of exactly this network that are active: an unban ends them, and a new ban takes their place. */
static int lift(struct store *s, const struct store_command *c) {
	sqlite3_stmt *q = store_statement(s, SQL_LIFT);
	uint8_t key[STORE_KEY_LEN];

	if (!q)
		return store_failed(s, "write", NULL);
	store_key(c->network, key);
	(void)sqlite3_bind_blob(q, 1, key, sizeof(key), SQLITE_STATIC);
	(void)sqlite3_bind_int64(q, 2, c->wall_ms);
	bind_text(q, 3, c->who);
	(void)sqlite3_bind_int64(q, 4, c->at_ms);
	return store_run(s, q);
}

static int add_ban(struct store *s, const struct store_command *c) {
	const struct ban ban = {
		.network = c->network,
		.origin = BAN_BY_HAND,
		.rule = "manual",
		.at_ms = c->at_ms,
		.until_ms = c->until_ms,
		.repetition = 1,
		.comment = c->comment,
	};

	return store_write_ban(s, &ban, c->wall_ms);
}

int store_add_command(struct store *s, struct store_command *c, char **ret_why) {
	uint64_t id = 0;
	int r = store_commit(s, ret_why);

	if (r < 0)
		return r;
	(void)store_run_text(s, "PRAGMA synchronous=FULL");
	r = store_run(s, store_statement(s, SQL_BEGIN));
	if (r == 0)
		r = write_command(s, c);
	id = (uint64_t)sqlite3_last_insert_rowid(s->db);
	if (r == 0)
		r = lift(s, c);
	if (r == 0 && c->ban)
		r = add_ban(s, c);
	if (r == 0)
		r = store_run(s, store_statement(s, SQL_COMMIT));
	if (r < 0) {
		(void)store_failed(s, "write", ret_why);
		if (!sqlite3_get_autocommit(s->db))
			(void)store_run(s, store_statement(s, SQL_ROLLBACK));
	} else {
		c->id = id;
	}
	(void)store_run_text(s, "PRAGMA synchronous=NORMAL");
	return r;
}

int store_each_command(struct store *s, uint64_t after_id, void (*fn)(const struct store_command *c, void *user),
		       void *user, char **ret_why) {
	sqlite3_stmt *q = store_statement(s, SQL_EACH_COMMAND);
	int r = SQLITE_ERROR;

	if (q) {
		(void)sqlite3_bind_int64(q, 1, (int64_t)after_id);
		while ((r = sqlite3_step(q)) == SQLITE_ROW) {
			const struct store_command c = {
				.id = (uint64_t)sqlite3_column_int64(q, 0),
				.ban = sqlite3_column_int(q, 1) != 0,
				.at_ms = sqlite3_column_int64(q, 3),
				.until_ms = sqlite3_column_int64(q, 4),
				.wall_ms = sqlite3_column_int64(q, 5),
				.lines = (uint64_t)sqlite3_column_int64(q, 6),
				.comment = (const char *)sqlite3_column_text(q, 7),
				.who = (const char *)sqlite3_column_text(q, 8),
				.network = sqlite3_column_bytes(q, 2) == STORE_KEY_LEN
						   ? store_key_prefix(sqlite3_column_blob(q, 2))
						   : (struct prefix){ { 0, 0 }, 128 },
			};
			fn(&c, user);
		}
	}
	r = r == SQLITE_DONE ? 0 : store_failed(s, "read", ret_why);
	(void)sqlite3_reset(q);
	return r;
}

int store_prune(struct store *s, int64_t before_ms, char **ret_why) {
	static const enum store_statement which[] = { SQL_PRUNE_BANS, SQL_PRUNE_COMMANDS };

	for (size_t i = 0; i < ARRAY_LEN(which); i++) {
		sqlite3_stmt *q = store_statement(s, which[i]);
		int r;

		if (!q)
			return store_failed(s, "write", ret_why);
		(void)sqlite3_bind_int64(q, 1, before_ms);
		r = store_run(s, q);
		if (r < 0) {
			(void)store_failed(s, "remove old bans from", ret_why);
			return r;
		}
	}
	return 0;
}
