/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verification ends and says where. What it finds no mistake in, other readers read: libmaxminddb opens it unless a
 * warning was given, finds the same networks and reads the same values. And the number of networks is that of a walk.
 */
#include "fuzz.h"

#include <arpa/inet.h>
#include <maxminddb.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/macro.h"
#include "geo/mmdb_value.h"
#include "geo/mmdb_verify.h"

enum { NETWORKS = 200, PARTS = 1000 };

struct heard {
	size_t size;
	unsigned errors, warnings;
};

static int hear(const struct mmdb_fault *fault, bool is_error, void *user) {
	struct heard *h = user;

	CLAIM(fault->what && fault->offset <= h->size);
	h->errors += is_error;
	h->warnings += !is_error;
	return h->errors > 100;
}

/* One value of ours and of theirs; theirs is a list in depth-first order. *next is NULL when they are too many. */
static void same_value(const struct mmdb *db, uint64_t offset, const MMDB_entry_data_list_s **next, uint64_t *ret_end) {
	const MMDB_entry_data_s *d = &(*next)->entry_data;
	struct mmdb_value v;
	uint64_t at;

	CLAIM(mmdb_value(db, offset, &v, NULL) == 0);
	CLAIM(d->type == v.type);
	switch (v.type) {
	case MMDB_STRING:
		CLAIM(str_eq(v.text, (struct str){ d->utf8_string, d->data_size }));
		break;
	case MMDB_BYTES:
		CLAIM(str_eq(v.text, (struct str){ (const char *)d->bytes, d->data_size }));
		break;
	case MMDB_DOUBLE:
		CLAIM(memcmp(&v.real, &d->double_value, sizeof(v.real)) == 0);
		break;
	case MMDB_FLOAT:
		CLAIM((float)v.real == d->float_value || v.real != v.real);
		break;
	case MMDB_UINT16:
		CLAIM(v.lo == d->uint16);
		break;
	case MMDB_UINT32:
		CLAIM(v.lo == d->uint32);
		break;
	case MMDB_INT32:
		CLAIM((int64_t)v.lo == d->int32);
		break;
	case MMDB_UINT64:
		CLAIM(v.lo == d->uint64);
		break;
	case MMDB_UINT128:
		CLAIM(v.hi == (uint64_t)(d->uint128 >> 64) && v.lo == (uint64_t)d->uint128);
		break;
	case MMDB_BOOL:
		CLAIM(v.lo == d->boolean);
		break;
	default:
		CLAIM(v.size == d->data_size);
	}
	*next = (*next)->next;
	at = v.content;
	if (v.type == MMDB_MAP || v.type == MMDB_ARRAY)
		for (uint32_t i = 0; i < (v.type == MMDB_MAP ? 2 : 1) * v.size; i++)
			same_value(db, at, next, &at);
	*ret_end = v.was_pointer ? v.next : v.type == MMDB_MAP || v.type == MMDB_ARRAY ? at : v.next;
}

/* Values that are written out, pointers followed; no more than PARTS are counted. */
static unsigned parts(const struct mmdb *db, uint64_t offset, unsigned n, uint64_t *ret_end) {
	struct mmdb_value v;
	uint64_t at;

	CLAIM(mmdb_value(db, offset, &v, NULL) == 0);
	at = v.content;
	n++;
	if (v.type == MMDB_MAP || v.type == MMDB_ARRAY)
		for (uint32_t i = 0; i < (v.type == MMDB_MAP ? 2 : 1) * v.size && n < PARTS; i++)
			n = parts(db, at, n, &at);
	*ret_end = v.was_pointer ? v.next : v.type == MMDB_MAP || v.type == MMDB_ARRAY ? at : v.next;
	return n;
}

struct walk {
	const struct mmdb *ours;
	const MMDB_s *theirs;
	uint64_t networks;
};

static int compare(const struct mmdb_network *n, void *user) {
	struct sockaddr_in6 sa6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in sa4 = { .sin_family = AF_INET };
	struct ip ip = prefix_first(n->prefix); /* the last one of ::/80 would be IPv4 */
	MMDB_entry_data_list_s *list = NULL;
	const MMDB_entry_data_list_s *next;
	MMDB_lookup_result_s found;
	struct walk *w = user;
	uint64_t end;
	int error;

	if (++w->networks > NETWORKS || !w->theirs)
		return w->networks > 10 * NETWORKS;
	sa4.sin_addr.s_addr = htonl((uint32_t)ip.lo);
	ip_to_bytes(ip, sa6.sin6_addr.s6_addr);
	found = MMDB_lookup_sockaddr(w->theirs, ip_is_v4(ip) ? (struct sockaddr *)&sa4 : (struct sockaddr *)&sa6,
				     &error);
	CLAIM(error == MMDB_SUCCESS && found.found_entry == n->has_value);
	if (!n->has_value || parts(w->ours, n->offset, 0, &end) >= PARTS)
		return 0;
	CLAIM(MMDB_get_entry_data_list(&found.entry, &list) == MMDB_SUCCESS);
	next = list;
	same_value(w->ours, n->offset, &next, &end);
	CLAIM(!next);
	MMDB_free_entry_data_list(list);
	return 0;
}

static void read_by_others(const uint8_t *data, size_t size, const struct mmdb_counts *counts, bool may_refuse) {
	int fd = memfd_create("mmdb", 0), r;
	struct walk w = { 0 };
	struct mmdb ours;
	char path[32];
	MMDB_s theirs;

	CLAIM(mmdb_open(data, size, &ours, NULL) == 0);
	CLAIM(write(fd, data, size) == (ssize_t)size);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = MMDB_open(path, 0, &theirs);
	CLAIM(r == MMDB_SUCCESS || may_refuse);
	w.ours = &ours;
	w.theirs = r == MMDB_SUCCESS ? &theirs : NULL;
	r = mmdb_each(&ours, false, compare, &w, NULL);
	CLAIM(r == 1 ? counts->networks >= w.networks : counts->networks == w.networks);
	if (w.theirs)
		MMDB_close(&theirs);
	(void)close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct heard heard = { .size = size };
	struct mmdb_counts counts = { 0 };
	int errors = mmdb_verify(data, size, hear, &heard, &counts);

	CLAIM(errors >= 0 && (unsigned)errors == heard.errors);
	if (errors == 0)
		read_by_others(data, size, &counts, heard.warnings > 0);
	return 0;
}
