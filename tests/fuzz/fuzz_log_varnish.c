/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static const char *const formats[] = {
		"varnish",
		"varnish:%{%s}t %h %u \"%m\" \"%U%q\" %s",
		"varnish:\"%{X-Forwarded-For}i\" %h %u %s",
		NULL,
	};

	fuzz_log_line(formats, data, size);
	return 0;
}
