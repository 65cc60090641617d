/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of the systemd journal as the lines that a syslog daemon would write of them, with an ISO time:
 *
 *     2026-11-23T06:14:11.441000Z host sshd[4711]: Failed password for …
 *
 * Which unit an entry is of is the journal's own word (_SYSTEMD_UNIT), not the program's. What a program says of itself
 * (its identifier) is cut to what a tag may be, so that it cannot end the header early. The position is the cursor of
 * the last entry.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <systemd/sd-journal.h>
#include <time.h>

#include "logs/line_batch.h"

enum {
	ENTRIES_MAX = 1000, /* in one turn of the loop */
	TAG_MAX = 64,
	POLL_MS = 1000, /* where the journal lies on a network's disk */
};

struct journal_source {
	struct log_source source;
	sd_journal *journal;
	struct line_batch batch;
	struct loop_source *changed, *again, *poll;
	int again_fd; /* always readable, and asked only when there is a reason */
	char *cursor; /* of the last entry that was handed over, or where we began; NULL: there was none */
};

/* A field's value; { NULL, 0 } when the entry does not have it. Good until the next one is asked for. */
static struct str field(sd_journal *j, const char *name) {
	size_t skip = strlen(name) + 1, len = 0;
	const void *data = NULL;

	if (sd_journal_get_data(j, name, &data, &len) < 0 || len < skip)
		return (struct str){ NULL, 0 };
	return (struct str){ (const char *)data + skip, len - skip };
}

static void add_text(struct line_batch *b, const char *text) {
	line_batch_add(b, text, strlen(text));
}

/* The first of the fields that there is, as a word of a header. */
static bool add_word(struct line_batch *b, sd_journal *j, const char *const *names, const char *otherwise) {
	char word[TAG_MAX];
	struct str value = { NULL, 0 };

	for (; *names && !value.len; names++)
		value = field(j, *names);
	if (!value.len) {
		add_text(b, otherwise);
		return *otherwise;
	}
	value.len = MIN(value.len, sizeof(word));
	for (size_t i = 0; i < value.len; i++)
		word[i] = value.s[i] > ' ' && value.s[i] < 0x7f && !strchr(":[]<>\"", value.s[i]) ? value.s[i] : '_';
	line_batch_add(b, word, value.len);
	return true;
}

static bool has_pid(sd_journal *j) {
	return field(j, "_PID").len || field(j, "SYSLOG_PID").len;
}

static void add_time(struct line_batch *b, uint64_t usec) {
	time_t seconds = (time_t)(usec / 1000000);
	char text[64];
	struct tm tm;
	size_t n;

	if (!gmtime_r(&seconds, &tm))
		return;
	n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(text + n, sizeof(text) - n, ".%06uZ ", (unsigned)(usec % 1000000));
	add_text(b, text);
}

/* 0 or what lines() said. */
static int add_entry(struct journal_source *s) {
	static const char *const host[] = { "_HOSTNAME", NULL }, *const tag[] = { "SYSLOG_IDENTIFIER", "_COMM", NULL },
				 *const pid[] = { "_PID", "SYSLOG_PID", NULL };
	struct line_batch *b = &s->batch;
	sd_journal *j = s->journal;
	struct str message;
	uint64_t usec = 0;

	(void)sd_journal_get_realtime_usec(j, &usec);
	add_time(b, usec);
	(void)add_word(b, j, host, "localhost");
	add_text(b, " ");
	(void)add_word(b, j, tag, "unknown");
	if (has_pid(j)) {
		add_text(b, "[");
		(void)add_word(b, j, pid, "0");
		add_text(b, "]");
	}
	add_text(b, ": ");
	message = field(j, "MESSAGE");
	if (message.len)
		line_batch_add(b, message.s, message.len);
	return line_batch_end(b);
}

/* Hands over what is in the batch, and takes the cursor along. */
static int hand_over(struct journal_source *s) {
	char *cursor = NULL;
	int r = line_batch_flush(&s->batch);

	if (r >= 0 && sd_journal_get_cursor(s->journal, &cursor) >= 0) {
		free(s->cursor);
		s->cursor = cursor;
	}
	return r;
}

static void stop(struct journal_source *s) {
	loop_source_free(s->changed);
	loop_source_free(s->again);
	loop_source_free(s->poll);
	s->changed = s->again = s->poll = NULL;
}

static int read_entries(struct journal_source *s) {
	unsigned n = 0;
	int r;

	while ((r = sd_journal_next(s->journal)) > 0 && n++ < ENTRIES_MAX) {
		if (add_entry(s) < 0) {
			stop(s);
			return 0;
		}
		if (n == ENTRIES_MAX)
			break;
	}
	if (r < 0)
		source_warn(&s->source, "entries cannot be read: %s", strerror(-r));
	if (n && hand_over(s) < 0) {
		stop(s);
		return 0;
	}
	return n == ENTRIES_MAX ? loop_set_events(s->again, EPOLLIN) : 0;
}

static int on_changed(int fd, uint32_t events, void *user) {
	struct journal_source *s = user;
	int r = sd_journal_process(s->journal);

	(void)fd;
	(void)events;
	if (r < 0)
		source_warn(&s->source, "changes of the journal cannot be seen: %s", strerror(-r));
	return r == SD_JOURNAL_NOP ? 0 : read_entries(s);
}

static int on_again(int fd, uint32_t events, void *user) {
	struct journal_source *s = user;
	int r = loop_set_events(s->again, 0);

	(void)fd;
	(void)events;
	return r < 0 ? r : read_entries(s);
}

static int on_poll(void *user) {
	struct journal_source *s = user;
	int r = loop_timer_set(s->poll, POLL_MS);

	if (r < 0)
		return r;
	(void)sd_journal_process(s->journal);
	return read_entries(s);
}

static void journal_close(struct log_source *source) {
	struct journal_source *s = (struct journal_source *)source;

	stop(s);
	if (s->again_fd >= 0)
		(void)close(s->again_fd);
	sd_journal_close(s->journal);
	line_batch_done(&s->batch);
	free(s->cursor);
	free(s);
}

static int match_unit(struct journal_source *s, const char *unit, char **ret_why) {
	char *match = NULL;
	int r;

	if (asprintf(&match, "_SYSTEMD_UNIT=%s%s", unit, strchr(unit, '.') ? "" : ".service") < 0)
		return -ENOMEM;
	r = sd_journal_add_match(s->journal, match, 0);
	free(match);
	return r < 0 ? source_why(ret_why, r, "\"%s\" is no unit: %s", unit, strerror(-r)) : 0;
}

/* "", "UNIT", "/FOLDER" or "/FOLDER:UNIT". */
static int open_journal(struct journal_source *s, const char *place, char **ret_why) {
	_cleanup_(freep) char *folder = NULL;
	const char *unit = place;
	int r;

	if (*place == '/') {
		const char *colon = strchrnul(place, ':');

		folder = strndup(place, (size_t)(colon - place));
		if (!folder)
			return -ENOMEM;
		unit = colon + (*colon == ':');
		r = sd_journal_open_directory(&s->journal, folder, 0);
	} else {
		r = sd_journal_open(&s->journal, SD_JOURNAL_LOCAL_ONLY);
	}
	if (r < 0)
		return source_why(ret_why, r, "the journal%s%s cannot be opened: %s", folder ? " in " : "",
				  folder ? folder : "", strerror(-r));
	r = sd_journal_set_data_threshold(s->journal, LOG_LINE_MAX + TAG_MAX);
	if (r < 0)
		return r;
	return *unit ? match_unit(s, unit, ret_why) : 0;
}

/* Behind the last entry that is there. (Behind the end of an empty journal nothing ever comes: it has a beginning
 * instead.) */
static int seek_now(struct journal_source *s) {
	int r = sd_journal_seek_tail(s->journal);

	if (r >= 0)
		r = sd_journal_previous(s->journal);
	if (r == 0)
		return sd_journal_seek_head(s->journal);
	return r < 0 ? r : sd_journal_get_cursor(s->journal, &s->cursor);
}

/* Behind the entry of the cursor. Where that is gone the next call of sd_journal_next() gives the first after it. */
static int seek_cursor(struct journal_source *s, const char *cursor) {
	int r = sd_journal_seek_cursor(s->journal, cursor);

	if (r < 0) {
		source_warn(&s->source, "\"%.100s\" is no position in a journal: it is read from now on", cursor);
		return seek_now(s);
	}
	s->cursor = strdup(cursor);
	if (!s->cursor)
		return -ENOMEM;
	r = sd_journal_next(s->journal);
	if (r > 0 && sd_journal_test_cursor(s->journal, cursor) > 0)
		return 0;
	source_warn(&s->source, "the last entry that was read is not there any more: others behind it may be lost too");
	return r < 0 ? r : sd_journal_seek_cursor(s->journal, cursor);
}

static int watch(struct journal_source *s, struct loop *l) {
	int fd = sd_journal_get_fd(s->journal), r;

	if (fd < 0)
		return fd;
	r = sd_journal_get_events(s->journal);
	if (r >= 0)
		r = loop_add_fd(l, fd, (uint32_t)r, on_changed, s, &s->changed);
	s->again_fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
	if (r >= 0)
		r = s->again_fd < 0 ? -errno : loop_add_fd(l, s->again_fd, EPOLLIN, on_again, s, &s->again);
	if (r >= 0 && sd_journal_reliable_fd(s->journal) == 0)
		r = loop_add_timer(l, POLL_MS, on_poll, s, &s->poll);
	return r;
}

static int journal_open(struct loop *l, const struct log_source_config *c, struct log_source **ret_source,
			char **ret_why) {
	struct journal_source *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->source.config = *c;
	s->again_fd = -1;
	r = line_batch_init(&s->batch, &s->source);
	if (r >= 0)
		r = open_journal(s, c->place, ret_why);
	if (r >= 0)
		r = watch(s, l); /* before the place is sought: what comes in between is seen */
	if (r >= 0)
		r = c->resume ? seek_cursor(s, c->resume) : seek_now(s);
	if (r >= 0 && *c->place != '/' && sd_journal_has_runtime_files(s->journal) == 0 &&
	    sd_journal_has_persistent_files(s->journal) == 0)
		source_warn(&s->source, "no file of the journal can be read; put the guard's user into the group "
					"systemd-journal");
	if (r < 0) {
		journal_close(&s->source);
		return r;
	}
	*ret_source = &s->source;
	return 0;
}

static char *journal_position(const struct log_source *source) {
	const struct journal_source *s = (const struct journal_source *)source;

	return s->cursor ? strdup(s->cursor) : NULL;
}

static uint64_t journal_behind(const struct log_source *s) {
	(void)s;
	return 0;
}

const struct log_source_kind log_source_kind_journal = {
	.name = "journal",
	.summary = "the systemd journal: journal:UNIT, journal: for all of it, journal:/FOLDER[:UNIT] for one's files",
	.open = journal_open,
	.close = journal_close,
	.position = journal_position,
	.behind = journal_behind,
};
