/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which file comes after which. The log was renamed: the old one is among its siblings under another name, and those
 * that rotation made since then lie between (file_family.h). The log was copied and emptied: the copy is the sibling
 * that has the bytes we have read, and more.
 */
#include "logs/source_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

static int open_log(const struct file_source *f, struct stat *ret_st) {
	int fd = open(f->source.config.place, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), r = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, ret_st) < 0)
		r = -errno;
	else if (!S_ISREG(ret_st->st_mode))
		r = -EINVAL;
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	return fd;
}

static bool is_followed(const struct file_source *f, const struct file_member *m) {
	for (size_t i = 0; i < f->count; i++)
		if (f->tail[i]->dev == m->dev && f->tail[i]->ino == m->ino)
			return true;
	return false;
}

/* Adds, at `at`, the files that came after m, oldest first, but for the log itself and what is in the list already. A
 * folder that changed meanwhile gives -EAGAIN: those that were added stay, and the next look goes on behind them. */
static int add_after(struct file_source *f, const struct file_family *family, const struct file_member *m, size_t at,
		     bool are_copies) {
	const struct file_member **after = calloc(family->member.n, sizeof(*after));
	size_t n;
	int r = 0;

	if (!after)
		return -ENOMEM;
	n = file_family_after(family, m, after);
	for (size_t i = 0; i < n && r == 0; i++) {
		int fd;

		if (is_followed(f, after[i]))
			continue;
		fd = file_family_open(family, after[i]);
		r = fd < 0 ? fd : file_source_add(f, at++, fd, 0, are_copies);
	}
	free(after);
	return r == -ESTALE ? -EAGAIN : r;
}

/* What was rotated away since the last file of the list; it is there under another name, or it is gone. */
static int add_between(struct file_source *f, const struct file_family *family) {
	const struct file_tail *last = f->tail[f->count - 1];
	const struct file_member *m = file_family_find(family, last->dev, last->ino);
	struct stat st;

	if (m) {
		source_info(&f->source, "was rotated: the old file is %s/%s", family->folder, m->name);
		return add_after(f, family, m, f->count, last->is_copy);
	}
	if (fstat(last->fd, &st) == 0 && st.st_nlink)
		source_info(&f->source, "was rotated: the old file is in another folder now");
	else
		source_info(&f->source, "was replaced by a new file");
	return 0;
}

/* Somebody copies the log to here, over and over (rsync): the new file is the old one, deleted, and more. */
static bool is_continued(const struct file_source *f, int fd) {
	const struct file_tail *last = f->count ? f->tail[f->count - 1] : NULL;
	struct stat st;

	return last && last->offset && fstat(last->fd, &st) == 0 && st.st_nlink == 0 &&
	       (uint64_t)st.st_size == last->offset && file_tail_fits(last, fd);
}

static int add_log(struct file_source *f, int fd) {
	struct file_tail *old, *new;
	struct lines carry;
	int r;

	if (!is_continued(f, fd))
		return file_source_add(f, f->count, fd, 0, false);
	old = f->tail[f->count - 1];
	r = file_source_add(f, f->count, fd, old->offset, false);
	if (r < 0)
		return r;
	new = f->tail[f->count - 1];
	carry = old->lines;
	old->lines = new->lines;
	new->lines = carry;
	file_source_drop(f, f->count - 2);
	return 0;
}

/* Whether the file that was opened still was the log when the folder was read. */
static bool is_log(const struct file_family *family, const struct stat *st) {
	for (size_t i = 0; i < family->member.n; i++) {
		const struct file_member *m = &family->member.v[i];

		if (strcmp(m->name, family->name) == 0)
			return m->dev == st->st_dev && m->ino == st->st_ino;
	}
	return false;
}

int file_source_follow(struct file_source *f) {
	struct file_family family = { 0 };
	struct stat st = { 0 };
	int fd, r = 0, listed = -ENOENT;

	fd = open_log(f, &st);
	if (fd < 0)
		return fd;
	if (f->count)
		listed = file_family_read(f->source.config.place, &family);
	if (listed == -EAGAIN || (listed == 0 && !is_log(&family, &st)))
		r = -EAGAIN;
	else if (listed == 0)
		r = add_between(f, &family);
	if (listed == 0)
		file_family_done(&family);
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	return add_log(f, fd);
}

/* The sibling that has the bytes before our place in `t`: a descriptor, -ENOENT, or -EAGAIN: names have changed. */
static int find_copy(const struct file_family *family, const struct file_tail *t, const struct file_member **ret_m) {
	int result = -ENOENT;

	for (size_t i = 0; i < family->member.n; i++) {
		const struct file_member *m = &family->member.v[i];
		int fd;

		if (!m->age || (m->dev == t->dev && m->ino == t->ino))
			continue;
		fd = file_family_open(family, m);
		if (fd >= 0 && file_tail_fits(t, fd)) {
			*ret_m = m;
			return fd;
		}
		if (fd >= 0)
			(void)close(fd);
		else if (fd == -ESTALE)
			result = -EAGAIN;
	}
	return result;
}

/* The copy, and copies that were made after it, are read before the log; the line that was begun goes on in the copy.
 */
static int add_copies(struct file_source *f, size_t at, const struct file_family *family, const struct file_member *m,
		      int fd) {
	struct file_tail *log = f->tail[at], *copy;
	struct lines carry = log->lines;
	int r = file_source_add(f, at, fd, log->offset, true);

	if (r < 0)
		return r;
	copy = f->tail[at];
	log->lines = copy->lines;
	copy->lines = carry;
	r = add_after(f, family, m, at + 1, true);
	if (r < 0) { /* as it was */
		copy->lines = log->lines;
		log->lines = carry;
		while (f->tail[at] != log)
			file_source_drop(f, at);
	}
	return r;
}

int file_source_emptied(struct file_source *f, size_t at) {
	struct file_tail *log = f->tail[at];
	const struct file_member *m;
	struct file_family family;
	int fd, r = file_family_read(f->source.config.place, &family);

	if (r == 0) {
		fd = log->offset ? find_copy(&family, log, &m) : -ENOENT;
		r = fd < 0 ? fd : add_copies(f, at, &family, m, fd);
		if (r == 0)
			source_info(&f->source, "was emptied: the rest is read from %s/%s, then it from its beginning",
				    family.folder, m->name);
		file_family_done(&family);
	}
	if (r < 0 && r != -ENOENT)
		return r;
	if (r == -ENOENT && at + 1 < f->count)
		return r;
	if (r == -ENOENT)
		source_info(&f->source, "was emptied: it is read from its beginning");
	file_tail_rewind(log);
	return 0;
}

/* The file of a mark, by its number or, when that is another file now, by its bytes: a descriptor, -ENOENT, or -EAGAIN:
 * names have changed. */
static int find_mark(const struct file_family *family, const struct file_mark *mark, const struct file_member **ret_m) {
	int result = -ENOENT;

	for (unsigned by_bytes = 0; by_bytes < 2; by_bytes++) {
		for (size_t i = 0; i < family->member.n; i++) {
			const struct file_member *m = &family->member.v[i];
			bool is_same = m->dev == mark->dev && m->ino == mark->ino;
			bool is_ours = m->age || strcmp(m->name, family->name) == 0;
			int fd;

			if (by_bytes ? !is_ours || !mark->offset : !is_same)
				continue;
			fd = file_family_open(family, m);
			if (fd >= 0 && file_mark_fits(fd, mark)) {
				*ret_m = m;
				return fd;
			}
			if (fd >= 0)
				(void)close(fd);
			else if (fd == -ESTALE)
				result = -EAGAIN;
		}
	}
	return result;
}

/* Opens the file of one mark of the position. 0, -EAGAIN, -ENOENT (neither the log nor an old file of it is there), or
 * -errno. */
static int resume_mark(struct file_source *f, const struct file_family *family, struct str text) {
	const struct file_member *m;
	struct file_mark mark;
	struct stat st;
	int fd;

	if (file_mark_parse(text, &mark) < 0) {
		source_warn(&f->source, "\"%.*s\" is no position in a file: the log is read from its beginning",
			    (int)MIN(text.len, (size_t)100), text.s);
		return 0;
	}
	fd = find_mark(family, &mark, &m);
	if (fd == -ENOENT && (f->count || stat(f->source.config.place, &st) == 0)) {
		source_warn(&f->source,
			    "the file that was read before is not there any more, or packed, or emptied: what was "
			    "written to it behind byte %" PRIu64 ", and to files rotated away since, is lost",
			    mark.offset - mark.waiting);
		return 0;
	}
	if (fd < 0)
		return fd;
	/* Not by its number, and not as the log itself: a copy, after which the log was emptied. */
	return file_source_add(f, f->count, fd, mark.offset - mark.waiting,
			       m->age && (m->dev != mark.dev || m->ino != mark.ino));
}

int file_source_resume(struct file_source *f) {
	struct str rest = str_of(f->resume), text;
	struct file_family family;
	int r = file_family_read(f->source.config.place, &family);

	if (r < 0)
		return r;
	while (r == 0 && str_split(&rest, ',', &text))
		r = resume_mark(f, &family, text);
	file_family_done(&family);
	if (r == -EAGAIN || r == -ENOENT) { /* from the first mark on again */
		while (f->count)
			file_source_drop(f, f->count - 1);
		return r;
	}
	free(f->resume);
	f->resume = NULL;
	return r;
}
