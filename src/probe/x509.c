/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DER (X.690) is read by one function, der_next(), that takes an element off the front of what is left; it knows
 * lengths of up to four bytes and no indefinite ones, so an element never reaches past what encloses it.
 */
#include "probe/x509.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "addr/ip.h"
#include "base/vec.h"

enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_OCTETS = 0x04,
	DER_OID = 0x06,
	DER_UTC_TIME = 0x17,
	DER_TIME = 0x18,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
	DER_VERSION = 0xa0,    /* [0] */
	DER_EXTENSIONS = 0xa3, /* [3] */
	DER_NAME_DNS = 0x82,   /* [2] in GeneralName */
	DER_NAME_IP = 0x87,    /* [7] */
};

struct der {
	const uint8_t *s;
	size_t len;
};

/* Takes the next element off the front. 0, or -EBADMSG when there is none or it is not well-formed. */
static int der_next(struct der *rest, unsigned *ret_tag, struct der *ret_value) {
	size_t head = 2, len, digits;

	if (rest->len < 2 || (rest->s[0] & 0x1f) == 0x1f)
		return -EBADMSG;
	len = rest->s[1];
	if (len & 0x80) {
		digits = len & 0x7f;
		if (digits < 1 || digits > 4 || rest->len < 2 + digits)
			return -EBADMSG;
		len = 0;
		for (size_t i = 0; i < digits; i++)
			len = len << 8 | rest->s[2 + i];
		head += digits;
	}
	if (len > rest->len - head)
		return -EBADMSG;
	*ret_tag = rest->s[0];
	*ret_value = (struct der){ rest->s + head, len };
	*rest = (struct der){ rest->s + head + len, rest->len - head - len };
	return 0;
}

/* The same for an element that has to be this one. */
static int der_take(struct der *rest, unsigned tag, struct der *ret_value) {
	struct der before = *rest, value;
	unsigned got;

	if (der_next(rest, &got, &value) < 0 || got != tag) {
		*rest = before;
		return -EBADMSG;
	}
	*ret_value = value;
	return 0;
}

static bool der_is(struct der d, const char *bytes, size_t len) {
	return d.len == len && memcmp(d.s, bytes, len) == 0;
}

/* What a terminal may have of it. */
static void put_text(FILE *out, struct der text) {
	const char *s = (const char *)text.s;

	for (size_t left = text.len; left;) {
		bool harmless;
		size_t n = utf8_next(s, left, &harmless);

		if (harmless)
			(void)fwrite(s, 1, n, out);
		else
			(void)fputc('.', out);
		s += n;
		left -= n;
	}
}

static const struct {
	char oid[11];
	uint8_t len;
	const char *word;
} attributes[] = {
	{ "\x55\x04\x03", 3, "CN" },
	{ "\x55\x04\x05", 3, "serialNumber" },
	{ "\x55\x04\x06", 3, "C" },
	{ "\x55\x04\x07", 3, "L" },
	{ "\x55\x04\x08", 3, "ST" },
	{ "\x55\x04\x0a", 3, "O" },
	{ "\x55\x04\x0b", 3, "OU" },
	{ "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01", 9, "emailAddress" },
	{ "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19", 10, "DC" },
};

static void put_attribute(FILE *out, struct der pair) {
	const char *word = "?";
	struct der oid, value;
	unsigned tag;

	if (der_take(&pair, DER_OID, &oid) < 0 || der_next(&pair, &tag, &value) < 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(attributes); i++)
		if (der_is(oid, attributes[i].oid, attributes[i].len))
			word = attributes[i].word;
	(void)fprintf(out, "%s%s=", ftell(out) > 0 ? ", " : "", word);
	put_text(out, value);
}

static struct str stream_text(FILE *out, char **text, size_t *len, struct arena *a) {
	struct str s;

	(void)fclose(out);
	s = (struct str){ arena_dup(a, *text, *len), *len };
	free(*text);
	return s;
}

/* Name ::= SEQUENCE OF SET OF SEQUENCE { type, value } */
static struct str name_text(struct der name, struct arena *a) {
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct der set, pair;

	if (!out)
		abort();
	while (der_take(&name, DER_SET, &set) == 0)
		while (der_take(&set, DER_SEQUENCE, &pair) == 0)
			put_attribute(out, pair);
	return stream_text(out, &text, &len, a);
}

static void put_address(FILE *out, struct der d) {
	char text[IP_TEXT_MAX];
	uint32_t v4;

	if (d.len == 4) {
		v4 = (uint32_t)d.s[0] << 24 | (uint32_t)d.s[1] << 16 | (uint32_t)d.s[2] << 8 | d.s[3];
		(void)ip_format(ip_from_v4(v4), text);
	} else if (d.len == 16)
		(void)ip_format(ip_from_bytes(d.s), text);
	else
		(void)snprintf(text, sizeof(text), "?");
	(void)fputs(text, out);
}

/* GeneralNames: only what a URL's host can be. */
static struct str alternative_names(struct der names, struct arena *a) {
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct der value;
	unsigned tag, n = 0;

	if (!out)
		abort();
	while (n < X509_NAMES_MAX && der_next(&names, &tag, &value) == 0) {
		if (tag != DER_NAME_DNS && tag != DER_NAME_IP)
			continue;
		if (n++)
			(void)fputs(", ", out);
		if (tag == DER_NAME_DNS)
			put_text(out, value);
		else
			put_address(out, value);
	}
	return stream_text(out, &text, &len, a);
}

static struct str extension_names(struct der extensions, struct arena *a) {
	struct der list, extension, oid, ignored, value, names;

	if (der_take(&extensions, DER_SEQUENCE, &list) < 0)
		return (struct str){ "", 0 };
	while (der_take(&list, DER_SEQUENCE, &extension) == 0) {
		if (der_take(&extension, DER_OID, &oid) < 0 || !der_is(oid, "\x55\x1d\x11", 3))
			continue;
		(void)der_take(&extension, DER_BOOLEAN, &ignored);
		if (der_take(&extension, DER_OCTETS, &value) == 0 && der_take(&value, DER_SEQUENCE, &names) == 0)
			return alternative_names(names, a);
	}
	return (struct str){ "", 0 };
}

/* UTCTime YYMMDDHHMMSSZ (years from 1950 on), GeneralizedTime YYYYMMDDHHMMSSZ. */
static int take_time(struct der *rest, int64_t *ret_time) {
	unsigned tag, n[7] = { 0 }, century = 0;
	struct der text;
	struct tm tm;

	if (der_next(rest, &tag, &text) < 0)
		return -EBADMSG;
	if (tag == DER_TIME && text.len == 15)
		century = 2;
	else if (tag != DER_UTC_TIME || text.len != 13)
		return -EBADMSG;
	if (text.s[text.len - 1] != 'Z')
		return -EBADMSG;
	for (size_t i = 0; i + 1 < text.len; i++) {
		if (text.s[i] < '0' || text.s[i] > '9')
			return -EBADMSG;
		n[i / 2] = n[i / 2] * 10 + (text.s[i] - '0');
	}
	if (century)
		n[1] += n[0] * 100;
	else {
		memmove(n + 1, n, 6 * sizeof(*n));
		n[1] += n[1] < 50 ? 2000 : 1900;
	}
	if (n[2] < 1 || n[2] > 12 || n[3] < 1 || n[3] > 31)
		return -EBADMSG;
	tm = (struct tm){ .tm_year = (int)n[1] - 1900,
			  .tm_mon = (int)n[2] - 1,
			  .tm_mday = (int)n[3],
			  .tm_hour = (int)n[4],
			  .tm_min = (int)n[5],
			  .tm_sec = (int)n[6] };
	*ret_time = timegm(&tm);
	return 0;
}

int x509_parse(const uint8_t *der, size_t len, struct arena *a, struct x509 *ret_x509) {
	struct der rest = { der, len }, certificate, tbs, ignored, issuer, validity, subject, value;
	struct x509 x = { .names = { "", 0 } };
	unsigned tag;

	if (der_take(&rest, DER_SEQUENCE, &certificate) < 0 || der_take(&certificate, DER_SEQUENCE, &tbs) < 0)
		return -EBADMSG;
	(void)der_take(&tbs, DER_VERSION, &ignored);
	if (der_next(&tbs, &tag, &ignored) < 0 ||         /* serial number */
	    der_take(&tbs, DER_SEQUENCE, &ignored) < 0 || /* signature's algorithm */
	    der_take(&tbs, DER_SEQUENCE, &issuer) < 0 || der_take(&tbs, DER_SEQUENCE, &validity) < 0 ||
	    der_take(&tbs, DER_SEQUENCE, &subject) < 0 || der_take(&tbs, DER_SEQUENCE, &ignored) < 0 || /* public key */
	    take_time(&validity, &x.not_before) < 0 || take_time(&validity, &x.not_after) < 0)
		return -EBADMSG;
	x.issuer = name_text(issuer, a);
	x.subject = name_text(subject, a);
	while (der_next(&tbs, &tag, &value) == 0)
		if (tag == DER_EXTENSIONS)
			x.names = extension_names(value, a);
	*ret_x509 = x;
	return 0;
}
