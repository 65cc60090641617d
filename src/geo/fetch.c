/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body goes to a file without a name, is read back, hashed and verified, and only then takes the old one's place.
 * A digest that does not fit is asked for again with the file once: the server may have published in between.
 */
#include "geo/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/file_swap.h"
#include "geo/fetch_state.h"
#include "geo/mmdb_verify.h"
#include "net/http_client.h"

#define CHECK "geo-fetch"
#define SIZE_MAX_DEFAULT (UINT64_C(4) << 30)

enum { DIGEST_FILE_MAX = 4096, TRIES = 2 };

/* One fetch. */
struct fetching {
	const struct geo_fetch *f;
	struct diags *diags;
	struct arena arena;
	const char *shown;       /* the URL without what is secret */
	struct fetch_state have; /* what is there */
	struct geo_fetched got;
};

static int wrong(struct fetching *g, int r, const char *hint, const char *fmt, ...) _printf_(4, 5);
static int wrong(struct fetching *g, int r, const char *hint, const char *fmt, ...) {
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	diag_error(g->diags, CHECK, ((struct loc){ 0 }), hint, "%s", text);
	return r;
}

static const struct {
	unsigned status;
	int error;
	const char *hint;
} statuses[] = {
	{ 401, -EACCES, "the server wants a name and password: put them in ~/.netrc" },
	{ 403, -EACCES, "the server does not let this machine have the file" },
	{ 404, -ENOENT, "is the path right? hextet geo serve tells its own when it starts" },
	{ 410, -ENOENT, "the file is gone for good" },
	{ 429, -EAGAIN, "fetch less often" },
};

static int wrong_status(struct fetching *g, const char *url, const struct http_fetched *answer) {
	g->got.retry_after_s = answer->retry_after;
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		if (statuses[i].status == answer->status)
			return wrong(g, statuses[i].error, statuses[i].hint, "%s: the server says %u", url,
				     answer->status);
	return wrong(g, answer->status >= 500 ? -EAGAIN : -EPROTO, NULL, "%s: the server says %u", url, answer->status);
}

static const char *shown_url(struct arena *a, const char *url) {
	char shown[HTTP_URL_SHOWN_MAX];

	http_url_show(url, shown);
	return arena_dup(a, shown, strlen(shown));
}

static int request(struct fetching *g, const struct http_fetch *h, int fd, struct http_fetched *ret_answer) {
	_cleanup_(freep) char *why = NULL;
	int r = http_fetch(h, fd, ret_answer, &why);

	if (r >= 0)
		return 0;
	return wrong(g, r,
		     r == -EACCES ? "--cacert names the certificate of an authority that the system does not know"
				  : NULL,
		     "%s", why ? why : strerror(-r));
}

static bool is_hex64(struct str s) {
	size_t n = 0;

	while (n < s.len && ((s.s[n] >= '0' && s.s[n] <= '9') || ((s.s[n] | 32) >= 'a' && (s.s[n] | 32) <= 'f')))
		n++;
	return n == SHA256_HEX_MAX - 1;
}

/* "HASH" or "HASH-gzip", as our publisher's. */
static bool etag_is_digest(const char *etag, const char *sha256) {
	size_t len = strlen(sha256);

	return *etag == '"' && strncmp(etag + 1, sha256, len) == 0 &&
	       (strcmp(etag + 1 + len, "\"") == 0 || strcmp(etag + 1 + len, "-gzip\"") == 0);
}

/* ---- the digest ---- */

/* The URL of the digest: ".sha256" behind the path. */
static const char *digest_url(struct arena *a, const char *url) {
	size_t path = strcspn(url, "?#");

	return arena_printf(a, "%.*s.sha256%.*s", (int)path, url, (int)strcspn(url + path, "#"), url + path);
}

/* 1 and the digest; 0 when the server has none; -errno. */
static int fetch_digest(struct fetching *g, char ret_hex[static SHA256_HEX_MAX]) {
	struct http_fetch h = { .url = digest_url(&g->arena, g->f->url),
				.ca_file = g->f->ca_file,
				.timeout_ms = g->f->timeout_ms,
				.size_max = DIGEST_FILE_MAX,
				.family = g->f->family };
	_cleanup_(fdp_close) int fd = memfd_create("hextet-digest", MFD_CLOEXEC);
	struct http_fetched answer;
	char text[DIGEST_FILE_MAX];
	ssize_t n;
	int r;

	if (fd < 0)
		return wrong(g, -errno, NULL, "cannot make room for a digest: %s", strerror(errno));
	r = request(g, &h, fd, &answer);
	if (r < 0)
		return r;
	if (answer.status >= 500 || answer.status == 429)
		return wrong_status(g, shown_url(&g->arena, h.url), &answer);
	n = answer.status == 200 ? pread(fd, text, sizeof(text), 0) : 0;
	if (n < SHA256_HEX_MAX - 1 || !is_hex64((struct str){ text, (size_t)n }))
		return 0;
	for (size_t i = 0; i < SHA256_HEX_MAX - 1; i++)
		ret_hex[i] = (char)(text[i] >= 'A' && text[i] <= 'F' ? text[i] | 32 : text[i]);
	ret_hex[SHA256_HEX_MAX - 1] = 0;
	return 1;
}

/* 0 it fits, or there is none; -ESTALE it does not, by the server's word; another -errno, said. */
static int check_digest(struct fetching *g, const char *etag, char ret_expected[static SHA256_HEX_MAX]) {
	int r;

	if (g->f->sha256) {
		if (strcasecmp(g->f->sha256, g->got.sha256) != 0)
			return wrong(g, -EBADMSG, NULL, "%s has SHA-256 %s, not %s as was asked for", g->shown,
				     g->got.sha256, g->f->sha256);
		g->got.digest_checked = true;
		return 0;
	}
	g->got.digest_checked = etag_is_digest(etag, g->got.sha256);
	if (g->got.digest_checked)
		return 0;
	r = fetch_digest(g, ret_expected);
	if (r <= 0)
		return r;
	if (strcmp(ret_expected, g->got.sha256) != 0)
		return -ESTALE;
	g->got.digest_checked = true;
	return 0;
}

/* ---- the content ---- */

static int verify(struct fetching *g, struct str bytes) {
	struct mmdb_fault found = { "it is no database", 0 };
	struct mmdb_counts counts = { 0 };
	struct str start = str_trim((struct str){ bytes.s, MIN(bytes.len, (size_t)64) });
	const char *hint = NULL;
	int r = mmdb_verify(bytes.s, bytes.len, mmdb_first_error, &found, &counts);

	if (r == 0) {
		g->got.networks = counts.networks;
		return 0;
	}
	if (r < 0)
		return wrong(g, r, NULL, "cannot verify what came: %s", strerror(-r));
	if (bytes.len == 0)
		hint = "it is empty";
	else if (start.len > 0 && *start.s == '<')
		hint = "it begins with '<': a web page; is the URL that of the file itself?";
	else if (start.len > 1 && (uint8_t)start.s[0] == 0x1f && (uint8_t)start.s[1] == 0x8b)
		hint = "it is gzipped, and the server does not say so (Content-Encoding); publish the file itself";
	return wrong(g, -EBADMSG, hint, "%s is refused: byte %ju: %s", g->shown, (uintmax_t)found.offset, found.what);
}

/* Reads what came, hashes and verifies it. */
static int take_content(struct fetching *g, int fd) {
	struct stat st;
	void *map;
	int r;

	if (fstat(fd, &st) < 0)
		return wrong(g, -errno, NULL, "cannot read what came: %s", strerror(errno));
	g->got.bytes = (uint64_t)st.st_size;
	if (st.st_size == 0)
		return verify(g, (struct str){ "", 0 });
	/* Nobody else has this file: it has no name. */
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return wrong(g, -errno, NULL, "cannot read what came: %s", strerror(errno));
	published_hash((struct str){ map, (size_t)st.st_size }, g->got.sha256);
	r = verify(g, (struct str){ map, (size_t)st.st_size });
	(void)munmap(map, (size_t)st.st_size);
	return r;
}

/* ---- one try ---- */

static void remember(const struct fetching *g, const struct http_fetched *answer) {
	struct fetch_state s = { .modified = answer->modified };

	memcpy(s.sha256, g->got.sha256, sizeof(s.sha256));
	if (!etag_is_digest(answer->etag, g->got.sha256))
		(void)snprintf(s.etag, sizeof(s.etag), "%s", answer->etag);
	/* It only saves a transfer: the file is in place, whatever becomes of this. */
	(void)fetch_state_write(g->f->output, &s, *s.etag || (!*answer->etag && answer->modified));
}

/* What came with 200. -ESTALE: its digest is another one's. */
static int take_answer(struct fetching *g, struct file_swap *swap, const struct http_fetched *answer) {
	char expected[SHA256_HEX_MAX];
	int r = take_content(g, swap->fd);

	if (r >= 0)
		r = check_digest(g, answer->etag, expected);
	if (r < 0) {
		file_swap_abort(swap);
		return r;
	}
	g->got.changed = strcmp(g->got.sha256, g->have.sha256) != 0;
	if (!g->got.changed) {
		file_swap_abort(swap);
	} else {
		r = file_swap_commit(swap, 0644);
		if (r < 0)
			return wrong(g, r, NULL, "cannot write %s: %s", g->f->output, file_swap_error(r));
	}
	remember(g, answer);
	return 0;
}

static int fetch_once(struct fetching *g) {
	const struct geo_fetch *f = g->f;
	bool conditional = *g->have.sha256 && !f->force && (!f->sha256 || strcasecmp(f->sha256, g->have.sha256) == 0);
	struct http_fetch h = { .url = f->url,
				.ca_file = f->ca_file,
				.timeout_ms = f->timeout_ms,
				.size_max = f->size_max ? f->size_max : SIZE_MAX_DEFAULT,
				.family = f->family };
	struct http_fetched answer;
	struct file_swap swap;
	int r;

	if (conditional) {
		h.if_none_match = *g->have.etag ? g->have.etag : arena_printf(&g->arena, "\"%s\"", g->have.sha256);
		h.if_modified_since = *g->have.etag ? 0 : g->have.modified;
	}
	r = file_swap_begin(&swap, f->output);
	if (r < 0)
		return wrong(g, r, NULL, "cannot write %s: %s", f->output, file_swap_error(r));
	r = request(g, &h, swap.fd, &answer);
	g->got = (struct geo_fetched){ 0 };
	if (r >= 0) {
		g->got.status = answer.status;
		g->got.modified = answer.modified;
	}
	if (r >= 0 && answer.status == 200)
		return take_answer(g, &swap, &answer);
	file_swap_abort(&swap);
	if (r < 0)
		return r;
	if (answer.status != 304)
		return wrong_status(g, g->shown, &answer);
	if (!conditional)
		return wrong(g, -EPROTO, NULL, "%s: the server says 304, which nobody asked", g->shown);
	memcpy(g->got.sha256, g->have.sha256, sizeof(g->got.sha256));
	g->got.bytes = g->have.bytes;
	return 0;
}

static int fetch_tries(struct fetching *g) {
	int r = -ESTALE;

	for (int i = 0; i < TRIES && r == -ESTALE; i++)
		r = fetch_once(g);
	if (r == -ESTALE)
		r = wrong(g, -EBADMSG, NULL, "%s has SHA-256 %s, which is not what %s says", g->shown, g->got.sha256,
			  shown_url(&g->arena, digest_url(&g->arena, g->f->url)));
	return r;
}

/* ---- alone ---- */

/* A descriptor to close when done, or -errno. Whoever may read the file could lock it, and hold us up: nobody may. */
static int lock(struct fetching *g) {
	char folder[PATH_MAX], name[PATH_MAX];
	const char *path;
	int fd;

	if (strlen(g->f->output) >= sizeof(folder))
		return wrong(g, -ENAMETOOLONG, NULL, "the file's name is too long");
	(void)snprintf(folder, sizeof(folder), "%s", g->f->output);
	(void)snprintf(name, sizeof(name), "%s", g->f->output);
	path = arena_printf(&g->arena, "%s/.%s.lock", dirname(folder), basename(name));
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return wrong(g, -errno, NULL, "cannot make the lock %s: %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int r = errno == EWOULDBLOCK ? -EBUSY : -errno;

		(void)close(fd);
		return wrong(g, r, "wait for it, or end it", "another fetch of %s is running", g->f->output);
	}
	return fd;
}

static int check_request(struct fetching *g) {
	const struct geo_fetch *f = g->f;

	if (strncasecmp(f->url, "http://", 7) != 0 && strncasecmp(f->url, "https://", 8) != 0)
		return wrong(g, -EINVAL, "a URL begins with http:// or https://", "cannot fetch %s", g->shown);
	if (f->sha256 && (strlen(f->sha256) != SHA256_HEX_MAX - 1 || !is_hex64(str_of(f->sha256))))
		return wrong(g, -EINVAL, "it has 64 hexadecimal digits", "%s is no SHA-256", f->sha256);
	return 0;
}

int geo_fetch(const struct geo_fetch *f, struct diags *diags, struct geo_fetched *ret_fetched) {
	struct fetching g = { .f = f, .diags = diags };
	_cleanup_(fdp_close) int lock_fd = -1;
	int r;

	g.shown = shown_url(&g.arena, f->url);
	r = check_request(&g);
	if (r >= 0)
		r = lock_fd = lock(&g);
	if (r >= 0)
		r = fetch_state_read(f->output, &g.have);
	if (r < 0 && lock_fd >= 0)
		(void)wrong(&g, r, NULL, "cannot read %s: %s", f->output, file_swap_error(r));
	if (r >= 0)
		r = fetch_tries(&g);
	arena_done(&g.arena);
	if (r >= 0 || g.got.retry_after_s)
		*ret_fetched = g.got;
	return r;
}

bool geo_fetch_is_temporary(int error) {
	return error == -ETIMEDOUT || error == -ECONNREFUSED || error == -EHOSTUNREACH || error == -EPROTO ||
	       error == -EAGAIN;
}
