/* SPDX-License-Identifier: Apache-2.0 */
#include "render/verify.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "base/child.h"
#include "base/file.h"

enum { OUTPUT_MAX = 1 << 20, LIMIT_S = 60, EXCERPT_MAX = 160, COMPLAINTS_MAX = 20 };

static const struct output_file *find_file(const struct verify_run *v, const char *path) {
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->files[i].path, path) == 0)
			return &v->files[i];
	return NULL;
}

const char *verify_path(const struct verify_run *v, const char *path) {
	return find_file(v, path) ? arena_printf(v->arena, "%s%s", v->folder, path) : NULL;
}

/* Something in the way of checking, not in the files. */
static int cannot_check(struct verify_run *v, const char *what, int error) {
	diag_error(v->diags, "verify", (struct loc){ 0 }, NULL, "cannot check the %s files of %s: %s: %s",
		   v->files->target->name, v->machine->name.s, what, strerror(error));
	return -EINVAL;
}

static int write_below(struct verify_run *v, const char *path, struct str text) {
	const char *slash = strrchr(path, '/');
	int r = file_make_dirs(arena_dup(v->arena, path, (size_t)(slash - path)), 0700);

	if (r == 0)
		r = file_write_plain(path, text.s, text.len, 0600);
	return r < 0 ? cannot_check(v, path, -r) : 0;
}

const char *verify_helper(struct verify_run *v, const char *name, const char *text) {
	char *path = arena_printf(v->arena, "%s/%s", v->folder, name);

	return write_below(v, path, str_of(text)) < 0 ? NULL : path;
}

void verify_passed(struct verify_run *v, const char *path) {
	v->result->verified += path ? 1 : (unsigned)v->n;
}

void verify_missing(struct verify_run *v, const char *path, const char *program) {
	v->result->unverified += path ? 1 : (unsigned)v->n;
	(void)snprintf(v->result->missing, sizeof(v->result->missing), "%s", program);
}

/* The text of line `number`, counting from 1; empty when there is none. */
static struct str line_of(struct str text, uint32_t number) {
	struct str line = { 0 };

	for (uint32_t i = 0; i < number; i++)
		if (!str_split(&text, '\n', &line))
			return (struct str){ 0 };
	return line;
}

static uint32_t line_count(struct str text) {
	uint32_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += text.s[i] == '\n' || i + 1 == text.len;
	return MAX(n, 1U);
}

int verify_complain(struct verify_run *v, const char *path, uint32_t line, const char *checker, const char *message) {
	const struct output_file *f = find_file(v, path);
	struct str text = line_of(f->text, line);
	struct line_origin o = { 0 };
	const char *hint = NULL, *where = "";

	if (line) {
		/* What is missing at the end is often said of the line behind it. */
		o = line_map_find(&f->map, f->text.s, f->text.len, MIN(line, line_count(f->text)));
		where = arena_printf(v->arena, ", line %u", line);
	}
	if (text.len)
		hint = arena_printf(v->arena, "the line reads: %.*s", (int)utf8_prefix(text.s, text.len, EXCERPT_MAX),
				    text.s);
	diag_error(v->diags, "verify", o.place.file ? o.place : o.datum, hint, "%s refuses %s%s%s: %s", checker,
		   v->machine->name.s, path, where, message);
	if (o.datum.file && o.place.file)
		diag_note(v->diags, o.datum, "the line was made from this");
	return -EINVAL;
}

/* The bytes of a word: configuration languages end it alike. */
static size_t word_len(const char *s) {
	return strcspn(s, " \t\r\n\"';}");
}

int verify_stand_in(struct verify_run *v, const char *path, const char *from, const char *by) {
	const char *on_disk = verify_path(v, path), *at;
	struct text out = { 0 };
	size_t len, before, word;
	char *text, *rest;
	int r = file_read(v->arena, on_disk, TEMPLATE_OUTPUT_MAX, &text, &len);

	if (r < 0)
		return cannot_check(v, on_disk, -r);
	for (rest = text; *from && (at = strstr(rest, from)); rest += before + word) {
		before = (size_t)(at - rest);
		word = strlen(from) + word_len(at + strlen(from));
		text_add(&out, rest, before);
		if (at > text && (isalnum((unsigned char)at[-1]) || strchr("/._-", at[-1])))
			text_add(&out, at, word);
		else
			text_puts(&out, by);
	}
	text_add(&out, rest, len - (size_t)(rest - text));
	r = file_write_plain(on_disk, out.v, out.n, 0600);
	text_done(&out);
	return r < 0 ? cannot_check(v, on_disk, -r) : 0;
}

int verify_exec(struct verify_run *v, const char *const *argv, unsigned flags, int *ret_status,
		struct str *ret_output) {
	const struct child_options options = {
		.argv = argv,
		.folder = v->folder,
		.own_network = flags & VERIFY_NETNS,
		.interfaces = v->interfaces,
		.limit_s = LIMIT_S,
		.output_max = OUTPUT_MAX,
	};
	int r = child_run(&options, v->arena, ret_status, ret_output);

	return r == 0 || r == -ENOENT || (r == -EPERM && options.own_network) ? r : cannot_check(v, argv[0], -r);
}

/*
 * Behind a file's name: ":12:", ":12:5-9:", ":12]", ": 12:", ": line 12:". False when there is no number; else the
 * line, and where the message goes on.
 */
static bool read_place(const char *s, uint32_t *ret_line, const char **ret_rest) {
	unsigned long line;
	char *end;

	if (*s++ != ':')
		return false;
	s += strspn(s, " ");
	s += strncasecmp(s, "line ", 5) == 0 ? 5 : 0;
	if (!isdigit((unsigned char)*s))
		return false;
	line = strtoul(s, &end, 10);
	while (*end && strchr(":-.", *end) && isdigit((unsigned char)end[1]))
		end += 1 + strspn(end + 1, "0123456789");
	end += strspn(end, "])");
	*ret_rest = end + strspn(end, ": \t");
	*ret_line = (uint32_t)MIN(line, (unsigned long)UINT32_MAX);
	return true;
}

/* A checker's words about the line: without the folder that will be gone when they are read. */
static const char *message_of(struct verify_run *v, const char *line, const char *place, const char *rest) {
	size_t before = (size_t)(place - line);
	struct text out = { 0 };
	struct str message;
	const char *at;
	char *copy;

	/* Some say "what in FILE:LINE", some "FILE:LINE what". */
	if (!*rest) {
		message = str_trim((struct str){ line, before });
		if (message.len > 3 && memcmp(message.s + message.len - 3, " in", 3) == 0)
			message.len -= 3;
		rest = arena_dup(v->arena, message.s, message.len);
	}
	for (; (at = strstr(rest, v->folder)); rest = at + strlen(v->folder))
		text_add(&out, rest, (size_t)(at - rest));
	text_puts(&out, rest);
	copy = arena_dup(v->arena, out.v, out.n);
	text_done(&out);
	return copy;
}

/* Looks for one of our files followed by a line number. */
static bool report_line(struct verify_run *v, const char *checker, struct str text) {
	const char *line = arena_dup(v->arena, text.s, text.len), *rest;
	uint32_t number;

	for (size_t i = 0; i < v->n; i++) {
		const char *path = arena_printf(v->arena, "%s%s", v->folder, v->files[i].path);

		for (const char *at = line; (at = strstr(at, path)); at += strlen(path))
			if (read_place(at + strlen(path), &number, &rest)) {
				(void)verify_complain(v, v->files[i].path, number, checker,
						      message_of(v, line, at, rest));
				return true;
			}
	}
	return false;
}

static void report_output(struct verify_run *v, const char *checker, int status, struct str output) {
	struct str rest = output, line, first = { 0 }, before = { 0 };
	unsigned located = 0;

	for (; located < COMPLAINTS_MAX && str_split(&rest, '\n', &line); before = line) {
		if (!first.len)
			first = str_trim(line);
		if (!str_eq(line, before))
			located += report_line(v, checker, line);
	}
	if (!located)
		diag_error(v->diags, "verify", (struct loc){ 0 }, NULL,
			   "%s refuses the %s files of %s (exit status %d)%s%s", checker, v->files[0].target->name,
			   v->machine->name.s, status, first.len ? ": " : "",
			   first.len ? message_of(v, "", "", arena_dup(v->arena, first.s, first.len)) : "");
}

int verify_judge(struct verify_run *v, const char *path, const char *checker, int status, struct str output) {
	if (status == 0) {
		verify_passed(v, path);
		return 0;
	}
	report_output(v, checker, status, output);
	return -EINVAL;
}

int verify_file(struct verify_run *v, const char *path, const char *const *argv, unsigned flags) {
	struct str output;
	int status, r = verify_exec(v, argv, flags, &status, &output);

	if (r == -ENOENT || r == -EPERM) {
		verify_missing(v, path, r == -ENOENT ? argv[0] : "the permission for a network namespace");
		return 0;
	}
	return r < 0 ? r : verify_judge(v, path, argv[0], status, output);
}

int verify_program(struct verify_run *v, const char *const *argv, unsigned flags) {
	return verify_file(v, NULL, argv, flags);
}

static int verify_target(const struct estate *e, const struct output_file *files, size_t n, struct arena *a,
			 struct diags *d, struct verify_result *result) {
	char folder[] = "/tmp/hextet-verify-XXXXXX";
	struct verify_run v = {
		.estate = e,
		.machine = files->machine,
		.files = files,
		.n = n,
		.arena = a,
		.diags = d,
		.result = result,
	};
	int r = 0;

	if (!files->target->verify) {
		result->unverified += (unsigned)n;
		return 0;
	}
	if (!mkdtemp(folder))
		r = cannot_check(&v, folder, errno);
	v.folder = folder;
	for (size_t i = 0; i < n && r == 0; i++)
		r = write_below(&v, arena_printf(a, "%s%s", folder, files[i].path), files[i].text);
	if (r == 0)
		r = files->target->verify(&v);
	result->failed += r < 0;
	(void)file_remove_at(AT_FDCWD, folder);
	return r;
}

static size_t target_index(const struct target *t) {
	size_t i = 0;

	while (target_list[i] != t)
		i++;
	return i;
}

int verify_files(const struct estate *e, const struct output_file *files, size_t n, struct arena *a, struct diags *d,
		 struct verify_result *results) {
	int result = 0;

	for (size_t from = 0, to; from < n; from = to) {
		for (to = from; to < n && files[to].target == files[from].target; to++)
			;
		if (verify_target(e, &files[from], to - from, a, d, &results[target_index(files[from].target)]) < 0)
			result = -EINVAL;
	}
	return result;
}
