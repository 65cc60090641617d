/* SPDX-License-Identifier: Apache-2.0 */
/* Either flavour of the library will do; GnuTLS's is asked for first because more of Debian depends on it. */
#include "net/libcurl.h"

#include <pthread.h>

#include "base/library.h"

struct libcurl curl;

static const struct library_symbol symbols[] = {
	LIBRARY_SYMBOL(&curl.global_init, "curl_global_init"),
	LIBRARY_SYMBOL(&curl.easy_init, "curl_easy_init"),
	LIBRARY_SYMBOL(&curl.easy_setopt, "curl_easy_setopt"),
	LIBRARY_SYMBOL(&curl.easy_perform, "curl_easy_perform"),
	LIBRARY_SYMBOL(&curl.easy_getinfo, "curl_easy_getinfo"),
	LIBRARY_SYMBOL(&curl.easy_reset, "curl_easy_reset"),
	LIBRARY_SYMBOL(&curl.easy_cleanup, "curl_easy_cleanup"),
	LIBRARY_SYMBOL(&curl.easy_strerror, "curl_easy_strerror"),
	LIBRARY_SYMBOL(&curl.slist_append, "curl_slist_append"),
	LIBRARY_SYMBOL(&curl.slist_free_all, "curl_slist_free_all"),
	LIBRARY_SYMBOL(&curl.multi_init, "curl_multi_init"),
	LIBRARY_SYMBOL(&curl.multi_setopt, "curl_multi_setopt"),
	LIBRARY_SYMBOL(&curl.multi_add_handle, "curl_multi_add_handle"),
	LIBRARY_SYMBOL(&curl.multi_remove_handle, "curl_multi_remove_handle"),
	LIBRARY_SYMBOL(&curl.multi_perform, "curl_multi_perform"),
	LIBRARY_SYMBOL(&curl.multi_poll, "curl_multi_poll"),
	LIBRARY_SYMBOL(&curl.multi_info_read, "curl_multi_info_read"),
	LIBRARY_SYMBOL(&curl.multi_cleanup, "curl_multi_cleanup"),
	LIBRARY_SYMBOL(&curl.url, "curl_url"),
	LIBRARY_SYMBOL(&curl.url_set, "curl_url_set"),
	LIBRARY_SYMBOL(&curl.url_get, "curl_url_get"),
	LIBRARY_SYMBOL(&curl.url_strerror, "curl_url_strerror"),
	LIBRARY_SYMBOL(&curl.url_cleanup, "curl_url_cleanup"),
	LIBRARY_SYMBOL(&curl.free, "curl_free"),
	{ 0 },
};
static const struct library gnutls_flavour = { "libcurl-gnutls.so.4", "libcurl3-gnutls", symbols };
static const struct library openssl_flavour = { "libcurl.so.4", "libcurl4", symbols };

static void init_once(void) {
	(void)curl.global_init(CURL_GLOBAL_DEFAULT);
}

int libcurl_load(const char **ret_why) {
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int r = library_load(&gnutls_flavour, ret_why);

	if (r < 0 && library_load(&openssl_flavour, ret_why) < 0)
		return r;
	(void)pthread_once(&once, init_once);
	return 0;
}
