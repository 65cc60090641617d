/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether it is certain where a request ends. A proxy in front of us that reads a doubtful one in another way than we
 * do would take what somebody hid in a body for the next client's request (RFC 9112 sections 5.1, 6.3 and 11.2).
 */
#pragma once

struct MHD_Connection;

/* Why a request is to be refused with 400 and its connection closed: a name of a header that is none, such as
 * "Content-Length " with its blank; two lengths; a length and a transfer coding; another coding than "chunked". NULL:
 * it is certain. */
const char *http_framing_fault(struct MHD_Connection *c);

/* The path of a request's target: of "http://host/path", as proxies are asked, what follows the host (section 3.2.2).
 */
const char *http_target_path(const char *target);
