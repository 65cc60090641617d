/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libhextet-geo: address → country, from a MaxMind DB file that somebody else replaces while you ask.
 *
 * A file is read into private memory, verified from end to end, and compiled to a multibit trie; only then it takes the
 * place of the one before, and no lookup waits for that. A file that is truncated, half copied or corrupt is refused
 * and the old answers go on. Nothing is mapped, so nobody who writes to the file can crash you. Still, publish with a
 * rename (`hextet geo build` and `fetch` do): who overwrites a file in place makes it a mixture of two for a while.
 *
 *     struct hextet_geo *geo;
 *     char why[HEXTET_GEO_MESSAGE];
 *     if (hextet_geo_open("/var/lib/hextet/geo.mmdb", HEXTET_GEO_WATCH, &geo, why) < 0)
 *             errx(1, "%s", why);
 *     char code[3];
 *     if (hextet_geo_country_text(geo, "2001:db8::1", code) == 1)
 *             puts(code);
 *     hextet_geo_close(geo);
 *
 * Lookups may run in any number of threads at once, in signal handlers too once the thread has made one, also while the
 * file is replaced; they neither allocate nor wait. Functions return a negative errno on failure. Nothing here prints,
 * exits, or calls abort. A child of fork(2) goes on with the answers that were there; to reload or to watch, it opens
 * the file itself.
 */
#pragma once

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEXTET_GEO_API __attribute__((visibility("default")))
#define HEXTET_GEO_MESSAGE 256 /* bytes for the text that says why, its zero included */

struct hextet_geo;

enum {
	HEXTET_GEO_WATCH = 1, /* a thread of the library looks for a new file and takes it when it is good */
};

#define HEXTET_GEO_INTERVAL 300 /* seconds between two questions to a server, a tenth more or less by chance */

/* Opens a file, or a URL (http:// or https://; libcurl is loaded for it; with HEXTET_GEO_WATCH asked every
 * HEXTET_GEO_INTERVAL, with its ETag). why gets a sentence on failure and may be NULL. 0, -ENOENT, -EBADMSG (broken),
 * -ENOMEM, … */
HEXTET_GEO_API int hextet_geo_open(const char *path_or_url, unsigned flags, struct hextet_geo **ret_geo,
				   char why[HEXTET_GEO_MESSAGE]);
/* Opens bytes that the caller has; they are copied. */
HEXTET_GEO_API int hextet_geo_open_bytes(const void *bytes, size_t len, struct hextet_geo **ret_geo,
					 char why[HEXTET_GEO_MESSAGE]);
/* No lookup may begin then. Stops the watch, for which a running download may keep it waiting 30 seconds. NULL is fine.
 */
HEXTET_GEO_API void hextet_geo_close(struct hextet_geo *geo);

/* Looks now whether there is a new file: 1 taken, 0 the same as before, negative: refused, the old one goes on (-EBUSY:
 * somebody is writing to it, -ECHILD: opened before a fork). */
HEXTET_GEO_API int hextet_geo_reload(struct hextet_geo *geo, char why[HEXTET_GEO_MESSAGE]);

/* 1 and the two letters with a zero; 0 and "" when the address has no country. Network byte order. IPv4-mapped IPv6
 * addresses are IPv4. */
HEXTET_GEO_API int hextet_geo_country4(const struct hextet_geo *geo, struct in_addr address, char ret_code[3]);
HEXTET_GEO_API int hextet_geo_country6(const struct hextet_geo *geo, const struct in6_addr *address, char ret_code[3]);
/* The same for a text; -EINVAL when it is no address. */
HEXTET_GEO_API int hextet_geo_country_text(const struct hextet_geo *geo, const char *text, char ret_code[3]);

/* n at once, faster than one by one: two letters and a zero for each, "" where there is none. All from one state of the
 * file. Returns how many have a country. */
HEXTET_GEO_API size_t hextet_geo_countries4(const struct hextet_geo *geo, const struct in_addr *addresses, size_t n,
					    char (*ret_codes)[3]);
HEXTET_GEO_API size_t hextet_geo_countries6(const struct hextet_geo *geo, const struct in6_addr *addresses, size_t n,
					    char (*ret_codes)[3]);

/* What is in use now. */
struct hextet_geo_status {
	uint64_t build_epoch; /* of the file, seconds since 1970 */
	uint64_t loaded_at;   /* seconds since 1970 */
	uint64_t networks;
	size_t memory;                    /* bytes of the compiled form */
	uint64_t reloads;                 /* files taken since the open */
	uint64_t refused;                 /* files refused, and vain attempts to get one */
	char refusal[HEXTET_GEO_MESSAGE]; /* why the last one was, or "" */
};
HEXTET_GEO_API void hextet_geo_status(struct hextet_geo *geo, struct hextet_geo_status *ret_status);

#ifdef __cplusplus
}
#endif
