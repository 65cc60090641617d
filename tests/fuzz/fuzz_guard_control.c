/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests on the guard's control socket, as a running guard with a rule and an allowlist answers them. Every answer is
 * one object that says whether it is good, and if not, why; and whatever was asked, the allowlist is in no ban.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "guard/control.h"
#include "guard/daemon.h"

static struct guard *guard;
static struct loop *loop;
static struct prefix_set allow;
static char folder[] = "/tmp/hextet-fuzz-XXXXXX";

static void leave(void) {
	guard_close(guard);
	loop_free(loop);
	prefix_set_done(&allow);
	(void)file_remove_at(AT_FDCWD, folder);
}

static void say(enum severity severity, const char *text, void *user) {
	(void)severity;
	(void)user;
	CLAIM(memchr(text, 0, 1024));
}

static void start(void) {
	static struct rule rule = { .name = "login", .window_ms = 60000, .ban_ms = 3600000, .ban_grow = 2 };
	static const struct guard_allow allowed = { { { UINT64_C(0x20010db8beef) << 16, 0 }, 48 }, "never: a test" };
	static struct guard_config config = { .sink = { "dry" }, .sink_count = 1, .say = say };
	static char state[64];
	char *why = NULL;

	rule.level[1][0] = (struct rule_level){ .len = 64, .child_len = 128, .count = 5 };
	rule.level_count[1] = 1;
	prefix_set_add(&allow, allowed.network);
	prefix_set_normalise(&allow);
	CLAIM(mkdtemp(folder) && loop_new(&loop) == 0);
	(void)snprintf(state, sizeof(state), "%s/guard.db", folder);
	config.engine = (struct engine_config){ .rules = &rule, .rule_count = 1, .allow = &allow, .memory = 16 << 20 };
	config.allow = &allowed;
	config.allow_count = 1;
	config.state = state;
	if (guard_open(loop, &config, &guard, &why) < 0) {
		(void)fprintf(stderr, "%s\n", why ? why : "?");
		abort();
	}
	(void)atexit(leave);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct control_peer peer = { .name = "fuzzer (uid 0, process 1)" };
	json_t *answer, *good;

	if (!guard)
		start();
	peer.may_change = size % 4 != 0;
	answer = control_answer(guard, &peer, (const char *)data, MIN(size, (size_t)CONTROL_REQUEST_MAX));
	good = json_object_get(answer, "ok");
	CLAIM(json_is_boolean(good));
	CLAIM(json_is_true(good) || (json_is_string(json_object_get(answer, "code")) &&
				     json_string_length(json_object_get(answer, "error")) > 0));
	json_decref(answer);
	return 0;
}
