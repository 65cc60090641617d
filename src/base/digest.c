/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include <errno.h>

#include <sodium.h>

static void to_hex(const unsigned char *hash, char *ret_hex) {
	(void)sodium_bin2hex(ret_hex, DIGEST_SIZE, hash, crypto_hash_sha256_BYTES);
}

void digest_bytes(const void *data, size_t len, char ret_hex[static DIGEST_SIZE]) {
	unsigned char hash[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256(hash, data, len);
	to_hex(hash, ret_hex);
}

int digest_fd(int fd, size_t max, char ret_hex[static DIGEST_SIZE]) {
	unsigned char buffer[16384], hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state state;
	size_t total = 0;
	ssize_t n;

	(void)crypto_hash_sha256_init(&state);
	while ((n = read(fd, buffer, sizeof(buffer))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		total += (size_t)n;
		if (total > max)
			return -EFBIG;
		(void)crypto_hash_sha256_update(&state, buffer, (size_t)n);
	}
	(void)crypto_hash_sha256_final(&state, hash);
	to_hex(hash, ret_hex);
	return 0;
}
