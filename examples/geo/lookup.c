/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Countries of the addresses on standard input, one a line, from a file that may be replaced meanwhile.
 *
 *     cc lookup.c -o lookup $(pkg-config --cflags --libs libhextet-geo)
 *     ./lookup /var/lib/hextet/geo.mmdb
 */
#include <err.h>
#include <stdio.h>
#include <string.h>

#include <hextet-geo.h>

int main(int argc, char **argv) {
	struct hextet_geo *geo;
	char why[HEXTET_GEO_MESSAGE], line[128], code[3];

	if (argc != 2)
		errx(2, "usage: lookup FILE|URL");
	if (hextet_geo_open(argv[1], HEXTET_GEO_WATCH, &geo, why) < 0)
		errx(3, "%s", why);
	while (fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = 0;
		switch (hextet_geo_country_text(geo, line, code)) {
		case 1:
			printf("%s %s\n", line, code);
			break;
		case 0:
			printf("%s -\n", line);
			break;
		default:
			warnx("'%s' is no address", line);
		}
		fflush(stdout);
	}
	hextet_geo_close(geo);
	return 0;
}
