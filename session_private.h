/* SPDX-License-Identifier: MIT */
/*
 * What the files of the session module share: session.c (the table of sessions, starting,
 * telling, ending), session_login.c (the client's login), session_client.c (client to server),
 * session_link.c (dialling a server and the swap), session_journey.c (where a player goes),
 * session_server.c (server to client). Nobody else includes this.
 *
 * Lock order, outermost first: the table's lock, client_tx, session.lock. server_tx is taken
 * alone. client_tx may be held as long as a client does not read, so nothing that another
 * player or the main thread needs is ever waited for with client_tx behind it.
 */
#ifndef SESSION_PRIVATE_H
#define SESSION_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include <bsd/sys/queue.h>

#include "footprint.h"
#include "negotiate.h"
#include "session.h"

#define SESSION_AVOID_MS      60000 /* fallbacks leave a server that failed a player alone */
#define SESSION_LINGER_MS     2000  /* a client's time to read its Disconnect and close */
#define SESSION_EARLY_PINGS   8     /* a new server's ping ids kept while the gate is closed */
#define SESSION_FULL          "The server is full, try again later"
#define SESSION_WHY_MAX       256   /* room for a reason, UTF-8 */
#define SESSION_SUBJECT_MAX   40    /* "#123 Name" */
#define SESSION_GATE_MS       10000 /* the gate opens by itself this long after the swap, */
#define SESSION_GATE_LEVEL_MS 3000  /* or this long after the end of the level */

/*
 * A session's connection to one server, from dial to close. Owned by its server reader; the
 * session's client reader and its fields `current` and `pending` hold references.
 * Keys: I immutable once the thread runs, o only its server reader, s session.lock, a atomic.
 */
/* clang-format off */
struct link {
	atomic_uint refs;                        /* a */
	struct session *session;                 /* I, holds a reference */
	struct server *server;                   /* I */
	int fd;                                  /* s, set by its reader while it dials; -1 before */
	bool is_predialled;                      /* I, started while the client was identifying */
	atomic_bool is_closed;                   /* a, shut down: nothing more is sent on it */
	pthread_mutex_t tx;                      /* server_tx: whole packets to the server */
	struct dialect dialect;                  /* o, grows while negotiating */
	struct dialect agreed[2];                /* I once published: at the adoption, and later */
	const struct dialect *_Atomic published; /* a, for the client reader; NULL before adoption */
	struct negotiate negotiate;              /* o */
	uint8_t *in;                             /* o, bytes received, not yet framed */
	size_t in_fill;                          /* o */
	uint8_t *held;                           /* o, packets for the client from before adoption */
	size_t held_size, held_room;             /* o */
	size_t offset;                           /* o, bytes framed so far */
	uint8_t wants[PACKET_OPCODES];           /* o, WANT_ bits by opcode (session_server.c) */
	bool has_connected;                      /* o */
	bool has_replied;                        /* o, to the server's list */
	bool is_logged_in;                       /* o, ServerIdentification has been seen */
	bool has_level;                          /* o, LevelFinalize has been seen */
	bool opens_gate;                         /* o, the own spawn is in the run being gathered */
	bool is_our_fault;                       /* o, no descriptors or memory to dial it */
	uint16_t last_ping;                      /* o, id of the server's last TwoWayPing */
	char kick[SESSION_WHY_MAX];              /* o, reason of its Disconnect, UTF-8; else empty */
	char fault[SESSION_WHY_MAX];             /* o, why it ended otherwise */
};

/*
 * A player. Keys: I immutable after login (written by the client reader before the first link),
 * s lock, c client_tx, s+c written under both and read under either, a atomic, T table lock.
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
	struct link *current;                      /* s+c */
	struct link *pending;                      /* s, on its way to being current */
	bool is_gate_open;                         /* s */
	int64_t gate_deadline_ms;                  /* s */
	bool has_gate_ping;                        /* s, the echo of gate_ping opens the gate */
	uint16_t gate_ping;                        /* s */
	uint16_t early_pings[SESSION_EARLY_PINGS]; /* s, the current server's, gate closed */
	unsigned n_early_pings;                    /* s */
	int64_t next_jump_ms;                      /* s, the throttle of jumps */
	int64_t *avoid_until_ms;                   /* s, by server_index() */
	char end_reason[SESSION_WHY_MAX];          /* s, for the log */

	pthread_mutex_t client_tx;
	pthread_cond_t level_done;   /* with client_tx: a reason to stop waiting for a level */
	struct footprint *footprint; /* c */
	bool is_level_open;          /* c, LevelInitialize sent, LevelFinalize not */
	bool is_in_game;             /* c, the client has had its ServerIdentification */
	bool is_broken;              /* c, a packet was cut short: nothing more can be said */

	atomic_bool is_ending;        /* a */
	atomic_uint tx_waiters;       /* a, who wants client_tx besides the server reader */
	pthread_cond_t left;          /* with the table's lock: has_left */
	bool has_left;                /* T, the client reader is done */
	bool is_listed;               /* T, holds its name */
	TAILQ_ENTRY(session) entries; /* T */
};
/* clang-format on */

/* session.c */
void session_ref(struct session *session);
void session_unref(struct session *session);
/* A detached thread with a small stack. False: there is none to be had. */
bool session_spawn(void *(*thread_main)(void *), void *argument);
/* Takes the name; false, with a reason for the player, if it is taken or the proxy is full. May
 * wait for an older session of a verified player to end. */
bool session_claim_name(struct session *session, const char **why);
void session_log(const struct session *session, enum log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* At the level debug: which extensions a side has agreed to. */
void session_log_dialect(const struct session *session, const char *who, const char *software,
			 const struct dialect *dialect);
/* Takes client_tx for something short. The server reader lets go in favour of those who wait
 * here: mutexes are not fair, and a busy server would keep everybody else out. */
void session_lock_tx(struct session *session);
/* Writes whole packets to the client. One that does not take them ends its session. */
void session_send_locked(struct session *session, const uint8_t *data, size_t size);
void session_send(struct session *session, const uint8_t *data, size_t size);
/* After session_end(): waits until the client has gone, at most SESSION_LINGER_MS, then cuts
 * the connection. Not on the client reader. */
void session_await_end(struct session *session);
/* Lets the client read its Disconnect: reads and discards until it closes or SESSION_LINGER_MS
 * have passed. Client reader. */
void session_linger(struct session *session);
/* The client reader's last act: no name any more, links shut, the connection closed. */
void session_leave(struct session *session);

/* session_login.c */
#define CLIENT_INPUT_SIZE 4096
struct client_input {
	uint8_t *bytes;
	size_t fill;
};
/* A connection to the hub that a player will most likely go to, started during the login. */
struct predial {
	struct server *server; /* NULL: none */
	int fd;                /* -1: none */
};
/* Reads and answers the client's login. False: the session is over, and the client knows why.
 * Bytes behind the login stay in `in`. The caller closes predial->fd unless it is used. */
bool session_login(struct session *session, struct client_input *in, struct predial *predial);

/* session_client.c: the client reader after the login, until the client is gone. */
void session_relay_client(struct session *session, struct client_input *in);

/* session_link.c. link_new: NULL without memory. */
struct link *link_new(struct session *session, struct server *server);
void link_ref(struct link *link);
void link_unref(struct link *link);
/* Shuts the socket down; safe at any time while a reference is held. session.lock held. */
void link_shut_locked(struct link *link);
/* Connects and identifies the player. False: fault says why. */
bool link_dial(struct link *link);
/* Makes a link that has logged in the current one (the jump, steps 3 to 5). False: the session
 * is over, another journey has overtaken this one, or kick or fault say why. */
bool link_adopt(struct link *link);
/* Writes whole packets to the server. A server that does not take them loses its link. */
void link_send(struct link *link, const uint8_t *data, size_t size);

/* session_journey.c: starts the server reader that brings a new player to the first hub that
 * answers. Uses predial->fd, and then sets it to -1, if it fits. */
bool session_enter(struct session *session, struct predial *predial);

/* session_server.c: what a server says. All on the link's server reader. */
#define LINK_INPUT_SIZE 16384
/* Reads until ServerIdentification has been seen. False: kick or fault says why not. */
bool link_login(struct link *link, int64_t deadline_ms);
/* Is the server still there, and has it not kicked the player right behind its identification.
 */
bool link_is_welcome(struct link *link);
/* Relays until the link ends. */
void link_relay(struct link *link);
/* Makes the dialect known to the client reader: at the adoption, and once more when it has
 * grown. session.lock held. */
void link_publish(struct link *link);
/* Writes whole packets to the client and notes what they leave behind; client_tx held, the link
 * is current. */
void link_write_locked(struct link *link, const uint8_t *data, size_t size);

#endif
