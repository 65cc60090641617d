/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a firewall that hextet wrote back: its sets and the rules of its chains, without any code of the writer. It
 * knows the statements of templates/nftables/hextet.nft and refuses everything else by line, because a statement that
 * it skipped might let something through. A pure function of bytes; at most 64 MiB, 1 Mi rules.
 */
#pragma once

#include "base/str.h"
#include "render/flows.h"

/* Where a flow was read. */
struct nft_rule {
	uint32_t line;
	struct str comment; /* without its quotes; empty for a rule that has none. Borrowed from the text */
};

struct nft_text {
	struct flows flows; /* what rules accept by addresses, protocol and ports; origin: struct nft_rule */
	VEC(struct str)
	other;               /* every other statement ("input: iif "lo" accept"), with one blank between words, in
				order: comparable as text */
	uint32_t error_line; /* of the refusal */
	char error[160];
};

/* 0; -EINVAL with error and error_line set; -E2BIG. Everything but the text is in the arena; done in every case. */
int nft_read(struct str text, struct arena *a, struct nft_text *ret);
void nft_text_done(struct nft_text *t);
