/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One function a type. The check name of all their findings is "bad-value"; the place is always the whole scalar, and
 * the hint says what would have been right.
 */
#include "conf/type.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define BAD "bad-value"

/* What is seen at once when one knows where to look, and never otherwise: word processors' characters, half a pair of
 * quotes, a comment that is none. NULL: nothing of the kind. */
static const char *typing_hint(struct str s) {
	static const struct {
		const char *begin; /* of the UTF-8 sequence */
		char from, to;     /* its last byte */
		const char *hint;
	} odd[] = {
		{ "\xc2", '\xa0', '\xa0', "a no-break space (U+00A0) is in it: write a plain one, or none" },
		{ "\xe2\x80", '\x8b', '\x8f', "an invisible character (U+200B to U+200F) is in it: remove it" },
		{ "\xe2\x80", '\x90', '\x95', "a typographic dash is in it: write -" },
		{ "\xe2\x80", '\x98', '\x9f', "a typographic quote is in it: write \"" },
	};

	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		size_t len = strlen(odd[i].begin);

		for (size_t k = 0; k + len < s.len; k++)
			if (memcmp(s.s + k, odd[i].begin, len) == 0 && s.s[k + len] >= odd[i].from &&
			    s.s[k + len] <= odd[i].to)
				return odd[i].hint;
	}
	if (s.len && strchr("\"'", s.s[s.len - 1]))
		return "the quote at its end has none at its start";
	if (memchr(s.s, '#', s.len))
		return "a comment needs a blank before its #";
	return NULL;
}

static int bad(struct loader *l, const struct field *f, const struct node *n, const char *hint) {
	const char *typing = typing_hint(n->text);

	hint = typing ? typing : hint;
	diag_error(l->diags, BAD, n->loc, hint, "\"%s\" is not %s", n->text.s, type_table[f->type].what);
	return -EINVAL;
}

static int parse_text(struct loader *l, const struct field *f, const struct node *n, void *out) {
	(void)l;
	(void)f;
	*(struct scalar *)out = (struct scalar){ n->text.s, n };
	return 0;
}

static bool name_char(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-_.", c);
}

/* Names become file names, DNS names and words of other programs' configuration: no blanks, no "..", no "-x", and none
 * longer than a DNS name. */
static int parse_name(struct loader *l, const struct field *f, const struct node *n, void *out) {
	const char *hint = "use letters, digits, dashes, underscores and dots; begin with none of - and .";

	if (!n->text.len || n->text.len > 253 || strchr("-.", n->text.s[0]))
		return bad(l, f, n, n->text.len > 253 ? "a name has at most 253 characters" : hint);
	for (size_t i = 0; i < n->text.len; i++)
		if (!name_char(n->text.s[i]))
			return bad(l, f, n, hint);
	*(struct scalar *)out = (struct scalar){ n->text.s, n };
	return 0;
}

/* Paths become words of other programs' configuration, too. */
static int parse_path(struct loader *l, const struct field *f, const struct node *n, void *out) {
	if (!n->text.len || n->text.s[0] != '/')
		return bad(l, f, n, "begin with '/'");
	for (size_t i = 0; i < n->text.len; i++)
		if ((unsigned char)n->text.s[i] <= ' ' || n->text.s[i] == 0x7f)
			return bad(l, f, n, "a path has no blanks; a URL has %20 in their place");
	*(struct scalar *)out = (struct scalar){ n->text.s, n };
	return 0;
}

/* Decimal digits only; -ERANGE above UINT64_MAX. The text must go on to *ret_end. */
static int read_decimal(struct str s, uint64_t *ret_n, size_t *ret_end) {
	uint64_t n = 0;
	size_t i = 0;

	for (; i < s.len && s.s[i] >= '0' && s.s[i] <= '9'; i++)
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, (uint64_t)(s.s[i] - '0'), &n))
			return -ERANGE;
	if (i == 0)
		return -EINVAL;
	*ret_n = n;
	*ret_end = i;
	return 0;
}

static int out_of_range(struct loader *l, const struct field *f, const struct node *n) {
	if (f->min || f->max)
		diag_error(l->diags, BAD, n->loc, NULL, "%s is outside %" PRId64 " to %" PRId64, n->text.s, f->min,
			   f->max);
	else
		diag_error(l->diags, BAD, n->loc, NULL, "%s is too large", n->text.s);
	return -EINVAL;
}

static bool in_range(const struct field *f, uint64_t n) {
	return (!f->min && !f->max) || (n >= (uint64_t)f->min && n <= (uint64_t)f->max);
}

static int parse_uint(struct loader *l, const struct field *f, const struct node *n, void *out) {
	uint64_t value;
	size_t end;
	int r = read_decimal(n->text, &value, &end);

	if (r == 0 && end < n->text.len && n->text.s[end] == '-' && f->shape == LIST)
		return bad(l, f, n, "a range is not understood here: list the numbers, as in [8080, 8081]");
	if (r == -EINVAL || (r == 0 && end != n->text.len))
		return bad(l, f, n, "write decimal digits");
	if (r < 0 || !in_range(f, value))
		return out_of_range(l, f, n);
	*(struct number *)out = (struct number){ value, n };
	return 0;
}

static int parse_real(struct loader *l, const struct field *f, const struct node *n, void *out) {
	char *end;
	double x;

	if (!n->text.len || !strchr("0123456789.", n->text.s[0]) || strpbrk(n->text.s, "xXnN"))
		return bad(l, f, n, "write it as 0.8");
	x = strtod(n->text.s, &end);
	if (end != n->text.s + n->text.len || !isfinite(x))
		return bad(l, f, n, "write it as 0.8");
	if ((f->min || f->max) && (x < (double)f->min || x > (double)f->max))
		return out_of_range(l, f, n);
	*(struct real *)out = (struct real){ x, n };
	return 0;
}

static int parse_flag(struct loader *l, const struct field *f, const struct node *n, void *out) {
	static const char *const on[] = { "true", "yes", "on" }, *const off[] = { "false", "no", "off" };

	for (size_t i = 0; i < ARRAY_LEN(on); i++)
		if (str_is(n->text, on[i]) || str_is(n->text, off[i])) {
			*(struct flag *)out = (struct flag){ str_is(n->text, on[i]), n };
			return 0;
		}
	return bad(l, f, n, "write true or false");
}

static const char *word_hint(struct loader *l, const struct field *f, struct str text, unsigned count) {
	const char *near, *all = "";

	if (!loader_may_guess(l))
		return NULL;
	near = suggest(text, f->words, count);
	if (near)
		return arena_printf(l->arena, "did you mean %s?", near);
	for (unsigned i = 0; i < count; i++)
		all = arena_printf(l->arena, "%s%s%s", all, i ? ", " : "", f->words[i]);
	return arena_printf(l->arena, "write one of %s", all);
}

static int parse_word(struct loader *l, const struct field *f, const struct node *n, void *out) {
	unsigned count = 0;

	for (; f->words[count]; count++) {
		if (str_is(n->text, f->words[count])) {
			*(struct word *)out = (struct word){ count, n };
			return 0;
		}
	}
	diag_error(l->diags, BAD, n->loc, word_hint(l, f, n->text, count), "\"%s\" is not a value of %s", n->text.s,
		   f->name);
	return -EINVAL;
}

struct unit {
	const char *suffix;
	uint64_t factor;
};

static int parse_units(struct loader *l, const struct field *f, const struct node *n, const struct unit *units,
		       const char *hint, struct number *out) {
	uint64_t value;
	size_t end;

	if (read_decimal(n->text, &value, &end) < 0)
		return bad(l, f, n, hint);
	for (; units->suffix; units++) {
		if (!str_is((struct str){ n->text.s + end, n->text.len - end }, units->suffix))
			continue;
		if (__builtin_mul_overflow(value, units->factor, &value) || !in_range(f, value))
			return out_of_range(l, f, n);
		*out = (struct number){ value, n };
		return 0;
	}
	return bad(l, f, n, hint);
}

static int parse_duration(struct loader *l, const struct field *f, const struct node *n, void *out) {
	static const struct unit units[] = { { "", 1 },      { "s", 1 },      { "m", 60 }, { "h", 3600 },
					     { "d", 86400 }, { "w", 604800 }, { NULL, 0 } };

	return parse_units(l, f, n, units, "write a whole number and s, m, h, d or w: 90s, 5m, 7d", out);
}

static int parse_size(struct loader *l, const struct field *f, const struct node *n, void *out) {
	static const struct unit units[] = { { "", 1 },          { "KiB", 1 << 10 },           { "MiB", 1 << 20 },
					     { "GiB", 1 << 30 }, { "TiB", UINT64_C(1) << 40 }, { NULL, 0 } };

	return parse_units(l, f, n, units, "write a whole number and KiB, MiB, GiB or TiB: 512MiB", out);
}

/* 0 for a field that takes both families. */
static int wanted_family(enum field_type t) {
	switch (t) {
	case TYPE_IP4:
	case TYPE_NET4:
	case TYPE_IFADDR4:
		return FAMILY_4;
	case TYPE_IP6:
	case TYPE_NET6:
	case TYPE_IFADDR6:
		return FAMILY_6;
	default:
		return 0;
	}
}

static int check_family(struct loader *l, const struct field *f, const struct node *n, struct ip ip) {
	int family = wanted_family(f->type);

	if (!family || ip_family(ip) == (enum family)family)
		return 0;
	diag_error(l->diags, BAD, n->loc,
		   family == FAMILY_4 ? "IPv6 goes into the field whose name ends in 6"
				      : "IPv4 goes into the field whose name does not end in 6",
		   "\"%s\" is IPv%d; this takes %s", n->text.s, ip_family(ip), type_table[f->type].what);
	return -EINVAL;
}

static int parse_ip(struct loader *l, const struct field *f, const struct node *n, void *out) {
	struct ip_fault fault;
	struct ip ip;

	if (ip_parse(n->text.s, n->text.len, &ip, &fault) < 0) {
		if (memchr(n->text.s, '/', n->text.len))
			return bad(l, f, n, "leave out the prefix length");
		return bad(l, f, n, ip_error_hint(fault.error));
	}
	if (check_family(l, f, n, ip) < 0)
		return -EINVAL;
	*(struct address *)out = (struct address){ ip, n };
	return 0;
}

/* Says that bits are set right of the length, and which two things may have been meant. */
static int host_bits(struct loader *l, const struct node *n, struct prefix right) {
	char text[PREFIX_TEXT_MAX];

	(void)prefix_format(right, text);
	diag_error(l->diags, "host-bits", n->loc, arena_printf(l->arena, "the network is %s", text),
		   "\"%s\" has bits set to the right of its length", n->text.s);
	return -EINVAL;
}

static int parse_net(struct loader *l, const struct field *f, const struct node *n, void *out) {
	struct ip_fault fault;
	struct prefix p;

	if (!memchr(n->text.s, '/', n->text.len))
		return bad(l, f, n, "a network ends in its length, as in 2001:db8::/32 or 192.0.2.0/24");
	if (prefix_parse(n->text.s, n->text.len, &p, &fault) < 0)
		return fault.error == IP_ERR_HOST_BITS ? host_bits(l, n, p) : bad(l, f, n, ip_error_hint(fault.error));
	if (check_family(l, f, n, p.ip) < 0)
		return -EINVAL;
	*(struct network *)out = (struct network){ p, n };
	return 0;
}

static int parse_ifaddr(struct loader *l, const struct field *f, const struct node *n, void *out) {
	const char *slash = memchr(n->text.s, '/', n->text.len);
	struct ip_fault fault;
	struct prefix p;
	struct ip ip;

	if (!slash)
		return bad(l, f, n,
			   strchr(n->text.s, ':')
				   ? "an interface address ends in the length of its link, as in 2001:db8::1/64"
				   : "an interface address ends in the length of its link, as in 192.0.2.1/24");
	if (prefix_parse(n->text.s, n->text.len, &p, &fault) < 0 && fault.error != IP_ERR_HOST_BITS)
		return bad(l, f, n, ip_error_hint(fault.error));
	if (ip_parse(n->text.s, (size_t)(slash - n->text.s), &ip, &fault) < 0)
		return bad(l, f, n, ip_error_hint(fault.error));
	if (check_family(l, f, n, ip) < 0)
		return -EINVAL;
	*(struct ifaddr *)out = (struct ifaddr){ ip, p.len, n };
	return 0;
}

static int parse_listener(struct loader *l, const struct field *f, const struct node *n, void *out) {
	struct ip_fault fault;
	struct endpoint e;

	if (endpoint_parse(n->text.s, n->text.len, &e, &fault) < 0)
		return bad(l, f, n, ip_error_hint(fault.error));
	if (e.port < 0)
		return bad(l, f, n, "the port is missing: [2001:db8::1]:8053 or 192.0.2.1:8053");
	*(struct listener *)out = (struct listener){ e.ip, (uint16_t)e.port, n };
	return 0;
}

static int parse_ref(struct loader *l, const struct field *f, const struct node *n, void *out) {
	struct ref *ref = out;

	*ref = (struct ref){ .s = n->text.s, .at = n, .kinds = f->kinds };
	vec_push(&l->refs, ref);
	return 0;
}

/* What json_schema.c writes. A YAML reader makes numbers of some names and texts; keys are always strings. */
#define ANY_SCALAR "\"type\": [\"string\", \"number\", \"boolean\"]"
#define PATTERN(regex) "\"type\": \"string\", \"pattern\": \"" regex "\""
#define OCTET "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
#define QUAD OCTET "(\\\\." OCTET "){3}"
#define HEXTETS "[0-9a-fA-F]*:[0-9a-fA-F:.]*"
#define MAPPED "::[fF]{4}:[0-9a-fA-F:.]+"
#define LENGTH4 "/(3[0-2]|[12]?[0-9])"
#define LENGTH6 "/(12[0-8]|1[01][0-9]|[1-9]?[0-9])"

const struct type type_table[_TYPE_MAX] = {
	[TYPE_TEXT] = { sizeof(struct scalar), parse_text, "a text", ANY_SCALAR, "any words" },
	[TYPE_NAME] = { sizeof(struct scalar), parse_name, "a name",
			ANY_SCALAR ", \"pattern\": \"^[0-9A-Za-z_][-0-9A-Za-z_.]*$\"", "eth0" },
	[TYPE_PATH] = { sizeof(struct scalar), parse_path, "a path", PATTERN("^/[^ ]*$"), "/var/lib/file" },
	[TYPE_UINT] = { sizeof(struct number), parse_uint, "a whole number", "\"type\": \"integer\"", "1" },
	[TYPE_REAL] = { sizeof(struct real), parse_real, "a number", "\"type\": \"number\"", "0.8" },
	[TYPE_FLAG] = { sizeof(struct flag), parse_flag, "true or false",
			"\"enum\": [true, false, \"yes\", \"no\", \"on\", \"off\"]", "true" },
	[TYPE_WORD] = { sizeof(struct word), parse_word, "one of the words", NULL, "" },
	[TYPE_DURATION] = { sizeof(struct number), parse_duration, "a duration",
			    "\"type\": [\"string\", \"integer\"], \"pattern\": \"^[0-9]+[smhdw]?$\"", "5m" },
	[TYPE_SIZE] = { sizeof(struct number), parse_size, "a size",
			"\"type\": [\"string\", \"integer\"], \"pattern\": \"^[0-9]+([KMGT]iB)?$\"", "1GiB" },
	[TYPE_IP] = { sizeof(struct address), parse_ip, "an IPv4 or IPv6 address", PATTERN("^(" QUAD "|" HEXTETS ")$"),
		      "2001:db8::1" },
	[TYPE_IP4] = { sizeof(struct address), parse_ip, "an IPv4 address", PATTERN("^(" QUAD "|" MAPPED ")$"),
		       "192.0.2.1" },
	[TYPE_IP6] = { sizeof(struct address), parse_ip, "an IPv6 address", PATTERN("^" HEXTETS "$"), "2001:db8::1" },
	[TYPE_NET] = { sizeof(struct network), parse_net, "an IPv4 or IPv6 network",
		       PATTERN("^(" QUAD LENGTH4 "|" HEXTETS LENGTH6 ")$"), "2001:db8::/32" },
	[TYPE_NET4] = { sizeof(struct network), parse_net, "an IPv4 network",
			PATTERN("^(" QUAD LENGTH4 "|" MAPPED LENGTH6 ")$"), "192.0.2.0/24" },
	[TYPE_NET6] = { sizeof(struct network), parse_net, "an IPv6 network", PATTERN("^" HEXTETS LENGTH6 "$"),
			"2001:db8::/32" },
	[TYPE_IFADDR4] = { sizeof(struct ifaddr), parse_ifaddr, "an IPv4 address with a length",
			   PATTERN("^(" QUAD LENGTH4 "|" MAPPED LENGTH6 ")$"), "192.0.2.1/24" },
	[TYPE_IFADDR6] = { sizeof(struct ifaddr), parse_ifaddr, "an IPv6 address with a length",
			   PATTERN("^" HEXTETS LENGTH6 "$"), "2001:db8::1/64" },
	[TYPE_LISTENER] = { sizeof(struct listener), parse_listener, "an address and a port",
			    PATTERN("^(" QUAD "|\\\\[" HEXTETS "\\\\]):[0-9]{1,5}$"), "[::]:8053" },
	[TYPE_REF] = { sizeof(struct ref), parse_ref, "a name", ANY_SCALAR, "frontend" },
	[TYPE_STRUCT] = { 0, NULL, "a mapping", NULL, "" },
};
