/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a firewall that hextet wrote back: its sets and the rules of its chains, without any code of the writer. It
 * knows the statements of templates/nftables/hextet.nft and refuses everything else by line, because a statement that
 * it skipped might let something through. A pure function of bytes; at most 64 MiB, 1 Mi rules.
 */
#pragma once

#include "base/str.h"
#include "render/flows.h"

struct nft_text {
	struct flows flows; /* what rules accept by addresses, protocol and ports; origin: the line as uintptr_t */
	VEC(struct str)
	other;               /* every other statement (ICMP, VRRP, states, policies), normalised, in order: comparable
				as text */
	uint32_t error_line; /* of the refusal */
	char error[160];
};

/* 0; -EINVAL with error and error_line set; -E2BIG. Everything is in the arena. */
int nft_read(struct str text, struct arena *a, struct nft_text *ret);
void nft_text_done(struct nft_text *t);
