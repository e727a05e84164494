/* SPDX-License-Identifier: MIT */
/*
 * A door with people in front of it: a proxy that has a steward, no servers but its lobby, and
 * limits; and players from any address, by each way that an address comes in. For suites that
 * include it once; their tests run in processes of their own.
 */
#ifndef DOOR_STAGE_H
#define DOOR_STAGE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "harness.h"
#include "harness_network.h"
#include "steward.h"

/* How somebody comes: by themselves, through a proxy with a PROXY header, or as a web client
 * through a web server that names them (X-Real-IP). */
enum way { BY_PROXY, BY_WEB, DIRECTLY, WAYS };

/* The address of both in front. A real one, which is exempt for being trusted; without a
 * network there is only the loopback. */
#define FRONT     "198.51.100.250"
#define FRONT_LAN "127.0.0.1"

/* Two addresses of one network and one of another: IPv4, IPv6. */
static const struct {
	const char *first, *second, *third, *elsewhere;
} places[] = {
	{"203.0.113.7", "203.0.113.8", "203.0.113.9", "198.51.100.7"},
	{"2001:db8:0:7::1", "2001:db8:0:7::2", "2001:db8:0:7::3", "2001:db8:0:8::1"},
};
#define FAMILIES ((int)(sizeof(places) / sizeof(places[0])))

static struct proxy *proxy;
static enum way way;
static const char *names = "'verify-names':false"; /* what the configuration says of them */
static const char *player; /* the name of all who come; NULL: each has another one */
static unsigned n_players;
static char why[2048]; /* what whoever was turned away has been told */

static inline const char *front(void)
{
	return network_is_open() ? FRONT : FRONT_LAN;
}

/* The configuration with these limits, and more members if need be: "," and so on. */
static inline void door_has(const char *limits, const char *more)
{
	steward_edits_at(network_is_open() ? "'address':'::','port':0"
					   : "'address':'127.0.0.1','port':0",
			 "%s,'trusted-proxies':'%s','accept-proxy':%s,'limits':{%s}%s", names,
			 front(), way == BY_PROXY ? "true" : "false", limits, more);
}

static inline void door_opens(const char *limits, const char *more)
{
	door_has(limits, more);
	proxy = steward_starts();
}

static inline void door_changes(const char *limits, const char *more)
{
	door_has(limits, more);
	steward_reloads();
}

/* Without a network nobody has an address that the proxy sees by itself. */
static inline struct peer *connect_from(const char *address)
{
	return client_connect_from(address, proxy_port(proxy));
}

static inline void send_text(struct peer *client, const char *text)
{
	peer_send(client, text, strlen(text));
}

static inline void ask_upgrade(struct peer *client, const char *address)
{
	char request[512];

	snprintf(request, sizeof(request),
		 "GET / HTTP/1.1\r\nHost: example.org\r\nConnection: Upgrade\r\n"
		 "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
		 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		 "Sec-WebSocket-Protocol: ClassiCube\r\nX-Real-IP: %s\r\n\r\n",
		 address);
	send_text(client, request);
}

static inline void say_header(struct peer *client, const char *address)
{
	bool is_v6 = strchr(address, ':') != NULL;
	char header[128];

	snprintf(header, sizeof(header), "PROXY TCP%d %s %s 4321 25565\r\n", is_v6 ? 6 : 4,
		 address, is_v6 ? "2001:db8::1" : "198.51.100.2");
	send_text(client, header);
}

/* A connection of somebody at an address, who has said nothing of their own yet. */
static inline struct peer *come(const char *address)
{
	struct peer *client = connect_from(way == DIRECTLY ? address : front());

	if (way == BY_PROXY)
		say_header(client, address);
	if (way == BY_WEB)
		ask_upgrade(client, address);
	return client;
}

/* Sends a login, in a frame if need be: its mask of zeros changes nothing. */
static inline void identify(struct peer *client, const char *key)
{
	static const uint8_t frame[] = {0x82, 0x80 | 126, 0, 131, 0, 0, 0, 0};
	char name[16];

	snprintf(name, sizeof(name), "Player%u", ++n_players);
	if (way == BY_WEB)
		peer_send(client, frame, sizeof(frame));
	client_identify(client, PACKET_PROTOCOL, false, player != NULL ? player : name, key);
}

/* Reads into why[] until `is_enough` says so; false: they have closed. */
static inline bool read_text(struct peer *client, bool (*is_enough)(size_t n))
{
	size_t n = 0;

	memset(why, 0, sizeof(why));
	while (!is_enough(n)) {
		struct pollfd polled = {client->fd, POLLIN, 0};

		ck_assert_msg(poll(&polled, 1, (int)harness_ms(10000)) == 1, "no answer: %s",
			      why);
		ssize_t more = recv(client->fd, why + n, sizeof(why) - 1 - n, 0);
		if (more <= 0)
			return false;
		n += (size_t)more;
	}
	return true;
}

static inline bool is_upgraded(size_t n)
{
	return n > 12 && strncmp(why, "HTTP/1.1 101", 12) == 0 &&
	       strstr(why, "\r\n\r\n") != NULL;
}

static inline bool has_opcode(size_t n)
{
	return n > 4;
}

/* A web client's request has been answered: that is in why[] if they are turned away. */
static inline bool is_heard(struct peer *client)
{
	return way != BY_WEB || read_text(client, is_upgraded);
}

/* The first packet for a web client is at the beginning of a frame. */
static inline bool is_let_in_by_web(struct peer *client)
{
	if (!read_text(client, has_opcode))
		return false;
	size_t header = why[1] == 126 ? 4 : 2;
	bool is_in = why[header] != OP_DISCONNECT;
	memmove(why, why + header + 1, sizeof(why) - header - 1);
	return is_in;
}

/* Does the login of somebody who has come work; else why[] is what they have been told. */
static inline bool is_let_in(struct peer *client, const char *key)
{
	const uint8_t *packet;

	identify(client, key);
	if (way == BY_WEB)
		return is_let_in_by_web(client);
	packet = peer_next(client);
	snprintf(why, sizeof(why), "(closed)");
	if (packet != NULL && packet[0] == OP_DISCONNECT)
		packet_get_string(why, packet + 1);
	return packet != NULL && packet[0] != OP_DISCONNECT;
}

/* Comes and gets in, or NULL. */
static inline struct peer *try_with(const char *address, const char *key)
{
	struct peer *client = come(address);

	if (is_heard(client) && is_let_in(client, key))
		return client;
	peer_close(client);
	return NULL;
}

static inline struct peer *try_from(const char *address)
{
	return try_with(address, NULL);
}

static inline struct peer *gets_in(const char *address)
{
	struct peer *client = try_from(address);

	ck_assert_msg(client != NULL, "%s is turned away: %s", address, why);
	return client;
}

static inline void is_refused(const char *address, const char *word)
{
	ck_assert_msg(try_from(address) == NULL, "%s gets in", address);
	ck_assert_msg(harness_says(why, word), "%s is told \"%s\", not \"%s\"", address, why,
		      word);
	if (way == BY_WEB)
		ck_assert_msg(strncmp(why, "HTTP/1.1 503 ", 13) == 0, "%s", why);
}

/* Tries until it works: it does after a while. */
static inline struct peer *gets_in_at_last(const char *address)
{
	int64_t deadline = harness_now() + harness_ms(10000);
	struct peer *client;

	while ((client = try_from(address)) == NULL) {
		ck_assert_msg(harness_now() < deadline, "%s is still turned away: %s", address,
			      why);
		poll(NULL, 0, 20);
	}
	return client;
}

/* A number of the line of `stats` about the door: what stands behind `label`. */
static inline unsigned long door_count(const char *label)
{
	const char *at;

	steward_asks("stats", "Process:");
	at = strstr(steward.text, "Door: ");
	at = at != NULL ? strstr(at, label) : NULL;
	ck_assert_msg(at != NULL, "no \"%s\" in: %s", label, steward.text);
	return strtoul(at + strlen(label), NULL, 10);
}
#define TURNED_AWAY() door_count("turned away ")
#define CUT_SHORT()   door_count("cut short in their login ")
#define UNDER_WAY()   door_count("logins under way ")

#endif
