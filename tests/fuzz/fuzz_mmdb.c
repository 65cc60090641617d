/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever the bytes are: nothing is read outside them, every walk ends, faults lie inside the file. A record that is
 * copied and read again has the same bytes; a tree that is loaded and written verifies, and gives the same answers.
 */
#include "fuzz.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "geo/mmdb_load.h"
#include "geo/mmdb_verify.h"
#include "geo/mmdb_write.h"

enum { NETWORKS = 500, ADDRESSES = 16, SIZE_TO_WRITE = 4096 };

static struct ip address(const uint8_t *data, size_t size, unsigned i) {
	uint8_t bytes[16] = { 0 };
	struct ip ip;

	for (unsigned j = 0; j < sizeof(bytes); j++)
		bytes[j] = size ? data[(i * 37 + j * 5) % size] : 0;
	ip = ip_from_bytes(bytes);
	return i % 2 ? ip : ip_from_v4((uint32_t)ip.lo);
}

/* Copies a value, twice; the copy of the copy must be equal. */
static void copy_value(const struct mmdb *db, uint64_t offset) {
	struct mmdb_data *once = mmdb_data_new(), *twice = mmdb_data_new();
	struct mmdb_fault fault = { NULL, 0 };
	struct str section, again;
	struct mmdb copy = { 0 };
	uint32_t at;

	if (mmdb_data_copy(once, db, offset, &fault) < 0) {
		CLAIM(fault.what && fault.offset <= db->len);
	} else {
		CLAIM(mmdb_data_end(once, &at) == 0 && at == 0);
		section = mmdb_data_section(once);
		copy.bytes = (const uint8_t *)section.s;
		copy.len = copy.data_len = copy.meta_start = section.len;
		CLAIM(mmdb_data_copy(twice, &copy, 0, NULL) == 0 && mmdb_data_end(twice, &at) == 0);
		again = mmdb_data_section(twice);
		CLAIM(str_eq(section, again));
	}
	mmdb_data_free(once);
	mmdb_data_free(twice);
}

static void read_value(const struct mmdb *db, uint64_t offset) {
	struct mmdb_fault fault = { NULL, 0 };
	struct mmdb_value v;
	uint64_t next;
	char code[3];
	int r = mmdb_country(db, offset, code, &fault);

	CLAIM(r >= 0 || (fault.what && fault.offset <= db->len));
	CLAIM(r != 1 || (code[0] >= 'A' && code[0] <= 'Z' && !code[2]));
	if (mmdb_value(db, offset, &v, &fault) == 0)
		CLAIM(v.next <= db->len && v.content <= db->len && v.start < db->len);
	if (mmdb_skip(db, offset, &next, &fault) == 0)
		CLAIM(next > offset && next <= db->data_start + db->data_len);
}

struct seen {
	const struct mmdb *db;
	unsigned n;
	struct ip last;
	bool any;
};

static int see(const struct mmdb_network *n, void *user) {
	struct seen *s = user;
	bool v4 = prefix_family(n->prefix) == FAMILY_4;

	CLAIM(ip_equal(prefix_around(n->prefix.ip, n->prefix.len).ip, n->prefix.ip));
	if (s->any && ip_is_v4(s->last) == v4)
		CLAIM(ip_compare(s->last, prefix_first(n->prefix)) < 0);
	s->last = prefix_last(n->prefix);
	s->any = true;
	if (n->has_value)
		read_value(s->db, n->offset);
	if (n->has_value && s->n < 8)
		copy_value(s->db, n->offset);
	return ++s->n == NETWORKS;
}

/* The country, or the code of what went wrong. */
static int ask(const struct mmdb *db, struct ip ip, char ret_code[3]) {
	struct mmdb_fault fault = { NULL, 0 };
	struct prefix network = { { 0, 0 }, 0 };
	uint64_t offset = 0;
	int r = mmdb_lookup(db, ip, &offset, &network, &fault);

	memset(ret_code, 0, 3);
	CLAIM(r != -EBADMSG || (fault.what && fault.offset < db->len));
	CLAIM(r < 0 || prefix_has_ip(network, ip));
	CLAIM(r != -EAFNOSUPPORT || db->ip_version == 4);
	return r == 1 ? mmdb_country(db, offset, ret_code, &fault) : r;
}

/* Where a file has an answer, the other has it too. It may have one more: nodes that go on too deep and lead to nothing
 * are nothing when they are loaded. */
static void compare(const struct mmdb *a, const struct mmdb *b, const uint8_t *data, size_t size) {
	for (unsigned i = 0; i < ADDRESSES; i++) {
		struct ip ip = address(data, size, i);
		char x[3], y[3];
		int r = ask(a, ip, x);

		CLAIM(r < 0 || (ask(b, ip, y) == r && memcmp(x, y, 3) == 0));
	}
}

static int write_again(const struct mmdb *db, struct geo_tree *t, const struct mmdb_base *base, enum mmdb_layout layout,
		       uint8_t **ret_bytes, size_t *ret_len) {
	static const struct mmdb_meta meta = { .database_type = "Country", .description = "again" };
	uint32_t *value_offset = calloc(base->count + 1, sizeof(*value_offset)), v4_root, root;
	struct mmdb_data *d = mmdb_data_new();
	int fd = memfd_create("mmdb", 0), r = 0;
	struct mmdb_stats stats = { 0 };

	for (uint32_t i = 0; i < base->count && r == 0; i++) {
		r = mmdb_data_copy(d, db, base->offset[i], NULL);
		if (r == 0)
			CLAIM(mmdb_data_end(d, &value_offset[i]) == 0);
	}
	if (r == 0) {
		root = geo_tree_graft(t, base->roots, base->aliases, &v4_root);
		r = mmdb_write(fd, t, root, value_offset, d, &meta, layout, &stats);
	}
	if (r == 0) {
		*ret_len = stats.bytes;
		*ret_bytes = malloc(stats.bytes);
		CLAIM(pread(fd, *ret_bytes, stats.bytes, 0) == (ssize_t)stats.bytes);
	}
	(void)close(fd);
	mmdb_data_free(d);
	free(value_offset);
	return r;
}

static void load(const struct mmdb *db, const uint8_t *data, size_t size, enum mmdb_layout layout) {
	struct mmdb_fault fault = { NULL, 0 };
	struct mmdb_base base = { 0 };
	uint8_t *bytes = NULL;
	struct mmdb again;
	struct geo_tree t;
	size_t len;

	geo_tree_init(&t);
	if (mmdb_load(db, &t, &base, &fault) < 0) {
		CLAIM(fault.what && fault.offset <= db->len);
	} else if (write_again(db, &t, &base, layout, &bytes, &len) == 0) {
		CLAIM(mmdb_verify(bytes, len, NULL, NULL, NULL) == 0);
		CLAIM(mmdb_open(bytes, len, &again, NULL) == 0);
		compare(db, &again, data, size);
	}
	free(bytes);
	mmdb_base_done(&base);
	geo_tree_done(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct mmdb_fault fault = { NULL, 0 };
	struct seen seen = { 0 };
	struct mmdb db;
	char code[3];

	if (mmdb_open(data, size, &db, &fault) < 0) {
		CLAIM(fault.what && fault.offset <= size);
		return 0;
	}
	CLAIM(db.data_start + db.data_len + 14 == db.meta_start && db.meta_start + db.meta_len == size);
	(void)mmdb_aliases(&db);
	for (unsigned i = 0; i < ADDRESSES; i++)
		(void)ask(&db, address(data, size, i), code);
	seen.db = &db;
	(void)mmdb_each(&db, size % 2, see, &seen, &fault);
	if (size <= SIZE_TO_WRITE)
		load(&db, data, size, MMDB_LAYOUT_SHARED);
	return 0;
}
