/* SPDX-License-Identifier: Apache-2.0 */
/* What the store's files share: the open database. */
#pragma once

#include <sqlite3.h>
#include <sys/types.h>

#include "guard/store.h"

enum store_statement {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_ADD_BAN,
	SQL_ADD_COMMAND,
	SQL_LIFT,
	SQL_EACH_COMMAND,
	SQL_EACH_BAN,
	SQL_EACH_OVERLAP,
	SQL_PRUNE_BANS,
	SQL_PRUNE_COMMANDS,
	_SQL_MAX
};

/* A network as a key: 16 bytes in network order and the length, so that keys sort as addresses do. */
enum { STORE_KEY_LEN = 17 };

/* A ban that waits for store_commit(); its texts are in one block of its own. */
struct store_waiting {
	struct ban ban;
	int64_t wall_ms;
	char *texts;
};

struct store {
	sqlite3 *db; /* NULL: it was removed, and could not be made anew */
	dev_t device;
	ino_t inode;
	char *path;
	int lock_fd; /* -1 for readers */
	sqlite3_stmt *statement[_SQL_MAX];
	VEC(struct store_waiting) waiting;
};

/* Prepared once; NULL after an error. */
sqlite3_stmt *store_statement(struct store *s, enum store_statement which);

/* Runs a statement to its end, and makes it ready for the next time. 0 or -errno. */
int store_run(struct store *s, sqlite3_stmt *statement);
int store_run_text(struct store *s, const char *sql);

/* What SQLite's last call came to, as -errno, and as a sentence ("cannot write /var/lib/…: the disk is full"). */
int store_failed(const struct store *s, const char *doing, char **ret_why);

void store_key(struct prefix p, uint8_t ret_key[static STORE_KEY_LEN]);
struct prefix store_key_prefix(const uint8_t key[static STORE_KEY_LEN]);

/* Writes a ban inside a transaction; one that is there already stays as it is. */
int store_write_ban(struct store *s, const struct ban *ban, int64_t wall_ms);
