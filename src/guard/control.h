/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking a running guard, over a unix socket: one line of JSON is a request, one line the answer, as often as one
 * likes on a connection.
 *
 *     {"do":"status"}
 *     {"do":"bans","all":false,"before":ID,"limit":1000}        "next":ID in the answer: ask on with it
 *     {"do":"explain","ip":"2001:db8::1"}
 *     {"do":"ban","network":"2001:db8::/64","for_s":3600,"comment":"…","force":false}
 *     {"do":"unban","network":"2001:db8::/64"}
 *
 *     {"ok":true, …}
 *     {"ok":false,"code":"refused","error":"what is wrong, and what to do"}
 *
 * Codes: "usage" (no such request), "refused" (it would be wrong), "not-found", "not-allowed", "failed" (it could not).
 *
 * Whoever the socket's mode lets in may look; only root and the guard's own user may change (SO_PEERCRED). Requests are
 * at most CONTROL_REQUEST_MAX bytes; whoever does not take the answer, or sends no whole request, within
 * CONTROL_TIMEOUT_MS is cut off.
 */
#pragma once

#include <jansson.h>

#include "net/loop.h"

#include <sys/types.h>

enum { CONTROL_REQUEST_MAX = 16384, CONTROL_CLIENTS_MAX = 32, CONTROL_TIMEOUT_MS = 10000, CONTROL_PAGE_MAX = 1000 };

struct guard;
struct control;

/* Listens, in the place of a socket that nobody listens on; the file has mode 0660. 0, or -errno and *ret_why. */
int control_open(struct loop *l, const char *path, struct guard *g, struct control **ret_control, char **ret_why);
void control_close(struct control *c); /* NULL is fine */

/* Who asks, as far as the kernel knows. */
struct control_peer {
	pid_t pid;
	uid_t uid;
	bool may_change;
	char name[96]; /* "root (uid 0, process 4711)" */
};
/* The answer; never NULL unless memory ended. control_answer.c. */
json_t *control_answer(struct guard *g, const struct control_peer *peer, const char *request, size_t len);

/* As a client: asks and waits. 0 and the answer, whatever it says; -ECONNREFUSED or -ENOENT when no guard listens;
 * another -errno. *ret_why says it. */
int control_ask(const char *path, const json_t *request, json_t **ret_answer, char **ret_why);
