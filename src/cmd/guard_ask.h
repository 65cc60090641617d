/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the running guard, for the subcommands that do, and writing what it says. */
#pragma once

#include <jansson.h>

#include "cmd/guard.h"

/* --control, --state and --estate: which guard is meant. A command's argp child with a struct guard_ask as its input.
 */
struct guard_ask {
	struct guard_options estate;
	const char *control, *state; /* after guard_ask_find(), the paths */
};
extern const struct argp guard_ask_argp;

/* Fills in the paths: as told, else the estate's if one is named, else the usual ones. 0 or the exit code. */
int guard_ask_find(struct job *j, struct guard_ask *a);

/* Asks; the request is taken over. EXIT_DONE and the answer; or the exit code of a refusal or failure, after a message.
 * With `may_miss`, -1 when no guard runs, silently. */
int guard_ask(struct guard_ask *a, json_t *request, bool may_miss, json_t **ret_answer);

/* Any JSON value in the job's format. */
void guard_emit(struct emit *e, const char *name, const json_t *value);

/* One ban as a line of text. */
void guard_emit_ban_line(struct emit *e, const char *indent, const json_t *ban);

/* "2h 5m", "17s", of seconds. */
enum { GUARD_SPAN_TEXT_MAX = 48 };
const char *guard_span_text(json_int_t seconds, char room[static GUARD_SPAN_TEXT_MAX]);

/* Jansson's own loops, by names that clang-format and cppcheck know. */
#define JSON_EACH(array, i, item)                                                                                      \
	for ((i) = 0; (i) < json_array_size(array) && ((item) = json_array_get((array), (i))) != NULL; (i)++)
#define JSON_EACH_KEY(object, key, item)                                                                               \
	for ((key) = json_object_iter_key(json_object_iter(object));                                                   \
	     (key) && ((item) = json_object_get((object), (key))) != NULL;                                             \
	     (key) = json_object_iter_key(json_object_iter_next((object), json_object_key_to_iter(key))))

static inline const char *json_text(const json_t *o, const char *key) {
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}
static inline json_int_t json_number(const json_t *o, const char *key) {
	return json_integer_value(json_object_get(o, key));
}
static inline void jsonp_done(json_t **j) {
	json_decref(*j);
}
