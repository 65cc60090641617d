/* SPDX-License-Identifier: Apache-2.0 */
/* What a text is made for into which values are put. */
#pragma once

#include "base/str.h"

bool scan_format_is_ip4(struct str text); /* four numbers with dots between: "%d.%d.%d.%d" */

/* A host, a colon and a port without brackets: as authority in a URL, "http://%s:%d/" (but not user:password@), or as
 * all of the text, of something that is called a host: "{host}:{port}". */
bool scan_format_is_host_port(struct str text);

/* Two values without names and a colon: "%s:%d" may be a host and a port, or a place in a file. */
bool scan_format_is_pair(struct str text);
