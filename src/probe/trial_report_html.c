/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page for an archive: it asks nothing of a network and runs nothing (its policy says so to the browser, too). All
 * that stems from a server passes markup_write() as text of an element; no attribute holds any of it.
 */
#include <math.h>
#include <time.h>

#include "probe/compare_parts.h"
#include "probe/markup.h"
#include "probe/trial_report.h"

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<meta name=\"color-scheme\" content=\"light dark\">\n<title>hextet trial</title>\n<style>\n"
	":root{--bg:#fff;--fg:#1b1f24;--dim:#57606a;--line:#d0d7de;--bad:#b3261e;--good:#1a7f37;--add:#dafbe1;--del:#"
	"ffebe9;"
	"--s0:#8250df;--s1:#0969da;--s2:#bf8700;--s3:#cf222e;--s4:#2da44e}\n"
	"@media (prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--dim:#9198a1;--line:#3d444d;--bad:#ff7b72;"
	"--good:#3fb950;--add:#12361f;--del:#4a1416;--s0:#a371f7;--s1:#4493f8;--s2:#d29922;--s3:#f85149;--s4:#3fb950}}"
	"\n"
	"body{background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;"
	"padding:0 1rem}\n"
	"table{border-collapse:collapse;margin:.5rem 0}th,td{text-align:left;padding:.2rem .8rem;border-bottom:1px "
	"solid "
	"var(--line)}td.n{text-align:right;font-variant-numeric:tabular-nums}\n"
	"section{border-top:2px solid var(--line);margin-top:1.5rem}h2{font-size:1.05rem;overflow-wrap:anywhere}\n"
	".bad{color:var(--bad);font-weight:600}.good{color:var(--good)}.dim{color:var(--dim)}\n"
	"pre{overflow-x:auto;padding:.5rem;border:1px solid var(--line);font-size:13px}"
	"pre span{display:block}.a{background:var(--add)}.d{background:var(--del)}.h{color:var(--dim)}\n"
	"svg{max-width:100%;height:auto}svg text{fill:var(--fg);font-size:12px}.axis{stroke:var(--line)}"
	".s0{fill:var(--s0)}.s1{fill:var(--s1)}.s2{fill:var(--s2)}.s3{fill:var(--s3)}.s4{fill:var(--s4)}"
	".f4,.f6{fill:var(--dim);opacity:.7}\n"
	".key span{display:inline-block;margin-right:1rem}.key svg{width:.8rem;height:.8rem;margin-right:.3rem}\n"
	"</style>\n</head>\n<body>\n<main>\n<h1>Trial: does IPv6 answer as IPv4 does?</h1>\n";

static void put_cell(FILE *out, double ms) {
	(void)fprintf(out, "<td class=\"n\">%.1f</td>", ms);
}

static void put_times(const struct trial_result *r, FILE *out) {
	(void)fputs("<table><thead><tr><th scope=\"col\">median, ms</th>", out);
	for (unsigned i = 0; i < COMPARE_STEPS; i++)
		(void)fprintf(out, "<th scope=\"col\">%s</th>", compare_steps[i]);
	(void)fputs(
		"<th scope=\"col\">whole</th><th scope=\"col\">fetches</th><th scope=\"col\">failed</th></tr></thead>"
		"<tbody>\n",
		out);
	for (unsigned side = 0; side < 2; side++) {
		const struct trial_samples *s = &r->samples[side];

		(void)fprintf(out, "<tr><th scope=\"row\">%s</th>", side ? "IPv6" : "IPv4");
		for (unsigned i = 0; i < COMPARE_STEPS; i++)
			put_cell(out, compare_step_us(&s->median, i) / 1000.0);
		put_cell(out, s->median.total_us / 1000.0);
		(void)fprintf(out, "<td class=\"n\">%u</td><td class=\"n\">%u</td></tr>\n", s->fetched, s->failed);
	}
	(void)fputs("</tbody></table>\n", out);
	if (!isnan(r->p_value))
		(void)fprintf(out, "<p class=\"dim\">Mann–Whitney, two-sided: p = %.2g</p>\n", r->p_value);
	if (r->time_note.len) {
		(void)fputs("<p class=\"dim\">", out);
		markup_write(out, r->time_note);
		(void)fputs("</p>\n", out);
	}
}

static void put_diff(struct str diff, FILE *out) {
	struct str line;

	(void)fputs("<pre>", out);
	while (diff.len && str_split(&diff, '\n', &line)) {
		const char first = line.len ? line.s[0] : 0;

		if (!diff.s && !line.len)
			break;
		(void)fprintf(out, "<span class=\"%s\">",
			      first == '+'   ? "a"
			      : first == '-' ? "d"
			      : first == '@' ? "h"
					     : "c");
		markup_write(out, line);
		(void)fputs("</span>", out);
	}
	(void)fputs("</pre>\n", out);
}

static void put_findings(const struct findings *f, FILE *out) {
	if (!f->list.n)
		return;
	(void)fputs("<ul>\n", out);
	for (size_t i = 0; i < f->list.n; i++) {
		const struct finding *x = &f->list.v[i];

		(void)fprintf(out, "<li><span class=\"bad\">%s</span> <span class=\"dim\">(%s)</span> ",
			      finding_kind_to_str(x->kind), trial_report_family(x->family));
		markup_write(out, x->detail);
		if (x->diff.len)
			put_diff(x->diff, out);
		(void)fputs("</li>\n", out);
	}
	(void)fputs("</ul>\n", out);
}

static void put_status(unsigned status, FILE *out) {
	if (status)
		(void)fprintf(out, "<td class=\"n\">%u</td>", status);
	else
		(void)fputs("<td class=\"n\">–</td>", out);
}

static void put_row(const struct trial_result *r, uint32_t number, FILE *out) {
	(void)fprintf(out, "<tr><td><a href=\"#r%u\">", number);
	markup_puts(out, trial_report_name(r));
	(void)fputs("</a></td>", out);
	put_status(r->status[0], out);
	put_status(r->status[1], out);
	put_cell(out, r->samples[0].median.total_us / 1000.0);
	put_cell(out, r->samples[1].median.total_us / 1000.0);
	if (r->findings.list.n)
		(void)fprintf(out, "<td class=\"bad\">%zu found</td></tr>\n", r->findings.list.n);
	else
		(void)fputs("<td class=\"good\">same</td></tr>\n", out);
}

static void put_summary(const struct trial *t, FILE *out) {
	const time_t started = (time_t)t->started;
	char text[40] = "";
	uint32_t differ = 0;
	struct tm tm;

	if (gmtime_r(&started, &tm))
		(void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
	for (uint32_t i = 0; i < t->n; i++)
		differ += t->results[i].findings.list.n != 0;
	(void)fprintf(
		out,
		"<p><strong class=\"%s\">%u of %u URLs answer differently.</strong> %llu fetches in %.1f s, begun "
		"%s.</p>\n",
		differ ? "bad" : "good", differ, t->n, (unsigned long long)t->fetches, t->took_s, text);
	(void)fputs("<table><thead><tr><th scope=\"col\">URL</th><th scope=\"col\">IPv4</th><th scope=\"col\">IPv6</th>"
		    "<th scope=\"col\">IPv4, ms</th><th scope=\"col\">IPv6, ms</th><th scope=\"col\">result</th></tr>"
		    "</thead><tbody>\n",
		    out);
	for (uint32_t i = 0; i < t->n; i++)
		put_row(&t->results[i], i, out);
	(void)fputs("</tbody></table>\n<p class=\"key\">", out);
	for (unsigned i = 0; i < COMPARE_STEPS; i++)
		(void)fprintf(out,
			      "<span><svg aria-hidden=\"true\" viewBox=\"0 0 8 8\"><rect class=\"s%u\" width=\"8\" "
			      "height=\"8\"/></svg>%s</span>",
			      i, compare_steps[i]);
	(void)fputs("</p>\n", out);
}

void trial_report_html(const struct trial *t, FILE *out) {
	(void)fputs(head, out);
	put_summary(t, out);
	for (uint32_t i = 0; i < t->n; i++) {
		const struct trial_result *r = &t->results[i];

		(void)fprintf(out, "<section id=\"r%u\">\n<h2>", i);
		markup_puts(out, trial_report_name(r));
		(void)fputs("</h2>\n", out);
		put_findings(&r->findings, out);
		trial_report_svg(r, i, out);
		put_times(r, out);
		trial_report_client_html(r, out);
		(void)fputs("</section>\n", out);
	}
	(void)fputs("</main>\n</body>\n</html>\n", out);
}
