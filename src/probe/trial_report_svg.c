/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both families share one scale, from 0 to the longest whole. The bar is the medians of the steps; below it each fetch
 * is a dot, moved up and down a little by its number, so that equal ones do not cover each other.
 */
#include <math.h>

#include "probe/compare_parts.h"
#include "probe/trial_report.h"

enum { LEFT = 48, WIDTH = 560, BAR = 18, DOTS = 16, ROW = 50, HEIGHT = 2 * ROW + 24, DOTS_MAX = 500 };

static uint32_t longest(const struct trial_result *r) {
	uint32_t most = 0;

	for (unsigned side = 0; side < 2; side++)
		for (size_t i = 0; i < r->samples[side].times.n; i++)
			most = MAX(most, r->samples[side].times.v[i].total_us);
	return most;
}

static double x_of(uint32_t us, uint32_t most) {
	return LEFT + (double)WIDTH * us / most;
}

static void put_bar(const struct trial_samples *s, unsigned side, uint32_t most, FILE *out) {
	uint32_t at = 0;

	for (unsigned step = 0; step < COMPARE_STEPS; step++) {
		const uint32_t us = compare_step_us(&s->median, step);

		if (!us)
			continue;
		(void)fprintf(out,
			      "<rect class=\"s%u\" x=\"%.1f\" y=\"%u\" width=\"%.1f\" height=\"%d\"><title>%s: %.1f "
			      "ms</title></rect>",
			      step, x_of(at, most), side * ROW + 4, (double)WIDTH * us / most, BAR, compare_steps[step],
			      us / 1000.0);
		at += us;
	}
}

static void put_dots(const struct trial_samples *s, unsigned side, uint32_t most, FILE *out) {
	const size_t every = s->times.n / DOTS_MAX + 1;

	for (size_t i = 0; i < s->times.n; i += every)
		(void)fprintf(out, "<circle class=\"f%u\" cx=\"%.1f\" cy=\"%zu\" r=\"2.5\"/>", side ? 6U : 4U,
			      x_of(s->times.v[i].total_us, most), side * ROW + BAR + 10 + i / every * 5 % DOTS);
}

static void put_side(const struct trial_result *r, unsigned side, uint32_t most, FILE *out) {
	const struct trial_samples *s = &r->samples[side];

	(void)fprintf(out, "<text x=\"0\" y=\"%u\">%s</text>", side * ROW + 18, side ? "IPv6" : "IPv4");
	if (!s->times.n) {
		(void)fprintf(out, "<text x=\"%d\" y=\"%u\">no whole answer</text>", LEFT, side * ROW + 18);
		return;
	}
	put_bar(s, side, most, out);
	if (s->times.n > 1)
		put_dots(s, side, most, out);
}

static void put_description(const struct trial_result *r, FILE *out) {
	for (unsigned side = 0; side < 2; side++) {
		(void)fprintf(out, "%s: ", side ? "IPv6" : "IPv4");
		if (!r->samples[side].times.n) {
			(void)fputs("no whole answer. ", out);
			continue;
		}
		for (unsigned step = 0; step < COMPARE_STEPS; step++)
			(void)fprintf(out, "%s %.1f ms, ", compare_steps[step],
				      compare_step_us(&r->samples[side].median, step) / 1000.0);
		(void)fprintf(out, "whole %.1f ms, median of %zu. ", r->samples[side].median.total_us / 1000.0,
			      r->samples[side].times.n);
	}
}

void trial_report_svg(const struct trial_result *r, uint32_t number, FILE *out) {
	const uint32_t most = longest(r);

	if (!most)
		return;
	(void)fprintf(out,
		      "<svg role=\"img\" aria-labelledby=\"t%u d%u\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">"
		      "<title id=\"t%u\">Times over IPv4 and IPv6</title><desc id=\"d%u\">",
		      number, number, LEFT + WIDTH + 60, HEIGHT, LEFT + WIDTH + 60, HEIGHT, number, number);
	put_description(r, out);
	(void)fputs("</desc>", out);
	put_side(r, 0, most, out);
	put_side(r, 1, most, out);
	(void)fprintf(out,
		      "<line class=\"axis\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/><text x=\"%d\" y=\"%d\">0</text>"
		      "<text x=\"%d\" y=\"%d\">%.1f ms</text></svg>\n",
		      LEFT, 2 * ROW + 2, LEFT + WIDTH, 2 * ROW + 2, LEFT, HEIGHT - 4, LEFT + WIDTH - 20, HEIGHT - 4,
		      most / 1000.0);
}
