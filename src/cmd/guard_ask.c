/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/guard_ask.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "guard/control.h"

enum { KEY_CONTROL = 0x300, KEY_STATE };

static const struct argp_option option_rows[] = {
	{ "control", KEY_CONTROL, "FILE", 0,
	  "The guard's control socket; by default the estate's, if one is named, else " GUARD_CONTROL, 10 },
	{ "state", KEY_STATE, "FILE", 0,
	  "The guard's database; by default the estate's, if one is named, else " GUARD_STATE, 10 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct guard_ask *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->estate;
		return 0;
	case KEY_CONTROL:
		a->control = arg;
		return 0;
	case KEY_STATE:
		a->state = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &guard_estate_argp, 0, NULL, 0 }, { 0 } };
const struct argp guard_ask_argp = { .options = option_rows, .parser = parse, .children = children };

int guard_ask_find(struct job *j, struct guard_ask *a) {
	struct guard_setup setup;
	int code = 0;

	if (a->estate.estate && !(a->control && a->state)) {
		code = guard_setup(j, &a->estate, &setup);
		if (!code && !a->control && setup.config.control)
			a->control = arena_printf(&j->arena, "%s", setup.config.control);
		if (!code && !a->state && setup.config.state)
			a->state = arena_printf(&j->arena, "%s", setup.config.state);
		guard_setup_done(&setup);
		if (!code) /* warnings of an estate are not what was asked for */
			j->diags.list.n = 0;
	}
	if (!a->control)
		a->control = GUARD_CONTROL;
	if (!a->state)
		a->state = GUARD_STATE;
	return code;
}

static int refused(const json_t *answer) {
	static const struct {
		const char *code;
		int exit;
	} codes[] = { { "usage", EXIT_USAGE }, { "refused", EXIT_NO }, { "not-found", EXIT_NO } };

	(void)fprintf(stderr, "hextet: %s\n", json_text(answer, "error"));
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (strcmp(json_text(answer, "code"), codes[i].code) == 0)
			return codes[i].exit;
	return EXIT_CANNOT;
}

int guard_ask(struct guard_ask *a, json_t *request, bool may_miss, json_t **ret_answer) {
	_cleanup_(freep) char *why = NULL;
	json_t *answer = NULL;
	int r = control_ask(a->control, request, &answer, &why), code;

	json_decref(request);
	if (may_miss && (r == -ENOENT || r == -ECONNREFUSED))
		return -1;
	if (r < 0)
		return cannot("%s", why ? why : strerror(-r));
	if (json_is_true(json_object_get(answer, "ok"))) {
		*ret_answer = answer;
		return EXIT_DONE;
	}
	code = refused(answer);
	json_decref(answer);
	return code;
}

void guard_emit(struct emit *e, const char *name, const json_t *value) {
	json_t *v = (json_t *)value, *item;
	const char *key;
	size_t i;

	switch (json_typeof(v)) {
	case JSON_OBJECT:
		emit_object(e, name);
		JSON_EACH_KEY (v, key, item)
			guard_emit(e, key, item);
		emit_end(e);
		return;
	case JSON_ARRAY:
		emit_list(e, name);
		JSON_EACH (v, i, item)
			guard_emit(e, NULL, item);
		emit_end(e);
		return;
	case JSON_STRING:
		emit_str(e, name, (struct str){ json_string_value(v), json_string_length(v) });
		return;
	case JSON_INTEGER:
		emit_uint(e, name, (uint64_t)MAX(json_integer_value(v), 0));
		return;
	case JSON_REAL:
		emit_real(e, name, json_real_value(v));
		return;
	case JSON_TRUE:
	case JSON_FALSE:
		emit_bool(e, name, json_is_true(v));
		return;
	default:
		emit_null(e, name);
	}
}

const char *guard_span_text(json_int_t seconds, char room[static GUARD_SPAN_TEXT_MAX]) {
	static const struct {
		json_int_t s;
		char name;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	size_t n = 0, written = 0;

	for (size_t i = 0; i < ARRAY_LEN(units) && written < 2; i++) {
		json_int_t part = seconds / units[i].s;

		if (!part && !(i == ARRAY_LEN(units) - 1 && !written))
			continue;
		n += (size_t)snprintf(room + n, GUARD_SPAN_TEXT_MAX - n, "%s%lld%c", written++ ? " " : "",
				      (long long)part, units[i].name);
		seconds %= units[i].s;
	}
	return room;
}

void guard_emit_ban_line(struct emit *e, const char *indent, const json_t *b) {
	const json_t *v = json_object_get(b, "evidence");
	char *line = NULL, span[GUARD_SPAN_TEXT_MAX];
	size_t len;
	FILE *out = open_memstream(&line, &len);

	if (!out)
		return;
	(void)fprintf(out, "%s%s by %s at %s, ", indent, json_text(b, "prefix"), json_text(b, "rule"),
		      json_text(b, "at"));
	if (json_is_true(json_object_get(b, "active")))
		(void)fprintf(out, "%s left", guard_span_text(json_number(b, "left"), span));
	else if (json_object_get(b, "lifted"))
		(void)fprintf(out, "lifted at %s by %s", json_text(b, "lifted"), json_text(b, "lifted_by"));
	else
		(void)fprintf(out, "over at %s", json_text(b, "ends"));
	if (v) {
		(void)fprintf(out, ": %lld requests within %s", (long long)json_number(b, "count"),
			      guard_span_text(json_number(v, "window"), span));
		if (json_object_get(v, "children"))
			(void)fprintf(out, " from %lld networks", (long long)json_number(v, "children"));
		if (json_object_get(v, "ratio"))
			(void)fprintf(out, ", %.0f %% of all its requests",
				      100 * json_number_value(json_object_get(v, "ratio")));
		if (json_number(v, "repetition") > 1)
			(void)fprintf(out, ", its ban number %lld", (long long)json_number(v, "repetition"));
	} else if (*json_text(b, "comment")) {
		(void)fprintf(out, ": %s", json_text(b, "comment"));
	}
	(void)fclose(out);
	emit_text(e, NULL, line);
	free(line);
}
