/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zones are the same on every name server, so prepare() makes their data once, as values, and a name server's files
 * only print it.
 *
 * Templates see `zone`: name, is_reverse, network (null for the domain), ttl, negative_ttl, serial, primary, contact,
 * nameservers, notes (texts), and records: owner, column (the owner padded to the width of the zone), type, data and
 * note (null, or the address of a PTR, or why an endpoint has the address). All names but owners are complete, without
 * the final dot. dns/knot.conf sees `zones`: name, file and updates (whether the acl
 * of target knot counts there).
 *
 * The files are configuration, not state: with zonefile-sync -1 knot never writes them. Hence /etc/knot/zones, readable
 * by the group knot, and not /var/lib/knot, where its journals are.
 */
#include <errno.h>
#include <string.h>

#include "render/data.h"
#include "render/facts_dns.h"
#include "render/knot_check.h"
#include "render/target.h"
#include "render/verify.h"
#include "render/zone.h"

#define FOLDER "/etc/knot/zones"

enum { COLUMN_MAX = 40 };

/* As the rows of section dns: say; for an estate without one. */
static const struct dns defaults = { .ttl = { 3600, NULL }, .negative_ttl = { 300, NULL }, .serial = { 1, NULL } };

struct prepared_zone {
	const char *path;
	const struct value *zone; /* what the template sees */
};

struct shared {
	struct zones zones;
	struct prepared_zone *prepared;
	const struct value *list; /* what the server's configuration sees */
};

static const struct value *text(struct arena *a, const char *s, struct loc loc) {
	return s ? value_text(a, s, loc) : &value_null;
}

static const struct value *number(struct arena *a, const struct number *n) {
	return value_int(a, (int64_t)n->n, n->at ? n->at->loc : NO_LOC);
}

static unsigned column_width(const struct zone *z) {
	size_t width = 0;

	for (size_t i = 0; i < z->record_count; i++)
		width = MAX(width, strlen(z->records[i].owner));
	return z->is_reverse ? (unsigned)width : (unsigned)MIN(width, (size_t)COLUMN_MAX);
}

static const struct value *record(struct arena *a, const struct zone *z, const struct zone_record *r, int width) {
	struct value *d = value_dict(a, r->loc);
	const char *type = z->is_reverse ? "PTR" : ip_is_v4(r->ip) ? "A" : "AAAA";

	value_dict_set(a, d, "owner", value_text(a, r->owner, r->loc));
	value_dict_set(a, d, "column", value_text(a, arena_printf(a, "%-*s", width, r->owner), r->loc));
	value_dict_set(a, d, "type", value_text(a, type, r->loc));
	value_dict_set(a, d, "data",
		       z->is_reverse ? value_str(a, r->name->text.s, r->name->text.len, r->loc)
				     : value_ip(a, r->ip, r->loc));
	value_dict_set(a, d, "note", z->is_reverse ? value_ip(a, r->ip, r->loc) : text(a, r->note, r->loc));
	return d;
}

/* The parts that all zones share. */
static struct value *frame(const struct estate *e, struct arena *a, const struct zones *zones) {
	const struct dns *dns = e->dns ? e->dns : &defaults;
	const struct dns_name *domain = &zones->domain;
	struct value *d = value_dict(a, NO_LOC), *servers = value_list(a, NO_LOC);
	const struct scalar *primary = &dns->primary;
	const char *contact = dns->contact.s;

	LIST_EACH (struct machine, m, &e->machines) {
		if (!machine_has_role(m, ROLE_KNOT))
			continue;
		if (!primary->s)
			primary = &m->name;
		value_list_push(a, servers, text(a, dns_name_make(a, m->name.s, domain).text.s, m->name.at->loc));
	}
	if (!contact)
		contact = arena_printf(a, "hostmaster.%s", domain->text.len ? domain->text.s : primary->s);
	value_dict_set(a, d, "ttl", number(a, &dns->ttl));
	value_dict_set(a, d, "negative_ttl", number(a, &dns->negative_ttl));
	value_dict_set(a, d, "serial", number(a, &dns->serial));
	value_dict_set(a, d, "primary", text(a, dns_name_make(a, primary->s, domain).text.s, primary->at->loc));
	value_dict_set(
		a, d, "contact",
		text(a, dns_name_make(a, contact, domain).text.s, dns->contact.at ? dns->contact.at->loc : NO_LOC));
	value_dict_set(a, d, "nameservers", servers);
	return d;
}

static const struct value *zone_value(struct arena *a, const struct zone *z, const struct value *shared) {
	struct value *d = value_dict(a, NO_LOC), *records = value_list(a, NO_LOC), *notes = value_list(a, NO_LOC);
	const int width = (int)column_width(z);

	for (size_t i = 0; i < z->record_count; i++)
		value_list_push(a, records, record(a, z, &z->records[i], width));
	for (size_t i = 0; i < z->note_count; i++)
		value_list_push(a, notes, value_text(a, z->notes[i], NO_LOC));
	value_dict_set(a, d, "name", value_text(a, z->name, NO_LOC));
	value_dict_set(a, d, "is_reverse", value_bool(a, z->is_reverse, NO_LOC));
	value_dict_set(a, d, "network", z->is_reverse ? value_prefix(a, z->network, NO_LOC) : &value_null);
	for (uint32_t i = 0; i < shared->dict.n; i++)
		value_dict_put(a, d, shared->dict.v[i].key, shared->dict.v[i].value);
	value_dict_set(a, d, "records", records);
	value_dict_set(a, d, "notes", notes);
	return d;
}

static bool has_server(const struct estate *e) {
	LIST_EACH (struct machine, m, &e->machines)
		if (machine_has_role(m, ROLE_KNOT))
			return true;
	return false;
}

static const char *zone_path(struct arena *a, const struct zone *z) {
	return arena_printf(a, FOLDER "/%s.zone", z->file);
}

static const void *prepare(const struct estate *e, struct arena *a) {
	struct shared *s = arena_new(a, struct shared);
	struct value *list = value_list(a, NO_LOC);
	const struct value *same;

	if (!has_server(e))
		return s;
	zones_build(e, a, &s->zones);
	same = frame(e, a, &s->zones);
	s->prepared = arena_array(a, struct prepared_zone, s->zones.n);
	for (size_t i = 0; i < s->zones.n; i++) {
		const struct zone *z = &s->zones.v[i];
		struct value *d = value_dict(a, NO_LOC);

		s->prepared[i] = (struct prepared_zone){ zone_path(a, z), zone_value(a, z, same) };
		value_dict_set(a, d, "name", value_text(a, z->name, NO_LOC));
		value_dict_set(a, d, "updates", z->is_reverse ? &value_false : &value_true);
		value_dict_set(a, d, "file", value_text(a, s->prepared[i].path + sizeof(FOLDER), NO_LOC));
		value_list_push(a, list, d);
	}
	s->list = list;
	return s;
}

static int files(struct target_run *r) {
	const struct shared *s = r->shared;
	int result;

	for (size_t i = 0; i < s->zones.problem_count; i++) {
		const struct zone_problem *p = &s->zones.problems[i];

		diag_error(r->diags, "dns", p->loc, p->hint, "%s", p->message);
	}
	if (s->zones.problem_count)
		return -EINVAL;
	target_set(r, "zones", s->list);
	result = target_file(r, KNOT_ZONES, "dns/knot.conf", 0644);
	for (size_t i = 0; i < s->zones.n && result == 0; i++) {
		target_set(r, "zone", s->prepared[i].zone);
		result = target_file(r, s->prepared[i].path, "dns/zone", 0644);
	}
	return result;
}

/* The line of the zone file whose owner it is, or 0. */
static uint32_t line_of_owner(struct str file, struct str name, const char *zone) {
	const size_t zone_len = strlen(zone) + 1; /* with its final dot */
	struct str rest = file, line, owner = STR("@");
	uint32_t number = 0;

	if (name.len > zone_len)
		owner = (struct str){ name.s, name.len - zone_len - 1 };
	while (str_split(&rest, '\n', &line)) {
		number++;
		if (line.len > owner.len && strncasecmp(line.s, owner.s, owner.len) == 0 &&
		    strchr(" \t", line.s[owner.len]))
			return number;
	}
	return 0;
}

/* kzonecheck -v says "…, line 6 (invalid IPv6 address)" about the text, "[www.example.net.] …" about the zone. */
static bool report_line(struct verify_run *v, const struct output_file *f, const char *zone, struct str line) {
	char *copy = arena_dup(v->arena, line.s, line.len), *at = strstr(copy, ", line "), *end;
	uint32_t number = 0;

	if (at) {
		number = (uint32_t)strtoul(at + strlen(", line "), &end, 10);
		at = strchr(end, '(');
		end = strrchr(end, ')');
		if (!at || !end)
			return false;
		at++;
		*end = '\0';
	} else if (copy[0] == '[' && (end = strchr(copy, ']'))) {
		number = line_of_owner(f->text, (struct str){ copy + 1, (size_t)(end - copy - 1) }, zone);
		at = end + 1 + strspn(end + 1, " ");
	} else
		return false;
	(void)verify_complain(v, f->path, number, "kzonecheck", at);
	return true;
}

static int verify_zone(struct verify_run *v, const struct output_file *f, const char *zone) {
	const char *const argv[] = { "kzonecheck", "-v", "-o", zone, verify_path(v, f->path), NULL };
	struct str output, rest, line;
	int status, r = verify_exec(v, argv, 0, &status, &output);
	bool located = false;

	if (r == -ENOENT) {
		verify_missing(v, f->path, argv[0]);
		return 0;
	}
	if (r < 0 || status == 0)
		return r < 0 ? r : verify_judge(v, f->path, argv[0], status, output);
	for (rest = output; str_split(&rest, '\n', &line);)
		located |= report_line(v, f, zone, line);
	return located ? -EINVAL : verify_judge(v, f->path, argv[0], status, output);
}

static int verify(struct verify_run *v) {
	int result = knot_check(v, KNOT_ZONES);
	struct zones zones;

	zones_name(v->estate, v->arena, &zones);
	for (size_t i = 0; i < v->n; i++)
		for (size_t k = 0; k < zones.n; k++)
			if (strcmp(v->files[i].path, zone_path(v->arena, &zones.v[k])) == 0) {
				int r = verify_zone(v, &v->files[i], zones.v[k].name);

				result = result ? result : r;
			}
	return result;
}

/* knot.conf only says where the zones are. */
static int facts(struct facts *f, const char *path, struct str text, const char **ret_error) {
	const size_t len = strlen(path), suffix = strlen(".zone");

	return len > suffix && strcmp(path + len - suffix, ".zone") == 0 ? facts_dns_read(f, text, ret_error) : 0;
}

const struct target target_dns = {
	.name = "dns",
	.summary = "zones of the domain and of the reverse tree, for Knot DNS",
	.doc = "A machine with role knot gets one file a zone in " FOLDER " and " KNOT_ZONES
	       ", which knot.conf includes. The zone of domain: has each machine below it with all its addresses and "
	       "each endpoint with the addresses it leads to; a name without a dot is relative to the domain, names "
	       "elsewhere are left to their own zone. Each entry of prefixes: is one reverse zone on a digit boundary "
	       "(/8, /16, /24; every fourth bit of IPv6), else those of the next boundary; IPv4 longer than /24 is a "
	       "zone as in RFC 2317, 64/26.100.51.198.in-addr.arpa, to which the holder of the /24 must refer. A PTR "
	       "is written only where the forward zone has the same address. Knot counts serials itself; for another "
	       "server set dns.serial, in a file of its own that the build writes: "
	       "echo \"dns: { serial: $(git log -1 --format=%ct) }\" > serial.yaml. Further records come from a "
	       "template dns/records in the estate's templates/. Checked with kzonecheck and knotc conf-check.",
	.roles = 1U << ROLE_KNOT,
	.templates = (const char *const[]){ "dns/knot.conf", "dns/zone", NULL },
	.prepare = prepare,
	.files = files,
	.verify = verify,
	.facts = facts,
	/* The check sees the whole configuration, of which ours is a part. */
	.reload = (const char *const[]){ "knotc conf-check", "knotc reload", NULL },
};
