/* SPDX-License-Identifier: MIT */
/*
 * WebSocket on both sides of a session: web clients, and servers that learn of players by a
 * request. The one idea: once the request has been answered there are frames, and only the
 * stream knows of them.
 */
#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_current.h"
#include "session_private.h"

#define WARN_EVERY_MS  10000
#define ANSWER_WAIT_MS 100 /* how long an answer to a ping waits for who is writing */

/* ---- web clients ---- */

static bool is_trusted(const void *config, const struct net_addr *addr)
{
	return config_trusts(config, addr);
}

/* For what anybody can cause as often as they like: now and then will do. */
static bool may_warn(_Atomic int64_t *next_ms)
{
	int64_t now_ms = net_now_ms(), due_ms = atomic_load(next_ms);

	return now_ms >= due_ms &&
	       atomic_compare_exchange_strong(next_ms, &due_ms, now_ms + WARN_EVERY_MS);
}

/* Nobody is asked where they are. On a local address that is a web server in front that
 * trusted-proxies lacks, or a page from elsewhere in a local browser: then whoever it is for is
 * not local, and may be anybody. */
static void note_stranger(struct session *session, const struct http_head *head)
{
	static _Atomic int64_t next_ms;
	bool is_relayed = upgrade_is_relayed(head);
	char peer[NET_ADDR_TEXT];

	session->needs_key |= is_relayed || !upgrade_is_local_page(head);
	if (!is_relayed || !net_addr_is_lan(&session->peer) || !may_warn(&next_ms))
		return;
	log_address(peer, &session->peer, false);
	session_log(
		session, LOG_WARN,
		"%s passes on web clients, but is none of trusted-proxies: it is not believed, "
		"and its players need a key",
		peer);
}

/* What a trusted proxy says of who is there. False: they may not come in. */
static bool take_word(struct session *session, const struct http_head *head,
		      struct session_reason *reason)
{
	static _Atomic int64_t next_ms;
	const struct config *config = config_now();
	char proxy[NET_ADDR_TEXT], player[NET_ADDR_TEXT];
	struct net_addr address;
	const char *why = "no X-Real-IP and no X-Forwarded-For";

	session->needs_key = true; /* a local address is easily said */
	log_address(proxy, &session->peer, true);
	if (upgrade_player_address(&address, head, is_trusted, config, &why)) {
		log_address(player, &address, false);
		session_log(session, LOG_DEBUG, "the proxy at %s passes on %s (HTTP)", proxy,
			    player);
		return session_move_peer(session, &address, reason);
	}
	if (may_warn(&next_ms))
		session_log(session, LOG_WARN, "the proxy at %s does not say who is there: %s",
			    proxy, why != NULL ? why : "no X-Real-IP and no X-Forwarded-For");
	return true;
}

static void take_place(struct session *session, const struct http_head *head)
{
	char host[256], path[256];

	upgrade_place(head, host, sizeof(host), path, sizeof(path));
	session->host = strdup(host);
	session->path = session->host != NULL ? strdup(path) : NULL; /* both or none */
}

/* Answers a request that does not let the client in. */
static void answer(struct session *session, unsigned status, const char *words)
{
	char http[UPGRADE_WRITE_MAX];
	size_t size = upgrade_write_refusal(http, status, words);

	if (!config_now()->answer_http)
		return;
	session_lock_tx(session);
	/* a new connection has room for so little; else the client is gone */
	(void)!send(session->stream.fd, http, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	pthread_mutex_unlock(&session->client_tx);
}

/* Always SESSION_WEB_BAD. */
static enum session_web turn_down(struct session *session, unsigned status, const char *why,
				  struct session_reason *reason)
{
	char words[SESSION_WHY_MAX];

	session_reason(reason, MESSAGE_LOGIN_WEB, NULL);
	reason->is_of_many = status == 426; /* somebody has looked, no more */
	reason->is_no_try = status == 426 || status == 403;
	if (status == 426 || status == 403)
		strlcpy(words, reason->said, sizeof(words));
	else
		snprintf(words, sizeof(words), "No WebSocket: %s", why);
	snprintf(reason->logged, sizeof(reason->logged), "its HTTP request: %s", why);
	answer(session, status, words);
	return SESSION_WEB_BAD;
}

/* The client has not begun with packets: they would be nonsense to it. */
static void be_quiet(struct session *session)
{
	session_lock_tx(session);
	session->is_broken = true;
	pthread_mutex_unlock(&session->client_tx);
}

/* Lets the client in. False: no memory. */
static bool welcome(struct session *session, const struct http_head *head)
{
	char answer[UPGRADE_WRITE_MAX];
	size_t size = upgrade_write_welcome(answer, head);

	session_lock_tx(session);
	(void)!send(session->stream.fd, answer, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	bool has_begun = stream_begin_web(&session->stream, WEBSOCKET_SERVER);
	session->is_broken = !has_begun || atomic_load(&session->is_ending);
	pthread_mutex_unlock(&session->client_tx);
	return has_begun;
}

/* Answers what the client's frames have asked for. */
static void answer_client(struct session *session)
{
	int64_t deadline_ms = net_deadline_ms(config_now()->client_timeout_ms);

	/* later, then: while a writer waits for the other end, that may wait for us to read */
	if (!session_lock_tx_by(session, net_now_ms() + ANSWER_WAIT_MS))
		return;
	if (!session->is_broken &&
	    stream_answer(&session->stream, deadline_ms, &session->is_ending) != 0) {
		session->is_broken = true;
		shutdown(session->stream.fd, SHUT_RDWR);
	}
	pthread_mutex_unlock(&session->client_tx);
}

/* What is behind the request is in frames. */
static void take_rest(struct session *session, struct client_input *in, size_t head_size)
{
	size_t rest = in->fill - head_size;

	memmove(in->bytes, in->bytes + head_size, rest);
	in->fill = stream_take(&session->stream, in->bytes, rest);
	if (stream_wants_answer(&session->stream))
		answer_client(session);
}

static enum session_web judge(struct session *session, struct client_input *in,
			      const struct http_head *head, struct session_reason *reason)
{
	const char *why = NULL;
	enum upgrade_verdict verdict = upgrade_read_request(head, &why);

	if (!config_trusts(config_now(), &session->peer)) {
		note_stranger(session, head);
	} else if (!take_word(session, head, reason)) {
		answer(session, 503, reason->said);
		return SESSION_WEB_BAD;
	}
	if (!session->takes_web)
		return turn_down(session, 403, "there is no WebSocket here (websocket: false)",
				 reason);
	if (verdict != UPGRADE_OK)
		return turn_down(session, upgrade_status(verdict), why, reason);
	take_place(session, head);
	if (!welcome(session, head)) {
		session_reason(reason, MESSAGE_FULL, NULL);
		return SESSION_WEB_BAD;
	}
	session_log(session, LOG_DEBUG, "a web client, for %s at %s",
		    session->path != NULL ? session->path : "",
		    session->host != NULL ? session->host : "");
	take_rest(session, in, head->size);
	return SESSION_WEB_TAKEN;
}

enum session_web session_take_request(struct session *session, struct client_input *in,
				      struct session_reason *reason)
{
	struct http_head head;
	const char *why = NULL;

	_Static_assert(HTTP_HEAD_MAX <= CLIENT_INPUT_SIZE, "a request has no room");
	be_quiet(session);
	switch (http_read_request(&head, (const char *)in->bytes, in->fill, &why)) {
	case HTTP_PART:
		return SESSION_WEB_PART;
	case HTTP_WHOLE:
		return judge(session, in, &head, reason);
	case HTTP_TOO_BIG:
		return turn_down(session, 431, why, reason);
	default:
		return turn_down(session, 400, why, reason);
	}
}

void session_decline_request(struct session *session, const struct client_input *in,
			     const struct session_reason *reason)
{
	if (in->fill == 0 || in->bytes[0] != 'G')
		return;
	be_quiet(session);
	answer(session, 503, reason->said);
}

/* What a read of the client has come to, with an answer where it wants one; errno is kept. */
static ssize_t answered(struct session *session, ssize_t n)
{
	int error = errno;

	if (stream_wants_answer(&session->stream))
		answer_client(session);
	errno = error;
	return n;
}

ssize_t session_recv(struct session *session, void *buffer, size_t size)
{
	return answered(session, stream_recv(&session->stream, buffer, size, 0));
}

ssize_t session_recv_by(struct session *session, void *buffer, size_t size, int64_t deadline_ms)
{
	return answered(session, stream_recv_by(&session->stream, buffer, size, deadline_ms));
}

/* ---- servers ---- */

bool link_ask_upgrade(struct link *link, char key[static UPGRADE_KEY_TEXT])
{
	const struct config_server *row = server_config(link->server, config_now());
	char request[UPGRADE_WRITE_MAX], host[SERVER_ADDRESS_MAX];

	if (row == NULL || row->forward != CONFIG_FORWARD_WEBSOCKET)
		return false;
	upgrade_make_key(key);
	server_web_host(link->server, host);
	size_t size = upgrade_write_request(request, host, key, &link->session->peer);
	pthread_mutex_lock(&link->tx);
	/* a new connection has room for so little; else the server is gone, as its reader sees
	 */
	(void)!send(link->stream.fd, request, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	pthread_mutex_unlock(&link->tx);
	return true;
}

/* The log hears what was wrong, the player that it is. Always SESSION_WEB_BAD. */
static enum session_web blame(struct link *link, const char *why)
{
	session_log(link->session, LOG_WARN, "%s does not take the WebSocket: %s",
		    server_name(link->server), why);
	link_set_fault(link, MESSAGE_WHY_WEBSOCKET);
	return SESSION_WEB_BAD;
}

/* Answers what the server's frames have asked for. */
static void answer_server(struct link *link)
{
	int64_t deadline_ms = net_deadline_ms(config_now()->server_timeout_ms);

	if (!session_lock_by(&link->tx, net_now_ms() + ANSWER_WAIT_MS))
		return; /* as above */
	if (!atomic_load(&link->is_closed) &&
	    stream_answer(&link->stream, deadline_ms, &link->is_closed) != 0 &&
	    !atomic_load(&link->is_closed))
		shutdown(link->stream.fd, SHUT_RDWR); /* nothing can follow half a frame */
	pthread_mutex_unlock(&link->tx);
}

static enum session_web begin(struct link *link, size_t head_size)
{
	pthread_mutex_lock(&link->tx);
	bool has_begun = stream_begin_web(&link->stream, WEBSOCKET_CLIENT);
	pthread_mutex_unlock(&link->tx);
	if (!has_begun) {
		link->is_our_fault = true;
		link_set_fault(link, MESSAGE_WHY_MEMORY);
		return SESSION_WEB_BAD;
	}
	link->in_fill -= head_size;
	memmove(link->in, link->in + head_size, link->in_fill);
	link->in_fill = stream_take(&link->stream, link->in, link->in_fill);
	if (stream_wants_answer(&link->stream))
		answer_server(link);
	return SESSION_WEB_TAKEN;
}

enum session_web link_take_answer(struct link *link, const char *key)
{
	struct http_head head;
	const char *why = NULL;
	char text[UPGRADE_WHY_MAX];

	_Static_assert(HTTP_HEAD_MAX <= LINK_INPUT_SIZE, "an answer has no room");
	switch (http_read_response(&head, (const char *)link->in, link->in_fill, &why)) {
	case HTTP_PART:
		return SESSION_WEB_PART;
	case HTTP_WHOLE:
		if (upgrade_read_answer(&head, key, &why))
			return begin(link, head.size);
		upgrade_explain(text, sizeof(text), &head, why);
		return blame(link, text);
	default:
		return blame(link, why);
	}
}

ssize_t link_recv(struct link *link, void *buffer, size_t size, int flags)
{
	ssize_t n = stream_recv(&link->stream, buffer, size, flags);
	int error = errno;

	if (stream_wants_answer(&link->stream))
		answer_server(link);
	errno = error;
	return n;
}

void link_say_close_locked(struct link *link)
{
	if (pthread_mutex_trylock(&link->tx) != 0)
		return;
	stream_send_close(&link->stream, WEBSOCKET_NORMAL);
	pthread_mutex_unlock(&link->tx);
}
