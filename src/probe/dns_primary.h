/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The primary name server of a zone: asked, and changed by RFC 2136 updates signed with TSIG (RFC 8945). ldns makes,
 * signs, reads and verifies the messages; it is loaded when it is needed.
 *
 * Updates go over TCP, so that a datagram that lingers somewhere cannot be applied later; a signature is good for
 * DNS_FUDGE_S seconds only, which bounds when a message that was sent can still take effect. An update is applied as a
 * whole or not at all (RFC 2136 section 3.7). An answer without a good signature is no answer.
 */
#pragma once

#include "addr/ip.h"
#include "probe/dns_key.h"

enum { DNS_FUDGE_S = 300, DNS_MESSAGE_MAX = 65535 };

enum dns_type { DNS_A = 1, DNS_CNAME = 5, DNS_SOA = 6, DNS_TXT = 16, DNS_AAAA = 28, DNS_ANY = 255 };

struct dns_primary {
	const char *zone;       /* "staging.example.net", a final dot is allowed */
	const struct ip *addrs; /* tried in this order */
	uint32_t addr_count;
	uint16_t port; /* 0: 53 */
	const struct dns_key *key;
	unsigned timeout_ms; /* for each address; 0: 5000 */
};

/* A record; of the data, the member that fits the type. Names are written out in full, without a final dot. */
struct dns_record {
	const char *name;
	enum dns_type type;
	uint32_t ttl;
	struct ip addr;   /* A, AAAA */
	const char *text; /* TXT (one string, at most 255 bytes), CNAME's target */
	uint32_t serial;  /* SOA */
	uint32_t minimum; /* SOA: the negative TTL is the least of this and the record's TTL (RFC 2308 section 5) */
};

enum dns_want {
	DNS_WANT_NO_SET, /* no records of this name and type (RFC 2136 section 2.4.3); with DNS_ANY: no records at all
			  */
	DNS_WANT_SET,    /* exactly these records, TTLs aside (2.4.2); several with one name and type belong together */
};
enum dns_do {
	DNS_DO_ADD,    /* 2.5.1 */
	DNS_DO_DELETE, /* this one record, if it is there (2.5.4) */
};
struct dns_prerequisite {
	enum dns_want want;
	struct dns_record record;
};
struct dns_change {
	enum dns_do what;
	struct dns_record record;
};

/* What came back. */
enum dns_outcome {
	DNS_DONE,    /* NOERROR */
	DNS_UNMET,   /* a prerequisite does not hold: YXDOMAIN, YXRRSET, NXRRSET, NXDOMAIN: nothing was changed */
	DNS_REFUSED, /* the server answers, and will not: NOTAUTH, REFUSED, NOTZONE, NOTIMP, FORMERR, BADKEY, BADSIG… */
	DNS_FAILED, /* SERVFAIL, an answer that is not to be believed (id, signature, zone), no DNS message at all */
	DNS_UNREACHABLE, /* no connection, or it ended or timed out before the answer: whether it was applied is not
			    known */
};
struct dns_reply {
	enum dns_outcome outcome;
	bool sent; /* the request may have reached the server: with DNS_FAILED and DNS_UNREACHABLE, it may have been
		      applied */
	int rcode; /* RFC 1035, 2136; -1: none */
	int tsig_error;   /* 16 BADSIG, 17 BADKEY, 18 BADTIME, 22 BADTRUNC; 0: none */
	struct ip server; /* who answered, or was tried last */
	const char *why;  /* a sentence that says what to do, in the arena; "" with DNS_DONE */
};

/*
 * Asks the primary itself, not a resolver (no recursion; signed too). Records of the answer section with this name and
 * type; NXDOMAIN and NODATA are DNS_DONE with none, a name below a delegation or an answer without AA is DNS_REFUSED.
 * 0, whatever the outcome; or -ENOENT, -ENOSYS (no ldns), -EINVAL (a name that is none), -ENOMEM: *ret_reply has why
 * then too. Blocks up to addr_count times the timeout.
 */
int dns_ask(const struct dns_primary *p, const char *name, enum dns_type type, struct arena *a,
	    struct dns_record **ret_records, uint32_t *ret_n, struct dns_reply *ret_reply);

/*
 * Sends one update. After DNS_UNREACHABLE with `sent` no other address is tried: it could be applied twice. 0 whatever
 * the outcome; or as above, and -E2BIG when it does not fit in DNS_MESSAGE_MAX.
 */
int dns_update(const struct dns_primary *p, const struct dns_prerequisite *wants, uint32_t want_count,
	       const struct dns_change *changes, uint32_t change_count, struct arena *a, struct dns_reply *ret_reply);

const char *dns_rcode_to_str(int rcode); /* "NOTAUTH"; never NULL */
