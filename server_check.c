/* SPDX-License-Identifier: MIT */
/*
 * One check of one server, without ever blocking: a connection, and with `health.check`
 * "classic" a login, by WebSocket where the server wants that, and the first byte of the answer
 * to it. The one idea: a check is a socket, a deadline and what it waits for; the background
 * thread polls all of them together. Every address of a host name is tried in turn before the
 * check has failed.
 */
#include <bsd/string.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "packet.h"
#include "server_private.h"
#include "upgrade.h"

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Lets go of the connection. */
static void hang_up(struct health_check *check)
{
	stream_close(&check->stream);
	free(check->upgrade);
	check->upgrade = NULL;
}

static void give_up(struct health_check *check)
{
	hang_up(check);
	server_skip_check(check->server, check->generation);
}

/* Connects to the next address, or the check is over. `error` is what was wrong with the last
 * one, as check->why says; a fault of our own proves nothing. */
static void try_next(struct health_check *check, int error)
{
	hang_up(check);
	while (check->stream.fd < 0 && check->tries > 0 && !server_fault_is_ours(error)) {
		check->tries--;
		check->has_asked = false;
		check->started_us = now_us();
		check->deadline_ms = net_deadline_ms(check->timeout_ms);
		check->stream.fd =
			server_connect_start(check->server, check->why, sizeof(check->why));
		error = check->stream.fd < 0 ? errno : 0;
	}
	if (check->stream.fd >= 0)
		return;
	if (server_fault_is_ours(error))
		give_up(check);
	else
		server_report_check(check->server, check->generation, false, -1, check->why);
}

void health_check_start(struct health_check *check, struct server *server,
			const struct config *config)
{
	*check = (struct health_check){
		.server = server,
		.generation = server_generation(server),
		.stream = {.fd = -1},
		.tries = server_address_count(server),
		.timeout_ms = config->connect_timeout_ms,
	};
	const struct config_server *row = server_config(server, config);
	server_wants_header(row, &check->header);
	check->is_web = row != NULL && row->forward == CONFIG_FORWARD_WEBSOCKET;
	if (config->health_check == CONFIG_CHECK_CLASSIC)
		strlcpy(check->probe, config->health_probe_name, sizeof(check->probe));
	try_next(check, 0);
}

static void succeed(struct health_check *check)
{
	int64_t latency_us = now_us() - check->started_us;

	hang_up(check);
	server_report_check(check->server, check->generation, true, latency_us, NULL);
}

/* Connected, but no good: what it has done is in check->why. */
static void refuse(struct health_check *check, const char *why)
{
	strlcpy(check->why, why, sizeof(check->why));
	server_turn_address(check->server);
	try_next(check, 0);
}

/* A new connection has room for so little. */
static bool say(struct health_check *check, const uint8_t *data, size_t size)
{
	return stream_send(&check->stream, data, size, net_now_ms(), NULL, NULL) == 0;
}

/* Says that this is no player, to a server that wants to hear who is one. */
static bool say_header(struct health_check *check)
{
	uint8_t header[PROXY_HEADER_WRITE_MAX];

	return check->header == PROXY_HEADER_NONE ||
	       say(check, header, proxy_header_write_local(header, check->header));
}

static void ask(struct health_check *check)
{
	struct packet_catalog plain;
	struct dialect dialect;
	uint8_t packet[PACKET_SIZE_MAX];

	packet_catalog_init(&plain);
	dialect_init(&dialect, &plain, PACKET_PROTOCOL, false);
	size_t size = packet_write_player_identification(packet, &dialect, check->probe, "");
	if (say(check, packet, size))
		check->has_asked = true;
	else
		refuse(check, "it closed the connection before the check could log in");
}

/* An upgrade to WebSocket that is under way: what has come of the answer. */
struct health_upgrade {
	char key[UPGRADE_KEY_TEXT];
	size_t fill;
	char head[HTTP_HEAD_MAX];
};

/* Asks for WebSocket, naming no player. */
static void ask_upgrade(struct health_check *check)
{
	char request[UPGRADE_WRITE_MAX], host[SERVER_ADDRESS_MAX];

	check->upgrade = calloc(1, sizeof(*check->upgrade));
	if (check->upgrade == NULL) {
		give_up(check);
		return;
	}
	server_web_host(check->server, host);
	upgrade_make_key(check->upgrade->key);
	size_t size = upgrade_write_request(request, host, check->upgrade->key, NULL);
	if (say(check, (const uint8_t *)request, size))
		check->has_asked = true;
	else
		refuse(check, "it closed the connection before the check could say anything");
}

/* Goes on with the login once the server has agreed to WebSocket. */
static void take_upgrade(struct health_check *check, const struct http_head *head)
{
	struct health_upgrade *upgrade = check->upgrade;
	const char *fault = NULL;
	char why[sizeof(check->why)], answer[UPGRADE_WHY_MAX];
	size_t rest = upgrade->fill - head->size;

	if (!upgrade_read_answer(head, upgrade->key, &fault)) {
		upgrade_explain(answer, sizeof(answer), head, fault);
		snprintf(why, sizeof(why), "it does not take the WebSocket: %s", answer);
		refuse(check, why);
	} else if (!stream_begin_web(&check->stream, WEBSOCKET_CLIENT)) {
		give_up(check);
	} else {
		/* nobody speaks before the login, but there may be half a frame */
		stream_take(&check->stream, (uint8_t *)upgrade->head + head->size, rest);
		free(upgrade);
		check->upgrade = NULL;
		ask(check);
	}
}

static void upgrading(struct health_check *check)
{
	struct health_upgrade *upgrade = check->upgrade;
	struct http_head head;
	const char *fault = "it closed the connection";
	char why[sizeof(check->why)];
	ssize_t n = recv(check->stream.fd, upgrade->head + upgrade->fill,
			 sizeof(upgrade->head) - upgrade->fill, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN && net_now_ms() < check->deadline_ms)
		return;
	if (n < 0 && errno == EAGAIN)
		fault = "there was no answer in time";
	enum http_result result = HTTP_BAD;
	if (n > 0) {
		upgrade->fill += (size_t)n;
		result = http_read_response(&head, upgrade->head, upgrade->fill, &fault);
	}
	if (result == HTTP_PART)
		return;
	if (result == HTTP_WHOLE) {
		take_upgrade(check, &head);
		return;
	}
	snprintf(why, sizeof(why), "it does not take the WebSocket: %s", fault);
	refuse(check, why);
}

static void connected(struct health_check *check)
{
	if (server_dial_finish(check->server, check->stream.fd, net_now_ms(), check->why,
			       sizeof(check->why)) != 0)
		try_next(check, errno);
	else if (!say_header(check))
		refuse(check, "it closed the connection before the check could say anything");
	else if (check->probe[0] == '\0')
		succeed(check);
	else if (check->is_web)
		ask_upgrade(check);
	else
		ask(check);
}

/* The first byte tells: it lets the probe in, or says why not. */
static void answered(struct health_check *check)
{
	uint8_t bytes[512], opcode;
	char why[sizeof(check->why)];
	ssize_t n = stream_recv(&check->stream, bytes, sizeof(bytes), MSG_DONTWAIT);

	opcode = n > 0 ? bytes[0] : 0;
	if (n < 0 && errno == EINTR) /* pings, or a part of a frame: poll(2) tells of more */
		errno = EAGAIN;
	if (n < 0 && errno == EAGAIN && net_now_ms() < check->deadline_ms)
		return;
	if (n > 0 && (opcode == OP_IDENTIFICATION || opcode == OP_DISCONNECT)) {
		succeed(check);
		return;
	}
	if (n > 0)
		snprintf(why, sizeof(why),
			 "it answered the login of %s with packet 0x%02x, which is neither an "
			 "identification nor a kick",
			 check->probe, opcode);
	else if (n < 0 && errno == EAGAIN)
		snprintf(why, sizeof(why), "it did not answer the login of %s in time",
			 check->probe);
	else
		snprintf(why, sizeof(why),
			 "it closed the connection instead of answering the login of %s",
			 check->probe);
	refuse(check, why);
}

short health_check_events(const struct health_check *check)
{
	return check->has_asked ? POLLIN : POLLOUT;
}

void health_check_step(struct health_check *check)
{
	if (check->upgrade != NULL)
		upgrading(check);
	else if (check->has_asked)
		answered(check);
	else
		connected(check);
}

void health_check_cancel(struct health_check *check)
{
	give_up(check);
}
