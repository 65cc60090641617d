/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static const char *const formats[] = {
		"apache",
		"apache:vhost_combined",
		"%a:%{remote}p %u [%{msec}t] %>s/%B",
		NULL,
	};

	fuzz_log_line(formats, data, size);
	return 0;
}
