/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl has no call for the TLS version and ALPN of a session, only for the session itself, which belongs to the TLS
 * library of its flavour. That library is there already: loading it again gives the same one. Its types are opaque
 * here, so none of its headers is needed. The session can be asked for while a transfer runs; afterwards the connection
 * is gone.
 *
 * The certificate comes as PEM in both flavours; what else libcurl says about it differs between them, so it is read
 * from the DER. One that is refused is shown by GnuTLS only: OpenSSL ends the handshake before libcurl sees it.
 */
#include <sodium.h>
#include <string.h>

#include "base/library.h"
#include "probe/fetch_transfer.h"
#include "probe/x509.h"

enum { CERTIFICATE_MAX = 64 * 1024 };

struct gnutls_text {
	const unsigned char *data;
	unsigned size;
};

static struct {
	int (*version)(void *session);
	const char *(*version_name)(int version);
	int (*alpn)(void *session, struct gnutls_text *ret_protocol);
} gnutls;
static const struct library_symbol gnutls_symbols[] = {
	LIBRARY_SYMBOL(&gnutls.version, "gnutls_protocol_get_version"),
	LIBRARY_SYMBOL(&gnutls.version_name, "gnutls_protocol_get_name"),
	LIBRARY_SYMBOL(&gnutls.alpn, "gnutls_alpn_get_selected_protocol"),
	{ 0 },
};
static const struct library libgnutls = { "libgnutls.so.30", "libgnutls30", gnutls_symbols };

static struct {
	const char *(*version)(const void *session);
	void (*alpn)(const void *session, const unsigned char **ret_protocol, unsigned *ret_len);
} openssl;
static const struct library_symbol openssl_symbols[] = {
	LIBRARY_SYMBOL(&openssl.version, "SSL_get_version"),
	LIBRARY_SYMBOL(&openssl.alpn, "SSL_get0_alpn_selected"),
	{ 0 },
};
static const struct library libssl = { "libssl.so.3", "libssl3", openssl_symbols };

static struct str keep(struct transfer *t, const void *text, size_t len) {
	return (struct str){ arena_dup(&t->got->arena, text, len), len };
}

/* GnuTLS says "TLS1.3" and OpenSSL "TLSv1.3", as most do. */
static void read_gnutls(struct transfer *t, void *session) {
	struct gnutls_text protocol = { 0 };
	const char *name, *why;

	if (library_load(&libgnutls, &why) < 0)
		return;
	name = gnutls.version_name(gnutls.version(session));
	if (name && strncmp(name, "TLS1", 4) == 0)
		t->got->tls = str_of(arena_printf(&t->got->arena, "TLSv%s", name + 3));
	if (gnutls.alpn(session, &protocol) == 0)
		t->got->alpn = keep(t, protocol.data, protocol.size);
}

static void read_openssl(struct transfer *t, const void *session) {
	const unsigned char *protocol = NULL;
	const char *name, *why;
	unsigned len = 0;

	if (library_load(&libssl, &why) < 0)
		return;
	name = openssl.version(session);
	t->got->tls = keep(t, name, strlen(name));
	openssl.alpn(session, &protocol, &len);
	if (protocol)
		t->got->alpn = keep(t, protocol, len);
}

void transfer_read_session(struct transfer *t) {
	const struct curl_tlssessioninfo *info = NULL;

	if (!t->tls || t->got->tls.len || curl.easy_getinfo(t->easy, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK)
		return;
	if (!info || !info->internals)
		return;
	if (info->backend == CURLSSLBACKEND_GNUTLS)
		read_gnutls(t, info->internals);
	else if (info->backend == CURLSSLBACKEND_OPENSSL)
		read_openssl(t, info->internals);
}

/* The base64 between the two lines of a PEM text. Its length, 0: none. */
static size_t der_from_pem(const char *pem, uint8_t *der, size_t size) {
	static const char begin_line[] = "-----BEGIN CERTIFICATE-----", end_line[] = "-----END CERTIFICATE-----";
	const char *begin = strstr(pem, begin_line), *end = begin ? strstr(begin, end_line) : NULL;
	size_t len = 0;

	if (!end)
		return 0;
	begin += sizeof(begin_line) - 1;
	if (sodium_base642bin(der, size, begin, (size_t)(end - begin), "\r\n ", &len, NULL,
			      sodium_base64_VARIANT_ORIGINAL) != 0)
		return 0;
	return len;
}

void transfer_read_certificate(struct transfer *t) {
	struct fetch_certificate *c = &t->got->certificate;
	const struct curl_certinfo *chain = NULL;
	_cleanup_(freep) uint8_t *der = NULL;
	struct x509 x;
	size_t len = 0;

	if (curl.easy_getinfo(t->easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || !chain || chain->num_of_certs < 1)
		return;
	der = malloc(CERTIFICATE_MAX);
	if (!der)
		return;
	for (const struct curl_slist *l = chain->certinfo[0]; l && !len; l = l->next)
		if (strncmp(l->data, "Cert:", 5) == 0)
			len = der_from_pem(l->data, der, CERTIFICATE_MAX);
	if (!len)
		return;
	c->has = true;
	(void)crypto_hash_sha256(c->sha256, der, len);
	if (x509_parse(der, len, &t->got->arena, &x) < 0)
		return;
	c->subject = x.subject;
	c->issuer = x.issuer;
	c->names = x.names;
	c->not_before = x.not_before;
	c->not_after = x.not_after;
}
