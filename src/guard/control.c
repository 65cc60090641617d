/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket's server and client. A client has one buffer for its request and one for the answer; while an answer is
 * being taken no more is read from it.
 */
#include "guard/control.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/why.h"

struct control_client {
	struct control *control;
	struct control_client *next, **link;
	int fd;
	struct loop_source *source, *limit;
	struct control_peer peer;
	char request[CONTROL_REQUEST_MAX];
	size_t have;
	char *answer; /* being sent, or NULL */
	size_t answer_len, sent;
	bool last; /* close when it is sent */
};

struct control {
	struct loop *loop;
	struct guard *guard;
	char *path;
	int fd;
	struct loop_source *source;
	struct control_client *clients;
	unsigned client_count;
};

/* ---- clients ---- */

static void client_free(struct control_client *c) {
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	c->control->client_count--;
	loop_source_free(c->source);
	loop_source_free(c->limit);
	(void)close(c->fd);
	free(c->answer);
	free(c);
}

static int on_limit(void *user) {
	client_free(user);
	return 0;
}

static bool give(struct control_client *c, json_t *answer) {
	c->answer = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
	json_decref(answer);
	if (!c->answer)
		return false;
	c->answer_len = strlen(c->answer);
	c->answer[c->answer_len++] = '\n'; /* in the place of the zero */
	c->sent = 0;
	return true;
}

static bool give_error(struct control_client *c, const char *error) {
	c->last = true;
	return give(c, json_pack("{s:b,s:s,s:s}", "ok", 0, "code", "usage", "error", error));
}

/* Takes whole lines off the buffer while there is nothing to send. False: the client is to go. */
static bool serve_requests(struct control_client *c) {
	while (!c->answer) {
		char *end = memchr(c->request, '\n', c->have);
		size_t len = end ? (size_t)(end - c->request) : 0;

		if (!end)
			return c->have < sizeof(c->request) ||
			       give_error(c, "a request is one line of at most 16384 bytes");
		if (!give(c, control_answer(c->control->guard, &c->peer, c->request, len)))
			return false;
		c->have -= len + 1;
		memmove(c->request, end + 1, c->have);
	}
	return true;
}

/* False: it is gone, or has all it gets. */
static bool send_answer(struct control_client *c) {
	while (c->answer) {
		ssize_t n = send(c->fd, c->answer + c->sent, c->answer_len - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		c->sent += (size_t)n;
		(void)loop_timer_set(c->limit, CONTROL_TIMEOUT_MS);
		if (c->sent < c->answer_len)
			continue;
		free(c->answer);
		c->answer = NULL;
		if (c->last || !serve_requests(c))
			return false;
	}
	return true;
}

static bool read_request(struct control_client *c) {
	ssize_t n = recv(c->fd, c->request + c->have, sizeof(c->request) - c->have, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	c->have += (size_t)n;
	return n > 0 && serve_requests(c);
}

static int on_client(int fd, uint32_t events, void *user) {
	struct control_client *c = user;
	bool stays = !(events & EPOLLERR);

	(void)fd;
	if (stays && !c->answer && events & (EPOLLIN | EPOLLHUP))
		stays = read_request(c);
	if (stays)
		stays = send_answer(c);
	if (!stays) {
		client_free(c);
		return 0;
	}
	return loop_set_events(c->source, c->answer ? EPOLLOUT : EPOLLIN);
}

static void peer_of(int fd, struct control_peer *ret_peer) {
	struct ucred cred = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(cred);
	struct passwd entry, *found = NULL;
	char room[1024];

	(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	(void)getpwuid_r(cred.uid, &entry, room, sizeof(room), &found);
	*ret_peer = (struct control_peer){ .pid = cred.pid,
					   .uid = cred.uid,
					   .may_change = cred.uid == 0 || cred.uid == geteuid() };
	(void)snprintf(ret_peer->name, sizeof(ret_peer->name), "%.40s (uid %u, process %d)",
		       found ? found->pw_name : "somebody", (unsigned)cred.uid, (int)cred.pid);
}

static int on_connection(int fd, uint32_t events, void *user) {
	struct control *control = user;
	struct control_client *c;
	int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (client < 0)
		return 0;
	c = control->client_count < CONTROL_CLIENTS_MAX ? calloc(1, sizeof(*c)) : NULL;
	if (!c) {
		(void)close(client);
		return 0;
	}
	c->control = control;
	c->fd = client;
	c->link = &control->clients;
	c->next = control->clients;
	if (c->next)
		c->next->link = &c->next;
	control->clients = c;
	control->client_count++;
	peer_of(client, &c->peer);
	if (loop_add_fd(control->loop, client, EPOLLIN, on_client, c, &c->source) < 0 ||
	    loop_add_timer(control->loop, CONTROL_TIMEOUT_MS, on_limit, c, &c->limit) < 0)
		client_free(c);
	return 0;
}

/* ---- server ---- */

static int address_of(const char *path, struct sockaddr_un *ret_a, char **ret_why) {
	*ret_a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(ret_a->sun_path))
		return why_set(ret_why, -ENAMETOOLONG, "%s is too long for a socket: it may have %zu bytes", path,
			       sizeof(ret_a->sun_path) - 1);
	memcpy(ret_a->sun_path, path, strlen(path));
	return 0;
}

/* What a guard left that was killed. One that answers is somebody's, and so is what is no socket. */
static void remove_stale(const struct sockaddr_un *a) {
	_cleanup_(fdp_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;

	if (lstat(a->sun_path, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    connect(fd, (const struct sockaddr *)a, sizeof(*a)) < 0 && errno == ECONNREFUSED)
		(void)unlink(a->sun_path);
}

static int listen_at(const char *path, int *ret_fd, char **ret_why) {
	struct sockaddr_un a;
	int r = address_of(path, &a, ret_why), fd;

	if (r < 0)
		return r;
	remove_stale(&a);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Between bind and listen nobody can connect, so the mode is there in time. */
	if (fd < 0 || bind(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 || chmod(path, 0660) < 0 ||
	    listen(fd, CONTROL_CLIENTS_MAX) < 0) {
		r = why_set(ret_why, -errno, "cannot listen on the control socket %s: %m%s", path,
			    errno == ENOENT       ? "; make its folder"
			    : errno == EADDRINUSE ? "; stop the guard that listens there, or name another `control`"
						  : "");
		if (fd >= 0)
			(void)close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

int control_open(struct loop *l, const char *path, struct guard *g, struct control **ret_control, char **ret_why) {
	struct control *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	*c = (struct control){ .loop = l, .guard = g, .fd = -1, .path = strdup(path) };
	r = c->path ? listen_at(path, &c->fd, ret_why) : -ENOMEM;
	if (r >= 0)
		r = loop_add_fd(l, c->fd, EPOLLIN, on_connection, c, &c->source);
	if (r < 0) {
		control_close(c);
		return r;
	}
	*ret_control = c;
	return 0;
}

void control_close(struct control *c) {
	if (!c)
		return;
	while (c->clients)
		client_free(c->clients);
	loop_source_free(c->source);
	if (c->fd >= 0) {
		(void)unlink(c->path);
		(void)close(c->fd);
	}
	free(c->path);
	free(c);
}

/* ---- client ---- */

static int connect_to(const char *path, int *ret_fd, char **ret_why) {
	const struct timeval limit = { .tv_sec = CONTROL_TIMEOUT_MS / 1000 };
	struct sockaddr_un a;
	int r = address_of(path, &a, ret_why), fd;

	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (const struct sockaddr *)&a, sizeof(a)) == 0) {
		*ret_fd = fd;
		return 0;
	}
	r = -errno;
	(void)close(fd);
	if (r == -ENOENT || r == -ECONNREFUSED)
		return why_set(ret_why, r, "no guard runs: nobody listens on %s", path);
	return why_set(ret_why, r, "cannot ask the guard at %s: %s%s", path, strerror(-r),
		       r == -EACCES ? "; try it as root" : "");
}

/* A guard that is full hangs up before it is asked anything. */
static int hung_up(char **ret_why) {
	return why_set(ret_why, -EIO, "the guard hung up: it ended, or %d others ask it at once; try again",
		       CONTROL_CLIENTS_MAX);
}

static int exchange(FILE *f, const json_t *request, json_t **ret_answer, char **ret_why) {
	_cleanup_(freep) char *line = NULL;
	size_t room = 0;
	json_error_t error;

	if (json_dumpf(request, f, JSON_COMPACT) < 0 || fputc('\n', f) < 0 || fflush(f) != 0)
		return errno == EPIPE ? hung_up(ret_why)
				      : why_set(ret_why, -EIO, "the guard does not take the question: %m");
	if (getline(&line, &room, f) < 0)
		return errno == EAGAIN ? why_set(ret_why, -EIO,
						 "the guard gave no answer in 10 seconds: it is busy, or stopped")
				       : hung_up(ret_why);
	*ret_answer = json_loads(line, 0, &error);
	return *ret_answer ? 0 : why_set(ret_why, -EPROTO, "the guard's answer makes no sense: %s", error.text);
}

int control_ask(const char *path, const json_t *request, json_t **ret_answer, char **ret_why) {
	int fd = -1, r = connect_to(path, &fd, ret_why);
	FILE *f;

	if (r < 0)
		return r;
	f = fdopen(fd, "r+");
	if (!f) {
		(void)close(fd);
		return -ENOMEM;
	}
	errno = 0;
	r = exchange(f, request, ret_answer, ret_why);
	(void)fclose(f);
	return r;
}
