/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls of libhextet-geo. Lookups touch three things: the seat of their thread, the pointer to the current table,
 * and the table (client_guard.h, client_find.h). All else happens beside them: look, read, verify, compile, exchange
 * the pointer, wait for those who still read the old table, free it.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "addr/ip.h"
#include "geo/client.h"
#include "geo/client_find.h"
#include "geo/client_guard.h"
#include "net/http_client.h"

static const char out_of_memory[] = "not enough memory";

static void say(char *why, const char *text) {
	if (why)
		(void)snprintf(why, HEXTET_GEO_MESSAGE, "%s", text);
}

/* Makes a table the current one and frees what was there when nobody can see it any more. */
static void publish(struct hextet_geo *geo, struct client_table *t) {
	struct client_table *old;

	(void)pthread_mutex_lock(&geo->lock);
	geo->status.build_epoch = t->build_epoch;
	geo->status.networks = t->networks;
	geo->status.memory = t->trie.memory;
	geo->status.loaded_at = (uint64_t)time(NULL);
	(void)pthread_mutex_unlock(&geo->lock);
	old = atomic_exchange(&geo->current, t);
	if (old && client_guard_wait())
		client_table_free(old);
}

static void count(struct hextet_geo *geo, int r, const char *why) {
	(void)pthread_mutex_lock(&geo->lock);
	geo->status.reloads += r > 0;
	geo->status.refused += r < 0;
	if (r < 0)
		(void)snprintf(geo->status.refusal, HEXTET_GEO_MESSAGE, "%s", why);
	(void)pthread_mutex_unlock(&geo->lock);
}

/* Puts the source's name, or as much of it as there is room for, before a sentence about what it holds. */
static void name_it(const struct hextet_geo *geo, char why[HEXTET_GEO_MESSAGE]) {
	char sentence[HEXTET_GEO_MESSAGE], shown[HTTP_URL_SHOWN_MAX];
	int len = (int)strlen(why), room = HEXTET_GEO_MESSAGE - 3 - len;

	if (geo->is_url)
		http_url_show(geo->source, shown);
	memcpy(sentence, why, sizeof sentence);
	if (room > 0)
		(void)snprintf(why, HEXTET_GEO_MESSAGE, "%.*s: %.*s", room, geo->is_url ? shown : geo->source, len,
			       sentence);
}

/* Reads what the source has, when it has something else than before: 1, 0, -errno. */
static int fetch(struct hextet_geo *geo, bool again, struct client_bytes *ret_bytes, char why[HEXTET_GEO_MESSAGE]) {
	struct client_identity now;
	int r;

	if (geo->is_url)
		return client_url_read(geo->source, geo->etag, ret_bytes, why);
	if (client_file_identity(geo->source, &now) == 0 && client_identity_equal(&now, &geo->identity) &&
	    !(again && geo->refused_it))
		return 0;
	r = client_file_read(geo->source, ret_bytes, why);
	return r < 0 ? r : 1;
}

int client_look(struct hextet_geo *geo, bool again, char why[HEXTET_GEO_MESSAGE]) {
	struct client_bytes bytes = { .v = NULL };
	struct client_table *t;
	int r = fetch(geo, again, &bytes, why);

	if (r == 0 || (r == -ENOENT && !again)) /* the watch waits for it to come back */
		return 0;
	if (r > 0 && geo->watch && client_watch_sees_writer(geo->watch)) {
		client_bytes_done(&bytes);
		(void)snprintf(why, HEXTET_GEO_MESSAGE, "it is being written to; it is taken when the writer is done");
		name_it(geo, why);
		return -EBUSY;
	}
	if (r > 0) {
		geo->identity = bytes.identity;
		r = client_table_new(bytes.v, bytes.len, &t, why);
		geo->refused_it = r < 0;
		if (r < 0)
			name_it(geo, why);
		else
			memcpy(geo->etag, bytes.etag, sizeof geo->etag);
	}
	client_bytes_done(&bytes);
	if (r == 0) {
		publish(geo, t);
		r = 1;
	}
	count(geo, r, why);
	return r;
}

static struct hextet_geo *instance_new(void) {
	struct hextet_geo *geo = calloc(1, sizeof *geo);

	if (!geo)
		return NULL;
	client_guard_init();
	(void)pthread_mutex_init(&geo->work, NULL);
	(void)pthread_mutex_init(&geo->lock, NULL);
	geo->owner = getpid();
	return geo;
}

static char *absolute(const char *path) {
	char *here, *whole = NULL;

	if (*path == '/' || client_is_url(path))
		return strdup(path);
	here = getcwd(NULL, 0);
	if (here && asprintf(&whole, "%s/%s", here, path) < 0)
		whole = NULL;
	free(here);
	return whole;
}

static int open_source(struct hextet_geo *geo, unsigned flags, char why[HEXTET_GEO_MESSAGE]) {
	int r;

	if (flags & HEXTET_GEO_WATCH) {
		r = client_watch_new(geo, &geo->watch);
		if (r < 0)
			return say(why, "cannot watch: out of memory or descriptors"), r;
	}
	(void)pthread_mutex_lock(&geo->work);
	r = client_look(geo, true, why);
	(void)pthread_mutex_unlock(&geo->work);
	if (r < 0)
		return r;
	geo->status.reloads = 0;
	if (geo->watch && (r = client_watch_start(geo->watch)) < 0)
		return say(why, "cannot start a thread to watch with"), r;
	return 0;
}

int hextet_geo_open(const char *path_or_url, unsigned flags, struct hextet_geo **ret_geo,
		    char why[HEXTET_GEO_MESSAGE]) {
	char sentence[HEXTET_GEO_MESSAGE] = "";
	struct hextet_geo *geo;
	int r;

	if (flags & ~(unsigned)HEXTET_GEO_WATCH) {
		say(why, "unknown flags for hextet_geo_open()");
		return -EINVAL;
	}
	geo = instance_new();
	if (!geo || !(geo->source = absolute(path_or_url))) {
		hextet_geo_close(geo);
		say(why, out_of_memory);
		return -ENOMEM;
	}
	geo->is_url = client_is_url(geo->source);
	r = open_source(geo, flags, sentence);
	if (r < 0) {
		hextet_geo_close(geo);
		say(why, sentence);
		return r;
	}
	*ret_geo = geo;
	return 0;
}

int hextet_geo_open_bytes(const void *bytes, size_t len, struct hextet_geo **ret_geo, char why[HEXTET_GEO_MESSAGE]) {
	char sentence[HEXTET_GEO_MESSAGE] = "";
	struct hextet_geo *geo = instance_new();
	struct client_table *t;
	int r = -ENOMEM;

	if (geo)
		r = client_table_new(bytes, len, &t, sentence);
	if (r < 0) {
		hextet_geo_close(geo);
		say(why, geo ? sentence : out_of_memory);
		return r;
	}
	publish(geo, t);
	*ret_geo = geo;
	return 0;
}

void hextet_geo_close(struct hextet_geo *geo) {
	struct client_table *t;

	if (!geo)
		return;
	if (geo->owner == getpid()) {
		client_watch_free(geo->watch);
		(void)pthread_mutex_destroy(&geo->work);
		(void)pthread_mutex_destroy(&geo->lock);
	}
	t = atomic_exchange(&geo->current, NULL);
	if (!t || client_guard_wait())
		client_table_free(t);
	free(geo->source);
	free(geo);
}

int hextet_geo_reload(struct hextet_geo *geo, char why[HEXTET_GEO_MESSAGE]) {
	char sentence[HEXTET_GEO_MESSAGE] = "";
	int r;

	if (!geo->source)
		return 0;
	if (geo->owner != getpid()) {
		say(why, "opened before fork(); a child must open it anew to reload it");
		return -ECHILD;
	}
	(void)pthread_mutex_lock(&geo->work);
	r = client_look(geo, true, sentence);
	(void)pthread_mutex_unlock(&geo->work);
	if (r < 0)
		say(why, sentence);
	return r;
}

void hextet_geo_status(struct hextet_geo *geo, struct hextet_geo_status *ret_status) {
	bool shared = geo->owner == getpid();

	if (shared)
		(void)pthread_mutex_lock(&geo->lock);
	*ret_status = geo->status;
	if (shared)
		(void)pthread_mutex_unlock(&geo->lock);
}

static inline const struct client_trie *current(const struct hextet_geo *geo) {
	return &atomic_load(&geo->current)->trie;
}

static inline void put(uint16_t code, char ret_code[3]) {
	ret_code[0] = (char)(code & 0xff);
	ret_code[1] = (char)(code >> 8);
	ret_code[2] = 0;
}

static inline struct client_key key_of(const struct in6_addr *address) {
	uint64_t half[2];

	memcpy(half, address, sizeof half);
	return (struct client_key){ be64toh(half[0]), be64toh(half[1]) };
}

/* ::ffff:a.b.c.d is IPv4, whatever the file says about it. */
static inline bool is_mapped(struct client_key k) {
	return k.hi == 0 && k.lo >> 32 == 0xffff;
}

/* The code of the IPv4 address whose 32 bits begin at a bit. */
static uint16_t disguised(const struct client_trie *t, struct client_key k, unsigned from) {
	uint64_t v4 = from < 64 ? k.hi << from | (from ? k.lo >> (64 - from) : 0) : k.lo << (from - 64);

	return client_trie_find4(t, (uint32_t)(v4 >> 32));
}

static inline uint16_t find6(const struct client_trie *t, struct client_key k) {
	uint16_t code;

	if (__builtin_expect(is_mapped(k), 0))
		return client_trie_find4(t, (uint32_t)k.lo);
	code = client_trie_find6(t, k);
	return __builtin_expect(code & CLIENT_AS_V4, 0) ? disguised(t, k, code & 0x7f) : code;
}

int hextet_geo_country4(const struct hextet_geo *geo, struct in_addr address, char ret_code[3]) {
	uint64_t word;
	struct client_seat *seat = client_guard_enter(&word);
	uint16_t code = client_trie_find4(current(geo), ntohl(address.s_addr));

	client_guard_leave(seat, word);
	put(code, ret_code);
	return code != 0;
}

int hextet_geo_country6(const struct hextet_geo *geo, const struct in6_addr *address, char ret_code[3]) {
	uint64_t word;
	struct client_seat *seat = client_guard_enter(&word);
	uint16_t code = find6(current(geo), key_of(address));

	client_guard_leave(seat, word);
	put(code, ret_code);
	return code != 0;
}

int hextet_geo_country_text(const struct hextet_geo *geo, const char *text, char ret_code[3]) {
	struct in_addr v4;
	struct in6_addr v6;
	struct ip ip;

	if (ip_parse(text, strlen(text), &ip, NULL) < 0)
		return -EINVAL;
	ip_to_bytes(ip, v6.s6_addr);
	memcpy(&v4, v6.s6_addr + 12, sizeof v4);
	return ip_is_v4(ip) ? hextet_geo_country4(geo, v4, ret_code) : hextet_geo_country6(geo, &v6, ret_code);
}

static size_t put_all(const uint16_t *codes, size_t n, char (*ret_codes)[3]) {
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		put(codes[i], ret_codes[i]);
		found += codes[i] != 0;
	}
	return found;
}

size_t hextet_geo_countries4(const struct hextet_geo *geo, const struct in_addr *addresses, size_t n,
			     char (*ret_codes)[3]) {
	uint64_t word;
	struct client_seat *seat = client_guard_enter(&word);
	const struct client_trie *t = current(geo);
	size_t found = 0;

	for (size_t done = 0; done < n; done += CLIENT_BATCH) {
		size_t some = n - done < CLIENT_BATCH ? n - done : CLIENT_BATCH;
		uint32_t host[CLIENT_BATCH];
		uint16_t codes[CLIENT_BATCH];

		for (size_t i = 0; i < some; i++)
			host[i] = ntohl(addresses[done + i].s_addr);
		client_trie_batch4(t, host, some, codes);
		found += put_all(codes, some, ret_codes + done);
	}
	client_guard_leave(seat, word);
	return found;
}

size_t hextet_geo_countries6(const struct hextet_geo *geo, const struct in6_addr *addresses, size_t n,
			     char (*ret_codes)[3]) {
	uint64_t word;
	struct client_seat *seat = client_guard_enter(&word);
	const struct client_trie *t = current(geo);
	size_t found = 0;

	for (size_t done = 0; done < n; done += CLIENT_BATCH) {
		size_t some = n - done < CLIENT_BATCH ? n - done : CLIENT_BATCH;
		struct client_key keys[CLIENT_BATCH];
		uint16_t codes[CLIENT_BATCH];

		for (size_t i = 0; i < some; i++)
			keys[i] = key_of(&addresses[done + i]);
		client_trie_batch6(t, keys, some, codes);
		for (size_t i = 0; i < some; i++)
			if (__builtin_expect((codes[i] & CLIENT_AS_V4) || is_mapped(keys[i]), 0))
				codes[i] = find6(t, keys[i]);
		found += put_all(codes, some, ret_codes + done);
	}
	client_guard_leave(seat, word);
	return found;
}
