/* SPDX-License-Identifier: Apache-2.0 */
#include "logs/syslog_socket.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "logs/source_kind.h"
#include "net/listen.h"

enum { RECEIVE_BUFFER = 16 << 20 };

int syslog_place_parse(const char *text, struct syslog_place *ret_place, char **ret_why) {
	struct syslog_place p = { .datagrams = true, .streams = true };
	struct sockaddr_un un;
	struct ip_fault fault;
	const char *rest = text;

	if (strncmp(text, "udp:", 4) == 0 || strncmp(text, "tcp:", 4) == 0) {
		p.streams = *text == 't';
		p.datagrams = !p.streams;
		rest += 4;
	} else if (strncmp(text, "stream:", 7) == 0 || *text == '/') {
		p.streams = *text == 's';
		p.datagrams = !p.streams;
		rest += p.streams ? 7 : 0;
		p.path = rest;
		if (*rest != '/' || strlen(rest) >= sizeof(un.sun_path))
			return source_why(ret_why, -EINVAL,
					  "\"%s\" is no path of a socket: it begins with / and has at most %zu bytes",
					  rest, sizeof(un.sun_path) - 1);
		*ret_place = p;
		return 0;
	}
	if (endpoint_parse(rest, strlen(rest), &p.at, &fault) < 0)
		return source_why(ret_why, -EINVAL,
				  "syslog:%s: \"%s\" is no address to listen on (%s); write syslog:[::1]:5140, "
				  "syslog:udp:…, syslog:tcp:…, syslog:/PATH or syslog:stream:/PATH",
				  text, rest, ip_error_hint(fault.error));
	if (!ip_is_v4(p.at.ip) && *rest != '[')
		return source_why(ret_why, -EINVAL,
				  "syslog:%s: write an IPv6 address in brackets, the port behind them", text);
	if (p.at.port < 0)
		p.at.port = SYSLOG_PORT;
	*ret_place = p;
	return 0;
}

static int fail(const struct syslog_place *p, bool is_stream, int error, char **ret_why) {
	char at[ENDPOINT_TEXT_MAX] = "";
	const char *hint = error == -EADDRINUSE ? ": somebody else listens there; stop that, or take another place"
			   : error == -EACCES   ? ": a port below 1024 needs CAP_NET_BIND_SERVICE, a path a folder "
						  "that may be written to"
			   : error == -EADDRNOTAVAIL ? ": this machine does not have the address"
			   : error == -ENOENT        ? ": the folder is not there; make it (RuntimeDirectory=hextet)"
			   : error == -ENOTSOCK      ? ": there is a file that is no socket; move it away"
						     : "";

	if (!p->path)
		(void)endpoint_format(&p->at, at);
	return source_why(ret_why, error, "cannot listen on %s (%s): %s%s", p->path ? p->path : at,
			  p->path     ? is_stream ? "unix stream" : "unix datagrams"
			  : is_stream ? "TCP"
				      : "UDP",
			  strerror(-error), hint);
}

static int bind_udp(const struct endpoint *at, int *ret_fd) {
	struct sockaddr_storage sa = { 0 };
	int both = 0, fd, r;
	socklen_t len;

	r = endpoint_to_sockaddr(at, &sa, &len);
	if (r < 0)
		return r;
	fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if ((sa.ss_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &both, sizeof(both)) < 0) ||
	    bind(fd, (const struct sockaddr *)&sa, len) < 0) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

/* Removes a socket that nobody listens to. 0, -EADDRINUSE, -ENOTSOCK or -errno. */
static int remove_stale(const struct sockaddr_un *un, int type) {
	struct stat st;
	int fd, r = 0;

	if (lstat(un->sun_path, &st) < 0)
		return -errno;
	if (!S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)un, sizeof(*un)) == 0 || errno != ECONNREFUSED)
		r = -EADDRINUSE;
	(void)close(fd);
	return r == 0 && unlink(un->sun_path) < 0 ? -errno : r;
}

static int bind_unix(const char *path, int type, struct syslog_socket *s) {
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct stat st = { 0 };
	int r;

	memcpy(un.sun_path, path, strlen(path) + 1); /* syslog_place_parse() has measured it */
	s->fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return -errno;
	r = bind(s->fd, (const struct sockaddr *)&un, sizeof(un)) < 0 ? -errno : 0;
	if (r == -EADDRINUSE) {
		r = remove_stale(&un, type);
		if (r == 0)
			r = bind(s->fd, (const struct sockaddr *)&un, sizeof(un)) < 0 ? -errno : 0;
	}
	if (r == 0 && (chmod(path, SYSLOG_MODE) < 0 || lstat(path, &st) < 0))
		r = -errno;
	if (r == 0 && type == SOCK_STREAM && listen(s->fd, SOMAXCONN) < 0)
		r = -errno;
	if (r < 0) {
		(void)close(s->fd);
		return r;
	}
	s->path = path;
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	return 0;
}

int syslog_socket_open(const struct syslog_place *p, bool is_stream, struct syslog_socket *ret_socket, char **ret_why) {
	struct syslog_socket s = { .fd = -1 };
	int r;

	if (p->path)
		r = bind_unix(p->path, is_stream ? SOCK_STREAM : SOCK_DGRAM, &s);
	else if (is_stream)
		r = listen_tcp(&p->at, false, &s.fd);
	else
		r = bind_udp(&p->at, &s.fd);
	if (r < 0)
		return fail(p, is_stream, r, ret_why);
	*ret_socket = s;
	return 0;
}

void syslog_socket_close(struct syslog_socket *s) {
	struct stat st;

	if (s->fd < 0)
		return;
	if (s->path && lstat(s->path, &st) == 0 && st.st_dev == s->dev && st.st_ino == s->ino)
		(void)unlink(s->path);
	(void)close(s->fd);
	s->fd = -1;
}

/* With CAP_NET_ADMIN, which a guard has, the limit of the system (net.core.rmem_max) does not hold. */
size_t syslog_socket_widen(const struct syslog_socket *s) {
	int size = RECEIVE_BUFFER;
	socklen_t len = sizeof(size);

	if (setsockopt(s->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (getsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &size, &len) < 0)
		return 0;
	return (size_t)size / 2; /* the kernel says twice of what was asked for: its own needs */
}

/* The number that SO_RXQ_OVFL would give with the next message; this one is told when there is no next. */
uint32_t syslog_socket_dropped(const struct syslog_socket *s) {
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	if (s->fd < 0 || getsockopt(s->fd, SOL_SOCKET, SO_MEMINFO, info, &len) < 0)
		return 0;
	return info[SK_MEMINFO_DROPS];
}
