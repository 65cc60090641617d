/* SPDX-License-Identifier: Apache-2.0 */
#include "render/apply_manifest.h"

#include <errno.h>

#define TITLE "hextet-manifest 1"

static int parse_mode(struct str word, mode_t *ret_mode) {
	mode_t mode = 0;

	for (size_t i = 0; i < word.len; i++) {
		if (word.s[i] < '0' || word.s[i] > '7')
			return -EBADMSG;
		mode = mode << 3 | (mode_t)(word.s[i] - '0');
	}
	if (word.len != 3)
		return -EBADMSG;
	*ret_mode = mode;
	return 0;
}

static int parse_file(struct arena *a, struct str line, struct manifest_file *ret) {
	struct str target = record_word(&line), mode = record_word(&line), digest = record_word(&line);

	if (!record_name_ok(target) || digest.len != DIGEST_LEN || !line.s || !record_path_ok(line))
		return -EBADMSG;
	for (size_t i = 0; i < digest.len; i++)
		if (digest.s[i] == 0 || !strchr("0123456789abcdef", digest.s[i]))
			return -EBADMSG;
	ret->target = arena_dup(a, target.s, target.len);
	ret->path = arena_dup(a, line.s, line.len);
	memcpy(ret->digest, digest.s, DIGEST_LEN);
	return parse_mode(mode, &ret->mode);
}

static int parse_body(struct arena *a, struct str body, struct manifest *m) {
	struct str line, name;

	if (!str_split(&body, '\n', &line) || !str_is(record_word(&line), "machine") || !record_name_ok(line))
		return -EBADMSG;
	name = line;
	m->machine = arena_dup(a, name.s, name.len);
	while (str_split(&body, '\n', &line)) {
		struct manifest_file f = { 0 };

		if (parse_file(a, line, &f) < 0 || (m->files.n && strcmp(m->files.v[m->files.n - 1].path, f.path) >= 0))
			return -EBADMSG;
		vec_push(&m->files, f);
	}
	return 0;
}

int manifest_parse(struct arena *a, struct str text, struct manifest *ret) {
	struct manifest m = { 0 };
	struct str body;
	int r = record_open(text, TITLE, &body);

	if (r == 0)
		r = parse_body(a, body, &m);
	if (r < 0) {
		manifest_done(&m);
		return r;
	}
	*ret = m;
	return 0;
}

void manifest_done(struct manifest *m) {
	vec_done(&m->files);
}

static int by_path(const void *pa, const void *pb) {
	const struct manifest_file *a = pa, *b = pb;

	return strcmp(a->path, b->path);
}

void manifest_sort(struct manifest *m) {
	if (m->files.n)
		qsort(m->files.v, m->files.n, sizeof(*m->files.v), by_path);
}

const struct manifest_file *manifest_find(const struct manifest *m, const char *path) {
	const struct manifest_file key = { .path = path };

	return m->files.n ? bsearch(&key, m->files.v, m->files.n, sizeof(key), by_path) : NULL;
}

void manifest_format(const struct manifest *m, struct text *out) {
	text_puts(out, TITLE "\n");
	text_printf(out, "machine %s\n", m->machine);
	for (size_t i = 0; i < m->files.n; i++) {
		const struct manifest_file *f = &m->files.v[i];

		text_printf(out, "%s %03o %s %s\n", f->target, f->mode & 0777, f->digest, f->path);
	}
	record_seal(out);
}
