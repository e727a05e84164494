/* SPDX-License-Identifier: MIT */
/*
 * What the files of the session module share: session.c (the table of sessions, starting,
 * ending, telling), session_login.c (the client's login), session_client.c (client to server),
 * session_link.c (dialling a server, its login, the swap) and session_server.c (server to
 * client). Nobody else includes this.
 */
#ifndef SESSION_PRIVATE_H
#define SESSION_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include <bsd/sys/queue.h>

#include "footprint.h"
#include "negotiate.h"
#include "session.h"

#define SESSION_AVOID_MAX 8     /* servers remembered as having failed a player */
#define SESSION_AVOID_MS  60000 /* a fallback does not try them again for that long */
#define SESSION_LINGER_MS 2000  /* a client's time to read its Disconnect and close */
#define SESSION_EARLY_PINGS                                              \
	8 /* a new server's ping ids remembered while the gate is closed \
	   */
#define SESSION_WHY_MAX       256   /* room for a reason, UTF-8 */
#define SESSION_SUBJECT_MAX   40    /* "#123 Name" */
#define SESSION_GATE_MS       10000 /* the gate opens by itself this long after the swap, */
#define SESSION_GATE_LEVEL_MS 3000  /* or this long after the end of the level */

/*
 * A session's connection to one server, from dial to close. Owned by its server reader; the
 * session's client reader and its fields `current` and `pending` hold references. Keys: I
 * immutable once the thread runs, o only its server reader, s session.lock, t tx, a atomic.
 */
struct link {
	atomic_uint refs;        /* a */
	struct session *session; /* I, holds a reference */
	struct server *server;   /* I */
	int fd;                  /* s, set once; -1 before */
	bool is_predialled;      /* o, started while the client was identifying */
	atomic_bool is_closed;   /* a, shut down on purpose: its end is no news */
	pthread_mutex_t tx;      /* server_tx: whole packets to the server */
	struct dialect dialect;  /* o, grows while negotiating */
	struct dialect
		agreed[2]; /* I once published: when adopted, and when negotiated after that */
	const struct dialect *_Atomic
		published; /* a, the dialect for the client reader; NULL before adoption */
	struct negotiate negotiate; /* o */
	bool has_replied;           /* o, to the server's list */
	uint8_t *in;                /* o, bytes received, not yet framed */
	size_t in_fill;             /* o */
	uint8_t *held; /* o, whole packets for the client from before the adoption */
	size_t held_size, held_room;   /* o */
	uint8_t wants[PACKET_OPCODES]; /* o, WANT_ bits by opcode (session_server.c) */
	bool is_logged_in;             /* o, the first ServerIdentification has been seen */
	bool has_connected;            /* o */
	bool has_level;                /* o, LevelFinalize has been seen on this link */
	bool opens_gate;            /* o, the player's own spawn is in the run being gathered */
	size_t offset;              /* o, bytes framed so far */
	uint16_t last_ping;         /* o, id of the server's last TwoWayPing */
	char kick[SESSION_WHY_MAX]; /* o, the reason of its Disconnect packet, UTF-8; else empty
				     */
	char fault[SESSION_WHY_MAX]; /* o, why it ended otherwise */
};

/*
 * A player. Keys: I immutable after login (written by the client reader before the first link),
 * s lock, c client_tx, s+c written under both and read under either, o only the client reader,
 * a atomic, T table lock.
 */
struct session {
	atomic_uint refs;                     /* a */
	const struct session_world *world;    /* I */
	unsigned long id;                     /* I */
	int fd;                               /* I, closed with the last reference */
	struct net_addr peer;                 /* I */
	int64_t started_ms;                   /* I */
	char name[PACKET_STRING_LEN + 1];     /* I */
	char key[PACKET_STRING_LEN + 1];      /* I */
	char software[PACKET_STRING_LEN + 1]; /* I, CP437; empty for a client without CPE */
	char subject[SESSION_SUBJECT_MAX];    /* I, "#12 Alice" for logs */
	bool is_verified;                     /* I, by its key */
	struct dialect dialect;               /* I */

	pthread_mutex_t lock;
	struct link *current;     /* s+c */
	struct link *pending;     /* s, a link on its way to being current */
	bool is_gate_open;        /* s */
	int64_t gate_deadline_ms; /* s */
	bool has_gate_ping;       /* s, the gate opens with the echo of gate_ping */
	uint16_t gate_ping;       /* s */
	uint16_t early_pings[SESSION_EARLY_PINGS]; /* s, ids from the current server while the
						      gate is closed */
	unsigned n_early_pings;                    /* s */
	struct {
		struct server *server;
		int64_t until_ms;
	} avoid[SESSION_AVOID_MAX]; /* s */
	unsigned next_avoid;        /* s */

	pthread_mutex_t client_tx;
	pthread_cond_t level_done;   /* with client_tx: is_level_open, current or is_ending has
					changed */
	struct footprint *footprint; /* c */
	bool is_level_open;          /* c, LevelInitialize sent, LevelFinalize not */
	bool is_in_game;             /* c, the client has had its ServerIdentification */
	bool is_broken;              /* c, a packet was cut short: nothing more can be said */

	atomic_bool is_ending;            /* a */
	char end_reason[SESSION_WHY_MAX]; /* s, for the log */

	bool is_listed;               /* T, holds its name */
	TAILQ_ENTRY(session) entries; /* T */
};

/* session.c */
void session_ref(struct session *session);
void session_unref(struct session *session);
bool session_spawn(void *(*main)(void *),
		   void *argument); /* a detached thread with a small stack */
/* Takes the name; false, with a reason for the player, if it is taken or the proxy is full. May
 * wait for an older session of a verified player to end. */
bool session_claim_name(struct session *session, const char **why);
void session_log(const struct session *session, enum log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Writes to the client under client_tx, which the caller holds. A client that does not take it
 * ends its session. */
void session_send_locked(struct session *session, const uint8_t *data, size_t size);
void session_send(struct session *session, const uint8_t *data, size_t size);
/* After session_end(): waits until the client has gone, at most SESSION_LINGER_MS, then cuts
 * the connection. */
void session_await_end(struct session *session);
/* Lets the client read its Disconnect: reads and discards until it closes or SESSION_LINGER_MS
 * have passed. */
void session_linger(struct session *session);
/* The client reader's last act: no name any more, links shut, the connection closed. */
void session_leave(struct session *session);

/* session_login.c: reads and answers the client's login. False: the session is over (and the
 * client knows why). Bytes behind the login stay in `in`. *predialled gets a socket on its way
 * to the first hub, or -1. */
struct client_input {
	uint8_t *bytes;
	size_t fill;
};
#define CLIENT_INPUT_SIZE 4096
struct predial {
	struct server *server; /* NULL: none */
	int fd;                /* -1: none */
};
bool session_login(struct session *session, struct client_input *in, struct predial *predial);

/* session_client.c: the client reader after the login, until the client is gone. */
void session_relay_client(struct session *session, struct client_input *in);

/* session_link.c */
struct link *link_new(struct session *session, struct server *server);
void link_ref(struct link *link);
void link_unref(struct link *link);
/* Shuts the socket down; safe at any time while a reference is held. `lock` held. */
void link_shut_locked(struct link *link);
/* Starts the server reader that brings a new player to the first hub that answers. Takes the
 * socket if it fits. */
bool session_enter(struct session *session, struct predial *predial);
/* Writes whole packets to the server. A server that does not take them loses its link. */
void link_send(struct link *link, const uint8_t *data, size_t size);

/* session_server.c: what a server says. All on the link's server reader. */
#define LINK_INPUT_SIZE 16384
/* Reads until ServerIdentification has been seen. False: kick or fault says why not. */
bool link_login(struct link *link, int64_t deadline_ms);
/* Relays until the link ends. */
void link_relay(struct link *link);
/* Makes the dialect known to the client reader: at the adoption, and once more when it has
 * grown. `lock` held. */
void link_publish(struct link *link);
/* Writes whole packets to the client and notes what they leave behind; client_tx held, the link
 * is current. */
void link_write_locked(struct link *link, const uint8_t *data, size_t size);

#endif
