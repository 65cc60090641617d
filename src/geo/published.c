/* SPDX-License-Identifier: Apache-2.0 */
#include "geo/published.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define MEDIA_TYPE "application/vnd.maxmind.maxmind-db"

void published_hash(struct str bytes, char ret_hex[static SHA256_HEX_MAX]) {
	unsigned char sum[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256(sum, (const unsigned char *)bytes.s, bytes.len);
	(void)sodium_bin2hex(ret_hex, SHA256_HEX_MAX, sum, sizeof(sum));
}

static int seal_and_map(int fd, struct str *ret_bytes) {
	struct stat st;
	void *map;

	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size <= 0)
		return -ENODATA;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	*ret_bytes = (struct str){ map, (size_t)st.st_size };
	return 0;
}

static void unmap(struct str bytes) {
	if (bytes.s)
		(void)munmap((void *)(uintptr_t)bytes.s, bytes.len);
}

int published_new(int fd, const char *sha256, int64_t modified, struct published **ret_p) {
	struct published *p = calloc(1, sizeof(*p));
	struct mmdb_fault fault;
	int r;

	if (!p)
		return -ENOMEM;
	p->refs = 1;
	r = seal_and_map(fd, &p->entity.bytes);
	if (r >= 0)
		r = mmdb_open(p->entity.bytes.s, p->entity.bytes.len, &p->db, &fault);
	if (r < 0) {
		published_unref(p);
		return r;
	}
	p->entity.type = MEDIA_TYPE;
	p->entity.cache = "no-cache"; /* keep it, but ask each time */
	p->entity.modified = modified;
	(void)snprintf(p->entity.etag, sizeof(p->entity.etag), "\"%s\"", sha256);
	(void)snprintf(p->sha256, sizeof(p->sha256), "%s", sha256);
	*ret_p = p;
	return 0;
}

int published_add_gzip(struct published *p, int fd) {
	return p->entity.gzip.s ? 0 : seal_and_map(fd, &p->entity.gzip);
}

struct published *published_ref(struct published *p) {
	p->refs++;
	return p;
}

void published_unref(void *user) {
	struct published *p = user;

	if (!p || --p->refs > 0)
		return;
	unmap(p->entity.bytes);
	unmap(p->entity.gzip);
	free(p);
}
