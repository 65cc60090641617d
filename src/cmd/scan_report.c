/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/scan_report.h"

#include <ctype.h>
#include <string.h>

#include "probe/scan_syntax.h"

const char *scan_severity_to_str(enum scan_severity s) {
	static const char *const names[] = { [SCAN_NOTE] = "note", [SCAN_WARNING] = "warning", [SCAN_ERROR] = "error" };

	return names[s];
}

static enum severity severity_of(const struct scan_rule *r) {
	static const enum severity of[] = {
		[SCAN_NOTE] = SEVERITY_NOTE, [SCAN_WARNING] = SEVERITY_WARNING, [SCAN_ERROR] = SEVERITY_ERROR
	};

	return of[r->severity];
}

void scan_report_diags(const struct scan_report *r, struct sources *sources, struct diags *diags) {
	for (size_t i = 0; i < r->list.n; i++) {
		const struct scan_found *f = &r->list.v[i];
		const uint32_t file = sources_add_line(sources, f->path, f->line, f->text.s, f->text.len);

		diag_add(diags, severity_of(f->rule), f->rule->id, (struct loc){ file, f->line, f->col, f->points },
			 f->rule->fix, "%s", f->rule->message);
	}
}

void scan_report_emit(const struct scan_report *r, struct emit *e) {
	emit_list(e, NULL);
	for (size_t i = 0; i < r->list.n; i++) {
		const struct scan_found *f = &r->list.v[i];

		emit_object(e, NULL);
		emit_text(e, "file", f->path);
		emit_uint(e, "line", f->line);
		emit_uint(e, "col", f->col);
		emit_text(e, "id", f->rule->id);
		emit_text(e, "severity", scan_severity_to_str(f->rule->severity));
		emit_text(e, "message", f->rule->message);
		emit_text(e, "fix", f->rule->fix);
		emit_end(e);
	}
	emit_end(e);
}

static void emit_message(struct emit *e, const char *name, const char *text) {
	emit_object(e, name);
	emit_text(e, "text", text);
	emit_end(e);
}

static void sarif_rules(struct emit *e) {
	const struct scan_rule *rule;

	emit_list(e, "rules");
	for (size_t i = 0; (rule = scan_rule_at(i)); i++) {
		emit_object(e, NULL);
		emit_text(e, "id", rule->id);
		emit_message(e, "shortDescription", rule->message);
		emit_message(e, "fullDescription", rule->why);
		emit_message(e, "help", rule->fix);
		emit_object(e, "defaultConfiguration");
		emit_text(e, "level", scan_severity_to_str(rule->severity));
		emit_end(e);
		emit_end(e);
	}
	emit_end(e);
}

/* A relative reference of RFC 3986: every byte but the unreserved ones and '/' as %XX. */
static void emit_path_uri(struct emit *e, const char *path) {
	static const char hex[] = "0123456789ABCDEF";
	_cleanup_(freep) char *uri = malloc(3 * strlen(path) + 1);
	char *to = uri;

	if (!uri)
		abort();
	for (const char *c = path; *c; c++)
		if (isalnum((unsigned char)*c) || strchr("-._~/", *c))
			*to++ = *c;
		else {
			*to++ = '%';
			*to++ = hex[(unsigned char)*c >> 4];
			*to++ = hex[*c & 15];
		}
	emit_str(e, "uri", (struct str){ uri, (size_t)(to - uri) });
}

static void sarif_result(struct emit *e, const struct scan_found *f) {
	emit_object(e, NULL);
	emit_text(e, "ruleId", f->rule->id);
	emit_text(e, "level", scan_severity_to_str(f->rule->severity));
	emit_message(e, "message", f->rule->message);
	emit_list(e, "locations");
	emit_object(e, NULL);
	emit_object(e, "physicalLocation");
	emit_object(e, "artifactLocation");
	emit_path_uri(e, f->path);
	emit_end(e);
	emit_object(e, "region");
	emit_uint(e, "startLine", f->line);
	emit_uint(e, "startColumn", f->col);
	emit_uint(e, "endColumn", f->col + f->points);
	emit_end(e);
	emit_end(e);
	emit_end(e);
	emit_end(e);
	emit_object(e, "partialFingerprints");
	emit_text(e, "hextetScan/v1", f->hash);
	emit_end(e);
	emit_end(e);
}

void scan_report_sarif(const struct scan_report *r, FILE *out) {
	struct emit e;

	emit_init(&e, out, EMIT_JSON);
	emit_object(&e, NULL);
	emit_text(&e, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	emit_text(&e, "version", "2.1.0");
	emit_list(&e, "runs");
	emit_object(&e, NULL);
	emit_object(&e, "tool");
	emit_object(&e, "driver");
	emit_text(&e, "name", "hextet scan");
	emit_text(&e, "version", HEXTET_VERSION);
	sarif_rules(&e);
	emit_end(&e);
	emit_end(&e);
	emit_text(&e, "columnKind", "unicodeCodePoints");
	emit_list(&e, "results");
	for (size_t i = 0; i < r->list.n; i++)
		sarif_result(&e, &r->list.v[i]);
	emit_end(&e);
	emit_end(&e);
	emit_end(&e);
	emit_end(&e);
	(void)emit_done(&e);
}

void scan_rules_print(FILE *out) {
	const struct scan_rule *r;

	for (size_t i = 0; (r = scan_rule_at(i)); i++)
		(void)fprintf(out, "%s%s (%s): %s\n    why:     %s\n    instead: %s\n    example: %s\n", i ? "\n" : "",
			      r->id, scan_severity_to_str(r->severity), r->message, r->why, r->fix, r->example);
}

void scan_rules_emit(struct emit *e) {
	const struct scan_rule *r;

	emit_list(e, NULL);
	for (size_t i = 0; (r = scan_rule_at(i)); i++) {
		emit_object(e, NULL);
		emit_text(e, "id", r->id);
		emit_text(e, "severity", scan_severity_to_str(r->severity));
		emit_list(e, "languages");
		for (unsigned k = 0; k < scan_syntax_count; k++)
			if (r->languages & scan_syntaxes[k].language)
				emit_text(e, NULL, scan_syntaxes[k].name);
		emit_end(e);
		emit_text(e, "message", r->message);
		emit_text(e, "why", r->why);
		emit_text(e, "fix", r->fix);
		emit_text(e, "example", r->example);
		emit_end(e);
	}
	emit_end(e);
}
