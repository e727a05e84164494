/* SPDX-License-Identifier: MIT */
/*
 * Links: dialling a server, sending to it, the swap that makes a link the session's current
 * one. The one idea: the old link stays current until the new server has let the player in, and
 * from the swap on, made under client_tx, the old server can say nothing more.
 */
#include <bsd/string.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth.h"
#include "config_current.h"
#include "session_private.h"
#include "text.h"

/* How long a swap waits for the old server's level to end, and how often a blocked send looks
 * whether its client is still there. */
#define LEVEL_WAIT_MS 10000
#define SEND_SLICE_MS 250

struct link *link_new(struct session *session, struct server *server)
{
	struct link *link = calloc(1, sizeof(*link));

	if (link == NULL)
		return NULL;
	atomic_init(&link->refs, 1);
	atomic_init(&link->is_closed, false);
	atomic_init(&link->published, NULL);
	atomic_init(&link->chat_style, CHAT_PLAIN);
	session_ref(session);
	link->session = session;
	link->server = server;
	link->has_place = true;
	const struct config_server *row = server_config(server, config_now());
	if (row != NULL) {
		link->on_kick = row->on_kick;
		link->redirect = row->redirect;
	}
	link->stream = (struct stream){.fd = -1};
	link->translate = translate_new(negotiate_is_classicube(session->software));
	link->company_ms = net_now_ms() + SESSION_COMPANY_MS;
	pthread_mutex_init(&link->tx, NULL);
	dialect_init(&link->dialect, &session->config->catalog, session->dialect.protocol,
		     session->dialect.cpe);
	link->listed = link->dialect;
	return link;
}

void link_ref(struct link *link)
{
	atomic_fetch_add(&link->refs, 1);
}

void link_unref(struct link *link)
{
	struct session *session = link->session;

	if (atomic_fetch_sub(&link->refs, 1) != 1)
		return;
	if (link->has_place)
		server_give_back(link->server);
	if (link->has_turn)
		server_return_ended(link->server);
	stream_close(&link->stream);
	pthread_mutex_destroy(&link->tx);
	free(link->in);
	free(link->out.data);
	free(link->kept.data);
	free(link->held.data);
	translate_free(link->translate);
	level_free(link->level);
	free(link);
	session_unref(session);
}

void link_shut_locked(struct link *link)
{
	atomic_store(&link->is_closed, true);
	if (link->stream.fd >= 0)
		link_say_close_locked(link);
	if (link->stream.fd >= 0)
		shutdown(link->stream.fd, SHUT_RDWR);
	pthread_cond_broadcast(&link->session->link_left);
}

void link_shut(struct link *link)
{
	pthread_mutex_lock(&link->session->lock);
	link_shut_locked(link);
	pthread_mutex_unlock(&link->session->lock);
}

/* Writes to the server; link->tx held. A link that is being left takes nothing more, and what
 * it leaves unsaid does not cut it: the server must be able to read to the end. */
static void send_locked(struct link *link, const struct dialect *dialect, const uint8_t *data,
			size_t size)
{
	int64_t deadline_ms = net_deadline_ms(config_now()->server_timeout_ms);
	size_t done = 0, sent = 0;
	bool is_stuck = true;

	if (session_is_traced(link->session) && !atomic_load(&link->is_closed))
		session_trace_packets(link->session, TRACE_TO_SERVER, link->server, dialect,
				      data, size);
	while (is_stuck && !atomic_load(&link->is_closed)) {
		int64_t slice_ms = net_now_ms() + SEND_SLICE_MS;

		is_stuck = stream_send(&link->stream, data + done, size - done,
				       slice_ms < deadline_ms ? slice_ms : deadline_ms,
				       &link->is_closed, &sent) != 0;
		done += sent;
		if (!is_stuck || atomic_load(&link->is_closed) ||
		    (errno == ETIMEDOUT && net_now_ms() < deadline_ms &&
		     !session_is_client_gone(link->session)))
			continue;
		shutdown(link->stream.fd,
			 SHUT_RDWR); /* its reader wakes and sees to the rest */
		is_stuck = false;
	}
}

void link_send(struct link *link, const uint8_t *data, size_t size)
{
	pthread_mutex_lock(&link->tx);
	send_locked(link, &link->dialect, data, size);
	pthread_mutex_unlock(&link->tx);
}

void link_pass(struct link *link, const struct dialect *dialect, const uint8_t *data,
	       size_t size)
{
	pthread_mutex_lock(&link->tx);
	if (atomic_load(&link->published) == dialect)
		send_locked(link, dialect, data, size);
	pthread_mutex_unlock(&link->tx);
}

void link_publish(struct link *link)
{
	struct dialect *agreed = &link->agreed[atomic_load(&link->published) != NULL];

	*agreed = link->dialect;
	if (!link->has_replied) /* the server knows nothing of ours yet */
		dialect_init(agreed, &link->session->config->catalog, link->dialect.protocol,
			     link->dialect.cpe);
	atomic_store(&link->published, agreed);
}

void link_reply(struct link *link)
{
	const struct session *session = link->session;
	uint8_t list[NEGOTIATE_LIST_MAX];
	size_t size = negotiate_reply(list, &session->config->catalog, &link->listed,
				      session->software);

	pthread_mutex_lock(&link->tx);
	link->dialect = link->listed;
	send_locked(link, &link->dialect, list, size);
	if (atomic_load(&link->published) != NULL)
		link_publish(link);
	pthread_mutex_unlock(&link->tx);
}

/* Gives the link its socket, unless the session or the journey is over. */
static bool give_socket(struct link *link, int fd)
{
	struct session *session = link->session;

	pthread_mutex_lock(&session->lock);
	bool is_wanted = session->pending == link && !atomic_load(&session->is_ending);
	if (is_wanted)
		link->stream.fd = fd;
	pthread_mutex_unlock(&session->lock);
	if (!is_wanted)
		close(fd);
	return is_wanted;
}

/* Does what a link has shown concern its server: not our own faults, nor another address. */
static bool is_evidence(const struct link *link)
{
	return !link->is_our_fault && link->generation == server_generation(link->server);
}

void link_set_fault(struct link *link, enum message why)
{
	strlcpy(link->fault, message_default(why), sizeof(link->fault));
}

/* Faults are kept in the words of the log; those that are messages are told apart by them. */
const char *link_said_fault(const struct link *link, char out[static SESSION_WHY_MAX])
{
	static const enum message whys[] = {
		MESSAGE_WHY_FULL,       MESSAGE_WHY_DRAINING, MESSAGE_WHY_MAINTENANCE,
		MESSAGE_WHY_RESTRICTED, MESSAGE_WHY_REMOVED,  MESSAGE_WHY_CLOSED,
		MESSAGE_WHY_BROKEN,     MESSAGE_WHY_SILENT,   MESSAGE_WHY_MEMORY,
		MESSAGE_WHY_WEBSOCKET,
	};
	const char *fault = link->onward_fault != NULL ? link->onward_fault : link->fault;

	for (size_t i = 0; i < sizeof(whys) / sizeof(whys[0]); i++)
		if (strcmp(fault, message_default(whys[i])) == 0)
			return config_message(out, SESSION_WHY_MAX, whys[i], NULL);
	strlcpy(out, fault, SESSION_WHY_MAX);
	return out;
}

/* A dial has failed, with its reason in link->fault and in errno. The server is to blame,
 * unless we gave up on it or have no descriptors ourselves. Always false. */
static bool blame(struct link *link)
{
	link->is_our_fault = server_fault_is_ours(errno);
	if (errno != ECANCELED && !atomic_load(&link->is_closed) && is_evidence(link))
		server_report(link->server, false, link->fault);
	return false;
}

void link_report(const struct link *link, bool is_logged_in)
{
	bool works = is_logged_in || link->is_logged_in || link->kick[0] != '\0';

	if (!is_evidence(link))
		return;
	/* a dial has been dealt with, and what we cut ourselves says nothing */
	if (works)
		server_report(link->server, true, NULL);
	else if (link->has_connected && !atomic_load(&link->is_closed) &&
		 !atomic_load(&link->session->is_ending))
		server_report_login(link->server, link->fault);
}

/* Takes back a socket whose connect has failed. */
static void drop_socket(struct link *link)
{
	struct session *session = link->session;

	pthread_mutex_lock(&session->lock);
	struct stream failed = link->stream;
	link->stream = (struct stream){.fd = -1};
	pthread_mutex_unlock(&session->lock);
	stream_close(&failed);
}

bool link_try_again(struct link *link)
{
	bool has_spoken = link->offset > 0 || link->in_fill > 0;
	bool may_be_dead = link->is_pooled || (link->is_predialled && link->is_cut);

	if (!may_be_dead || !link->has_connected || has_spoken || link->is_our_fault ||
	    atomic_load(&link->is_closed) || atomic_load(&link->session->is_ending))
		return false;
	session_log(link->session, LOG_DEBUG, "%s has given up an early connection",
		    server_name(link->server));
	drop_socket(link);
	link->is_second_try = true;
	link->is_predialled = link->is_pooled = link->has_connected = link->is_cut = false;
	link->fault[0] = '\0';
	link->in_fill = 0;
	return true;
}

/* A new socket: one that has been kept ready, or one that only begins to connect. */
static int get_socket(struct link *link)
{
	link->generation = server_generation(link->server);
	int fd = link->is_second_try ? -1 : server_take_ready(link->server);
	link->is_pooled = fd >= 0;
	return fd >= 0 ? fd : server_dial_start(link->server, link->fault, sizeof(link->fault));
}

/* One attempt to connect, unless a socket is on its way already. False with errno; ECANCELED if
 * the link is not wanted any more. */
static bool link_connect(struct link *link, int64_t deadline_ms)
{
	char *why = link->fault;
	int fd = link->stream.fd;

	if (fd < 0) {
		fd = get_socket(link);
		if (fd < 0)
			return false;
		if (!give_socket(link, fd)) {
			errno = ECANCELED;
			return false;
		}
	}
	if (link_wait(link, POLLOUT, deadline_ms) < 0) {
		errno = ECANCELED;
		return false;
	}
	return server_dial_finish(link->server, fd, deadline_ms, why, sizeof(link->fault)) == 0;
}

void link_identify_player(struct link *link)
{
	const struct session *session = link->session;
	const struct config_server *row = server_config(link->server, config_now());
	uint8_t packet[PACKET_SIZE_MAX];
	char key[AUTH_KEY_LEN + 1];

	if (row != NULL && row->secret != NULL)
		auth_key(key, row->secret, session->name);
	link_send(link, packet,
		  packet_write_player_identification(
			  packet, &link->dialect, session->name,
			  row != NULL && row->secret != NULL ? key : session->key));
}

bool link_dial(struct link *link)
{
	struct session *session = link->session;
	int64_t deadline_ms = net_deadline_ms(config_now()->connect_timeout_ms);
	char address[SERVER_ADDRESS_MAX];
	size_t left;

	server_await_address(link->server, deadline_ms);
	left = server_address_count(link->server);
	while (!link_connect(link, deadline_ms)) {
		left -= !link->is_pooled; /* that one costs nothing but a dial */
		link->is_second_try |= link->is_pooled;
		if (left == 0 || errno == ECANCELED || server_fault_is_ours(errno) ||
		    atomic_load(&link->is_closed) || net_now_ms() >= deadline_ms)
			return blame(link);
		drop_socket(link);
	}
	link->fault[0] = '\0';
	link->has_connected = true;
	server_address(link->server, address);
	session_log(session, LOG_DEBUG, "connected to %s at %s%s", server_name(link->server),
		    address,
		    link->is_pooled       ? ", kept ready"
		    : link->is_predialled ? ", dialled early"
					  : "");
	net_tune(link->stream.fd);
	link_send_header(link);
	return true;
}

/* The old server may be in the middle of a level: it gets the time to finish. client_tx held.
 */
static void await_level_locked(struct session *session, struct link *link)
{
	int64_t deadline_ms = net_now_ms() + LEVEL_WAIT_MS;

	while (atomic_load(&session->is_level_open) && session->current != NULL &&
	       !atomic_load(&session->is_ending) && !atomic_load(&link->is_closed) &&
	       net_now_ms() < deadline_ms) {
		int64_t until_ms =
			link->company_ms < deadline_ms ? link->company_ms : deadline_ms;
		struct timespec until = net_timespec(until_ms);

		if (pthread_cond_timedwait(&session->level_done, &session->client_tx, &until) !=
			    ETIMEDOUT ||
		    net_now_ms() < link->company_ms)
			continue;
		pthread_mutex_unlock(&session->client_tx);
		link_keep_company(link);
		session_lock_tx(session);
	}
}

static void emit_to_client(void *context, const uint8_t *packets, size_t size)
{
	session_send_locked(context, packets, size);
}

/*
 * Ends a level that its server never finished. ClassiCube needs LevelFinalize before it takes
 * another LevelInitialize. A client without CPE is taken for a vanilla one,
 * which starts anew at a second LevelInitialize but dies when LevelFinalize finds a torn level:
 * it gets a whole new one of a single block first.
 */
static void finish_level_locked(struct session *session)
{
	/* gzip of a stored block: volume 1, one block of air */
	static const uint8_t one_block[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00,
					    0x00, 0x00, 0xff, 0x01, 0x05, 0x00, 0xfa,
					    0xff, 0x00, 0x00, 0x00, 0x01, 0x00, 0x5c,
					    0xc6, 0x39, 0xdf, 0x05, 0x00, 0x00, 0x00};
	uint8_t packet[PACKET_SIZE_MAX + 16];
	size_t size = 0;

	if (!atomic_load(&session->is_level_open))
		return;
	if (!session->dialect.cpe) {
		size += packet_write_level_initialize(packet, &session->dialect, 1);
		size += packet_write_level_chunk(packet + size, one_block, sizeof(one_block),
						 100);
	}
	size += packet_write_level_finalize(packet + size, 1, 1, 1);
	session_send_locked(session, packet, size);
	atomic_store(&session->is_level_open, false);
}

/* The swap itself; client_tx held. *old gets the link that was current. False: too late. */
static bool swap_locked(struct link *link, struct link **old)
{
	struct session *session = link->session;

	pthread_mutex_lock(&session->lock);
	bool is_wanted = session->pending == link && !atomic_load(&link->is_closed) &&
			 !atomic_load(&session->is_ending);
	if (is_wanted) {
		*old = session->current;
		session->current = link; /* the reference of `pending` */
		session->pending = NULL;
		session_forgive_locked(session, link->server);
		session->is_gate_open = !session->is_in_game;
		session->gate_deadline_ms = net_now_ms() + SESSION_GATE_MS;
		session->has_gate_ping = false;
		if (!server_is_lobby(link->server))
			session->lost = NULL;
		server_player_joined(link->server);
		link->has_place = false;
		if (link->has_turn)
			server_return_ended(link->server);
		link->has_turn = false;
		if (*old != NULL) {
			link_retire_locked(*old);
			server_player_left((*old)->server);
		}
		link_publish(link);
		link_prepare(link, !session->is_gate_open);
	}
	pthread_mutex_unlock(&session->lock);
	return is_wanted;
}

bool link_adopt(struct link *link)
{
	struct session *session = link->session;
	struct link *old = NULL;

	session_lock_tx(session);
	await_level_locked(session, link);
	bool is_adopted = link_is_welcome(link) && swap_locked(link, &old);
	if (is_adopted) {
		finish_level_locked(session);
		footprint_undo(session->footprint, &session->dialect, session->name,
			       emit_to_client, session);
		link_write_locked(link, link->held.data, link->held.size);
		session->has_joined = true;
	}
	pthread_mutex_unlock(&session->client_tx);
	if (!is_adopted)
		return false;
	free(link->held.data);
	link->held = (struct bytes){0};
	if (old != NULL)
		link_unref(old);
	return true;
}
