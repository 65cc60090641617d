/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4) as text: lower-case hexadecimal digits and a zero. */
#pragma once

#include "base/macro.h"

enum { DIGEST_LEN = 64, DIGEST_SIZE = DIGEST_LEN + 1 };

void digest_bytes(const void *data, size_t len, char ret_hex[static DIGEST_SIZE]);

/* Of what is left to read of a file. 0, -EFBIG for more than max bytes, or -errno. */
int digest_fd(int fd, size_t max, char ret_hex[static DIGEST_SIZE]);
