/* SPDX-License-Identifier: MIT */
/*
 * Reads bytes as a request and as an answer of HTTP, at once and in growing parts, which must
 * come to the same; then as a handshake of WebSocket: what is written for it can be read. As
 * few bytes are HTTP by themselves, they are also read as a text in which some stand for whole
 * words, alone and as the rest of a handshake that begins well.
 */
#include <stdlib.h>
#include <string.h>

#include "upgrade.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef enum http_result (*read_fn)(struct http_head *out, const char *bytes, size_t size,
				    const char **why);

#define TEXT_MAX 6000 /* longer than a head may be */
#define KEY      "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT   "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static const char good_request[] = "GET / HTTP/1.1\r\n"
				   "Upgrade: websocket\r\n"
				   "Connection: Upgrade\r\n"
				   "Sec-WebSocket-Version: 13\r\n"
				   "Sec-WebSocket-Key: " KEY "\r\n"
				   "Sec-WebSocket-Protocol: ClassiCube\r\n"
				   "Host:";
static const char good_answer[] = "HTTP/1.1 101 OK\r\n"
				  "Upgrade: websocket\r\n"
				  "Connection: Upgrade\r\n"
				  "Sec-WebSocket-Accept: " ACCEPT;

/* For bytes from 0x80 on. */
static const char *const words[] = {
	"\r\n",
	"\r\n\r\n",
	":",
	",",
	"/",
	"http://",
	"[",
	"]:",
	"GET / HTTP/1.1\r\n",
	"POST ",
	"GET ",
	" HTTP/1.0",
	"HTTP/1.1 101 \r\n",
	"HTTP/1.1 200 ",
	"\r\nHost: ",
	"\r\nUpgrade: websocket",
	"\r\nConnection: Upgrade",
	"\r\nSec-WebSocket-Version: 13",
	"\r\nSec-WebSocket-Key: ",
	"\r\nSec-WebSocket-Protocol: ",
	"\r\nSec-WebSocket-Accept: ",
	"\r\nSec-WebSocket-Extensions: ",
	"\r\nContent-Length: 0",
	"\r\nTransfer-Encoding: ",
	"\r\nX-Real-IP: ",
	"\r\nX-Forwarded-For: ",
	KEY,
	ACCEPT,
	UPGRADE_PROTOCOL,
	"127.0.0.1",
	"203.0.113.7",
	"2001:db8::1",
	"::ffff:10.0.0.1",
	"unix:",
	"65535",
	"\xc3\xa4",
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void demand(bool is_so)
{
	if (!is_so)
		abort();
}

static bool is_within(struct http_text text, const char *bytes, size_t size)
{
	return text.data >= bytes && text.size <= size &&
	       (size_t)(text.data - bytes) <= size - text.size;
}

static void expect_sense(const struct http_head *head, const char *bytes, size_t size)
{
	demand(head->size > 0 && head->size <= size && head->size <= HTTP_HEAD_MAX);
	demand(head->n_fields <= HTTP_FIELDS_MAX);
	for (int i = 0; i < 3; i++)
		demand(is_within(head->start[i], bytes, head->size));
	for (size_t i = 0; i < head->n_fields; i++) {
		demand(head->fields[i].name.size > 0);
		demand(is_within(head->fields[i].name, bytes, head->size));
		demand(is_within(head->fields[i].value, bytes, head->size));
	}
}

/* Some of the addresses, so that each way is gone. */
static bool is_trusted(const void *context, const struct net_addr *addr)
{
	demand(context == NULL && addr->len > 0);
	return addr->storage.ss_family == AF_INET6 || net_addr_is_lan(addr);
}

static void expect_whole(read_fn read, struct http_head *head, const char *text, size_t size)
{
	const char *why = NULL;

	demand(strlen(text) == size && size < UPGRADE_WRITE_MAX);
	demand(read(head, text, size, &why) == HTTP_WHOLE && head->size <= size);
}

/* What is asked of a server on behalf of such a player, and how that reads it. */
static void ask(const struct net_addr *player, const char *host)
{
	char out[UPGRADE_WRITE_MAX], key[UPGRADE_KEY_TEXT];
	static struct http_head head;
	struct net_addr again;
	const char *why;

	upgrade_make_key(key);
	expect_whole(http_read_request, &head, out,
		     upgrade_write_request(out, host, key, player));
	demand(upgrade_read_request(&head, &why) == UPGRADE_OK);
	if (player != NULL)
		demand(upgrade_player_address(&again, &head, is_trusted, NULL, &why));
}

static void use_request(const struct http_head *head)
{
	char out[UPGRADE_WRITE_MAX], host[64], path[64], key[UPGRADE_KEY_TEXT];
	static struct http_head answer;
	const char *why = NULL, *nobody = NULL;
	struct net_addr player;
	enum upgrade_verdict verdict = upgrade_read_request(head, &why);

	demand((verdict == UPGRADE_OK) == (why == NULL));
	if (verdict != UPGRADE_OK) {
		expect_whole(http_read_response, &answer, out,
			     upgrade_write_refusal(out, upgrade_status(verdict), why));
	} else {
		expect_whole(http_read_response, &answer, out,
			     upgrade_write_welcome(out, head));
		memcpy(key, http_field(head, "Sec-WebSocket-Key", 0)->data, sizeof(key) - 1);
		key[sizeof(key) - 1] = '\0';
		demand(upgrade_read_answer(&answer, key, &why));
	}
	upgrade_place(head, host, sizeof(host), path, sizeof(path));
	demand(strlen(host) < sizeof(host) && strlen(path) < sizeof(path));
	bool is_said = upgrade_player_address(&player, head, is_trusted, NULL, &nobody);
	demand(!is_said || nobody == NULL);
	ask(is_said ? &player : NULL, host);
}

static void use_response(const struct http_head *head)
{
	const char *why = NULL;
	bool is_in = upgrade_read_answer(head, KEY, &why);

	demand(is_in == (why == NULL));
}

/* The buffer is exact, so that ASan sees a byte too many. */
static enum http_result read_exactly(read_fn read, void (*use)(const struct http_head *),
				     const uint8_t *data, size_t size, const char **why)
{
	static struct http_head head;
	char *copy = malloc(size + 1);

	demand(copy != NULL);
	char *at = copy + 1; /* so that it ends where the memory does */
	memcpy(at, data, size);
	*why = NULL;
	enum http_result result = read(&head, at, size, why);
	demand((result == HTTP_BAD || result == HTTP_TOO_BIG) == (*why != NULL));
	demand(result != HTTP_PART || size < HTTP_HEAD_MAX);
	if (result == HTTP_WHOLE) {
		expect_sense(&head, at, size);
		use(&head);
	}
	free(copy);
	return result;
}

static void read_as(read_fn read, void (*use)(const struct http_head *), const uint8_t *data,
		    size_t size)
{
	const char *why, *part_why = NULL;
	enum http_result at_once = read_exactly(read, use, data, size, &why);
	enum http_result bit_by_bit = HTTP_PART;
	size_t step = 1 + size / 64; /* byte by byte, unless that takes too long */

	for (size_t n = 0; n < size && bit_by_bit == HTTP_PART; n += step)
		bit_by_bit = read_exactly(read, use, data, n, &part_why);
	if (bit_by_bit == HTTP_PART)
		bit_by_bit = read_exactly(read, use, data, size, &part_why);
	demand(at_once == bit_by_bit && why == part_why);
}

/* The text that the bytes stand for, behind another one and with an end. */
static void read_text(read_fn read, void (*use)(const struct http_head *), const char *begin,
		      const uint8_t *data, size_t size)
{
	static char text[TEXT_MAX];
	size_t n = strlen(begin);

	memcpy(text, begin, n);
	for (size_t i = 0; i < size; i++) {
		const char *word = words[data[i] % COUNT(words)];
		size_t more = data[i] >= 0x80 ? strlen(word) : 1;
		if (n + more + 4 > sizeof(text))
			break;
		memcpy(text + n, data[i] >= 0x80 ? word : (const char *)&data[i], more);
		n += more;
	}
	memcpy(text + n, "\r\n\r\n", 4);
	read_as(read, use, (const uint8_t *)text, n + 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_as(http_read_request, use_request, data, size);
	read_as(http_read_response, use_response, data, size);
	read_text(http_read_request, use_request, "", data, size);
	read_text(http_read_request, use_request, good_request, data, size);
	read_text(http_read_response, use_response, "", data, size);
	read_text(http_read_response, use_response, good_answer, data, size);
	return 0;
}
