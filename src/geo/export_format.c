/* SPDX-License-Identifier: Apache-2.0 */
/* The formats: one row of the table each, with the few lines it takes. What they are read by is in the manual. */
#include <ctype.h>
#include <string.h>

#include "geo/export.h"

static const char *text_of(struct prefix p, char text[static PREFIX_TEXT_MAX]) {
	(void)prefix_format(p, text);
	return text;
}

static void csv_begin(const struct geo_export *e) {
	(void)fputs("network,country\n", e->out);
}

static void csv_network(const struct geo_export *e, struct prefix p, const char *code) {
	char text[PREFIX_TEXT_MAX];

	(void)fprintf(e->out, "%s,%s\n", text_of(p, text), code);
}

static void jsonl_network(const struct geo_export *e, struct prefix p, const char *code) {
	char text[PREFIX_TEXT_MAX];

	(void)fprintf(e->out, "{\"network\":\"%s\",\"country\":\"%s\"}\n", text_of(p, text), code);
}

static void haproxy_network(const struct geo_export *e, struct prefix p, const char *code) {
	char text[PREFIX_TEXT_MAX];

	(void)fprintf(e->out, "%s %s\n", text_of(p, text), code);
}

static void nginx_network(const struct geo_export *e, struct prefix p, const char *code) {
	char text[PREFIX_TEXT_MAX];

	(void)fprintf(e->out, "%s %s;\n", text_of(p, text), code);
}

/* An ACL's name in VCL is a word; the countries' codes are, in small letters. */
static void varnish_country(const struct geo_export *e, const char *code) {
	(void)fprintf(e->out, "acl geo_%c%c {\n", tolower(code[0]), tolower(code[1]));
}

static void varnish_network(const struct geo_export *e, struct prefix p, const char *code) {
	char text[IP_TEXT_MAX];

	(void)code;
	(void)ip_format(p.ip, text);
	(void)fprintf(e->out, "\t\"%s\"/%u;\n", text, prefix_text_len(p));
}

static void varnish_country_end(const struct geo_export *e) {
	(void)fputs("}\n\n", e->out);
}

/* What is called from vcl_recv. A client's own header of that name never gets through. */
static void varnish_end(const struct geo_export *e, const char *codes) {
	(void)fputs("sub geo_country {\n\tunset req.http.X-Country;\n", e->out);
	for (const char *c = codes; *c; c += 2)
		(void)fprintf(e->out, "\t%s (client.ip ~ geo_%c%c) {\n\t\tset req.http.X-Country = \"%.2s\";\n\t}\n",
			      c == codes ? "if" : "elsif", tolower(c[0]), tolower(c[1]), c);
	(void)fputs("}\n", e->out);
}

/* "schema.table" as SQL, each part quoted. */
static void sql_table(const struct geo_export *e) {
	const char *table = e->table ? e->table : "geo_exceptions";

	(void)fputc('"', e->out);
	for (const char *c = table; *c; c++) {
		if (*c == '"')
			(void)fputc('"', e->out);
		(void)fputs(*c == '.' ? "\".\"" : (char[]){ *c, 0 }, e->out);
	}
	(void)fputc('"', e->out);
}

static void postgres_begin(const struct geo_export *e) {
	(void)fputs("\\set ON_ERROR_STOP on\n"
		    "BEGIN;\n"
		    "SET LOCAL TIME ZONE 'UTC';\n"
		    "CREATE TEMPORARY TABLE geo_import (network cidr PRIMARY KEY, country varchar NOT NULL)"
		    " ON COMMIT DROP;\n"
		    "COPY geo_import (network, country) FROM stdin;\n",
		    e->out);
}

static void postgres_network(const struct geo_export *e, struct prefix p, const char *code) {
	char text[PREFIX_TEXT_MAX];

	(void)fprintf(e->out, "%s\t%s\n", text_of(p, text), code);
}

static void postgres_end(const struct geo_export *e, const char *codes) {
	(void)codes;
	(void)fputs("\\.\nUPDATE ", e->out);
	sql_table(e);
	(void)fputs(" AS e SET country = i.country, created_at = now() FROM geo_import AS i\n"
		    "\tWHERE e.network = i.network AND e.country IS DISTINCT FROM i.country;\n"
		    "INSERT INTO ",
		    e->out);
	sql_table(e);
	(void)fputs(" (network, country, created_at)\n"
		    "\tSELECT i.network, i.country, now() FROM geo_import AS i\n"
		    "\tWHERE NOT EXISTS (SELECT FROM ",
		    e->out);
	sql_table(e);
	(void)fputs(" AS e WHERE e.network = i.network);\nCOMMIT;\n", e->out);
}

static const struct geo_export_format formats[] = {
	{ .name = "csv",
	  .summary = "network,country with a header; what csv: sources read",
	  .begin = csv_begin,
	  .network = csv_network },
	{ .name = "jsonl", .summary = "one JSON object a line: network, country", .network = jsonl_network },
	{ .name = "haproxy-map", .summary = "a map file for HAProxy's map_ip", .network = haproxy_network },
	{ .name = "nginx-geo", .summary = "what nginx includes inside a geo block", .network = nginx_network },
	{ .name = "varnish",
	  .summary = "VCL: an ACL for each country, and a sub geo_country that sets X-Country",
	  .by_country = true,
	  .country_begin = varnish_country,
	  .network = varnish_network,
	  .country_end = varnish_country_end,
	  .end = varnish_end },
	{ .name = "postgres",
	  .summary = "SQL for psql: updates and adds rows of a table of exceptions, in one transaction",
	  .begin = postgres_begin,
	  .network = postgres_network,
	  .end = postgres_end },
};

const struct geo_export_format *geo_export_list(size_t *ret_n) {
	*ret_n = ARRAY_LEN(formats);
	return formats;
}
