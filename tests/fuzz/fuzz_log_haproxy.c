/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static const char *const formats[] = {
		"haproxy",
		"haproxy:tcplog",
		"haproxy:clf",
		"%ID %ST %{+Q}[req.hdr(host)] %CC %Ts",
		"%{+X}o %ci:%cp_%fi:%fp_%Ts_%rt:%pid %{+Q}r %hr %hs %B",
		NULL,
	};

	fuzz_log_line(formats, data, size);
	return 0;
}
