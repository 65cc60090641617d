/* SPDX-License-Identifier: Apache-2.0 */
#include "render/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "base/file.h"
#include "render/child.h"

enum { OUTPUT_MAX = 1 << 20 };

static const struct output_file *find_file(const struct verify_run *v, const char *path) {
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->files[i].path, path) == 0)
			return &v->files[i];
	return NULL;
}

const char *verify_path(const struct verify_run *v, const char *path) {
	return find_file(v, path) ? arena_printf(v->arena, "%s%s", v->folder, path) : NULL;
}

static int write_below(struct verify_run *v, const char *path, struct str text) {
	char *slash = strrchr(path, '/'), *folder = arena_dup(v->arena, path, (size_t)(slash - path));
	int r = file_make_dirs(folder, 0700);

	if (r == 0)
		r = file_write_plain(path, text.s, text.len, 0600);
	if (r < 0)
		diag_error(v->diags, "verify", (struct loc){ 0 }, NULL, "cannot write %s: %s", path, strerror(-r));
	return r;
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

int verify_complain(struct verify_run *v, const char *path, uint32_t line, const char *checker, const char *message) {
	const struct output_file *f = find_file(v, path);
	struct str text = line_of(f->text, line);
	struct line_origin o = { 0 };
	const char *hint = NULL;

	if (line)
		o = line_map_find(&f->map, f->text.s, f->text.len, line);
	if (text.len)
		hint = arena_printf(v->arena, "the line reads: %.*s", (int)MIN(text.len, (size_t)160), text.s);
	diag_error(v->diags, "verify", o.place.file ? o.place : o.datum, hint, "%s refuses %s%s, line %u: %s", checker,
		   v->machine->name.s, path, line, message);
	if (o.datum.file && o.place.file)
		diag_note(v->diags, o.datum, "the line was made from this");
	return -EINVAL;
}

int verify_substitute_between(struct verify_run *v, const char *path, const char *from, const char *to,
			      const char *by) {
	_cleanup_(freep) char *out = NULL;
	const char *on_disk = verify_path(v, path), *rest, *at, *end;
	size_t len;
	char *text;
	FILE *f;
	int r = file_read(v->arena, on_disk, TEMPLATE_OUTPUT_MAX, &text, &len);

	if (r < 0)
		return r;
	f = open_memstream(&out, &len);
	if (!f)
		return -errno;
	for (rest = text; (at = strstr(rest, from)) && (end = strstr(at + strlen(from), to)); rest = end + strlen(to))
		(void)fprintf(f, "%.*s%s", (int)(at - rest), rest, by);
	(void)fputs(rest, f);
	if (fclose(f) == EOF)
		return -errno;
	return file_write_plain(on_disk, out, len, 0600);
}

int verify_substitute(struct verify_run *v, const char *path, const char *from, const char *by) {
	return verify_substitute_between(v, path, from, "", by);
}

int verify_exec(struct verify_run *v, const char *const *argv, unsigned flags, int *ret_status,
		struct str *ret_output) {
	const struct child_options options = {
		.argv = argv,
		.folder = v->folder,
		.own_network = flags & VERIFY_NETNS,
		.limit_s = 60,
		.output_max = OUTPUT_MAX,
	};

	return child_run(&options, v->arena, ret_status, ret_output);
}

/* The text behind "FILE:12" up to the message: separators, a column, closing brackets, blanks. */
static struct str message_after(struct str rest) {
	size_t skip = strspn(rest.s, ":0123456789-]) \t");

	skip = MIN(skip, rest.len);
	return (struct str){ rest.s + skip, rest.len - skip };
}

/* Looks for one of our files followed by a line number. */
static bool report_line(struct verify_run *v, const char *checker, struct str line) {
	char *copy = arena_dup(v->arena, line.s, line.len);

	for (size_t i = 0; i < v->n; i++) {
		const char *path = arena_printf(v->arena, "%s%s", v->folder, v->files[i].path),
			   *at = strstr(copy, path);
		unsigned long number;
		char *end;
		struct str message;

		if (!at || at[strlen(path)] != ':')
			continue;
		number = strtoul(at + strlen(path) + 1, &end, 10);
		message = message_after(str_of(end));
		/* Some say "what in FILE:LINE", some "FILE:LINE what". */
		if (!message.len)
			message = str_trim((struct str){ copy, (size_t)(at - copy) });
		(void)verify_complain(v, v->files[i].path, (uint32_t)MIN(number, (unsigned long)UINT32_MAX), checker,
				      arena_dup(v->arena, message.s, message.len));
		return true;
	}
	return false;
}

static void report_output(struct verify_run *v, const char *checker, int status, struct str output) {
	struct str rest = output, line, first = { 0 };
	bool located = false;

	while (str_split(&rest, '\n', &line)) {
		if (!first.len)
			first = str_trim(line);
		located |= report_line(v, checker, line);
	}
	if (!located)
		diag_error(v->diags, "verify", (struct loc){ 0 }, NULL,
			   "%s refuses the %s files of %s (exit status %d): %.*s", checker, v->files[0].target->name,
			   v->machine->name.s, status, (int)first.len, first.len ? first.s : "");
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

	if (r == -ENOENT) {
		verify_missing(v, path, argv[0]);
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
		return -errno;
	v.folder = folder;
	for (size_t i = 0; i < n && r == 0; i++)
		r = write_below(&v, arena_printf(a, "%s%s", folder, files[i].path), files[i].text);
	if (r == 0)
		r = files->target->verify(&v);
	if (r == -EINVAL)
		result->failed++;
	(void)file_remove_tree(folder);
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
		int r;

		for (to = from; to < n && files[to].target == files[from].target; to++)
			;
		r = verify_target(e, &files[from], to - from, a, d, &results[target_index(files[from].target)]);
		if (r < 0 && r != -EINVAL)
			return r;
		result = r < 0 ? r : result;
	}
	return result;
}
