/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_mhd.h"

#include "base/library.h"

struct http_mhd mhd;

static const struct library_symbol symbols[] = {
	LIBRARY_SYMBOL(&mhd.start_daemon, "MHD_start_daemon"),
	LIBRARY_SYMBOL(&mhd.stop_daemon, "MHD_stop_daemon"),
	LIBRARY_SYMBOL(&mhd.run, "MHD_run"),
	LIBRARY_SYMBOL(&mhd.get_timeout, "MHD_get_timeout"),
	LIBRARY_SYMBOL(&mhd.get_daemon_info, "MHD_get_daemon_info"),
	LIBRARY_SYMBOL(&mhd.get_connection_info, "MHD_get_connection_info"),
	LIBRARY_SYMBOL(&mhd.get_connection_values, "MHD_get_connection_values"),
	LIBRARY_SYMBOL(&mhd.add_connection, "MHD_add_connection"),
	LIBRARY_SYMBOL(&mhd.lookup_connection_value, "MHD_lookup_connection_value"),
	LIBRARY_SYMBOL(&mhd.create_response_from_buffer, "MHD_create_response_from_buffer"),
	LIBRARY_SYMBOL(&mhd.create_response_with_free, "MHD_create_response_from_buffer_with_free_callback_cls"),
	LIBRARY_SYMBOL(&mhd.add_response_header, "MHD_add_response_header"),
	LIBRARY_SYMBOL(&mhd.queue_response, "MHD_queue_response"),
	LIBRARY_SYMBOL(&mhd.destroy_response, "MHD_destroy_response"),
	{ 0 },
};
static const struct library libmicrohttpd = { "libmicrohttpd.so.12", "libmicrohttpd12", symbols };

int http_mhd_load(const char **ret_why) {
	return library_load(&libmicrohttpd, ret_why);
}
