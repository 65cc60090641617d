/* SPDX-License-Identifier: Apache-2.0 */
/* --output and --color, the same on every command that prints a result. */
#include <errno.h>
#include <string.h>

#include "cmd/command.h"

enum { KEY_OUTPUT = 0x100, KEY_COLOUR };

static const struct argp_option options[] = {
	{ "output", KEY_OUTPUT, "FORMAT", 0, "How to print the result: text, json, jsonl or kv", 90 },
	{ "color", KEY_COLOUR, "WHEN", 0, "Colour messages: auto, always or never", 90 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct output_options *o = state->input;

	switch (key) {
	case KEY_OUTPUT:
		if (emit_format_from_str(arg, &o->format) < 0)
			argp_error(state, "--output is text, json, jsonl or kv, not '%s'", arg);
		return 0;
	case KEY_COLOUR:
		if (strcmp(arg, "auto") == 0)
			o->colour = COLOUR_AUTO;
		else if (strcmp(arg, "always") == 0)
			o->colour = COLOUR_ALWAYS;
		else if (strcmp(arg, "never") == 0)
			o->colour = COLOUR_NEVER;
		else
			argp_error(state, "--color is auto, always or never, not '%s'", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp output_argp = { .options = options, .parser = parse };

bool output_colour(const struct output_options *o, FILE *out) {
	const char *no_color = getenv("NO_COLOR");

	if (o->colour != COLOUR_AUTO)
		return o->colour == COLOUR_ALWAYS;
	return isatty(fileno(out)) && !(no_color && *no_color);
}

int output_finish(struct emit *e, int code) {
	int r = emit_done(e);

	return r < 0 ? cannot("cannot write the result: %s", strerror(-r)) : code;
}
