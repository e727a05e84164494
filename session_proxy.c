/* SPDX-License-Identifier: MIT */
/*
 * The PROXY protocol on both sides of a session: what a proxy in front says of the player, and
 * what a server hears of them. The one idea: once the header has been read, the player is where
 * it says, for everybody and everything; only the log knows the proxy.
 */
#include <bsd/string.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "config_current.h"
#include "proxy_header.h"
#include "session_private.h"

/* ---- in front ---- */

static void log_header(const struct session *session, const struct proxy_header *header)
{
	char proxy[NET_ADDR_TEXT], source[NET_ADDR_TEXT], destination[NET_ADDR_TEXT];

	net_addr_text(proxy, &session->peer, true);
	log_address(source, &header->source, true);
	net_addr_text(destination, &header->destination, true);
	if (header->has_addresses)
		session_log(session, LOG_DEBUG,
			    "the proxy at %s (PROXY v%d) passes on %s, who has connected to %s",
			    proxy, (int)header->version, source, destination);
	else
		session_log(session, LOG_DEBUG,
			    "the proxy at %s (PROXY v%d) names no player: it counts itself",
			    proxy, (int)header->version);
}

static enum session_header take(struct session *session, struct client_input *in,
				const struct proxy_header *header,
				struct session_reason *reason)
{
	log_header(session, header);
	in->fill -= header->size;
	memmove(in->bytes, in->bytes + header->size, in->fill);
	/* whoever the proxy does not know, or knows as another proxy, may be anybody */
	session->needs_key =
		!header->has_addresses || config_trusts(config_now(), &header->source);
	if (!header->has_addresses)
		return SESSION_HEADER_TAKEN;
	session->reached = header->destination;
	return session_move_peer(session, &header->source, reason) ? SESSION_HEADER_TAKEN
								   : SESSION_HEADER_BAD;
}

enum session_header session_take_header(struct session *session, struct client_input *in,
					struct session_reason *reason)
{
	struct proxy_header header;
	const char *fault = "";

	_Static_assert(PROXY_HEADER_MAX <= CLIENT_INPUT_SIZE, "a header has no room");
	if (!config_trusts(config_now(), &session->peer)) {
		session_reason(reason, MESSAGE_LOGIN_NO_PROXY, NULL);
		strlcpy(reason->logged,
			"they are none of the trusted-proxies, which alone may connect here",
			sizeof(reason->logged));
		return SESSION_HEADER_BAD;
	}
	switch (proxy_header_read(&header, in->bytes, in->fill, &fault)) {
	case PROXY_HEADER_PART:
		return SESSION_HEADER_PART;
	case PROXY_HEADER_WHOLE:
		return take(session, in, &header, reason);
	default:
		session_reason(reason, MESSAGE_LOGIN_PROXY_HEADER, "fault", fault, NULL);
		return SESSION_HEADER_BAD;
	}
}

/* ---- behind ---- */

/* Where the player has connected to: the header of a proxy has told, or the socket knows. */
static struct net_addr find_reached(const struct session *session)
{
	struct net_addr reached = {.len = sizeof(reached.storage)};

	if (session->reached.len > 0)
		return session->reached;
	if (getsockname(session->stream.fd, (struct sockaddr *)&reached.storage,
			&reached.len) != 0)
		return (struct net_addr){0};
	return reached;
}

void link_send_header(struct link *link)
{
	const struct session *session = link->session;
	const struct config_server *row = server_config(link->server, config_now());
	enum proxy_header_version version;
	uint8_t header[PROXY_HEADER_WRITE_MAX];

	if (!server_wants_header(row, &version))
		return;
	const struct net_addr reached = find_reached(session);
	size_t size = proxy_header_write(header, version, &session->peer, &reached);
	pthread_mutex_lock(&link->tx);
	/* a new connection has room for so little; else the server is gone, as its reader sees
	 */
	(void)!send(link->stream.fd, header, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	pthread_mutex_unlock(&link->tx);
}
