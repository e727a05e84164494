/* SPDX-License-Identifier: MIT */
/*
 * The handshake of WebSocket (RFC 6455, 4). The one idea: what a request must be is a table of
 * demands, and the first that it does not meet is the answer.
 */
#include "upgrade.h"

#include <arpa/inet.h>
#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <netinet/in.h>
#include <resolv.h>
#include <sha1.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net_network.h"

#define KEY_SIZE     16
#define WORDS_MAX    512 /* bytes of an answer's words */
#define HOST_MAX     261 /* bytes of a name of 253, brackets and a port */
#define ADDRESS_TEXT (INET6_ADDRSTRLEN + sizeof("[]:65535") - 1)

static bool is_exactly(struct http_text text, const char *word)
{
	return text.size == strlen(word) && memcmp(text.data, word, text.size) == 0;
}

/* NULL if there is none, or more than one. */
static const struct http_text *only_field(const struct http_head *head, const char *name)
{
	return http_field(head, name, 1) == NULL ? http_field(head, name, 0) : NULL;
}

/* "HTTP/1.1", or a later version that is as good. */
static bool is_http_1_1(struct http_text version)
{
	return version.data[version.size - 1] != '0';
}

/* ---- keys ---- */

void upgrade_make_key(char out[static UPGRADE_KEY_TEXT])
{
	uint8_t bytes[KEY_SIZE];

	arc4random_buf(bytes, sizeof(bytes));
	b64_ntop(bytes, sizeof(bytes), out, UPGRADE_KEY_TEXT);
}

/* b64_pton(3) passes over spaces, but then there is too little in as many characters. */
bool upgrade_accept(char out[static UPGRADE_ACCEPT_TEXT], const char *key)
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* 1.3 */
	uint8_t bytes[KEY_SIZE + 1], digest[SHA1_DIGEST_LENGTH];
	SHA1_CTX sha1;

	if (strlen(key) != UPGRADE_KEY_TEXT - 1 ||
	    b64_pton(key, bytes, sizeof(bytes)) != KEY_SIZE)
		return false;
	SHA1Init(&sha1);
	SHA1Update(&sha1, (const uint8_t *)key, strlen(key));
	SHA1Update(&sha1, (const uint8_t *)guid, sizeof(guid) - 1);
	SHA1Final(digest, &sha1);
	b64_ntop(digest, sizeof(digest), out, UPGRADE_ACCEPT_TEXT);
	return true;
}

/* ---- requests ---- */

static bool is_get(const struct http_head *head)
{
	return is_exactly(head->start[0], "GET");
}

static bool is_new_enough(const struct http_head *head)
{
	return is_http_1_1(head->start[2]);
}

static bool has_one_host(const struct http_head *head)
{
	return only_field(head, "Host") != NULL;
}

static bool has_no_body(const struct http_head *head)
{
	const struct http_text *length = http_field(head, "Content-Length", 0);

	return http_field(head, "Transfer-Encoding", 0) == NULL &&
	       (length == NULL ||
		(only_field(head, "Content-Length") && is_exactly(*length, "0")));
}

static bool asks_for_websocket(const struct http_head *head)
{
	return http_has_word(head, "Upgrade", "websocket") &&
	       http_has_word(head, "Connection", "Upgrade");
}

static bool is_version_13(const struct http_head *head)
{
	const struct http_text *version = only_field(head, "Sec-WebSocket-Version");

	return version != NULL && is_exactly(*version, "13");
}

static bool accept_request(char out[static UPGRADE_ACCEPT_TEXT], const struct http_head *head)
{
	const struct http_text *value = only_field(head, "Sec-WebSocket-Key");
	char key[UPGRADE_KEY_TEXT];

	if (value == NULL || value->size != sizeof(key) - 1)
		return false;
	memcpy(key, value->data, value->size);
	key[value->size] = '\0';
	return upgrade_accept(out, key);
}

static bool has_key(const struct http_head *head)
{
	char accept[UPGRADE_ACCEPT_TEXT];

	return accept_request(accept, head);
}

/* Case counts: a browser takes no other spelling than its own for an answer. */
static bool asks_for_protocol(const struct http_head *head)
{
	const struct http_text *value;

	for (size_t n = 0; (value = http_field(head, "Sec-WebSocket-Protocol", n)); n++) {
		struct http_text list = *value, word;
		while (http_next_word(&list, &word))
			if (is_exactly(word, UPGRADE_PROTOCOL))
				return true;
	}
	return false;
}

/* RFC 6455, 4.2.1; in this order. */
static const struct {
	bool (*is_met)(const struct http_head *head);
	enum upgrade_verdict verdict; /* if it is not */
	const char *why;
} demands[] = {
	{is_new_enough, UPGRADE_BAD_REQUEST, "it is older than HTTP/1.1"},
	{has_one_host, UPGRADE_BAD_REQUEST, "it does not have one Host"},
	{has_no_body, UPGRADE_BAD_REQUEST, "it has a body"},
	{asks_for_websocket, UPGRADE_NOT_ASKED, "it does not ask for WebSocket"},
	{is_get, UPGRADE_BAD_REQUEST, "its method is not GET"},
	{is_version_13, UPGRADE_BAD_VERSION, "it does not ask for version 13 of WebSocket"},
	{has_key, UPGRADE_BAD_REQUEST, "its Sec-WebSocket-Key is not 16 bytes in base64"},
	{asks_for_protocol, UPGRADE_BAD_REQUEST,
	 "it does not ask for the subprotocol " UPGRADE_PROTOCOL},
};

enum upgrade_verdict upgrade_read_request(const struct http_head *head, const char **why)
{
	*why = NULL;
	for (size_t i = 0; i < sizeof(demands) / sizeof(demands[0]); i++)
		if (!demands[i].is_met(head)) {
			*why = demands[i].why;
			return demands[i].verdict;
		}
	return UPGRADE_OK;
}

unsigned upgrade_status(enum upgrade_verdict verdict)
{
	return verdict == UPGRADE_BAD_REQUEST ? 400 : 426;
}

/* ---- answers ---- */

size_t upgrade_write_welcome(char out[static UPGRADE_WRITE_MAX], const struct http_head *head)
{
	char accept[UPGRADE_ACCEPT_TEXT] = "";

	accept_request(accept, head);
	return (size_t)snprintf(out, UPGRADE_WRITE_MAX,
				"HTTP/1.1 101 Switching Protocols\r\n"
				"Upgrade: websocket\r\n"
				"Connection: Upgrade\r\n"
				"Sec-WebSocket-Accept: %s\r\n"
				"Sec-WebSocket-Protocol: " UPGRADE_PROTOCOL "\r\n\r\n",
				accept);
}

/* What an answer has beside its words; another status than these is like the last row. */
static const struct refusal {
	unsigned status;
	const char *reason, *connection, *fields;
} refusals[] = {
	{400, "Bad Request", "close", ""},
	{403, "Forbidden", "close", ""},
	{426, "Upgrade Required", "Upgrade, close",
	 "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"},
	{431, "Request Header Fields Too Large", "close", ""},
	{503, "Service Unavailable", "close", ""},
	{0, "", "close", ""},
};

/* Cut between two characters of UTF-8. */
static size_t cut_words(const char *words)
{
	size_t size = strnlen(words, WORDS_MAX);

	while (size > 0 && ((unsigned char)words[size] & 0xc0) == 0x80)
		size--;
	return size;
}

size_t upgrade_write_refusal(char out[static UPGRADE_WRITE_MAX], unsigned status,
			     const char *words)
{
	const struct refusal *refusal = refusals;
	size_t size = cut_words(words);

	while (refusal->status != 0 && refusal->status != status)
		refusal++;
	return (size_t)snprintf(out, UPGRADE_WRITE_MAX,
				"HTTP/1.1 %u %s\r\n"
				"Connection: %s\r\n"
				"%s"
				"Content-Type: text/plain; charset=utf-8\r\n"
				"Content-Length: %zu\r\n\r\n"
				"%.*s\n",
				status, refusal->reason, refusal->connection, refusal->fields,
				size + 1, (int)size, words);
}

/* ---- where the player is ---- */

static bool read_port(uint16_t *port, const char *text)
{
	size_t n = strlen(text);
	long value = n <= 5 ? strtol(text, NULL, 10) : 0;

	if (n == 0 || n > 5 || strspn(text, "0123456789") != n || value > UINT16_MAX)
		return false;
	*port = (uint16_t)value;
	return true;
}

/* "1.2.3.4", "1.2.3.4:5", "::1", "[::1]" or "[::1]:5" */
static bool read_address(struct net_addr *out, struct http_text word)
{
	char text[ADDRESS_TEXT], *address = text, *behind = NULL;
	uint16_t port = 0;

	if (word.size == 0 || word.size >= sizeof(text))
		return false;
	memcpy(text, word.data, word.size);
	text[word.size] = '\0';
	if (text[0] == '[') {
		char *bracket = strchr(++address, ']');
		if (bracket == NULL || (bracket[1] != '\0' && bracket[1] != ':'))
			return false;
		*bracket = '\0';
		behind = bracket[1] == ':' ? bracket + 2 : NULL;
	} else if (strchr(text, ':') != NULL && strchr(text, ':') == strrchr(text, ':')) {
		behind = strchr(text, ':');
		*behind++ = '\0';
	}
	/* net_addr_parse() also knows the paths of UNIX sockets */
	int family = address > text || strchr(address, ':') != NULL ? AF_INET6 : AF_INET;
	return (behind == NULL || read_port(&port, behind)) &&
	       net_addr_parse(out, address, port) && out->storage.ss_family == family;
}

/* The last element of all fields of that name. */
static bool last_word(struct http_text *word, const struct http_head *head, const char *name)
{
	const struct http_text *value;
	bool is_there = false;

	for (size_t n = 0; (value = http_field(head, name, n)) != NULL; n++) {
		struct http_text list = *value;
		while (http_next_word(&list, word))
			is_there = true;
	}
	return is_there;
}

/* From the left: each one that is not known, or no address, makes those before it worthless. */
static bool find_forwarded(struct net_addr *out, const struct http_head *head,
			   bool (*is_trusted)(const void *, const struct net_addr *),
			   const void *context, const char **why)
{
	const struct http_text *value;
	bool is_there = false, is_good = false;

	for (size_t n = 0; (value = http_field(head, "X-Forwarded-For", n)) != NULL; n++) {
		struct http_text list = *value, word;
		while (http_next_word(&list, &word)) {
			struct net_addr addr;
			bool is_address = read_address(&addr, word);
			if (is_there && is_address && is_trusted(context, &addr))
				continue;
			is_there = true;
			is_good = is_address;
			if (is_address)
				*out = addr;
		}
	}
	if (is_there && !is_good)
		*why = "what counts in its X-Forwarded-For is no address of IPv4 or IPv6";
	return is_good;
}

/* Does a field's name begin so, without regard to case. */
static bool begins_with(struct http_text name, const char *prefix)
{
	size_t size = strlen(prefix);

	return name.size >= size && strncasecmp(name.data, prefix, size) == 0;
}

bool upgrade_is_relayed(const struct http_head *head)
{
	static const char *const names[] = {"Forwarded", "Via", "X-Real-IP",
					    "CF-Connecting-IP"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (http_field(head, names[i], 0) != NULL)
			return true;
	for (size_t i = 0; i < head->n_fields; i++)
		if (begins_with(head->fields[i].name, "X-Forwarded-"))
			return true;
	return false;
}

bool upgrade_is_local_page(const struct http_head *head)
{
	const struct http_text *origin = http_field(head, "Origin", 0);
	struct http_text host;
	struct net_addr address;

	if (origin == NULL)
		return true;
	if (http_field(head, "Origin", 1) != NULL)
		return false;
	if (begins_with(*origin, "http://"))
		host = (struct http_text){origin->data + 7, origin->size - 7};
	else if (begins_with(*origin, "https://"))
		host = (struct http_text){origin->data + 8, origin->size - 8};
	else
		return false;
	if (read_address(&address, host))
		return net_addr_is_lan(&address);
	if (begins_with(host, "localhost:")) /* and a port, which has no dots */
		return memchr(host.data, '.', host.size) == NULL;
	return http_text_is(host, "localhost");
}

bool upgrade_player_address(struct net_addr *out, const struct http_head *head,
			    bool (*is_trusted)(const void *context,
					       const struct net_addr *addr),
			    const void *context, const char **why)
{
	struct http_text word;

	*why = NULL;
	if (!last_word(&word, head, "X-Real-IP"))
		return find_forwarded(out, head, is_trusted, context, why);
	if (read_address(out, word))
		return true;
	*why = "its X-Real-IP is no address of IPv4 or IPv6";
	return false;
}

/* ---- where a request goes ---- */

/* The bytes in front of the first of these. */
static struct http_text cut_at(struct http_text text, const char *stops)
{
	size_t size = 0;

	while (size < text.size && strchr(stops, text.data[size]) == NULL)
		size++;
	return (struct http_text){.data = text.data, .size = size};
}

static struct http_text skip(struct http_text text, size_t size)
{
	return (struct http_text){.data = text.data + size, .size = text.size - size};
}

/* "/path?query", "http://host/path?query", or "*" and the like (RFC 9112, 3.2). */
static struct http_text path_of(struct http_text target)
{
	if (target.data[0] != '/') {
		const char *slashes = memmem(target.data, target.size, "://", 3);
		size_t scheme =
			slashes != NULL ? (size_t)(slashes + 3 - target.data) : target.size;
		target = skip(target, scheme);
		target = skip(target, cut_at(target, "/?#").size);
	}
	target = cut_at(target, "?#");
	return target.size > 0 ? target : (struct http_text){.data = "/", .size = 1};
}

static void copy_safe(char *out, size_t size, struct http_text text, bool is_lower)
{
	size_t n = text.size < size ? text.size : size - 1;

	for (size_t i = 0; i < n; i++) {
		char c = text.data[i];
		if (is_lower && c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		out[i] = (char)(c > ' ' && c < '\x7f' ? c : '?');
	}
	out[n] = '\0';
}

void upgrade_place(const struct http_head *head, char *host, size_t host_size, char *path,
		   size_t path_size)
{
	const struct http_text *field = http_field(head, "Host", 0);
	struct http_text name = field != NULL ? *field : (struct http_text){.data = ""};
	size_t bracket = name.size > 0 && name.data[0] == '[' ? cut_at(name, "]").size : 0;

	name.size = bracket + cut_at(skip(name, bracket), ":").size;
	copy_safe(host, host_size, name, true);
	copy_safe(path, path_size, path_of(head->start[1]), false);
}

/* ---- as a client ---- */

/* Both fields, or nothing. */
static void write_player(char *out, size_t size, const struct net_addr *player)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t bytes[16];

	out[0] = '\0';
	if (player == NULL || !net_network_address(bytes, player))
		return;
	bool is_v4 = net_network_is_v4(bytes);
	inet_ntop(is_v4 ? AF_INET : AF_INET6, bytes + (is_v4 ? 12 : 0), text, sizeof(text));
	snprintf(out, size, "X-Real-IP: %s\r\nX-Forwarded-For: %s\r\n", text, text);
}

/* Names are spelled as some servers compare them: letter by letter. */
size_t upgrade_write_request(char out[static UPGRADE_WRITE_MAX], const char *host,
			     const char *key, const struct net_addr *player)
{
	char fields[2 * INET6_ADDRSTRLEN + sizeof("X-Real-IP: \r\nX-Forwarded-For: \r\n")];

	write_player(fields, sizeof(fields), player);
	return (size_t)snprintf(out, UPGRADE_WRITE_MAX,
				"GET / HTTP/1.1\r\n"
				"Host: %.*s\r\n"
				"Origin: http://%.*s\r\n"
				"Connection: Upgrade\r\n"
				"Upgrade: websocket\r\n"
				"Sec-WebSocket-Version: 13\r\n"
				"Sec-WebSocket-Key: %s\r\n"
				"Sec-WebSocket-Protocol: " UPGRADE_PROTOCOL "\r\n"
				"%s\r\n",
				HOST_MAX, host, HOST_MAX, host, key, fields);
}

static bool is_accepted(const struct http_head *head, const char *key)
{
	const struct http_text *accept = only_field(head, "Sec-WebSocket-Accept");
	char expected[UPGRADE_ACCEPT_TEXT];

	return accept != NULL && upgrade_accept(expected, key) && is_exactly(*accept, expected);
}

/* RFC 6455, 4.1, the steps behind "Once the client's opening handshake has been sent". */
static const char *find_fault(const struct http_head *head, const char *key)
{
	const struct http_text *protocol = http_field(head, "Sec-WebSocket-Protocol", 0);
	const struct http_text *extensions = http_field(head, "Sec-WebSocket-Extensions", 0);

	if (!is_exactly(head->start[1], "101"))
		return "its status is not 101";
	if (!is_http_1_1(head->start[0]))
		return "it is older than HTTP/1.1";
	if (!asks_for_websocket(head))
		return "it does not have Upgrade: websocket and Connection: Upgrade";
	if (!is_accepted(head, key))
		return "its Sec-WebSocket-Accept is not that of the key";
	if (extensions != NULL)
		return "it wants an extension that nobody has asked for";
	if (protocol != NULL && (only_field(head, "Sec-WebSocket-Protocol") == NULL ||
				 !is_exactly(*protocol, UPGRADE_PROTOCOL)))
		return "it wants another subprotocol than " UPGRADE_PROTOCOL;
	return NULL;
}

bool upgrade_read_answer(const struct http_head *head, const char *key, const char **why)
{
	*why = find_fault(head, key);
	return *why == NULL;
}

void upgrade_explain(char *out, size_t size, const struct http_head *head, const char *why)
{
	if (http_text_is(head->start[1], "101"))
		strlcpy(out, why, size);
	else
		snprintf(out, size, "it answers %.*s %.*s", (int)head->start[1].size,
			 head->start[1].data, (int)head->start[2].size, head->start[2].data);
}
