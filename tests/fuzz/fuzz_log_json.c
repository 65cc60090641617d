/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What jansson takes, the scanner takes, with the same values at the same paths; what only the scanner takes is one of
 * the things that its header names. A record's texts lie in the line or in the parser.
 */
#include "fuzz.h"

#include <jansson.h>
#include <string.h>

#include "logs/format.h"
#include "logs/json_scan.h"

struct compare {
	json_t *root;
	size_t values;
};

/* The value with this path: of lists, the nth is not told, so any item will do. */
static bool has_value(json_t *node, struct str path, struct str text, bool quoted) {
	const char *name;
	size_t name_len;
	json_t *child;
	size_t i;

	if (json_is_array(node)) {
		json_array_foreach(node, i, child) if (has_value(child, path, text, quoted)) return true;
		return false;
	}
	if (!path.s)
		return quoted ? json_is_string(node) && json_string_length(node) == text.len &&
					memcmp(json_string_value(node), text.s, text.len) == 0
			      : json_is_number(node) || json_is_boolean(node);
	json_object_keylen_foreach(node, name, name_len, child) {
		if (name_len > path.len || memcmp(name, path.s, name_len) != 0)
			continue;
		if (name_len == path.len && has_value(child, (struct str){ NULL, 0 }, text, quoted))
			return true;
		if (name_len < path.len && path.s[name_len] == '.' &&
		    has_value(child, (struct str){ path.s + name_len + 1, path.len - name_len - 1 }, text, quoted))
			return true;
	}
	return false;
}

static void look_at(struct str path, const struct json_value *v, void *user) {
	struct compare *c = user;
	char *room = malloc(v->text.len + 1);
	struct str text = { room, json_unescape(v->text, room) };

	CLAIM(text.len <= v->text.len);
	c->values++;
	if (c->root && c->values < 64)
		CLAIM(has_value(c->root, path.s ? path : (struct str){ "", 0 }, v->quoted ? text : v->text, v->quoted));
	free(room);
}

/* Depth and values of a tree, as the scanner counts them. */
static size_t count_values(const json_t *node, unsigned depth, unsigned *deepest) {
	size_t n = 0, i;
	const char *name;
	json_t *child;

	*deepest = depth > *deepest ? depth : *deepest;
	if (!json_is_object(node) && !json_is_array(node))
		return !json_is_null(node);
	if (json_is_array(node))
		json_array_foreach(node, i, child) n += count_values(child, depth + 1, deepest);
	else
		json_object_foreach((json_t *)(uintptr_t)node, name, child) n +=
			count_values(child, depth + 1, deepest);
	return n;
}

static void check_scan(const char *s, size_t size) {
	json_error_t error;
	struct compare c = { json_loadb(s, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error), 0 };
	size_t at = size;
	unsigned deepest = 0;
	int r = json_scan(s, size, look_at, &c, &at);

	CLAIM(at <= size);
	if (c.root && json_is_object(c.root)) {
		size_t n = count_values(c.root, 0, &deepest);

		CLAIM(r == 0 || deepest >= JSON_DEPTH - 1);
		/* Fewer only where a path is too long. */
		CLAIM(r < 0 || c.values == n || size > JSON_PATH_MAX);
	} else if (c.root) {
		CLAIM(r < 0);
	}
	json_decref(c.root);
}

static void check_text(struct str t, const char *s, size_t size) {
	volatile char sum = 0;

	CLAIM(t.len <= size);
	(void)s;
	for (size_t i = 0; i < t.len; i++)
		sum = (char)(sum + t.s[i]);
}

static void check_record(const char *s, size_t size) {
	static struct log_parser *parser;
	static struct log_options options = { NULL, INT64_C(1795414451000) };
	struct log_record r = { .status = 4711 };
	size_t at = 0;
	char *why = NULL;
	enum log_reason reason;

	if (!parser)
		CLAIM(log_parser_new(STR("json"), &options, &parser, &why) == 0);
	reason = log_parse(parser, s, size, &r, &at);
	CLAIM(at <= size && reason < _LOG_REASON_MAX);
	if (reason != LOG_OK) {
		CLAIM(r.status == 4711);
		return;
	}
	CLAIM(r.status < 1000 && r.time_ms != LOG_TIME_NONE);
	check_text(r.method, s, size);
	check_text(r.path, s, size);
	check_text(r.host, s, size);
	check_text(r.agent, s, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	check_scan((const char *)data, size);
	check_record((const char *)data, size);
	return 0;
}
