/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static const char *const formats[] = {
		"nginx",
		"$remote_addr - $remote_user [$time_iso8601] $status \"$request\"",
		"log_format j escape=json '{\"a\":\"$remote_addr\",\"r\":\"$request\",\"s\":$status,\"t\":$msec}'",
		"$server_name:$server_port $remote_addr:$remote_port $http_user_agent $pipe/$status|$bytes_sent",
		NULL,
	};

	fuzz_log_line(formats, data, size);
	return 0;
}
