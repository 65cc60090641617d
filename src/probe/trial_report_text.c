/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "probe/trial_report.h"

enum { NAME_WIDTH_MAX = 60 };

void trial_report_put(FILE *out, struct str text) {
	bool harmless;

	for (size_t at = 0, n; at < text.len; at += n) {
		n = utf8_next(text.s + at, text.len - at, &harmless);
		if (harmless || text.s[at] == '\t')
			(void)fwrite(text.s + at, 1, n, out);
		else
			for (size_t i = 0; i < n; i++)
				(void)fprintf(out, "\\x%02x", (unsigned char)text.s[at + i]);
	}
}

static void put_padded(FILE *out, const char *text, size_t width) {
	const size_t points = utf8_count(text, strlen(text));

	trial_report_put(out, str_of(text));
	(void)fprintf(out, "%*s", points < width ? (int)(width - points) : 0, "");
}

static void put_status(FILE *out, unsigned status) {
	if (status)
		(void)fprintf(out, "  %4u", status);
	else
		(void)fputs("     -", out);
}

static void put_time(FILE *out, const struct trial_samples *s) {
	if (s->times.n)
		(void)fprintf(out, "  %8.1f", s->median.total_us / 1000.0);
	else
		(void)fputs("         -", out);
}

/* The kinds of what was found, each once. */
static void put_kinds(FILE *out, const struct findings *f) {
	bool seen[_FINDING_MAX] = { false };
	const char *before = "";

	for (size_t i = 0; i < f->list.n; i++) {
		if (seen[f->list.v[i].kind])
			continue;
		seen[f->list.v[i].kind] = true;
		(void)fprintf(out, "%s%s", before, finding_kind_to_str(f->list.v[i].kind));
		before = ", ";
	}
	if (!f->list.n)
		(void)fputs("same", out);
}

static void put_row(FILE *out, const struct trial_result *r, size_t width, bool colour) {
	put_padded(out, trial_report_name(r), width);
	put_status(out, r->status[0]);
	put_status(out, r->status[1]);
	put_time(out, &r->samples[0]);
	put_time(out, &r->samples[1]);
	(void)fprintf(out, "  %s", !colour ? "" : r->findings.list.n ? "\033[31m" : "\033[32m");
	put_kinds(out, &r->findings);
	(void)fprintf(out, "%s\n", colour ? "\033[0m" : "");
}

static void put_diff(FILE *out, struct str diff, bool colour) {
	struct str line;

	while (diff.len && str_split(&diff, '\n', &line)) {
		const char first = line.len ? line.s[0] : 0;
		const char *on = first == '-'   ? "\033[31m"
				 : first == '+' ? "\033[32m"
				 : first == '@' ? "\033[36m"
						: NULL;

		if (!diff.s && !line.len)
			break;
		(void)fprintf(out, "    %s", colour && on ? on : "");
		trial_report_put(out, line);
		(void)fprintf(out, "%s\n", colour && on ? "\033[0m" : "");
	}
}

static void put_findings(FILE *out, const struct trial_result *r, bool colour) {
	if (!r->findings.list.n && !r->time_note.len && !r->happy && !r->path_count)
		return;
	(void)fputs("\n", out);
	trial_report_put(out, str_of(trial_report_name(r)));
	(void)fputs("\n", out);
	for (size_t i = 0; i < r->findings.list.n; i++) {
		const struct finding *f = &r->findings.list.v[i];

		(void)fprintf(out, "  %s%s%s (%s): ", colour ? "\033[1m" : "", finding_kind_to_str(f->kind),
			      colour ? "\033[0m" : "", trial_report_family(f->family));
		trial_report_put(out, f->detail);
		(void)fputs("\n", out);
		put_diff(out, f->diff, colour);
	}
	if (r->time_note.len) {
		(void)fputs("  note: ", out);
		trial_report_put(out, r->time_note);
		(void)fputs("\n", out);
	}
	trial_report_client_text(r, out);
}

void trial_report_text(const struct trial *t, bool colour, FILE *out) {
	size_t width = 3;
	uint32_t differ = 0;

	for (uint32_t i = 0; i < t->n; i++) {
		const char *name = trial_report_name(&t->results[i]);

		width = MAX(width, MIN(utf8_count(name, strlen(name)), (size_t)NAME_WIDTH_MAX));
		differ += t->results[i].findings.list.n != 0;
	}
	(void)fprintf(out, "%-*s  IPv4  IPv6   IPv4 ms   IPv6 ms  result\n", (int)width, "URL");
	for (uint32_t i = 0; i < t->n; i++)
		put_row(out, &t->results[i], width, colour);
	for (uint32_t i = 0; i < t->n; i++)
		put_findings(out, &t->results[i], colour);
	(void)fprintf(out, "\n%u of %u URLs answer differently (%llu fetches in %.1f s)\n", differ, t->n,
		      (unsigned long long)t->fetches, t->took_s);
}
