/* SPDX-License-Identifier: MIT */
/*
 * One heartbeat on its way, by libcurl. The one idea: everything that could make it wait for
 * longer than it should, or go where nobody meant it to, is an option that is set here:
 * redirects, other protocols, signals, the end of a thread that resolves a name.
 */
#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat_private.h"

#define TIMEOUT_MS 10000L /* for the whole of it; the words for that say 10 s */
#define URL_SIZE   300    /* with the path of betacraft-v2 */

/* More than HEARTBEAT_REPLY_MAX bytes are not waited for: the transfer ends, and is_cut says
 * why. */
static size_t on_reply(char *bytes, size_t size, size_t n, void *context)
{
	struct heartbeat_wire *wire = context;
	size_t all = size * n, room = HEARTBEAT_REPLY_MAX - wire->size;
	size_t taken = all < room ? all : room;

	memcpy(wire->reply + wire->size, bytes, taken);
	wire->size += taken;
	wire->is_cut |= taken < all;
	return taken;
}

static bool add_header(struct heartbeat_wire *wire, const char *header)
{
	struct curl_slist *headers = curl_slist_append(wire->headers, header);

	if (headers != NULL)
		wire->headers = headers;
	return headers != NULL;
}

static void url_of(char out[static URL_SIZE], const struct heartbeat_request *request)
{
	bool has_paths = request->type == CONFIG_HEARTBEAT_BETACRAFT_V2;
	size_t n = strlen(request->url);

	while (has_paths && n > 0 && request->url[n - 1] == '/')
		n--;
	snprintf(out, URL_SIZE, "%.*s%s", (int)n, request->url,
		 !has_paths         ? ""
		 : request->is_ping ? "/v2/server_update_ping"
				    : "/v2/server_update");
}

/* How each kind of list wants it. */
static bool set_kind(struct heartbeat_wire *wire, enum config_heartbeat_type type)
{
	static const struct {
		bool takes_our_address; /* it lists the IPv4 address that we come from */
		const char *headers[2];
	} kinds[] = {
		[CONFIG_HEARTBEAT_CLASSICUBE] = {.takes_our_address = true},
		[CONFIG_HEARTBEAT_NOTCHIAN] = {true, {"Accept:"}},
		[CONFIG_HEARTBEAT_BETACRAFT_V2] = {false, {"Content-Type: application/json"}},
	};
	CURLcode code = CURLE_OK;

	for (size_t i = 0; i < 2 && kinds[type].headers[i] != NULL; i++)
		if (!add_header(wire, kinds[type].headers[i]))
			return false;
	if (kinds[type].takes_our_address) {
		code = curl_easy_setopt(wire->easy, CURLOPT_IPRESOLVE, CURL_IPRESOLVE_V4);
		if (code == CURLE_OK) /* a proxy would be listed in our place */
			code = curl_easy_setopt(wire->easy, CURLOPT_PROXY, "");
	}
	return code == CURLE_OK && add_header(wire, "Expect:") &&
	       curl_easy_setopt(wire->easy, CURLOPT_HTTPHEADER, wire->headers) == CURLE_OK;
}

/* Sets all options; the form is copied. */
static bool set_up(struct heartbeat_wire *wire, const struct heartbeat_request *request)
{
	static const struct {
		CURLoption option;
		long value;
	} numbers[] = {
		{CURLOPT_NOSIGNAL, 1},
		{CURLOPT_QUICK_EXIT, 1},
		{CURLOPT_TIMEOUT_MS, TIMEOUT_MS},
		{CURLOPT_FOLLOWLOCATION, 0},
		{CURLOPT_FORBID_REUSE, 1},
		{CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
	};
	CURL *easy = wire->easy;
	char url[URL_SIZE];
	CURLcode code = CURLE_OK;

	url_of(url, request);
	for (size_t i = 0; code == CURLE_OK && i < sizeof(numbers) / sizeof(numbers[0]); i++)
		code = curl_easy_setopt(easy, numbers[i].option, numbers[i].value);
	return code == CURLE_OK && set_kind(wire, request->type) &&
	       curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_USERAGENT, request->software) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, wire->error) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_PRIVATE, request->owner) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_reply) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_WRITEDATA, wire) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, request->body) == CURLE_OK;
}

bool heartbeat_wire_begin(struct heartbeat_wire *wire, CURLM *multi,
			  const struct heartbeat_request *request)
{
	*wire = (struct heartbeat_wire){.easy = curl_easy_init()};
	return wire->easy != NULL && set_up(wire, request) &&
	       curl_multi_add_handle(multi, wire->easy) == CURLM_OK;
}

void heartbeat_wire_end(struct heartbeat_wire *wire, CURLM *multi)
{
	if (wire->easy != NULL) {
		curl_multi_remove_handle(multi, wire->easy);
		curl_easy_cleanup(wire->easy);
		wire->easy = NULL;
	}
	curl_slist_free_all(wire->headers);
	wire->headers = NULL;
}

/* Why a transfer has failed, in words that are the same each time. */
static const char *fault_of(CURLcode code)
{
	static const struct {
		CURLcode code;
		const char *words;
	} faults[] = {
		{CURLE_COULDNT_RESOLVE_HOST, "its host name can't be resolved"},
		{CURLE_COULDNT_CONNECT, "it can't be reached"},
		{CURLE_OPERATION_TIMEDOUT, "it does not answer in 10 s"},
		{CURLE_GOT_NOTHING, "it hangs up without an answer"},
		{CURLE_RECV_ERROR, "the connection broke"},
		{CURLE_SEND_ERROR, "the connection broke"},
		{CURLE_PARTIAL_FILE, "the connection broke"},
		{CURLE_PEER_FAILED_VERIFICATION, "its certificate is not to be trusted"},
		{CURLE_SSL_CONNECT_ERROR, "it does not speak TLS as https:// wants it"},
		{CURLE_SSL_CACERT_BADFILE,
		 "there are no certificates here to check its own with "
		 "(the package ca-certificates)"},
		{CURLE_UNSUPPORTED_PROTOCOL, "it does not speak HTTP"},
		{CURLE_WEIRD_SERVER_REPLY, "it does not speak HTTP"},
		{CURLE_URL_MALFORMAT, "the url is none"},
	};

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (faults[i].code == code)
			return faults[i].words;
	return curl_easy_strerror(code);
}

void heartbeat_wire_read(struct heartbeat_wire *wire, enum config_heartbeat_type type,
			 CURLcode code, struct heartbeat_reply *reply)
{
	char *location = NULL;
	long status = 0;

	if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && wire->is_cut)) {
		curl_easy_getinfo(wire->easy, CURLINFO_RESPONSE_CODE, &status);
		curl_easy_getinfo(wire->easy, CURLINFO_REDIRECT_URL, &location);
		heartbeat_read(reply, type, status, location, wire->reply, wire->size);
		return;
	}
	*reply = (struct heartbeat_reply){.works = false};
	strlcpy(reply->reason, fault_of(code), sizeof(reply->reason));
	heartbeat_words(reply->words, wire->error, strlen(wire->error));
}
