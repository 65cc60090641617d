/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log under a path, across rotations. Several files may be open: a rotated one is read on until nobody has it open
 * for writing, since servers go on writing to it until they are told of the rotation, and some of their processes
 * longer than that.
 *
 * Each turn looks at the path, then at the sizes, from the newest file to the oldest, and then reads up to these sizes
 * from the oldest to the newest. So what a writer wrote before it turned to the new file comes before what it wrote
 * there. A turn reads one step and comes again if there is more, so that a large backlog leaves room for others.
 *
 * Names and other files are the matter of source_file_find.c; bytes and marks of file_tail.c.
 */
#include "logs/source_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* Where the kernel does not say whether a rotated file has writers (it is not ours, or not on a local disk): so long
 * after the last byte nobody is expected to write to it. */
enum { LINGER_MS = 60 * 1000 };

static int on_lines(const struct log_batch *batch, void *user) {
	struct file_source *f = user;
	int r = source_lines(&f->source, batch);

	if (r < 0)
		f->stopped = true;
	return MIN(r, 0);
}

int file_source_add(struct file_source *f, size_t at, int fd, uint64_t offset, bool is_copy) {
	struct file_tail *t;
	int r;

	if (f->count == FILE_TAILS_MAX) {
		(void)close(fd);
		return -EXFULL;
	}
	r = file_tail_open(fd, offset, &t);
	if (r < 0)
		return r;
	t->lines.fn = on_lines;
	t->lines.user = f;
	t->is_copy = is_copy;
	t->idle_ms = loop_now_ms(f->loop);
	t->watch = file_watch_add(f->watch, t->fd);
	memmove(f->tail + at + 1, f->tail + at, (f->count - at) * sizeof(*f->tail));
	f->tail[at] = t;
	f->count++;
	return 0;
}

void file_source_drop(struct file_source *f, size_t at) {
	file_watch_drop(f->watch, f->tail[at]->watch);
	file_tail_close(f->tail[at]);
	f->count--;
	memmove(f->tail + at, f->tail + at + 1, (f->count - at) * sizeof(*f->tail));
}

static const char *advice(int error) {
	switch (error) {
	case -EACCES:
		return "; let the guard's user read it (a group such as adm, or an access list)";
	case -EISDIR:
		return "; name a file in it";
	case -EINVAL:
		return "it is no regular file; pipes are read as standard input, sockets as syslog";
	case -EMFILE:
		return "; raise LimitNOFILE";
	default:
		return "";
	}
}

/* Says what is wrong with the path, or that it is well again; each only once. */
static void set_trouble(struct file_source *f, int error) {
	struct log_source *s = &f->source;
	struct stat st;

	if (error == f->trouble)
		return;
	if (!error)
		source_info(s, "is back");
	else if (error == -EINVAL)
		source_warn(s, "cannot be followed: %s", advice(error));
	else if (error != -ENOENT && error != -ENOTDIR)
		source_warn(s, "cannot be read: %s%s", strerror(-error), advice(error));
	else if (!f->count)
		source_info(s, "is not there yet; waiting for it");
	else if (fstat(f->tail[f->count - 1]->fd, &st) == 0 && st.st_nlink)
		source_info(s, "was renamed; waiting for the new one");
	else
		source_warn(s, "has vanished; waiting for it to return");
	f->trouble = error;
}

static int check_kind(mode_t mode) {
	return S_ISREG(mode) ? 0 : S_ISDIR(mode) ? -EISDIR : -EINVAL;
}

/* The path leads to the last of the files afterwards, or to none. 0; -EAGAIN or -EXFULL: not yet. */
static int look(struct file_source *f) {
	const struct file_tail *last = f->count ? f->tail[f->count - 1] : NULL;
	struct stat st;
	int r = stat(f->source.config.place, &st) < 0 ? -errno : check_kind(st.st_mode);

	if (r == 0 && !(last && st.st_dev == last->dev && st.st_ino == last->ino))
		r = file_source_follow(f);
	if (r == -EAGAIN || r == -EXFULL)
		return r;
	set_trouble(f, r);
	return 0;
}

static bool is_left(const struct file_source *f, const struct file_tail *t) {
	int written = file_tail_is_written(t);

	return written < 0 ? loop_now_ms(f->loop) - t->idle_ms > LINGER_MS : !written;
}

/* Newest first; of each whether it is left, and then its size: nothing follows that. */
static int measure(struct file_source *f) {
	for (size_t i = f->count; i-- > 0;) {
		struct file_tail *t = f->tail[i];
		struct stat st;

		t->let_go = i + 1 < f->count && (t->is_copy || is_left(f, t));
		if (fstat(t->fd, &st) < 0)
			return -errno;
		t->limit = (uint64_t)st.st_size;
	}
	return 0;
}

/* A rotated file was read to its end, and nobody writes to it. Its last line is one, whether it has an end or not; that
 * of a copy goes on in the next file. */
static int finish(struct file_source *f, size_t at) {
	struct file_tail *t = f->tail[at], *next = f->tail[at + 1];
	int r = 0;

	if (t->is_copy && next->offset == 0 && lines_waiting(&next->lines) == 0) {
		struct lines carry = t->lines;

		t->lines = next->lines;
		next->lines = carry;
	} else {
		r = lines_finish(&t->lines);
	}
	file_source_drop(f, at);
	return r;
}

/* The oldest that has something. *ret_more: there is still more, somewhere. */
static int read_files(struct file_source *f, bool *ret_more) {
	int r;

	for (size_t i = 0; i < f->count;) {
		struct file_tail *t = f->tail[i];
		bool last = i + 1 == f->count;
		uint64_t before = t->offset;
		enum file_tail_state state;

		r = file_tail_read(t, &state);
		if (r < 0)
			return r;
		if (t->offset != before)
			t->idle_ms = loop_now_ms(f->loop);
		*ret_more = *ret_more || state != TAIL_END;
		if (state == TAIL_MORE)
			return 0;
		r = state == TAIL_OTHER ? file_source_emptied(f, i) : -ENOENT;
		if (r != -ENOENT)
			return r;
		if (state == TAIL_OTHER)
			source_warn(&f->source,
				    "a rotated file was overwritten or emptied before it was read to its end");
		if (last || !(t->let_go || state == TAIL_OTHER)) {
			i++;
			continue;
		}
		r = finish(f, i);
		if (r < 0)
			return r;
		*ret_more = true; /* there may be room for one that is waited with */
	}
	return 0;
}

static void say_watch_trouble(struct file_source *f) {
	int r = file_watch_trouble(f->watch);

	if (r == f->watch_trouble)
		return;
	f->watch_trouble = r;
	if (r == -ENOSPC)
		source_warn(&f->source, "is looked at once a second only: no inotify watch is left; raise "
					"fs.inotify.max_user_watches (sysctl)");
	else if (r == -EMFILE)
		source_warn(&f->source, "is looked at once a second only: no inotify instance is left; raise "
					"fs.inotify.max_user_instances (sysctl)");
	else if (r < 0)
		source_warn(&f->source, "is looked at once a second only, for it cannot be watched: %s", strerror(-r));
}

static int on_change(void *user) {
	struct file_source *f = user;
	bool more = false;
	int r = 0;

	if (f->stopped)
		return 0;
	if (f->resume)
		r = file_source_resume(f);
	if (r == 0)
		r = look(f);
	else if (r != -EAGAIN)
		set_trouble(f, r);
	say_watch_trouble(f);
	more = r == -EAGAIN;
	r = measure(f);
	if (r == 0)
		r = read_files(f, &more);
	if (f->stopped)
		return 0;
	if (r == -EAGAIN)
		r = 0;
	if (r < 0 && r != f->read_trouble) /* the next tick tries again */
		source_warn(&f->source, "cannot be read: %s", strerror(-r));
	f->read_trouble = r;
	return r == 0 && more ? file_watch_again(f->watch) : 0;
}

static void file_close(struct log_source *s) {
	struct file_source *f = (struct file_source *)s;

	while (f->count)
		file_source_drop(f, f->count - 1);
	file_watch_close(f->watch);
	free(f->resume);
	free(f);
}

/* What can be said before the first turn: what will never be a log, and what may not be read. */
static int check_place(const char *place, char **ret_why) {
	struct stat st;
	int r;

	if (!*place)
		return source_why(ret_why, -EINVAL, "file: has no path; write file:/var/log/…");
	r = stat(place, &st) < 0 ? -errno : check_kind(st.st_mode);
	if (r == 0 && access(place, R_OK) < 0)
		r = -errno;
	if (r == -EINVAL)
		return source_why(ret_why, r, "%s cannot be followed: %s", place, advice(r));
	if (r < 0 && r != -ENOENT && r != -ENOTDIR)
		return source_why(ret_why, r, "%s cannot be read: %s%s", place, strerror(-r), advice(r));
	return 0;
}

static int file_open(struct loop *l, const struct log_source_config *c, struct log_source **ret_source,
		     char **ret_why) {
	struct file_source *f;
	int r = check_place(c->place, ret_why);

	if (r < 0)
		return r;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->source.config = *c;
	f->loop = l;
	r = file_watch_open(l, f->source.config.place, on_change, f, &f->watch);
	if (r == 0 && c->resume) {
		f->resume = strdup(c->resume);
		if (!f->resume)
			r = -ENOMEM;
	}
	if (r < 0) {
		file_close(&f->source);
		return r;
	}
	*ret_source = &f->source;
	return 0;
}

static char *file_position(const struct log_source *s) {
	const struct file_source *f = (const struct file_source *)s;
	char *text = NULL;
	size_t len = 0;
	FILE *out;

	if (f->resume)
		return strdup(f->resume);
	if (!f->count)
		return NULL;
	out = open_memstream(&text, &len);
	if (!out)
		return NULL;
	for (size_t i = 0; i < f->count; i++) {
		struct file_mark m = file_tail_mark(f->tail[i]);

		if (i)
			(void)fputc(',', out);
		file_mark_write(out, &m);
	}
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

static uint64_t file_behind(const struct log_source *s) {
	const struct file_source *f = (const struct file_source *)s;
	uint64_t n = 0;
	struct stat st;

	for (size_t i = 0; i < f->count; i++)
		if (fstat(f->tail[i]->fd, &st) == 0 && (uint64_t)st.st_size > f->tail[i]->offset)
			n += (uint64_t)st.st_size - f->tail[i]->offset;
	return n;
}

const struct log_source_kind log_source_kind_file = {
	.name = "file",
	.summary = "a file, followed across rotations: file:PATH",
	.open = file_open,
	.close = file_close,
	.position = file_position,
	.behind = file_behind,
};
