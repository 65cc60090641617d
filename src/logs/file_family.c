/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder that is being renamed in gives no consistent answer: readdir(3) may miss a file that gets another name. So
 * it is read until two answers are the same, files and names.
 */
#include "logs/file_family.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

enum { READ_TRIES = 8, NUMBER_DIGITS = 5 };

/* "access.log" → "access" and ".log". */
static size_t stem_len(const char *name) {
	const char *dot = strrchr(name, '.');

	return dot && dot != name ? (size_t)(dot - name) : strlen(name);
}

/* What rotation put behind the name, or before its extension; { NULL, 0 } when this is no rotated form of it. */
static struct str age_of(const char *log, const char *name) {
	size_t log_len = strlen(log), len = strlen(name), stem = stem_len(log), tail = log_len - stem;
	struct str age = { NULL, 0 };

	if (len > log_len && memcmp(name, log, log_len) == 0)
		age = (struct str){ name + log_len, len - log_len };
	else if (len > log_len && memcmp(name, log, stem) == 0 && memcmp(name + len - tail, log + stem, tail) == 0)
		age = (struct str){ name + stem, len - log_len };
	if (!age.s || !strchr(".-_", *age.s) || strspn(age.s, "0123456789.-_T") < age.len || age.len < 2)
		return (struct str){ NULL, 0 };
	return age;
}

static bool is_number(const char *age) {
	size_t digits = strspn(age + 1, "0123456789");

	return digits <= NUMBER_DIGITS && age[1 + digits] == 0;
}

static int compare_members(const void *a, const void *b) {
	const struct file_member *m = a, *n = b;

	return strcmp(m->name, n->name);
}

static void add_member(struct file_family *f, const char *name, const struct stat *st) {
	struct str age = age_of(f->name, name);

	vec_push(&f->member, ((struct file_member){ .name = strdup(name),
						    .age = age.s ? strndup(age.s, age.len) : NULL,
						    .dev = st->st_dev,
						    .ino = st->st_ino }));
}

/* A folder that may be entered but not listed: the log alone is known. */
static int read_unlisted(struct file_family *f) {
	int fd = open(f->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstatat(fd, f->name, &st, 0) == 0 && S_ISREG(st.st_mode))
		add_member(f, f->name, &st);
	(void)close(fd);
	return 0;
}

static int read_members(struct file_family *f) {
	int fd = open(f->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;
	struct dirent *e;
	struct stat st;
	DIR *d;

	if (fd < 0)
		return errno == EACCES ? read_unlisted(f) : -errno;
	d = fdopendir(fd);
	if (!d) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	while (errno = 0, (e = readdir(d))) {
		if (e->d_type != DT_REG && e->d_type != DT_UNKNOWN)
			continue;
		if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
			continue;
		add_member(f, e->d_name, &st);
	}
	r = -errno;
	(void)closedir(d);
	for (size_t i = 0; i < f->member.n; i++)
		if (!f->member.v[i].name)
			return -ENOMEM;
	if (f->member.n)
		qsort(f->member.v, f->member.n, sizeof(*f->member.v), compare_members);
	return r;
}

static void forget_members(struct file_family *f) {
	for (size_t i = 0; i < f->member.n; i++) {
		free(f->member.v[i].name);
		free(f->member.v[i].age);
	}
	vec_done(&f->member);
}

static bool same_members(const struct file_family *a, const struct file_family *b) {
	if (a->member.n != b->member.n)
		return false;
	for (size_t i = 0; i < a->member.n; i++) {
		const struct file_member *m = &a->member.v[i], *n = &b->member.v[i];

		if (m->dev != n->dev || m->ino != n->ino || strcmp(m->name, n->name) != 0)
			return false;
	}
	return true;
}

/* The folder and name that a path leads to; a link is followed once to a file that may not be there. */
static int find_folder(const char *path, struct file_family *f) {
	char *real = realpath(path, NULL), *slash;

	if (!real) {
		const char *last = strrchr(path, '/');
		char *folder = last ? strndup(path, (size_t)MAX(last - path, 1)) : strdup(".");

		if (folder)
			f->folder = realpath(folder, NULL);
		free(folder);
		f->name = strdup(last ? last + 1 : path);
	} else {
		slash = strrchr(real, '/');
		f->name = strdup(slash + 1);
		slash[slash == real] = 0;
		f->folder = real;
	}
	return f->folder && f->name ? 0 : -ENOENT;
}

int file_family_read(const char *path, struct file_family *ret_family) {
	struct file_family f = { 0 }, again;
	int r = find_folder(path, &f);

	if (r == 0)
		r = read_members(&f);
	for (unsigned tries = 0; r == 0; tries++) {
		again = (struct file_family){ .folder = f.folder, .name = f.name };
		r = read_members(&again);
		if (r == 0 && same_members(&f, &again)) {
			forget_members(&again);
			*ret_family = f;
			return 0;
		}
		forget_members(&f);
		f = again;
		if (r == 0 && tries == READ_TRIES)
			r = -EAGAIN;
	}
	file_family_done(&f);
	return r;
}

void file_family_done(struct file_family *f) {
	forget_members(f);
	free(f->folder);
	free(f->name);
	*f = (struct file_family){ 0 };
}

/* Whether a was written after b; both are of the same way of naming. */
static bool is_newer(const struct file_member *a, const struct file_member *b) {
	if (!a->age || !b->age)
		return strverscmp(a->name, b->name) > 0;
	return is_number(a->age) ? strverscmp(a->age, b->age) < 0 : strverscmp(a->age, b->age) > 0;
}

static int oldest_first(const void *a, const void *b) {
	const struct file_member *const *m = a, *const *n = b;

	return is_newer(*n, *m) ? -1 : 1;
}

/* Names that differ in digits only. */
static bool same_shape(const char *a, const char *b) {
	for (; *a && *b; a++, b++)
		if (*a != *b && !(strchr("0123456789", *a) && strchr("0123456789", *b)))
			return false;
	return *a == *b;
}

/* Whether `other` is one of the files that lie between m and the log. */
static bool is_between(const struct file_family *f, const struct file_member *m, const struct file_member *other) {
	if (m->age)
		return other->age && is_number(m->age) == is_number(other->age) && *m->age == *other->age &&
		       is_newer(other, m);
	return !other->age && same_shape(m->name, other->name) && same_shape(other->name, f->name) &&
	       is_newer(other, m) && strverscmp(other->name, f->name) < 0;
}

size_t file_family_after(const struct file_family *f, const struct file_member *m,
			 const struct file_member **ret_after) {
	size_t n = 0;

	for (size_t i = 0; i < f->member.n; i++) {
		const struct file_member *other = &f->member.v[i];

		if (is_between(f, m, other))
			ret_after[n++] = other;
	}
	if (n)
		qsort(ret_after, n, sizeof(*ret_after), oldest_first);
	return n;
}

const struct file_member *file_family_find(const struct file_family *f, dev_t dev, ino_t ino) {
	for (size_t i = 0; i < f->member.n; i++)
		if (f->member.v[i].dev == dev && f->member.v[i].ino == ino)
			return &f->member.v[i];
	return NULL;
}

int file_family_open(const struct file_family *f, const struct file_member *m) {
	char path[PATH_MAX];
	struct stat st;
	int fd, n;

	n = snprintf(path, sizeof(path), "%s/%s", f->folder, m->name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return errno == ENOENT ? -ESTALE : -errno;
	if (fstat(fd, &st) < 0 || st.st_dev != m->dev || st.st_ino != m->ino || !S_ISREG(st.st_mode)) {
		(void)close(fd);
		return -ESTALE;
	}
	return fd;
}
