/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same request in large and in small packets is the experiment: only the size of the packets differs, so a server
 * that is slow or dislikes the request does the same in both. A request that the server gives up waiting for (it
 * closes) is as good as no answer.
 */
#include "probe/compare_parts.h"
#include "probe/trial_client.h"

enum { IPV6_MTU_MIN = 1280 }; /* RFC 8200 section 5 */

static const char *const verdict_words[_PATH_VERDICT_MAX] = {
	[PATH_GOOD] = "good",     [PATH_TO_SERVER] = "to-server", [PATH_FROM_SERVER] = "from-server",
	[PATH_SERVER] = "server", [PATH_NONE] = "none",
};

const char *path_verdict_to_str(enum path_verdict v) {
	return v < _PATH_VERDICT_MAX ? verdict_words[v] : "?";
}

enum path_verdict path_verdict(enum fetch_problem large, enum fetch_problem small,
			       enum fetch_problem in_small_packets) {
	if (!path_is_silence(large) && !path_is_silence(small))
		return large == FETCH_OK || large == FETCH_TOO_LARGE || large == FETCH_REDIRECT_LOOP ? PATH_GOOD
												     : PATH_NONE;
	if (in_small_packets != FETCH_OK && in_small_packets != FETCH_TOO_LARGE)
		return PATH_SERVER;
	return path_is_silence(small) ? PATH_FROM_SERVER : PATH_TO_SERVER;
}

bool path_is_silence(enum fetch_problem p) {
	return p == FETCH_STALLED || p == FETCH_TIME || p == FETCH_CUT;
}

void trial_path_judge(const struct trial_path *p, struct arena *a, struct findings *ret) {
	const char *message = p->family == FAMILY_6 ? "ICMPv6 \"packet too big\" (type 2)"
						    : "ICMP \"fragmentation needed\" (type 3, code 4)";
	char address[IP_TEXT_MAX];

	(void)ip_format(p->address, address);
	if (p->verdict == PATH_TO_SERVER)
		(void)finding_add(
			ret, a, FINDING_UNREACHABLE, p->family,
			"path-MTU black hole towards %s: a request that fills packets gets no answer, in small "
			"packets it does; let %s through to this machine, or clamp the MSS",
			address, message);
	else if (p->verdict == PATH_FROM_SERVER)
		(void)finding_add(
			ret, a, FINDING_UNREACHABLE, p->family,
			"path-MTU black hole from %s: what fills packets does not arrive, in small packets it "
			"does; let %s through to the server, or clamp the MSS",
			address, message);
	if (p->family == FAMILY_6 && p->mtu && p->mtu < IPV6_MTU_MIN)
		(void)finding_add(ret, a, FINDING_UNREACHABLE, p->family,
				  "the path MTU to %s is %u, but every link must carry %d bytes over IPv6 (RFC 8200)",
				  address, p->mtu, IPV6_MTU_MIN);
}
