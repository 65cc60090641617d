/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HAProxy's runtime API: an ACL that is named by the file it was loaded from, changed in the running process by
 * commands on its socket. Each connection takes one line of commands joined by ';', and answers each with a text that
 * an empty line ends; there is no exit code, success is the empty text. A line is kept to half of the default
 * tune.bufsize.
 *
 * `del acl` looks through the whole list (2.6: 0.7 ms among 100 000, while no other request of the thread is served),
 * so from REPLACE_FROM removals on a new version of the list is made beside the old one and committed in one step; it
 * costs what adding all of it costs. So does an entry that is spelled in another way than ours, which `del acl` would
 * not find.
 *
 * The file itself is only what HAProxy starts with: it is brought up to date once an interval, by settle(), also while
 * HAProxy is down.
 */
#include "guard/network_file.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>

enum {
	LINE_MAX_BYTES = 8000,
	COMMAND_MAX = 512,
	ANSWER_MAX = 1 << 28,
	REPLACE_FROM = 512, /* removals */
	NUMBER = 24,
	CALL_MS = 5000, /* the longest that one call of the sink may last, however slowly HAProxy goes on answering */
};

struct haproxy {
	struct ban_sink sink;
	char *socket, *acl; /* paths */
	char *word;         /* the ACL's, as a word of a command */
	struct network_file file;
	struct network_list held; /* by the running HAProxy, as far as is known */
	int64_t until_ms;         /* of this call, monotonic */
};

#define RULE "write \"http-request deny deny_status 403 if { src -f "
#define RULE_END " }\" into the frontends of haproxy.cfg and reload it"

/* What HAProxy says, and what to do about it: the path of the ACL, or of the socket, belongs between the two texts. */
static const struct complaint {
	const char *says;
	int error;
	bool socket;
	const char *advice, *advice_end;
} complaints[] = {
	{ "Unknown ACL identifier", -ENOENT, false, "it has no ACL of this file: " RULE, RULE_END },
	{ "type=", -EPROTOTYPE, false, "this file is no list of addresses there: " RULE, RULE_END },
	{ "Permission denied", -EPERM, true, "it allows no changes there: write \"stats socket ",
	  " level admin\" into haproxy.cfg and reload it" },
	{ "Unknown command", -ENOSYS, false, "2.4 is the first version that can replace an ACL at once: ", "" },
	{ "No more memory", -ENOMEM, false, "no memory is left for the ACL ", "" },
};

static int64_t now_ms(void) {
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

static int connect_why(const struct haproxy *h, int r, char **ret_why) {
	const char *hint = "";

	if (r == -EAGAIN || r == -ETIMEDOUT)
		return ban_sink_why(ret_why, -ETIMEDOUT, "HAProxy does not answer on %s in time (%d ms): it hangs",
				    h->socket, now_ms() > h->until_ms ? CALL_MS : SINK_TIMEOUT_MS);
	if (r == -ENOENT)
		hint = ": is it running, and does haproxy.cfg have \"stats socket PATH\" with this path?";
	else if (r == -ECONNREFUSED)
		hint = ": it is not running";
	else if (r == -EACCES)
		hint = ": the user of the guard must be in the group of that socket";
	return ban_sink_why(ret_why, r, "HAProxy's socket %s: %s%s", h->socket, strerror(-r), hint);
}

/* 0 and a connected descriptor whose calls take no longer than SINK_TIMEOUT_MS each, or -errno. */
static int connect_to(const char *path, int *ret_fd) {
	const struct timeval patience = { .tv_usec = SINK_TIMEOUT_MS * 1000L };
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	int fd, r;

	if (len >= sizeof(name.sun_path))
		return -ENAMETOOLONG;
	memcpy(name.sun_path, path, len);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
	    connect(fd, (struct sockaddr *)&name, sizeof(name)) < 0) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

static int send_all(int fd, const char *text, size_t len) {
	while (len) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int receive_all(int fd, int64_t until_ms, FILE *answer) {
	char buffer[16384];
	size_t total = 0;

	for (;;) {
		ssize_t n = recv(fd, buffer, sizeof(buffer), 0);

		if (n == 0)
			return 0;
		if (now_ms() > until_ms)
			return -ETIMEDOUT;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0 && (total += (size_t)n) > ANSWER_MAX)
			return -EFBIG;
		if (n > 0)
			(void)fwrite(buffer, 1, (size_t)n, answer);
	}
}

/* One line of commands and everything that is said to it (malloc'ed). */
static int ask(const struct haproxy *h, const char *line, size_t len, struct str *ret_answer, char **ret_why) {
	_cleanup_(fdp_close) int fd = -1;
	char *text = NULL;
	FILE *answer;
	int r = now_ms() > h->until_ms ? -ETIMEDOUT : connect_to(h->socket, &fd);

	if (r < 0)
		return connect_why(h, r, ret_why);
	if (!(answer = open_memstream(&text, &ret_answer->len)))
		return -ENOMEM;
	r = send_all(fd, line, len);
	if (r >= 0)
		r = receive_all(fd, h->until_ms, answer);
	if (fclose(answer) != 0 && r >= 0)
		r = -ENOMEM;
	if (r < 0) {
		free(text);
		return connect_why(h, r, ret_why);
	}
	ret_answer->s = text;
	return 0;
}

/* Takes the next answer (without its empty line) off the front; false when nothing complete is left. */
static bool next_answer(struct str *rest, struct str *ret_answer) {
	const char *end;

	if (rest->len && *rest->s == '\n') {
		*ret_answer = (struct str){ rest->s, 0 };
		*rest = (struct str){ rest->s + 1, rest->len - 1 };
		return true;
	}
	end = rest->len ? memmem(rest->s, rest->len, "\n\n", 2) : NULL;
	if (!end)
		return false;
	*ret_answer = (struct str){ rest->s, (size_t)(end - rest->s) };
	*rest = (struct str){ end + 2, rest->len - ret_answer->len - 2 };
	return true;
}

/* What follows the text in an answer, or NULL. */
static const char *str_find(struct str in, const char *text) {
	const char *at = in.len ? memmem(in.s, in.len, text, strlen(text)) : NULL;

	return at ? at + strlen(text) : NULL;
}

static int complain(const struct haproxy *h, struct str says, char **ret_why) {
	for (const struct complaint *c = complaints; c < complaints + ARRAY_LEN(complaints); c++)
		if (str_find(says, c->says))
			return ban_sink_why(ret_why, c->error, "HAProxy on %s: %s%s%s", h->socket, c->advice,
					    c->socket ? h->socket : h->acl, c->advice_end);
	return ban_sink_why(ret_why, -EPROTO, "HAProxy says about the ACL %s: %.*s", h->acl, (int)MIN(says.len, 200),
			    says.s);
}

static int cut_off(const struct haproxy *h, char **ret_why) {
	return ban_sink_why(ret_why, -EPROTO, "HAProxy's answer on %s ended too early: was it stopped?", h->socket);
}

/* A line of commands that is sent when it is full. */
struct batch {
	struct haproxy *h;
	char line[LINE_MAX_BYTES + COMMAND_MAX];
	size_t len, commands;
};

static int batch_send(struct batch *b, char **ret_why) {
	struct str answer = { 0 }, rest, one;
	int r;

	if (!b->commands)
		return 0;
	b->line[b->len - 1] = '\n';
	r = ask(b->h, b->line, b->len, &answer, ret_why);
	if (r < 0)
		return r;
	rest = answer;
	for (size_t i = 0; i < b->commands && r >= 0; i++)
		if (!next_answer(&rest, &one))
			r = cut_off(b->h, ret_why);
		else if (one.len && !str_find(one, "Key not found."))
			r = complain(b->h, one, ret_why);
	free((char *)answer.s);
	b->len = b->commands = 0;
	return r;
}

static int batch_add(struct batch *b, const char *verb, const char *version, struct prefix p, char **ret_why) {
	char network[PREFIX_TEXT_MAX];

	(void)prefix_format(p, network);
	b->len +=
		(size_t)snprintf(b->line + b->len, COMMAND_MAX, "%s acl %s%s %s;", verb, version, b->h->word, network);
	b->commands++;
	return b->len >= LINE_MAX_BYTES ? batch_send(b, ret_why) : 0;
}

/* One command on a connection of its own: 0 and its answer (malloc'ed, in *ret_whole), or -errno. */
static int command(const struct haproxy *h, const char *verb, const char *more, struct str *ret_whole,
		   struct str *ret_answer, char **ret_why) {
	char line[COMMAND_MAX + 64];
	int len = snprintf(line, sizeof(line), "%s %s%s\n", verb, h->word, more);
	struct str rest;
	int r = ask(h, line, (size_t)len, ret_whole, ret_why);

	if (r < 0)
		return r;
	rest = *ret_whole;
	if (next_answer(&rest, ret_answer))
		return 0;
	free((char *)ret_whole->s);
	return cut_off(h, ret_why);
}

/* The same for an answer that must hold a text, or nothing at all (NULL); *ret_number is what follows, if asked for. */
static int expect(const struct haproxy *h, const char *verb, const char *more, const char *text,
		  char ret_number[NUMBER], char **ret_why) {
	struct str whole = { 0 }, answer = { 0 };
	const char *behind;
	int r = command(h, verb, more, &whole, &answer, ret_why);

	if (r < 0)
		return r;
	behind = text ? str_find(answer, text) : NULL;
	if (text ? !behind : answer.len > 0)
		r = complain(h, answer, ret_why);
	else if (ret_number)
		(void)snprintf(ret_number, NUMBER, "%.*s", (int)(answer.s + answer.len - behind), behind);
	free((char *)whole.s);
	return r;
}

/* The ACL is there, and one of addresses. */
static int prepare(struct ban_sink *s, char **ret_why) {
	struct haproxy *h = (struct haproxy *)s;

	h->until_ms = now_ms() + CALL_MS;
	return expect(h, "get acl", " ::", "type=ip", NULL, ret_why);
}

static int replace(struct haproxy *h, char **ret_why) {
	struct batch b = { .h = h };
	char number[NUMBER], version[NUMBER + 2], commit[NUMBER + 16];
	int r = expect(h, "prepare acl", "", "New version created: ", number, ret_why);

	if (r < 0)
		return r;
	(void)snprintf(version, sizeof(version), "@%s ", number);
	(void)snprintf(commit, sizeof(commit), "commit acl @%s", number);
	for (size_t i = 0; i < h->held.v.n && r >= 0; i++)
		r = batch_add(&b, "add", version, h->held.v.v[i], ret_why);
	if (r >= 0)
		r = batch_send(&b, ret_why);
	return r < 0 ? r : expect(h, commit, "", NULL, NULL, ret_why);
}

static int change(struct haproxy *h, const struct sink_change *changes, size_t n, char **ret_why) {
	struct batch b = { .h = h };
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++)
		r = batch_add(&b, changes[i].remove ? "del" : "add", "", changes[i].entry.network, ret_why);
	return r < 0 ? r : batch_send(&b, ret_why);
}

static int apply(struct ban_sink *s, const struct sink_change *changes, size_t n, char **ret_why) {
	struct haproxy *h = (struct haproxy *)s;
	size_t removed = 0;

	h->until_ms = now_ms() + CALL_MS;
	for (size_t i = 0; i < n; i++)
		removed += changes[i].remove;
	network_list_apply(&h->held, changes, n);
	if (s->unreadable == 0 && removed < REPLACE_FROM)
		return change(h, changes, n, ret_why);
	s->unreadable = 0;
	return replace(h, ret_why);
}

/* A line of `show acl`: an id, a blank, the entry as it was spelled. */
static bool parse_entry(struct str line, struct prefix *ret_p) {
	char text[PREFIX_TEXT_MAX];
	struct str id;
	size_t len;

	if (!str_split(&line, ' ', &id) || !line.s || prefix_parse(line.s, line.len, ret_p, NULL) < 0)
		return false;
	len = prefix_format(*ret_p, text);
	return str_eq(line, (struct str){ text, len });
}

static int list(struct ban_sink *s, void (*fn)(const struct sink_entry *e, void *user), void *user, char **ret_why) {
	struct haproxy *h = (struct haproxy *)s;
	struct str whole = { 0 }, answer = { 0 }, line;
	struct prefix p;
	int r;

	h->until_ms = now_ms() + CALL_MS;
	r = command(h, "show acl", "", &whole, &answer, ret_why);
	if (r < 0)
		return r;
	if (answer.len && answer.s[0] != '0') {
		r = complain(h, answer, ret_why);
		free((char *)whole.s);
		return r;
	}
	network_list_done(&h->held);
	while (answer.len && str_split(&answer, '\n', &line))
		if (parse_entry(line, &p)) {
			network_list_add(&h->held, p);
			fn(&(struct sink_entry){ p, INT64_MAX }, user);
		} else {
			s->unreadable++;
		}
	network_list_sort(&h->held);
	free((char *)whole.s);
	return 0;
}

static int settle(struct ban_sink *s, const struct sink_entry *wanted, size_t n, char **ret_why) {
	struct haproxy *h = (struct haproxy *)s;
	struct network_list all = { 0 };
	int r;

	for (size_t i = 0; i < n; i++)
		network_list_add(&all, wanted[i].network);
	r = network_file_write(&h->file, &all, ret_why);
	network_list_done(&all);
	return r;
}

/* Blanks, ';' and '\' would end a word of a command. */
static char *escape(const char *text) {
	char *word = malloc(2 * strlen(text) + 1), *to = word;

	for (; word && *text; text++) {
		if (strchr(" ;\\", *text))
			*to++ = '\\';
		*to++ = *text;
	}
	if (word)
		*to = 0;
	return word;
}

static void close_(struct ban_sink *s) {
	struct haproxy *h = (struct haproxy *)s;

	network_list_done(&h->held);
	free(h->socket);
	free(h->acl);
	free(h->word);
	free(h);
}

static int open_(const struct ban_sink_config *c, struct ban_sink **ret_sink, char **ret_why) {
	static const char option[] = ",acl=";
	const char *comma = strstr(c->place, option), *acl = comma ? comma + sizeof(option) - 1 : NULL;
	struct haproxy *h;
	int r;

	if (*c->place != '/' || !acl || *acl != '/' || strlen(acl) > 200 || strpbrk(acl, "\n\r\t"))
		return ban_sink_why(ret_why, -EINVAL,
				    "haproxy:%s: write the full path of HAProxy's socket, \",acl=\" and the full path "
				    "of the ACL's file, as haproxy.cfg has it",
				    c->place);
	if (!(h = calloc(1, sizeof(*h))))
		return -ENOMEM;
	h->socket = strndup(c->place, (size_t)(comma - c->place));
	h->acl = strdup(acl);
	h->word = escape(acl);
	h->file = (struct network_file){ .path = h->acl, .format = &network_format_list[0] };
	if (!h->socket || !h->acl || !h->word) {
		close_(&h->sink);
		return -ENOMEM;
	}
	*ret_sink = &h->sink;
	r = network_file_claim(&h->file, ret_why); /* HAProxy does not start without */
	return r < 0 ? r : prepare(&h->sink, ret_why);
}

const struct ban_sink_kind ban_sink_kind_haproxy = {
	.name = "haproxy",
	.summary = "an ACL of a running HAProxy, and the file it begins with",
	.carves = true,
	.open = open_,
	.close = close_,
	.prepare = prepare,
	.apply = apply,
	.list = list,
	.settle = settle,
};
