/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One template, one JSON file, text on stdout: how the engine is compared with Jinja2, and how a template is tried out.
 * The switches for white space therefore start as Jinja2's do, all off; `hextet render` has them all on.
 */
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "cmd/command.h"
#include "render/json.h"
#include "render/template.h"

enum { KEY_DATA = 0x200, KEY_SEARCH, KEY_SET, KEY_TRIM, KEY_LSTRIP, KEY_KEEP, KEY_OURS, KEY_FILTERS, KEY_TESTS };
enum { DATA_MAX = 64 << 20 };

struct options {
	struct output_options output;
	const char *file, *data;
	VEC(const char *) search, set;
	struct template_options space;
	const char *list; /* "filter" or "test" */
};

static const struct argp_option option_rows[] = {
	{ "data", KEY_DATA, "FILE", 0, "JSON object whose members are the template's variables; - is standard input",
	  0 },
	{ "set", KEY_SET, "NAME=VALUE", 0, "Set one variable to a text; may be repeated", 0 },
	{ "search", KEY_SEARCH, "DIR", 0,
	  "Look here for templates that are included, extended or imported (default: beside FILE, then the program's "
	  "own); "
	  "may be repeated",
	  0 },
	{ "trim-blocks", KEY_TRIM, NULL, 0, "Drop the newline after a block tag", 0 },
	{ "lstrip-blocks", KEY_LSTRIP, NULL, 0, "Drop the blanks before a block tag that begins a line", 0 },
	{ "keep-trailing-newline", KEY_KEEP, NULL, 0, "Keep the newline at the end of FILE", 0 },
	{ "as-render", KEY_OURS, NULL, 0, "The three above together: what 'hextet render' does", 0 },
	{ "list-filters", KEY_FILTERS, NULL, 0, "List all filters", 0 },
	{ "list-tests", KEY_TESTS, NULL, 0, "List all tests", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->output;
		return 0;
	case KEY_DATA:
		o->data = arg;
		return 0;
	case KEY_SET:
		if (!strchr(arg, '=') || arg[0] == '=')
			argp_error(state, "--set wants NAME=VALUE, not '%s'", arg);
		vec_push(&o->set, arg);
		return 0;
	case KEY_SEARCH:
		vec_push(&o->search, arg);
		return 0;
	case KEY_TRIM:
		o->space.trim_blocks = true;
		return 0;
	case KEY_LSTRIP:
		o->space.lstrip_blocks = true;
		return 0;
	case KEY_KEEP:
		o->space.keep_trailing_newline = true;
		return 0;
	case KEY_OURS:
		o->space = TEMPLATE_OURS;
		return 0;
	case KEY_FILTERS:
		o->list = "filter";
		return 0;
	case KEY_TESTS:
		o->list = "test";
		return 0;
	case ARGP_KEY_ARG:
		if (o->file)
			argp_error(state, "one template at a time: '%s' is too much", arg);
		o->file = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->file && !o->list)
			argp_error(state, "name the template");
		if (o->file && o->data && strcmp(o->file, "-") == 0 && strcmp(o->data, "-") == 0)
			argp_error(state, "standard input is the template or the data, not both");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &output_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.options = option_rows,
	.parser = parse,
	.args_doc = "FILE",
	.doc = "Renders the template FILE (- is standard input) with data from JSON and prints the result.",
	.children = children,
};

struct listing {
	struct emit emit;
	const char *kind;
};

static int list_word(const struct template_word *w, void *user) {
	struct listing *l = user;

	if (strcmp(w->kind, l->kind) != 0)
		return 0;
	if (l->emit.format == EMIT_TEXT) {
		(void)printf("%s%s%s%s\n        %s%s\n", w->name, *w->args ? "(" : "", w->args, *w->args ? ")" : "",
			     w->doc, w->own ? " [hextet's own]" : "");
		return 0;
	}
	emit_object(&l->emit, NULL);
	emit_text(&l->emit, "name", w->name);
	emit_text(&l->emit, "args", w->args);
	emit_text(&l->emit, "doc", w->doc);
	emit_bool(&l->emit, "own", w->own);
	emit_end(&l->emit);
	return 0;
}

static int list_words(const struct options *o) {
	struct listing l = { .kind = o->list };
	bool in_list = o->output.format == EMIT_JSON || o->output.format == EMIT_KV;

	emit_init(&l.emit, stdout, o->output.format);
	if (in_list)
		emit_list(&l.emit, NULL);
	(void)template_each_word(list_word, &l);
	if (in_list)
		emit_end(&l.emit);
	return output_finish(&l.emit, EXIT_DONE);
}

struct job {
	struct arena arena, scratch;
	struct sources sources;
	struct diags diags;
	struct template_set set;
	const struct value *data;
	struct value *variables; /* of --set */
};

static const char *shown_path(const char *path) {
	return strcmp(path, "-") == 0 ? "<stdin>" : path;
}

static int read_input(struct job *j, const char *path, size_t max, struct str *ret_text) {
	char *text;
	size_t len;
	int r = file_read(&j->arena, path, max, &text, &len);

	if (r < 0)
		return cannot("cannot read %s: %s", shown_path(path), strerror(-r));
	*ret_text = (struct str){ text, len };
	return 0;
}

/* 0, or an exit code; findings are in j->diags. */
static int load_data(struct job *j, const struct options *o) {
	struct str text = { 0 };
	uint32_t file;
	int r;

	j->variables = value_dict(&j->arena, NO_LOC);
	for (size_t i = 0; i < o->set.n; i++) {
		const char *eq = strchr(o->set.v[i], '=');

		value_dict_set(&j->arena, j->variables, arena_dup(&j->arena, o->set.v[i], (size_t)(eq - o->set.v[i])),
			       value_text(&j->arena, eq + 1, NO_LOC));
		if (utf8_check(eq + 1, strlen(eq + 1)) < strlen(eq + 1))
			return usage_error("the value of --set is not UTF-8");
	}
	j->data = value_dict(&j->arena, NO_LOC);
	if (!o->data)
		return 0;
	r = read_input(j, o->data, DATA_MAX, &text);
	if (r)
		return r;
	file = sources_add(&j->sources, shown_path(o->data), text.s, text.len);
	if (json_parse(&j->arena, file, text.s, text.len, &j->diags, &j->data) < 0)
		return EXIT_NO;
	if (j->data->kind == VALUE_DICT)
		return 0;
	diag_error(&j->diags, "json", j->data->loc, "write {\"name\": ...}", "the data is one JSON object, not %s",
		   value_kind_name(j->data));
	return EXIT_NO;
}

static void search_paths(struct job *j, const struct options *o) {
	const char *slash = strrchr(o->file, '/');

	for (size_t i = 0; i < o->search.n; i++)
		template_set_add_folder(&j->set, o->search.v[i]);
	if (!o->search.n)
		template_set_add_folder(&j->set,
					!slash ? "." : arena_dup(&j->arena, o->file, (size_t)(slash - o->file)));
	template_set_add_builtin(&j->set);
}

static int render(struct job *j, const struct options *o, struct text *out) {
	struct scope data = { .dict = j->data }, top = { .dict = j->variables, .parent = &data };
	struct template_run run = { .data = &top, .arena = &j->scratch, .diags = &j->diags };
	const struct template *t;
	const char *slash = strrchr(o->file, '/');
	struct str text = { 0 };
	int r = read_input(j, o->file, TEMPLATE_SIZE_MAX, &text);

	if (r)
		return r;
	search_paths(j, o);
	t = template_set_text(&j->set, slash ? slash + 1 : o->file, shown_path(o->file), text.s, text.len, &j->diags);
	return t && template_render(t, &run, out) == 0 ? EXIT_DONE : EXIT_NO;
}

static int run(int argc, char **argv) {
	struct options o = { 0 };
	struct job j = { 0 };
	struct text out = { 0 };
	int code;

	command_parse(&argp, argc, argv, &o);
	if (o.list)
		return list_words(&o);
	sources_init(&j.sources, &j.arena);
	diags_init(&j.diags, &j.arena, &j.sources);
	template_set_init(&j.set, &j.arena, &j.sources, o.space);
	code = load_data(&j, &o);
	if (!code)
		code = render(&j, &o, &out);
	diags_print(&j.diags, stderr, output_colour(&o.output, stderr));
	if (code == EXIT_DONE && ((out.n && fwrite(out.v, 1, out.n, stdout) != out.n) || fflush(stdout) != 0))
		code = cannot("cannot write the result: %s", strerror(errno));
	text_done(&out);
	vec_done(&o.search);
	vec_done(&o.set);
	template_set_done(&j.set);
	diags_done(&j.diags);
	sources_done(&j.sources);
	arena_done(&j.scratch);
	arena_done(&j.arena);
	return code;
}

const struct command command_template = {
	.name = "template",
	.summary = "Render one template with data from a JSON file",
	.argp = &argp,
	.run = run,
};
