/* SPDX-License-Identifier: Apache-2.0 */
/* The publisher's paths. Every answer is made from what is in memory. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <time.h>

#include "geo/publish_state.h"

#define JSON_TYPE "application/json"

struct route {
	const char *name; /* for metrics; of those that have a fixed path, the path */
	const char *allow;
	void (*handle)(struct geo_publish *p, const struct http_request *q, struct http_reply *ret_reply);
};

/* A reply that is written as text. */
struct page {
	struct http_reply *reply;
	FILE *out;
	struct emit emit;
};

static bool page_begin(struct page *page, struct http_reply *reply, unsigned status, const char *type) {
	*reply = (struct http_reply){ .status = status, .type = type };
	page->reply = reply;
	page->out = open_memstream(&reply->body, &reply->body_len);
	if (!page->out) {
		reply->status = 500;
		return false;
	}
	emit_init(&page->emit, page->out, EMIT_JSON);
	return true;
}

static void page_end(struct page *page) {
	if (fclose(page->out) != 0)
		page->reply->status = 500;
}

static bool have_file(const struct geo_publish *p, struct http_reply *ret_reply) {
	if (!p->current)
		http_reply_error(ret_reply, 503, *p->reason ? p->reason : "the first build is not ready yet",
				 "nothing is published yet");
	return p->current != NULL;
}

static void handle_file(struct geo_publish *p, const struct http_request *q, struct http_reply *ret_reply) {
	(void)q;
	if (!have_file(p, ret_reply))
		return;
	*ret_reply = (struct http_reply){ .entity = &p->current->entity,
					  .release = published_unref,
					  .user = published_ref(p->current) };
}

static void handle_sha256(struct geo_publish *p, const struct http_request *q, struct http_reply *ret_reply) {
	struct page page;

	(void)q;
	if (!have_file(p, ret_reply) || !page_begin(&page, ret_reply, 200, "text/plain"))
		return;
	(void)fprintf(page.out, "%s  %s\n", p->current->sha256, strrchr(p->config.url_path, '/') + 1);
	page_end(&page);
}

/* ---- lookups ---- */

static void lookup_one(struct geo_publish *p, const struct http_request *q, struct http_reply *ret_reply) {
	const char *ip = http_request_query(q, "ip");
	struct page page;
	int r;

	if (!ip) {
		http_reply_error(ret_reply, 400, "GET /v1/lookup?ip=2001:db8::1, or POST a JSON list of addresses",
				 "no address was given");
		return;
	}
	if (!page_begin(&page, ret_reply, 200, JSON_TYPE))
		return;
	r = publish_lookup(&page.emit, &p->current->db, str_of(ip));
	(void)emit_done(&page.emit);
	page_end(&page);
	if (r == -EINVAL || r == -EAFNOSUPPORT)
		ret_reply->status = 400;
	else if (r < 0)
		ret_reply->status = 500;
}

static void answer_item(struct geo_publish *p, struct emit *e, const json_t *item) {
	if (json_is_string(item)) {
		(void)publish_lookup(e, &p->current->db,
				     (struct str){ json_string_value(item), json_string_length(item) });
		return;
	}
	emit_object(e, NULL);
	emit_null(e, "ip");
	emit_text(e, "error", "this item is no text");
	emit_end(e);
}

static void lookup_list(struct geo_publish *p, const json_t *list, struct http_reply *ret_reply) {
	struct page page;

	if (!page_begin(&page, ret_reply, 200, JSON_TYPE))
		return;
	emit_list(&page.emit, NULL);
	for (size_t i = 0; i < json_array_size(list); i++)
		answer_item(p, &page.emit, json_array_get(list, i));
	emit_end(&page.emit);
	(void)emit_done(&page.emit);
	page_end(&page);
}

static void lookup_many(struct geo_publish *p, const struct http_request *q, struct http_reply *ret_reply) {
	static const char hint[] = "POST a JSON list of addresses: [\"192.0.2.1\", \"2001:db8::1\"]";
	json_error_t error;
	json_t *list = json_loadb(q->body.s ? q->body.s : "", q->body.len, 0, &error);

	if (!list)
		http_reply_error(ret_reply, 400, hint, "line %d, column %d: %s", error.line, error.column, error.text);
	else if (!json_is_array(list))
		http_reply_error(ret_reply, 400, hint, "the body is no JSON list");
	else if (json_array_size(list) > GEO_LOOKUPS_MAX)
		http_reply_error(ret_reply, 413, NULL, "at most %d addresses at once, not %zu", GEO_LOOKUPS_MAX,
				 json_array_size(list));
	else
		lookup_list(p, list, ret_reply);
	json_decref(list);
}

static void handle_lookup(struct geo_publish *p, const struct http_request *q, struct http_reply *ret_reply) {
	if (!have_file(p, ret_reply))
		return;
	if (strcmp(q->method, "POST") == 0)
		lookup_many(p, q, ret_reply);
	else
		lookup_one(p, q, ret_reply);
}

/* ---- health and metrics ---- */

const char *publish_trouble(const struct geo_publish *p) {
	uint64_t limit_ms = (2 * p->config.every_s + p->config.build_limit_s) * 1000;

	if (*p->reason)
		return p->reason;
	if (!p->current || !p->success_at)
		return "the first build is not ready yet";
	return loop_now_ms(p->loop) - p->success_ms > limit_ms ? "no build has ended for too long" : NULL;
}

static void emit_seconds(struct emit *e, const char *name, int64_t seconds) {
	emit_uint(e, name, (uint64_t)MAX(seconds, (int64_t)0));
}

static void emit_last_success(struct emit *e, const struct geo_publish *p) {
	if (p->success_at)
		emit_uint(e, "last_success_age_s", (loop_now_ms(p->loop) - p->success_ms) / 1000);
	else
		emit_null(e, "last_success_age_s");
}

static void emit_file(struct emit *e, const struct published *file, int64_t now) {
	emit_object(e, "file");
	emit_text(e, "sha256", file->sha256);
	emit_uint(e, "bytes", file->entity.bytes.len);
	emit_uint(e, "networks", file->networks);
	emit_seconds(e, "age_s", now - file->entity.modified);
	emit_end(e);
}

static void handle_health(struct geo_publish *p, const struct http_request *q, struct http_reply *ret_reply) {
	int64_t now = time(NULL);
	const char *trouble = publish_trouble(p);
	struct page page;
	struct emit *e = &page.emit;

	(void)q;
	if (!page_begin(&page, ret_reply, trouble ? 503 : 200, JSON_TYPE))
		return;
	emit_object(e, NULL);
	emit_bool(e, "healthy", !trouble);
	emit_text(e, "reason", trouble);
	emit_last_success(e, p);
	if (p->current)
		emit_file(e, p->current, now);
	else
		emit_null(e, "file");
	emit_list(e, "sources");
	for (size_t i = 0; i < p->config.build.from_count; i++) {
		const struct publish_watch *w = &p->watch[i];

		emit_object(e, NULL);
		emit_text(e, "source", w->spec->text);
		emit_text(e, "changes",
			  !w->spec->source->watch || w->silent ? "asked for"
			  : w->connected                       ? "heard of"
							       : "lost");
		emit_end(e);
	}
	emit_end(e);
	emit_end(e);
	(void)emit_done(e);
	page_end(&page);
}

static void handle_metrics(struct geo_publish *p, const struct http_request *q, struct http_reply *ret_reply) {
	struct page page;

	(void)q;
	if (!page_begin(&page, ret_reply, 200, "text/plain; version=0.0.4; charset=utf-8"))
		return;
	publish_metrics(p, time(NULL), page.out);
	page_end(&page);
}

/* ---- which ---- */

static const struct route file_route = { "file", "GET, HEAD", handle_file };
static const struct route sha256_route = { "sha256", "GET, HEAD", handle_sha256 };
static const struct route fixed_routes[] = {
	{ "/health", "GET, HEAD", handle_health },
	{ "/metrics", "GET, HEAD", handle_metrics },
	{ "/sha256", "GET, HEAD", handle_sha256 },
	{ "/v1/lookup", "GET, HEAD, POST", handle_lookup },
};

static const struct route *route_of(const struct geo_publish *p, const char *path) {
	size_t len = strlen(p->config.url_path);

	if (strncmp(path, p->config.url_path, len) == 0) {
		if (path[len] == 0)
			return &file_route;
		if (strcmp(path + len, ".sha256") == 0)
			return &sha256_route;
	}
	for (size_t i = 0; i < ARRAY_LEN(fixed_routes); i++)
		if (strcmp(path, fixed_routes[i].name) == 0)
			return &fixed_routes[i];
	return NULL;
}

const char *geo_publish_path_fault(const char *path) {
	if (*path != '/' || path[strlen(path) - 1] == '/' || strpbrk(path, "?#% "))
		return "it begins with '/', ends with a name, and has no '?', '#', '%' and blanks";
	for (size_t i = 0; i < ARRAY_LEN(fixed_routes); i++)
		if (strcmp(path, fixed_routes[i].name) == 0)
			return "the server answers something else there";
	return NULL;
}

/* Whether a list "GET, HEAD" has the method. */
static bool allows(const char *allow, const char *method) {
	struct str rest = str_of(allow), piece;

	while (str_split(&rest, ',', &piece))
		if (str_is(str_trim(piece), method))
			return true;
	return false;
}

void publish_handle(const struct http_request *request, struct http_reply *ret_reply, void *user) {
	struct geo_publish *p = user;
	const struct route *route = route_of(p, request->path);
	char hint[512];

	if (!route) {
		(void)snprintf(hint, sizeof(hint), "there are %s, its .sha256, /v1/lookup, /health and /metrics",
			       p->config.url_path);
		http_reply_error(ret_reply, 404, hint, "there is no such path");
	} else if (!allows(route->allow, request->method)) {
		http_reply_error(ret_reply, 405, NULL, "this path takes %s only", route->allow);
		ret_reply->allow = route->allow;
	} else
		route->handle(p, request, ret_reply);
}

void publish_observe(const struct http_request *request, unsigned status, void *user) {
	struct geo_publish *p = user;
	const struct route *route = route_of(p, request->path);
	const char *name = route ? route->name : "other";
	struct request_count *c = p->requests;

	while (c < p->requests + p->request_kinds && (c->status != status || strcmp(c->route, name) != 0))
		c++;
	if (c == p->requests + REQUEST_KINDS_MAX)
		return;
	if (c == p->requests + p->request_kinds) {
		*c = (struct request_count){ name, status, 0 };
		p->request_kinds++;
	}
	c->n++;
}
