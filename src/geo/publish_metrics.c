/* SPDX-License-Identifier: Apache-2.0 */
/* Prometheus' text format, version 0.0.4. */
#include <inttypes.h>

#include "geo/publish_state.h"

static void head(FILE *out, const char *name, const char *type, const char *help) {
	(void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void gauge(FILE *out, const char *name, double value, const char *help) {
	head(out, name, "gauge", help);
	(void)fprintf(out, "%s %.17g\n", name, value);
}

/* A label's value: what would end it is escaped. */
static void label(FILE *out, const char *text) {
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			(void)putc('\\', out);
		if (*text == '\n')
			(void)fputs("\\n", out);
		else
			(void)putc(*text, out);
	}
}

static void print_builds(const struct geo_publish *p, FILE *out) {
	static const char name[] = "hextet_geo_builds_total";

	head(out, name, "counter", "Builds by result.");
	(void)fprintf(out, "%s{result=\"published\"} %" PRIu64 "\n", name, p->built);
	(void)fprintf(out, "%s{result=\"unchanged\"} %" PRIu64 "\n", name, p->unchanged);
	(void)fprintf(out, "%s{result=\"failed\"} %" PRIu64 "\n", name, p->failed);
	head(out, "hextet_geo_build_seconds", "summary", "Time that successful builds took.");
	(void)fprintf(out, "hextet_geo_build_seconds_sum %.6f\nhextet_geo_build_seconds_count %" PRIu64 "\n",
		      p->seconds_sum, p->built + p->unchanged);
	gauge(out, "hextet_geo_last_build_seconds", p->seconds, "Time that the last successful build took.");
	gauge(out, "hextet_geo_last_success_timestamp_seconds", (double)p->success_at,
	      "When the last build succeeded; 0: never.");
}

static void print_file(const struct geo_publish *p, int64_t now, FILE *out) {
	const struct published *f = p->current;

	gauge(out, "hextet_geo_file_bytes", f ? (double)f->entity.bytes.len : 0, "Size of the published file.");
	gauge(out, "hextet_geo_networks", f ? (double)f->networks : 0, "Networks with a value in the published file.");
	if (f)
		gauge(out, "hextet_geo_file_age_seconds", (double)MAX(now - f->entity.modified, (int64_t)0),
		      "Time since the published file changed.");
}

static void print_watches(const struct geo_publish *p, FILE *out) {
	static const char up[] = "hextet_geo_source_listening", heard[] = "hextet_geo_source_notifications_total";

	head(out, up, "gauge", "Whether changes of the source are heard of at once.");
	for (size_t i = 0; i < p->config.build.from_count; i++) {
		(void)fprintf(out, "%s{source=\"", up);
		label(out, p->watch[i].spec->text);
		(void)fprintf(out, "\"} %d\n", p->watch[i].connected && !p->watch[i].silent);
	}
	head(out, heard, "counter", "Changes that the source told of.");
	for (size_t i = 0; i < p->config.build.from_count; i++) {
		(void)fprintf(out, "%s{source=\"", heard);
		label(out, p->watch[i].spec->text);
		(void)fprintf(out, "\"} %" PRIu64 "\n", p->watch[i].notifications);
	}
}

void publish_metrics(const struct geo_publish *p, int64_t now, FILE *out) {
	gauge(out, "hextet_geo_healthy", publish_trouble(p) == NULL, "1 when /health says 200.");
	print_builds(p, out);
	print_file(p, now, out);
	print_watches(p, out);
	head(out, "hextet_geo_http_requests_total", "counter", "Requests by path and status.");
	for (size_t i = 0; i < p->request_kinds; i++)
		(void)fprintf(out, "hextet_geo_http_requests_total{path=\"%s\",status=\"%u\"} %" PRIu64 "\n",
			      p->requests[i].route, p->requests[i].status, p->requests[i].n);
}
