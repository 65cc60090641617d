/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form that Jenkins and GitLab read. Readers agree on at most one <failure> in a <testcase>, so all that was found
 * of a URL is in one: the first finding is its message, the others follow in the text.
 */
#include <string.h>
#include <time.h>

#include "probe/markup.h"
#include "probe/trial_report.h"

static void put_seconds(FILE *out, const char *name, double seconds) {
	(void)fprintf(out, " %s=\"%.3f\"", name, seconds);
}

static void put_attribute(FILE *out, const char *name, struct str value) {
	(void)fprintf(out, " %s=\"", name);
	markup_write(out, value);
	(void)fputc('"', out);
}

/* "www.example.net" of a URL. */
static struct str host_of(const char *url) {
	const char *start = strstr(url, "://");

	start = start ? start + 3 : url;
	return (struct str){ start, strcspn(start, "/?#") };
}

static void put_failure(FILE *out, const struct findings *f) {
	(void)fputs("      <failure", out);
	put_attribute(out, "type", str_of(finding_kind_to_str(f->list.v[0].kind)));
	put_attribute(out, "message", f->list.v[0].detail);
	(void)fputc('>', out);
	for (size_t i = 0; i < f->list.n; i++) {
		const struct finding *x = &f->list.v[i];

		(void)fprintf(out, "%s (%s): ", finding_kind_to_str(x->kind), trial_report_family(x->family));
		markup_write(out, x->detail);
		(void)fputc('\n', out);
		markup_write(out, x->diff);
	}
	(void)fputs("</failure>\n", out);
}

static void put_case(FILE *out, const struct trial_result *r) {
	const double seconds = (r->samples[0].median.total_us + (double)r->samples[1].median.total_us) / 1e6;

	(void)fputs("    <testcase", out);
	put_attribute(out, "classname", host_of(r->target->url));
	put_attribute(out, "name", str_of(trial_report_name(r)));
	put_seconds(out, "time", seconds);
	if (!r->findings.list.n) {
		(void)fputs("/>\n", out);
		return;
	}
	(void)fputs(">\n", out);
	put_failure(out, &r->findings);
	(void)fputs("    </testcase>\n", out);
}

void trial_report_junit(const struct trial *t, FILE *out) {
	const time_t started = (time_t)t->started;
	char text[32] = "1970-01-01T00:00:00";
	uint32_t failures = 0;
	struct tm tm;

	if (gmtime_r(&started, &tm))
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	for (uint32_t i = 0; i < t->n; i++)
		failures += t->results[i].findings.list.n != 0;
	(void)fprintf(out,
		      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		      "<testsuites tests=\"%u\" failures=\"%u\" errors=\"0\" time=\"%.3f\">\n"
		      "  <testsuite name=\"hextet trial\" tests=\"%u\" failures=\"%u\" errors=\"0\" skipped=\"0\" "
		      "time=\"%.3f\" timestamp=\"%s\">\n",
		      t->n, failures, t->took_s, t->n, failures, t->took_s, text);
	for (uint32_t i = 0; i < t->n; i++)
		put_case(out, &t->results[i]);
	(void)fputs("  </testsuite>\n</testsuites>\n", out);
}
