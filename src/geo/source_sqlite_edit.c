/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks are compared as networks, not as text: a hand may have written 2001:DB8::/32. So every edit reads the table
 * once, inside the transaction that changes it.
 */
#include <errno.h>
#include <string.h>

#include "addr/prefix.h"
#include "geo/row_text.h"
#include "geo/sqlite.h"

#define CREATE                                                                                                         \
	"CREATE TABLE \"%w\" ("                                                                                        \
	"id INTEGER PRIMARY KEY AUTOINCREMENT, "                                                                       \
	"comment TEXT CHECK (length(comment) <= 255), "                                                                \
	"country TEXT NOT NULL CHECK (length(trim(country)) BETWEEN 1 AND 255), "                                      \
	"created_at TEXT DEFAULT (%s), "                                                                               \
	"network TEXT NOT NULL UNIQUE CHECK (length(network) BETWEEN 2 AND 49))"
#define NOW "strftime('%Y-%m-%d %H:%M:%f', 'now')"

/* True when an index makes networks unique; -errno. */
static int is_unique(const struct sqlite_table *t) {
	_cleanup_(sqlite_stmt_done) sqlite3_stmt *s = sqlite_table_prepare(
		t,
		"SELECT 1 FROM pragma_index_list('%q') AS l WHERE l.\"unique\" AND NOT l.partial AND"
		" (SELECT group_concat(lower(name)) FROM pragma_index_info(l.name)) = 'network'",
		t->spec->table);

	return s ? sqlite3_step(s) == SQLITE_ROW : sqlite_table_errno(t);
}

/* Names the rows that have one network. 0 when there are none, else -EINVAL. */
static int find_twins(const struct sqlite_table *t) {
	_cleanup_(sqlite_stmt_done) sqlite3_stmt *s =
		sqlite_table_prepare(t,
				     "SELECT network, group_concat(%s, ', ') FROM \"%w\" WHERE network IS NOT NULL"
				     " GROUP BY network HAVING count(*) > 1 ORDER BY 1 LIMIT %d",
				     t->has_id ? "id" : "rowid", t->spec->table, GEO_TEXT_SHOWN);
	int r = 0;

	if (!s)
		return sqlite_table_errno(t);
	for (; sqlite3_step(s) == SQLITE_ROW; r = -EINVAL)
		diag_error(t->diags, "geo-twice", t->loc, "remove all but one: hextet geo exception remove",
			   "%s is there more than once: rows %s", geo_quote(t->diags->arena, sqlite_text(s, 0)),
			   sqlite_text(s, 1).s);
	return r;
}

int sqlite_init(const struct geo_spec *spec, struct diags *diags) {
	_cleanup_(sqlite_table_close) struct sqlite_table t;
	int r = sqlite_table_open(&t, spec, diags, TABLE_MAKE);

	if (r < 0)
		return r;
	r = sqlite_table_look(&t, true);
	if (r == -ENOENT) {
		r = sqlite_table_run(&t, "make the table", CREATE, spec->table, NOW);
	} else if (r == 0 && (r = is_unique(&t)) == 0) {
		r = find_twins(&t);
		if (r == 0)
			r = sqlite_table_run(&t, "make the index",
					     "CREATE UNIQUE INDEX \"%w_network\" ON \"%w\" (network)", spec->table,
					     spec->table);
	}
	return r < 0 ? r : sqlite_table_commit(&t);
}

static int open_to_edit(struct sqlite_table *t, const struct geo_spec *spec, struct diags *diags) {
	int r = sqlite_table_open(t, spec, diags, TABLE_WRITE);

	return r < 0 ? r : sqlite_table_look(t, false);
}

/* Steps to the next row with this network: 1 and s stands on it, 0, or -errno. */
static int next_same(const struct sqlite_table *t, sqlite3_stmt *s, struct prefix wanted) {
	struct prefix p;
	int step;

	while ((step = sqlite3_step(s)) == SQLITE_ROW) {
		struct str text = str_trim(sqlite_text(s, 1));

		if (prefix_parse(text.s, text.len, &p, NULL) == 0 && prefix_equal(p, wanted))
			return 1;
	}
	return step == SQLITE_DONE ? 0 : sqlite_table_failed(t, "read it");
}

static sqlite3_stmt *select_networks(const struct sqlite_table *t) {
	return sqlite_table_prepare(t, "SELECT %s, network, country FROM \"%w\"", t->has_id ? "id" : "rowid",
				    t->spec->table);
}

/* 1 when the network is there, and the row; 0; -errno. */
static int find_same(const struct sqlite_table *t, const char *network, uint64_t *ret_id, const char **ret_country) {
	_cleanup_(sqlite_stmt_done) sqlite3_stmt *s = select_networks(t);
	struct prefix wanted = { 0 };
	int r = s ? prefix_parse(network, strlen(network), &wanted, NULL) : sqlite_table_errno(t);

	if (r == 0)
		r = next_same(t, s, wanted);
	if (r == 1) {
		*ret_id = (uint64_t)sqlite3_column_int64(s, 0);
		*ret_country = geo_quote(t->diags->arena, sqlite_text(s, 2));
	}
	return r;
}

/* ?1 network, ?2 country, ?3 comment, ?4 id. What a table does not have is left out. */
static sqlite3_stmt *prepare_write(const struct sqlite_table *t, bool is_new) {
	const char *id = t->has_id ? "id" : "rowid";
	char *new_id = NULL;

	if (is_new && t->has_id && !t->makes_ids)
		new_id = sqlite3_mprintf("(SELECT coalesce(max(id), 0) + 1 FROM \"%w\")", t->spec->table);
	if (is_new)
		return sqlite_table_prepare(
			t, "INSERT INTO \"%w\" (%s, network, country%s%s) VALUES (%z, ?1, ?2%s%s) RETURNING %s",
			t->spec->table, id, t->has_comment ? ", comment" : "", t->has_created ? ", created_at" : "",
			new_id ? new_id : sqlite3_mprintf("NULL"), t->has_comment ? ", ?3" : "",
			t->has_created ? ", " NOW : "", id);
	return sqlite_table_prepare(t, "UPDATE \"%w\" SET network = ?1, country = ?2%s%s WHERE %s = ?4", t->spec->table,
				    t->has_comment ? ", comment = coalesce(?3, comment)" : "",
				    t->has_created ? ", created_at = " NOW : "", id);
}

static int write_row(const struct sqlite_table *t, const struct geo_exception *e, bool is_new, uint64_t *id) {
	_cleanup_(sqlite_stmt_done) sqlite3_stmt *s = prepare_write(t, is_new);
	int step;

	if (!s)
		return sqlite_table_errno(t);
	(void)sqlite3_bind_text(s, 1, e->network, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(s, 2, e->country, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(s, 3, e->comment, -1, SQLITE_STATIC);
	if (!is_new)
		(void)sqlite3_bind_int64(s, 4, (sqlite3_int64)*id);
	while ((step = sqlite3_step(s)) == SQLITE_ROW)
		*id = (uint64_t)sqlite3_column_int64(s, 0);
	return step == SQLITE_DONE ? 0 : sqlite_table_failed(t, "write the row");
}

int sqlite_add(const struct geo_spec *spec, struct diags *diags, const struct geo_exception *e, bool replace,
	       uint64_t *ret_id) {
	_cleanup_(sqlite_table_close) struct sqlite_table t;
	int r = open_to_edit(&t, spec, diags), found;
	const char *country = NULL;
	uint64_t id = 0;

	if (r < 0)
		return r;
	found = find_same(&t, e->network, &id, &country);
	if (found < 0)
		return found;
	if (found && !replace)
		return geo_is_there(diags, t.loc, e, id, country);
	r = write_row(&t, e, !found, &id);
	if (r == 0)
		r = sqlite_table_commit(&t);
	if (r == 0)
		*ret_id = id;
	return r;
}

static int remove_id(const struct sqlite_table *t, uint64_t id) {
	int r = sqlite_table_run(t, "remove the row", "DELETE FROM \"%w\" WHERE %s = %lld", t->spec->table,
				 t->has_id ? "id" : "rowid", (long long)id);

	return r < 0 ? r : sqlite3_changes(t->db);
}

/* The ids are gathered first: what is removed under a running select is undefined. */
static int remove_network(const struct sqlite_table *t, const char *network) {
	_cleanup_(sqlite_stmt_done) sqlite3_stmt *s = select_networks(t);
	VEC(uint64_t) ids = { 0 };
	struct prefix wanted = { 0 };
	int r = s ? prefix_parse(network, strlen(network), &wanted, NULL) : sqlite_table_errno(t), n = 0;

	while (r == 0 && (r = next_same(t, s, wanted)) == 1) {
		vec_push(&ids, (uint64_t)sqlite3_column_int64(s, 0));
		r = 0;
		n++;
	}
	for (size_t i = 0; i < ids.n && r >= 0; i++)
		r = remove_id(t, ids.v[i]);
	vec_done(&ids);
	return r < 0 ? r : n;
}

int sqlite_remove(const struct geo_spec *spec, struct diags *diags, uint64_t id, const char *network) {
	_cleanup_(sqlite_table_close) struct sqlite_table t;
	int r = open_to_edit(&t, spec, diags), n;

	if (r < 0)
		return r;
	n = network ? remove_network(&t, network) : remove_id(&t, id);
	r = n > 0 ? sqlite_table_commit(&t) : 0;
	return r < 0 ? r : n;
}
