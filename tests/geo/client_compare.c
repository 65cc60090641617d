/* SPDX-License-Identifier: Apache-2.0 */
/* client_compare FILE N SEED: see compare.h; N random addresses of each family. Exit status 1 when an answer differs.
 */
#include "compare.h"

int main(int argc, char **argv) {
	struct compare s = { .walk_max = UINT32_MAX };
	char why[HEXTET_GEO_MESSAGE];
	uint64_t seed;

	if (argc != 4)
		errx(2, "usage: client_compare FILE N SEED");
	seed = strtoull(argv[3], NULL, 10);
	if (MMDB_open(argv[1], MMDB_MODE_MMAP, &s.oracle) != MMDB_SUCCESS)
		errx(2, "libmaxminddb refuses %s", argv[1]);
	if (hextet_geo_open(argv[1], 0, &s.geo, why) < 0)
		errx(1, "%s", why);
	(void)compare_run(&s, (unsigned)strtoul(argv[2], NULL, 10), &seed);
	printf("%ju compared, %ju differ\n", (uintmax_t)s.compared, (uintmax_t)s.differ);
	hextet_geo_close(s.geo);
	MMDB_close(&s.oracle);
	return s.differ != 0;
}
