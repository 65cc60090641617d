/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/geo_file.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/file.h"

int geo_file_open(struct job *j, const char *path, struct geo_file *ret_file) {
	struct geo_file f = { .path = path };
	struct mmdb_fault fault;
	char *bytes;
	size_t len;
	int r = file_read(&j->arena, path, MMDB_FILE_MAX, &bytes, &len);

	if (r < 0)
		return cannot("cannot read %s: %s%s", path, strerror(-r), r == -EFBIG ? "; " MMDB_FILE_MAX_HINT : "");
	if (mmdb_open(bytes, len, &f.db, &fault) < 0)
		return geo_file_broken(&f, &fault);
	*ret_file = f;
	return 0;
}

int geo_file_broken(const struct geo_file *f, const struct mmdb_fault *fault) {
	(void)fprintf(stderr, "%s: offset %" PRIu64 " (0x%" PRIx64 "): %s\n", f->path, fault->offset, fault->offset,
		      fault->what);
	return EXIT_NO;
}
