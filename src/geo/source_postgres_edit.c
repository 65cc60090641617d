/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edits are transactions with parameters. The constraints of init are added to an existing table only when every row
 * meets them, and validated at once: a constraint that is NOT VALID would let what is wrong stay and surprise later.
 */
#include <errno.h>
#include <string.h>

#include "geo/postgres.h"
#include "geo/row_text.h"

#define NOW "now() AT TIME ZONE 'utc'"
#define TRIGGER "hextet_geo_notify"

static int commit(struct postgres *p) {
	return postgres_run(p, "write it", NULL, "COMMIT", NULL);
}

/* Names the rows that a query finds: their ids, and what they have. 0 when there are none, else -EINVAL. */
static int find_wrong(struct postgres *p, const char *check, const char *hint, const char *what, const char *sql) {
	_cleanup_(postgres_result_done) PGresult *rows = NULL;
	int r = postgres_run(p, "check the table", &rows, sql, NULL);

	if (r < 0)
		return r;
	for (int i = 0; i < pq.ntuples(rows); i++)
		diag_error(p->diags, check, p->loc, hint, "row %s: %s", pq.get_value(rows, i, 0), what);
	return pq.ntuples(rows) ? -EINVAL : 0;
}

/* 1 when the query has a row, 0 when not, -errno. */
static int has_row(struct postgres *p, const char *sql, const char *value) {
	_cleanup_(postgres_result_done) PGresult *rows = NULL;
	int r = postgres_run(p, "check the table", &rows, sql, value, NULL);

	return r < 0 ? r : pq.ntuples(rows) > 0;
}

static int check_rows(struct postgres *p) {
	struct arena *a = p->diags->arena;
	const char *id = p->has_id ? "id" : "0";
	int first, second, third;

	first = find_wrong(p, "geo-network", "set its network or remove the row; nothing was changed", "no network",
			   arena_printf(a, "SELECT %s FROM %s WHERE network IS NULL ORDER BY 1 LIMIT %d", id, p->table,
					GEO_TEXT_SHOWN));
	if (first < 0 && first != -EINVAL)
		return first;
	second = find_wrong(
		p, "geo-country", "set its country or remove the row; nothing was changed", "no country",
		arena_printf(a, "SELECT %s FROM %s WHERE country IS NULL OR btrim(country) = '' ORDER BY 1 LIMIT %d",
			     id, p->table, GEO_TEXT_SHOWN));
	if (second < 0 && second != -EINVAL)
		return second;
	third = find_wrong(
		p, "geo-twice", "remove all but one; nothing was changed", "they have the same network",
		arena_printf(a,
			     "SELECT string_agg(%s::text, ', ' ORDER BY %s) FROM %s WHERE network IS NOT NULL"
			     " GROUP BY network HAVING count(*) > 1 ORDER BY 1 LIMIT %d",
			     id, id, p->table, GEO_TEXT_SHOWN));
	return MIN(MIN(first, second), third);
}

/* Each part of the table that init makes: how to find it ($1 is the table), and "ALTER TABLE … " what. */
static const struct {
	const char *is_there, *add;
} parts[] = {
	{ "SELECT 1 FROM pg_catalog.pg_constraint"
	  " WHERE conrelid = pg_catalog.to_regclass($1) AND conname = 'hextet_geo_network'",
	  "ADD CONSTRAINT hextet_geo_network CHECK (network IS NOT NULL)" },
	{ "SELECT 1 FROM pg_catalog.pg_constraint"
	  " WHERE conrelid = pg_catalog.to_regclass($1) AND conname = 'hextet_geo_country'",
	  "ADD CONSTRAINT hextet_geo_country CHECK (country IS NOT NULL AND btrim(country) <> '')" },
	{ "SELECT 1 FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a"
	  " ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
	  " WHERE i.indrelid = pg_catalog.to_regclass($1) AND i.indisunique AND i.indnkeyatts = 1 AND i.indpred IS NULL"
	  " AND a.attname = 'network'",
	  "ADD UNIQUE (network)" },
};

static int add_constraints(struct postgres *p) {
	bool missing[ARRAY_LEN(parts)], any = false;
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(parts) && r >= 0; i++) {
		r = has_row(p, parts[i].is_there, p->table);
		missing[i] = r == 0;
		any |= missing[i];
	}
	if (r >= 0)
		r = any ? check_rows(p) : 0;
	for (size_t i = 0; i < ARRAY_LEN(parts) && r >= 0; i++)
		if (missing[i])
			r = postgres_run(p, "add the constraints", NULL,
					 arena_printf(p->diags->arena, "ALTER TABLE %s %s", p->table, parts[i].add),
					 NULL);
	return r;
}

static int make_function(struct postgres *p, const char *name) {
	int r = has_row(p, "SELECT 1 WHERE pg_catalog.to_regprocedure($1) IS NOT NULL", name);

	if (r)
		return MIN(r, 0);
	return postgres_run(p, "make the trigger", NULL,
			    arena_printf(p->diags->arena,
					 "CREATE FUNCTION %s RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
					 " PERFORM pg_catalog.pg_notify('" POSTGRES_CHANNEL
					 "', TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME); RETURN NULL; END $$",
					 name),
			    NULL);
}

/* One message for a statement, however many rows it changes. */
static int add_trigger(struct postgres *p) {
	struct arena *a = p->diags->arena;
	char *schema = pq.escape_identifier(p->conn, p->schema, strlen(p->schema));
	const char *function = schema ? arena_printf(a, "%s." TRIGGER "()", schema) : "";
	int r = has_row(p,
			"SELECT 1 FROM pg_catalog.pg_trigger"
			" WHERE tgrelid = pg_catalog.to_regclass($1) AND tgname = '" TRIGGER "'",
			p->table);

	pq.freemem(schema);
	if (r)
		return MIN(r, 0);
	r = make_function(p, function);
	if (r < 0)
		return r;
	return postgres_run(p, "make the trigger", NULL,
			    arena_printf(a,
					 "CREATE TRIGGER " TRIGGER " AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s"
					 " FOR EACH STATEMENT EXECUTE FUNCTION %s",
					 p->table, function),
			    NULL);
}

static int make_table(struct postgres *p) {
	int r = postgres_run(p, "make the table", NULL,
			     arena_printf(p->diags->arena,
					  "CREATE TABLE %s (id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,"
					  " comment varchar(255), country varchar(255),"
					  " created_at timestamp DEFAULT (" NOW "), network cidr)",
					  p->table),
			     NULL);

	return r < 0 ? r : postgres_look(p, false);
}

int postgres_init(const struct geo_spec *spec, struct diags *diags) {
	_cleanup_(postgres_close) struct postgres p;
	int r = postgres_open(&p, spec, diags);

	if (r == 0)
		r = postgres_run(&p, "make the table", NULL, "BEGIN", NULL);
	if (r < 0)
		return r;
	r = postgres_look(&p, true);
	if (r == -ENOENT && !diags->count[SEVERITY_ERROR])
		r = make_table(&p);
	if (r == 0)
		r = add_constraints(&p);
	if (r == 0)
		r = add_trigger(&p);
	return r < 0 ? r : commit(&p);
}

static int open_to_edit(struct postgres *p, const struct geo_spec *spec, struct diags *diags) {
	int r = postgres_open(p, spec, diags);

	if (r == 0)
		r = postgres_run(p, "write it", NULL, "BEGIN", NULL);
	return r < 0 ? r : postgres_look(p, false);
}

/* 1 when the network is there, and its row; 0; -errno. */
static int find_same(struct postgres *p, const char *network, uint64_t *ret_id, const char **ret_country) {
	struct arena *a = p->diags->arena;
	_cleanup_(postgres_result_done) PGresult *rows = NULL;
	int r = postgres_run(p, "read the table", &rows,
			     arena_printf(a, "SELECT %s, country FROM %s WHERE network = $1 ORDER BY 1 LIMIT 1",
					  p->has_id ? "id" : "0", p->table),
			     network, NULL);

	if (r < 0 || !pq.ntuples(rows))
		return r;
	*ret_id = strtoull(pq.get_value(rows, 0, 0), NULL, 10);
	*ret_country = pq.get_is_null(rows, 0, 1) ? "nothing" : geo_quote(a, str_of(pq.get_value(rows, 0, 1)));
	return 1;
}

/* What a table does not have is left out. A table whose ids nobody makes is locked, so that two do not make the same.
 */
static const char *write_statement(struct postgres *p, bool is_new) {
	struct arena *a = p->diags->arena;

	if (!is_new)
		return arena_printf(a, "UPDATE %s SET country = $2%s%s WHERE network = $1 RETURNING %s", p->table,
				    p->has_comment ? ", comment = coalesce($3, comment)" : "",
				    p->has_created ? ", created_at = " NOW : "", p->has_id ? "id" : "0");
	return arena_printf(
		a, "INSERT INTO %s (network, country%s%s%s) VALUES ($1, $2%s%s%s) RETURNING %s", p->table,
		p->has_comment ? ", comment" : "", p->has_created ? ", created_at" : "",
		p->has_id && !p->makes_ids ? ", id" : "", p->has_comment ? ", $3" : "", p->has_created ? ", " NOW : "",
		p->has_id && !p->makes_ids ? arena_printf(a, ", (SELECT coalesce(max(id), 0) + 1 FROM %s)", p->table)
					   : "",
		p->has_id ? "id" : "0");
}

static int write_row(struct postgres *p, const struct geo_exception *e, bool is_new, uint64_t *ret_id) {
	_cleanup_(postgres_result_done) PGresult *rows = NULL;
	const char *comment = !p->has_comment ? NULL : e->comment ? e->comment : POSTGRES_NULL;
	int r = 0;

	if (is_new && p->has_id && !p->makes_ids)
		r = postgres_run(p, "lock the table", NULL,
				 arena_printf(p->diags->arena, "LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE", p->table),
				 NULL);
	if (r == 0)
		r = postgres_run(p, "write the row", &rows, write_statement(p, is_new), e->network, e->country, comment,
				 NULL);
	if (r == 0)
		*ret_id = strtoull(pq.get_value(rows, 0, 0), NULL, 10);
	return r;
}

int postgres_add(const struct geo_spec *spec, struct diags *diags, const struct geo_exception *e, bool replace,
		 uint64_t *ret_id) {
	_cleanup_(postgres_close) struct postgres p;
	int r = open_to_edit(&p, spec, diags), found;
	const char *country = NULL;
	uint64_t id = 0;

	if (r < 0)
		return r;
	found = find_same(&p, e->network, &id, &country);
	if (found < 0)
		return found;
	if (found && !replace)
		return geo_is_there(diags, p.loc, e, id, country);
	r = write_row(&p, e, !found, &id);
	if (r == 0)
		r = commit(&p);
	if (r == 0)
		*ret_id = id;
	return r;
}

int postgres_remove(const struct geo_spec *spec, struct diags *diags, uint64_t id, const char *network) {
	_cleanup_(postgres_close) struct postgres p;
	_cleanup_(postgres_result_done) PGresult *result = NULL;
	struct arena *a = diags->arena;
	int r = open_to_edit(&p, spec, diags), n;

	if (r == 0)
		r = postgres_run(&p, "remove the row", &result,
				 arena_printf(a, "DELETE FROM %s WHERE %s = $1%s", p.table,
					      network ? "network" : "id::bigint", network ? "" : "::bigint"),
				 network ? network : arena_printf(a, "%llu", (unsigned long long)id), NULL);
	if (r < 0)
		return r;
	n = (int)strtol(pq.cmd_tuples(result), NULL, 10);
	r = commit(&p);
	return r < 0 ? r : n;
}
