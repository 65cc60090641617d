/* SPDX-License-Identifier: Apache-2.0 */
/* An id that is read is written and read again; a refusal has a place. */
#include "fuzz.h"

#include <string.h>

#include "addr/uid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct uid uid, again;
	char out[UID_TEXT_MAX];
	size_t at = 0, len;

	if (uid_parse((const char *)data, size, &uid, &at) < 0) {
		CLAIM(at <= size);
		return 0;
	}
	len = uid_format(&uid, out);
	CLAIM(len < sizeof(out) && uid_parse(out, len, &again, NULL) == 0);
	CLAIM(memcmp(&uid, &again, sizeof(uid)) == 0);
	return 0;
}
