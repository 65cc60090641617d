/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/scan_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/vec.h"
#include "probe/gitignore.h"

enum { DEPTH_MAX = 128, IGNORE_FILE_MAX = 1 << 20 };

struct walk {
	const struct scan_walk_options *options;
	scan_file_fn fn;
	scan_trouble_fn trouble;
	void *user;
	char path[PATH_MAX];
	size_t top; /* bytes of it that are not seen by .gitignore */
};

static int compare_names(const void *a, const void *b) {
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names in a folder, sorted, in the arena. */
static int list(const char *path, struct arena *a, char ***ret_names, size_t *ret_n) {
	DIR *d = opendir(path);
	VEC(char *) names = { 0 };
	const struct dirent *e;

	if (!d)
		return -errno;
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && strcmp(e->d_name, ".git") != 0)
			vec_push(&names, arena_dup(a, e->d_name, strlen(e->d_name)));
	(void)closedir(d);
	if (names.n)
		qsort(names.v, names.n, sizeof(*names.v), compare_names);
	*ret_n = names.n;
	*ret_names = vec_freeze(&names, a);
	return 0;
}

static const struct gitignore *read_ignore(struct walk *w, size_t len, const struct gitignore *outer, struct arena *a) {
	char *text;
	size_t n;
	struct stat st;

	if (w->options->no_ignore || len + sizeof("/.gitignore") > sizeof(w->path))
		return outer;
	memcpy(w->path + len, "/.gitignore", sizeof("/.gitignore"));
	if (lstat(w->path, &st) == 0 && S_ISREG(st.st_mode) && file_read(a, w->path, IGNORE_FILE_MAX, &text, &n) == 0) {
		const char *folder = len > w->top ? arena_dup(a, w->path + w->top, len - w->top) : "";

		outer = gitignore_new(outer, folder, text, n, a);
	}
	w->path[len] = '\0';
	return outer;
}

static int walk_folder(struct walk *w, size_t len, const struct gitignore *ignore, unsigned depth);

/* One entry, whose path is in w->path and `len` long. */
static int walk_entry(struct walk *w, size_t len, const struct gitignore *ignore, unsigned depth) {
	struct stat st;

	if (lstat(w->path, &st) < 0) {
		w->trouble(w->path, -errno, w->user);
		return 0;
	}
	if ((!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)) ||
	    gitignore_excludes(ignore, w->path + w->top, S_ISDIR(st.st_mode)))
		return 0;
	return S_ISDIR(st.st_mode) ? walk_folder(w, len, ignore, depth + 1) : w->fn(w->path, w->user);
}

static int walk_folder(struct walk *w, size_t len, const struct gitignore *ignore, unsigned depth) {
	struct arena a = { 0 };
	char **names = NULL;
	size_t n = 0;
	int r = depth > DEPTH_MAX ? -ELOOP : list(w->path, &a, &names, &n);

	if (r < 0) {
		w->trouble(w->path, r, w->user);
		arena_done(&a);
		return 0;
	}
	ignore = read_ignore(w, len, ignore, &a);
	for (size_t i = 0; i < n && r >= 0; i++) {
		const size_t name_len = strlen(names[i]);

		if (len + 1 + name_len >= sizeof(w->path)) {
			w->trouble(w->path, -ENAMETOOLONG, w->user);
			continue;
		}
		w->path[len] = '/';
		memcpy(w->path + len + 1, names[i], name_len + 1);
		r = walk_entry(w, len + 1 + name_len, ignore, depth);
		w->path[len] = '\0';
	}
	arena_done(&a);
	return r < 0 ? r : 0;
}

int scan_walk(const char *path, const struct scan_walk_options *o, scan_file_fn fn, scan_trouble_fn trouble,
	      void *user) {
	struct walk w = { .options = o, .fn = fn, .trouble = trouble, .user = user };
	size_t len = strlen(path);
	struct stat st;

	if (stat(path, &st) < 0 || len >= sizeof(w.path)) {
		trouble(path, len < sizeof(w.path) ? -errno : -ENAMETOOLONG, user);
		return 0;
	}
	while (len > 1 && path[len - 1] == '/')
		len--;
	memcpy(w.path, path, len);
	w.path[len] = '\0';
	w.top = len + 1;
	return S_ISDIR(st.st_mode) ? walk_folder(&w, len, NULL, 0) : fn(w.path, user);
}
