/* SPDX-License-Identifier: Apache-2.0 */
/* What a regular expression is made for. Any dialect will do: (?P<name>\d{1,3}), \([0-9]\{1,3\}\), "\\d" in quotes. */
#pragma once

#include "base/str.h"

/* It matches IPv4 addresses and no others: four numbers with dots between, or [0-9.]+ where an address is meant: in a
 * group that is called ip or host, behind "from" or "client", or at the begin of an access log's line. */
bool scan_regex_is_ip4(struct str text);

/* It has a set of digits and dots, [0-9.]; that may be a version. */
bool scan_regex_is_dotted(struct str text);

/* It takes hexadecimal digits and colons. */
bool scan_regex_is_ip6(struct str text);
