/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening, the tables, and writing bans. A network is kept twice: as a key that sorts like addresses do, for the
 * program, and as text, for whoever asks the database with sqlite3.
 *
 * One transaction holds all that was buffered; when it fails it is rolled back as a whole and the buffer stays.
 */
#include "guard/store_sql.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/why.h"

enum {
	BUSY_MS = 2000,           /* a reader's patience with whoever holds the database locked, */
	BUSY_GUARD_MS = 100,      /* and the guard's, whose loop stands still meanwhile */
	APPLICATION = 0x68786774, /* "hxgt" */
	VERSION = 1,
	TEXTS_MAX = 100000, /* waiting bans that keep their sample lines */
};

static const char schema[] =
	"BEGIN IMMEDIATE;"
	"CREATE TABLE ban(id INTEGER PRIMARY KEY, net BLOB NOT NULL, network TEXT NOT NULL,"
	" by_hand INTEGER NOT NULL, rule TEXT NOT NULL, at_ms INTEGER NOT NULL,"
	" until_ms INTEGER NOT NULL, wall_ms INTEGER NOT NULL, ends_ms INTEGER NOT NULL,"
	" repetition INTEGER NOT NULL, count INTEGER, children INTEGER, ratio REAL,"
	" first_ms INTEGER, window_ms INTEGER, client TEXT, first_line TEXT, last_line TEXT, comment TEXT,"
	" lifted_ms INTEGER, lifted_by TEXT, UNIQUE(net, rule, at_ms));"
	"CREATE TABLE command(id INTEGER PRIMARY KEY AUTOINCREMENT, ban INTEGER NOT NULL,"
	" net BLOB NOT NULL, network TEXT NOT NULL, at_ms INTEGER NOT NULL, until_ms INTEGER,"
	" wall_ms INTEGER NOT NULL, lines INTEGER NOT NULL, comment TEXT, who TEXT NOT NULL);"
	"PRAGMA application_id=1752721268;"
	"PRAGMA user_version=1;"
	"COMMIT";
_Static_assert(APPLICATION == 1752721268 && VERSION == 1, "the numbers in the schema");

#define BAN_COLUMNS                                                                                                    \
	"id, net, by_hand, rule, at_ms, until_ms, wall_ms, ends_ms, repetition, count, children, ratio, first_ms,"     \
	" window_ms, client, first_line, last_line, comment, lifted_ms, lifted_by"
/* ?1: active at, or NULL; ?2: before this id; ?3: the limit. */
#define BAN_WANTED " (?1 IS NULL OR (ends_ms > ?1 AND lifted_ms IS NULL)) AND id < ?2 ORDER BY id DESC LIMIT ?3"

static const char *const statements[_SQL_MAX] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_ADD_BAN] = "INSERT OR IGNORE INTO ban(net, network, by_hand, rule, at_ms, until_ms, wall_ms, ends_ms,"
			" repetition, count, children, ratio, first_ms, window_ms, client, first_line, last_line,"
			" comment) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18)",
	[SQL_ADD_COMMAND] = "INSERT INTO command(ban, net, network, at_ms, until_ms, wall_ms, lines, comment, who)"
			    " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)",
	[SQL_LIFT] = "UPDATE ban SET lifted_ms=?2, lifted_by=?3 WHERE net=?1 AND (until_ms>?4 OR ends_ms>?2) AND "
		     "lifted_ms IS NULL",
	[SQL_EACH_COMMAND] = "SELECT id, ban, net, at_ms, until_ms, wall_ms, lines, comment, who FROM command"
			     " WHERE id>?1 ORDER BY id",
	[SQL_EACH_BAN] = "SELECT " BAN_COLUMNS " FROM ban WHERE" BAN_WANTED,
	/* ?4: the keys of all networks around this one, ?5 of them; ?6, ?7: the first and last key inside it. */
	[SQL_EACH_OVERLAP] = "WITH RECURSIVE k(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM k WHERE i+1<?5)"
			     " SELECT " BAN_COLUMNS " FROM ban WHERE (net IN (SELECT substr(?4, i*17+1, 17) FROM k)"
			     " OR net BETWEEN ?6 AND ?7) AND" BAN_WANTED,
	[SQL_PRUNE_BANS] = "DELETE FROM ban WHERE until_ms<?1 AND ends_ms<?1",
	[SQL_PRUNE_COMMANDS] = "DELETE FROM command WHERE wall_ms<?1 AND until_ms<?1",
};

/* ---- what went wrong ---- */

static const struct failure {
	int code, error;
	const char *what;
} failures[] = {
	{ SQLITE_BUSY, -EBUSY, "another program holds it locked" },
	{ SQLITE_LOCKED, -EBUSY, "another program holds it locked" },
	{ SQLITE_NOTADB, -EBADMSG, "it is no SQLite database: move it away, the guard makes a new one" },
	{ SQLITE_CORRUPT, -EBADMSG,
	  "it is damaged: move it away, the guard makes a new one; `sqlite3 FILE .recover` saves what is left" },
	{ SQLITE_READONLY, -EACCES, "it may not be written: who owns the file and its folder?" },
	{ SQLITE_PERM, -EACCES, "permission denied: who owns the file and its folder?" },
	{ SQLITE_AUTH, -EACCES, "permission denied: who owns the file and its folder?" },
	{ SQLITE_FULL, -ENOSPC, "the disk is full" },
	{ SQLITE_NOMEM, -ENOMEM, "there is no memory left" },
};

int store_failed(const struct store *s, const char *doing, char **ret_why) {
	int code = s->db ? sqlite3_errcode(s->db) & 0xff : SQLITE_CANTOPEN;
	int system = s->db ? sqlite3_system_errno(s->db) : 0;
	const char *what = NULL;
	int error = -EIO;

	for (size_t i = 0; i < ARRAY_LEN(failures) && !what; i++)
		if (failures[i].code == code) {
			what = failures[i].what;
			error = failures[i].error;
		}
	if (!what && (code == SQLITE_IOERR || code == SQLITE_CANTOPEN) && system) {
		what = strerror(system);
		error = -system;
	}
	if (!s->db)
		what = "it was removed, and cannot be made again";
	if (!what)
		what = sqlite3_errmsg(s->db);
	return why_set(ret_why, error, "cannot %s %s: %s", doing, s->path, what);
}

/* ---- statements ---- */

sqlite3_stmt *store_statement(struct store *s, enum store_statement which) {
	if (!s->db)
		return NULL;
	if (!s->statement[which] && sqlite3_prepare_v3(s->db, statements[which], -1, SQLITE_PREPARE_PERSISTENT,
						       &s->statement[which], NULL) != SQLITE_OK)
		return NULL;
	return s->statement[which];
}

int store_run(struct store *s, sqlite3_stmt *statement) {
	int r;

	if (!statement)
		return store_failed(s, "write", NULL);
	while ((r = sqlite3_step(statement)) == SQLITE_ROW)
		;
	r = r == SQLITE_DONE ? 0 : store_failed(s, "write", NULL);
	(void)sqlite3_reset(statement);
	(void)sqlite3_clear_bindings(statement);
	return r;
}

int store_run_text(struct store *s, const char *sql) {
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : store_failed(s, "write", NULL);
}

static int64_t pragma(struct store *s, const char *sql) {
	sqlite3_stmt *q = NULL;
	int64_t value = -1;

	if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
		value = sqlite3_column_int64(q, 0);
	(void)sqlite3_finalize(q);
	return value;
}

/* ---- open and close ---- */

static int take_lock(struct store *s, char **ret_why) {
	_cleanup_(freep) char *path = NULL;
	char pid[16] = { 0 };

	if (asprintf(&path, "%s-lock", s->path) < 0)
		return -ENOMEM;
	s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (s->lock_fd < 0)
		return why_set(ret_why, -errno, "cannot make %s: %m; its folder must be there and the guard's own",
			       path);
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		(void)!pread(s->lock_fd, pid, sizeof(pid) - 1, 0);
		pid[strcspn(pid, "\n")] = 0;
		return why_set(ret_why, -EBUSY,
			       "another guard%s%s has %s: stop that one, or give this one a `state` of its own",
			       *pid ? ", process " : "", pid, s->path);
	}
	(void)!ftruncate(s->lock_fd, 0);
	(void)dprintf(s->lock_fd, "%d\n", (int)getpid());
	return 0;
}

/* A file that is neither empty nor ours is not touched. */
static int check_version(struct store *s, enum store_mode mode, char **ret_why) {
	int64_t version = pragma(s, "PRAGMA user_version");
	int64_t tables = pragma(s, "SELECT count(*) FROM sqlite_master");

	if (version < 0 || tables < 0)
		return store_failed(s, "read", ret_why);
	if (tables == 0 && mode == STORE_WRITE)
		return store_run_text(s, schema) < 0 ? store_failed(s, "make tables in", ret_why) : 0;
	if (pragma(s, "PRAGMA application_id") != APPLICATION)
		return why_set(ret_why, -EBADMSG, "%s is no database of the guard: name another file as `state`",
			       s->path);
	if (version != VERSION)
		return why_set(ret_why, -EPROTONOSUPPORT,
			       "%s has format %" PRId64 ", and this hextet knows %d: a newer one made it", s->path,
			       version, VERSION);
	return 0;
}

/* A reader of a folder that it may not write can open a database that nobody has open only as one that never changes.
 */
static int open_unchanging(struct store *s) {
	char *uri = sqlite3_mprintf("file:%s?immutable=1", s->path);
	int r = SQLITE_NOMEM;

	(void)sqlite3_close(s->db);
	s->db = NULL;
	if (uri)
		r = sqlite3_open_v2(uri, &s->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
	sqlite3_free(uri);
	return r;
}

static int open_reader(struct store *s, char **ret_why) {
	if (access(s->path, R_OK) < 0)
		return why_set(ret_why, -errno, "cannot read %s: %m", s->path);
	if (sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
	    pragma(s, "PRAGMA user_version") < 0)
		(void)open_unchanging(s);
	if (!s->db)
		return store_failed(s, "open", ret_why);
	(void)sqlite3_busy_timeout(s->db, BUSY_MS);
	return check_version(s, STORE_READ, ret_why);
}

static int open_writer(struct store *s, char **ret_why) {
	int r = take_lock(s, ret_why), fd;
	struct stat st;

	if (r < 0)
		return r;
	/* Lines of logs are in it: it is no more public than they are. SQLite's own files take its mode over. */
	fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (fd >= 0)
		(void)close(fd);
	if (sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK)
		return store_failed(s, "open", ret_why);
	(void)sqlite3_busy_timeout(s->db, BUSY_MS);
	if (store_run_text(s, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
			      "PRAGMA journal_size_limit=67108864") < 0)
		return store_failed(s, "open", ret_why);
	if (stat(s->path, &st) == 0) {
		s->device = st.st_dev;
		s->inode = st.st_ino;
	}
	r = check_version(s, STORE_WRITE, ret_why);
	(void)sqlite3_busy_timeout(s->db, BUSY_GUARD_MS);
	return r;
}

int store_open(const char *path, enum store_mode mode, struct store **ret_store, char **ret_why) {
	struct store *s = calloc(1, sizeof(*s));
	char *why = NULL;
	int r;

	if (!s)
		return -ENOMEM;
	s->lock_fd = -1;
	s->path = strdup(path);
	r = s->path ? mode == STORE_READ ? open_reader(s, &why) : open_writer(s, &why) : -ENOMEM;
	if (r < 0) {
		if (ret_why)
			*ret_why = TAKE_PTR(why);
		free(why);
		store_close(s);
		return r;
	}
	*ret_store = s;
	return 0;
}

static void disconnect(struct store *s) {
	for (size_t i = 0; i < _SQL_MAX; i++) {
		(void)sqlite3_finalize(s->statement[i]);
		s->statement[i] = NULL;
	}
	(void)sqlite3_close(s->db);
	s->db = NULL;
	if (s->lock_fd >= 0)
		(void)close(s->lock_fd);
	s->lock_fd = -1;
}

void store_close(struct store *s) {
	if (!s)
		return;
	if (s->waiting.n)
		(void)store_commit(s, NULL);
	for (size_t i = 0; i < s->waiting.n; i++)
		free(s->waiting.v[i].texts);
	vec_done(&s->waiting);
	disconnect(s);
	free(s->path);
	free(s);
}

bool store_is_there(const struct store *s) {
	struct stat st;

	if (!s->db)
		return false;
	if (stat(s->path, &st) < 0)
		return errno != ENOENT; /* a folder that may not be searched hides it */
	return st.st_dev == s->device && st.st_ino == s->inode;
}

/* The old one is closed first: SQLite removes its files by name, which would be the new one's. */
int store_reopen(struct store *s, char **ret_why) {
	int r;

	disconnect(s);
	r = open_writer(s, ret_why);
	if (r < 0)
		disconnect(s);
	return r;
}

int store_chown(const struct store *s, uid_t uid, gid_t gid) {
	static const char *const ends[] = { "", "-wal", "-shm", "-lock", "-snapshot" };
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", s->path, ends[i]);
		if (lchown(path, uid, gid) < 0 && errno != ENOENT)
			return -errno;
	}
	return 0;
}

/* ---- bans ---- */

void store_key(struct prefix p, uint8_t ret_key[static STORE_KEY_LEN]) {
	ip_to_bytes(p.ip, ret_key);
	ret_key[16] = p.len;
}

struct prefix store_key_prefix(const uint8_t key[static STORE_KEY_LEN]) {
	return (struct prefix){ ip_from_bytes(key), key[16] };
}

/* By the wall clock: what is in the past by the log's clock is over; what the log's clock puts ahead starts now. */
static int64_t ends_ms(const struct ban *b, int64_t wall_ms) {
	return MIN(b->until_ms, wall_ms + (b->until_ms - b->at_ms));
}

static void bind_text(sqlite3_stmt *q, int column, const char *text) {
	(void)sqlite3_bind_text(q, column, text, -1, SQLITE_STATIC);
}

int store_write_ban(struct store *s, const struct ban *b, int64_t wall_ms) {
	sqlite3_stmt *q = store_statement(s, SQL_ADD_BAN);
	uint8_t key[STORE_KEY_LEN];
	char network[PREFIX_TEXT_MAX], client[IP_TEXT_MAX];

	if (!q)
		return store_failed(s, "write", NULL);
	store_key(b->network, key);
	(void)prefix_format(b->network, network);
	(void)sqlite3_bind_blob(q, 1, key, sizeof(key), SQLITE_STATIC);
	bind_text(q, 2, network);
	(void)sqlite3_bind_int(q, 3, b->origin == BAN_BY_HAND);
	bind_text(q, 4, b->rule);
	(void)sqlite3_bind_int64(q, 5, b->at_ms);
	(void)sqlite3_bind_int64(q, 6, b->until_ms);
	(void)sqlite3_bind_int64(q, 7, wall_ms);
	(void)sqlite3_bind_int64(q, 8, ends_ms(b, wall_ms));
	(void)sqlite3_bind_int64(q, 9, b->repetition);
	if (b->origin == BAN_BY_RULE) {
		(void)sqlite3_bind_int64(q, 10, b->evidence.count);
		(void)sqlite3_bind_int64(q, 11, b->evidence.children);
		(void)sqlite3_bind_double(q, 12, b->evidence.ratio);
		(void)sqlite3_bind_int64(q, 13, b->evidence.first_ms);
		(void)sqlite3_bind_int64(q, 14, b->evidence.window_ms);
		(void)ip_format(b->evidence.client, client);
		bind_text(q, 15, client);
	}
	bind_text(q, 16, b->evidence.first);
	bind_text(q, 17, b->evidence.last);
	bind_text(q, 18, b->comment);
	return store_run(s, q);
}

/* Copies the text behind *end, which moves on. */
static const char *keep_text(char **end, const char *text) {
	char *copy = *end;
	size_t len;

	if (!text)
		return NULL;
	len = strlen(text) + 1;
	memcpy(copy, text, len);
	*end += len;
	return copy;
}

static size_t text_room(const char *text) {
	return text ? strlen(text) + 1 : 0;
}

int store_add_ban(struct store *s, const struct ban *ban, int64_t wall_ms) {
	struct store_waiting w = { .ban = *ban, .wall_ms = wall_ms };
	struct evidence *e = &w.ban.evidence;
	char *end;

	if (s->waiting.n >= TEXTS_MAX)
		e->first = e->last = NULL;
	w.texts = malloc(text_room(ban->rule) + text_room(ban->comment) + text_room(e->first) + text_room(e->last) + 1);
	if (!w.texts)
		return -ENOMEM;
	end = w.texts;
	w.ban.rule = keep_text(&end, ban->rule);
	w.ban.comment = keep_text(&end, ban->comment);
	e->first = keep_text(&end, e->first);
	e->last = keep_text(&end, e->last);
	vec_push(&s->waiting, w);
	return 0;
}

int store_commit(struct store *s, char **ret_why) {
	int r;

	if (!s->db)
		return store_failed(s, "write", ret_why);
	if (s->waiting.n == 0)
		return 0;
	r = store_run(s, store_statement(s, SQL_BEGIN));
	for (size_t i = 0; i < s->waiting.n && r == 0; i++)
		r = store_write_ban(s, &s->waiting.v[i].ban, s->waiting.v[i].wall_ms);
	if (r == 0)
		r = store_run(s, store_statement(s, SQL_COMMIT));
	if (r < 0) {
		(void)store_failed(s, "write", ret_why);
		if (!sqlite3_get_autocommit(s->db))
			(void)store_run(s, store_statement(s, SQL_ROLLBACK));
		return r;
	}
	for (size_t i = 0; i < s->waiting.n; i++)
		free(s->waiting.v[i].texts);
	s->waiting.n = 0;
	return 0;
}

uint64_t store_pending(const struct store *s) {
	return s->waiting.n;
}
