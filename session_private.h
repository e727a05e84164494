/* SPDX-License-Identifier: MIT */
/*
 * What the files of the session module share: session.c (the table of sessions, starting,
 * ending), session_say.c (what a player is told), session_login.c (the client's login),
 * session_proxy.c (headers of proxies in front of it, and for servers), session_web.c (the same
 * with WebSocket), session_door.c (who is turned away),
 * session_offer.c (what it is offered), session_client.c (client to server), session_link.c
 * (dialling a server and the swap), session_wait.c (waiting for servers), session_queue.c (and
 * for a place on them), session_jump.c (who may jump), session_journey.c (where a player goes),
 * session_return.c (the way back from the lobby), session_server.c (reading a server),
 * session_packets.c (what its packets mean), session_output.c (what of it goes to the client,
 * and when), session_signals.c (what it says to Kurafuto itself), session_admin.c (what admins
 * ask and want), session_move.c (players sent in numbers), session_crowd.c (many who lose a
 * server). Nobody else includes this.
 *
 * Lock order, outermost first: control's lock and the lock of all who are sent in numbers
 * (session_move.c); the table's lock, turn, client_tx, session.lock, the registry's lock. The
 * lock of all lines (session_queue.c) is taken with none of these held, and session.lock and
 * the registry's behind it. server_tx is taken alone, but for traces. Leaves, with nothing but
 * the log's behind them: the locks of places, bans, crowds, the configuration and all traces.
 * client_tx may be held as long as a client does not read, so nothing that another player or
 * the main thread needs is ever waited for with client_tx behind it.
 */
#ifndef SESSION_PRIVATE_H
#define SESSION_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include <bsd/sys/queue.h>

#include "chat.h"
#include "flood.h"
#include "footprint.h"
#include "guard.h"
#include "level.h"
#include "messages.h"
#include "negotiate.h"
#include "session.h"
#include "stream.h"
#include "translate.h"
#include "upgrade.h"

#define SESSION_AVOID_MS      60000 /* fallbacks leave a server that failed a player alone */
#define SESSION_AVOIDED_MAX   16    /* so many of them are known */
#define SESSION_LINGER_MS     2000  /* a client's time to read its Disconnect and close */
#define SESSION_EARLY_PINGS   64    /* a new server's ping ids kept while the gate is closed */
#define SESSION_LEAVE_MS      3000  /* how long a server may take to let go of a player */
#define SESSION_COMPANY_MS    1000  /* how often a waiting player hears from us */
#define SESSION_LEVEL_MS      1000 /* how long a swap waits for the new server's level to begin */
#define SESSION_PLACE_TOP     1    /* MessageTypes: the first status line, top right */
#define SESSION_PLACE_CENTER  100  /* the announcement, which goes by itself */
#define SESSION_WHY_MAX       256  /* room for a reason, UTF-8 */
#define SESSION_SUBJECT_MAX   48   /* "#123 Name" */
#define SESSION_TEXT_MAX      1024 /* longest text to a player, before wrapping */
#define SESSION_LINES_SIZE    (24 * (2 + PACKET_STRING_LEN)) /* so many message packets */
#define SESSION_GATE_MS       10000 /* the gate opens by itself this long after the swap, */
#define SESSION_GATE_LEVEL_MS 3000  /* or this long after the end of the level */

/*
 * A session's connection to one server, from dial to close. Owned by its server reader; the
 * session's client reader and its fields `current` and `pending` hold references.
 * Keys: I immutable once the thread runs, o only its server reader, s session.lock, a atomic.
 */
/* clang-format off */
struct bytes {
	uint8_t *data; /* NULL while there is nothing */
	size_t size, room;
};

struct link {
	atomic_uint refs;                        /* a */
	struct session *session;                 /* I, holds a reference */
	struct server *server;                   /* I */
	struct stream stream;                    /* its fd: s, set by its reader while it dials; -1 before */
	bool has_place;                          /* s, taken on the server and not used yet */
	bool has_turn;                           /* s, the same of its few turns to bring players back */
	enum config_on_kick on_kick;             /* I, the server's when the link was made */
	unsigned redirect;                       /* I, CONFIG_REDIRECT_ bits, the same */
	bool is_predialled;                      /* o, started before the login was over */
	bool is_pooled;                          /* o, its connection has been kept ready */
	bool is_second_try;                      /* o, the first was one of those, and was dead */
	unsigned generation;                     /* o, the server's, right before it was dialled */
	atomic_bool is_closed;                   /* a, shut down: nothing more is sent on it */
	bool is_retired;                         /* s, its server has been said farewell */
	bool is_leaving;                         /* s, in session.leaving, which holds a reference */
	int64_t leave_deadline_ms;               /* s */
	TAILQ_ENTRY(link) leaving_entries;       /* s */
	pthread_mutex_t tx;                      /* server_tx: whole packets to the server */
	struct dialect dialect;                  /* o, in force: written under tx */
	struct dialect listed;                   /* o, will be, after our reply */
	struct dialect agreed[2];                /* I once published: at the adoption, and later */
	const struct dialect *_Atomic published; /* a, for the client reader; NULL before adoption */
	_Atomic enum chat_style chat_style;      /* a, how it takes long chat lines */
	struct negotiate negotiate;              /* o */
	uint8_t *in;                             /* o, bytes received, not yet framed */
	size_t in_fill;                          /* o */
	size_t run, at;                          /* o, in[run..at) goes to the client as it is */
	uint8_t run_wants;                       /* o, WANT_ bits of what is in it */
	struct bytes out;                        /* o, rewritten packets, behind which the run follows */
	struct bytes kept;                       /* o, packets behind a LevelInitialize that must wait */
	struct bytes held;                       /* o, packets for the client from before adoption */
	struct translate *translate;             /* o */
	struct level *level;                     /* o, being recoded; NULL between levels */
	size_t offset;                           /* o, bytes framed so far */
	uint8_t wants[PACKET_OPCODES];           /* o, WANT_ bits by opcode (session_packets.c) */
	bool is_traced;                          /* o, they are for a session with a trace */
	bool is_logged;                          /* o, they are for a log that shows packets */
	const struct config *config;             /* o, that wants is for; only compared */
	bool is_stale;                           /* o, they are for another dialect */
	bool has_connected;                      /* o */
	bool is_return;                          /* s, on its way unasked, to a server that was lost */
	bool is_cut;                             /* o, it ended by the server's closing or a reset */
	bool has_replied;                        /* o, to the server's list */
	bool is_logged_in;                       /* o, ServerIdentification has been seen */
	bool waits_for_level;                    /* o, it becomes current at its first level only */
	bool has_begun;                          /* o, LevelInitialize has been seen */
	bool has_level;                          /* o, LevelFinalize has been seen */
	bool has_stray_bytes;                    /* o, behind its HackControl packets, */
	bool was_hack_control;                   /* o, and the last packet was one */
	bool has_spawned;                        /* o, the packet under inspection is the own spawn */
	bool spawned_early;                      /* o, the own spawn came within the level */
	bool run_spawns, out_spawns;             /* o, the own spawn is in the run, in out */
	bool watches_spawn;                      /* o, the gate waits for the own spawn */
	bool is_operator;                        /* o, the client's block permissions say so */
	bool has_forbidden;                      /* o, the blocks that it can't know */
	bool is_our_fault;                       /* o, no descriptors or memory to dial it */
	int64_t heard_ms;                        /* o, when its last bytes came */
	int64_t company_ms;                      /* o, when the waiting player hears from us next */
	bool has_company;                        /* o, the player has heard that they wait */
	uint16_t last_ping;                      /* o, id of the server's last TwoWayPing */
	uint16_t pings[SESSION_EARLY_PINGS];     /* s, its ids while the gate is closed */
	unsigned n_pings;                        /* s */
	int64_t warn_ms, refusal_ms;             /* o, when we complain about its signals next */
	struct server *onward;                   /* o, where its kick sends the player; else NULL */
	char stray[SESSION_WHY_MAX];             /* o, a name in its kick that is no other server's, UTF-8 */
	const char *onward_fault;                /* o, why that server does not take them; else NULL */
	char kick[SESSION_WHY_MAX];              /* o, reason of its Disconnect, UTF-8; else empty */
	char fault[SESSION_WHY_MAX];             /* o, why it ended otherwise */
};

/* A player in the list of all lines; under its lock, which is session_queue.c's. */
struct waiter {
	TAILQ_ENTRY(session) entries;
	bool is_listed;               /* the list has a reference to the session */
	struct server *server;        /* that they wait for, or NULL */
	int64_t moved_ms;             /* when they were moved; 0: they wait */
	unsigned told;                /* the position that was shown last, 0: none, */
	const struct server *told_on; /* and where: another server clears the screen */
};

/* A server that has failed a player, for a while. */
struct session_avoided {
	const struct server *server; /* NULL: free */
	int64_t until_ms;
};

/*
 * A player. Keys: I immutable after login (written by the client reader before the first link),
 * s lock, c client_tx, s+c written under both and read under either, a atomic, T table lock,
 * t the lock of all traces.
 */
struct session {
	atomic_uint refs;                     /* a */
	const struct session_world *world;    /* I */
	const struct config *config;          /* I, held: the one of the login, for its catalog */
	char listener_address[CONFIG_ADDRESS_MAX]; /* I, where the player came in, as configured */
	uint16_t listener_port;               /* I */
	atomic_bool hides[PACKET_DIRECTIONS]; /* a, see session_hides() */
	unsigned long id;                     /* I */
	struct stream stream;                 /* its fd: I, closed with the last reference */
	struct guard_ticket *ticket;          /* I, given back by session_leave() */
	struct net_addr peer;                 /* I, where the player is */
	struct net_addr reached;              /* I, where they have connected to */
	bool wants_header;                    /* I, the listener's accept-proxy */
	bool takes_web;                       /* I, its websocket */
	bool needs_key;                       /* I, though its address may be local: see session_web.c */
	bool was_heard;                       /* I, it has sent something */
	char *host, *path;                    /* I, what a web client has asked for; else NULL */
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
	int64_t gate_deadline_ms;                  /* s */
	int64_t loaded_ms;                         /* s, until when the client had nothing to say */
	bool is_gate_open;                         /* s */
	bool has_gate_ping;                        /* s, the echo of gate_ping opens the gate */
	bool wants_any_hub;                        /* s, has never been on a server: any hub will do */
	uint16_t gate_ping;                        /* s */
	uint16_t next_gate_ping;                   /* s */
	unsigned return_tries;                     /* s, how often the way back was tried */
	unsigned wishes;                           /* s, jumps asked for so far */
	TAILQ_HEAD(, link) leaving;                /* s, links whose servers have not let go yet */
	pthread_cond_t link_left;                  /* with lock: `leaving` is shorter, or a link shut */
	int64_t next_jump_ms;                      /* s, the throttle of jumps */
	int64_t move_ms;                           /* s, when session_move_off() may try them again */
	struct session_avoided avoided[SESSION_AVOIDED_MAX]; /* s */
	struct server *lost;                       /* s, where the lobby brings them back to, or NULL */
	int64_t return_ms;                         /* s, when that is tried next */
	char end_reason[SESSION_WHY_MAX];          /* s, for the log */

	pthread_mutex_t turn;        /* held while waiting for client_tx: who waits comes next */
	pthread_mutex_t client_tx;
	pthread_cond_t level_done;   /* with client_tx: a reason to stop waiting for a level */
	struct footprint *footprint; /* c */
	atomic_bool is_level_open;   /* a, written under client_tx: LevelInitialize sent, LevelFinalize not */
	bool is_in_game;             /* c, the client has had a ServerIdentification */
	bool has_joined;             /* c, it has been on a server */
	bool is_broken;              /* c, a packet was cut short: nothing more can be said */

	atomic_bool is_ending;        /* a */
	atomic_bool is_traced;        /* a, there is a trace */
	struct trace *trace;          /* t, NULL: none */
	pthread_cond_t left;          /* with the table's lock: has_left */
	bool has_left;                /* T, the client reader is done */
	bool is_listed;               /* T, holds its name */
	TAILQ_ENTRY(session) entries; /* T */
	struct waiter waiter;         /* the lines' lock */
};
/* clang-format on */

/* session.c */
void session_ref(struct session *session);
void session_unref(struct session *session);
/* A detached thread with a small stack. False: there is none to be had. */
bool session_spawn(void *(*thread_main)(void *), void *argument);
/* Has the client closed its side. Its reader may be blocked elsewhere and not have noticed. */
bool session_is_client_gone(const struct session *session);
/* Takes the name; false, with a message for the player, if it is taken or the proxy is full.
 * A verified player's older session is ended. Waits up to a second for one that ends anyway. */
bool session_claim_name(struct session *session, enum message *why);
void session_log(const struct session *session, enum log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* At the level debug: which extensions a side has agreed to. */
void session_log_dialect(const struct session *session, const char *who, const char *software,
			 const struct dialect *dialect);
/* Takes client_tx. Everybody does it here: mutexes are not fair, and without the turn a busy
 * server would keep everybody else out. */
void session_lock_tx(struct session *session);
/* Waits for a mutex until the deadline. False: it is not held. (session_admin.c) */
bool session_lock_by(pthread_mutex_t *mutex, int64_t deadline_ms);
/* The same, but only until the deadline; one that has passed means: only if nobody holds it.
 * False: it is not held. (session_admin.c) */
bool session_lock_tx_by(struct session *session, int64_t deadline_ms);
/* Has the client's socket room for something small. client_tx held. */
bool session_has_room(const struct session *session);
#define SESSION_NOTIFY_MS 200 /* how long a notice waits for the client's turn */
/* session_notify() until a deadline of one's own; as above it may have passed. For threads that
 * serve everybody, as the next three. (session_admin.c) */
bool session_notify_by(struct session *session, int64_t deadline_ms, enum message message, ...)
	__attribute__((sentinel));
/* The deadline for the notices to one of many players who share the time until `until_ms`: a
 * client that does not read takes a few milliseconds of it and leaves the rest to others. */
int64_t session_notice_by(int64_t until_ms);
/* As session_show() and session_clear(), but bounded like session_notify_by(). False: not now,
 * but it may work later; a client that has no such places needs nothing. */
bool session_notify_at(struct session *session, int64_t deadline_ms, uint8_t place,
		       enum message message, ...) __attribute__((sentinel));
bool session_notify_clear(struct session *session, int64_t deadline_ms, uint8_t place);
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

/* Why a session ends: what the player reads, which may be empty, and what the log says. */
struct session_reason {
	enum message message;
	bool is_of_many; /* the log tells of all such together */
	bool is_no_try;  /* nobody has tried to log in: it does not count as a failed login */
	char said[SESSION_WHY_MAX], logged[SESSION_WHY_MAX];
};
void session_end_for(struct session *session, const struct session_reason *reason);
/* The same for many, with a reason for each: all end at once, then the goodbyes share the
 * second of those who do not read. */
void session_end_each(struct session *const *sessions, const struct session_reason *reasons,
		      size_t n);

/* session_say.c */
void session_reason(struct session_reason *reason, enum message message, ...)
	__attribute__((sentinel));
void session_vreason(struct session_reason *reason, enum message message, va_list pairs);
/* The lines of a text (CP437) as message packets; returns the bytes written. */
size_t session_write_lines(const struct session *session, uint8_t *out, size_t room,
			   const char *text);
/* A Disconnect; what is behind its 64 characters is cut off. Returns its size. */
size_t session_write_disconnect(uint8_t out[static PACKET_SIZE_MAX], const char *utf8,
				bool has_cp437);

/* session_admin.c */
enum session_event {
	SESSION_JOINS,
	SESSION_MOVES, /* by a jump */
	SESSION_FALLS,
	SESSION_REFUSED,
	SESSION_EVENTS,
};
void session_count_event(enum session_event event);
/* What somebody hears who is banned. */
void session_ban_reason(struct session_reason *reason, const struct bans_entry *ban,
			int64_t now_s);
/* Writes packets to the session's trace, if it has one. Blocks on the disk. `server` may be
 * NULL. To be asked for only if session_is_traced(), which is cheap. */
void session_trace_packets(const struct session *session, enum trace_way way,
			   const struct server *server, const struct dialect *dialect,
			   const uint8_t *data, size_t size);

/* session_login.c */
#define CLIENT_INPUT_SIZE 4096
struct client_input {
	uint8_t *bytes;
	size_t fill;
};
/* The first server of a player, chosen before the name is claimed, and a connection to it, on
 * its way. There is no place yet: who goes silent now keeps none from others. */
struct predial {
	struct server *server; /* which expects the player; NULL: none */
	unsigned generation;   /* the server's, right before it was dialled */
	int fd;                /* -1: none */
	bool is_pooled;        /* it has been kept ready */
};
/* Gives up what is left of it. */
void session_drop_predial(struct predial *predial);
/* Reads and answers the client's login. False: the session is over, and the client knows why.
 * Bytes behind the login stay in `in`. The caller drops what is left of *predial. */
bool session_login(struct session *session, struct client_input *in, struct predial *predial);

/*
 * session_proxy.c: the PROXY protocol. Takes the header that a connection begins with off `in`;
 * from then on `peer` and `reached` are what it says. SESSION_HEADER_BAD: *reason says why.
 */
enum session_header { SESSION_HEADER_TAKEN, SESSION_HEADER_PART, SESSION_HEADER_BAD };
enum session_header session_take_header(struct session *session, struct client_input *in,
					struct session_reason *reason);
/* Tells the server where the player is, if it wants that (`forward`): the first bytes of a
 * link.
 */
void link_send_header(struct link *link);

/*
 * session_web.c: WebSocket. Takes the request off `in` that a client begins with whose first
 * byte is a G, and answers it; from then on its bytes are in frames. SESSION_WEB_BAD: it has
 * had another answer, or none, and is to go; *reason is for the log.
 */
enum session_web { SESSION_WEB_TAKEN, SESSION_WEB_PART, SESSION_WEB_BAD };
enum session_web session_take_request(struct session *session, struct client_input *in,
				      struct session_reason *reason);
/* Answers a client that has begun with a request already, and may not come in for another
 * reason. */
void session_decline_request(struct session *session, const struct client_input *in,
			     const struct session_reason *reason);
/* stream_recv() and stream_recv_by() of the client, with answers to what came. Client reader.
 */
ssize_t session_recv(struct session *session, void *buffer, size_t size);
ssize_t session_recv_by(struct session *session, void *buffer, size_t size,
			int64_t deadline_ms);
/* Asks a server for WebSocket, if it is to be spoken to so (`forward`); false: it is not. */
bool link_ask_upgrade(struct link *link, char key[static UPGRADE_KEY_TEXT]);
/* Takes its answer off link->in. SESSION_WEB_BAD: link->fault says what is wrong. */
enum session_web link_take_answer(struct link *link, const char *key);
/* stream_recv() of the link, with answers to what came. Its server reader. */
ssize_t link_recv(struct link *link, void *buffer, size_t size, int flags);
/* Tells a server with WebSocket that the link is being left, if that goes without waiting.
 * session.lock held. */
void link_say_close_locked(struct link *link);

/*
 * session_door.c: what the guard says and hears. May a connection come in; false: it has been
 * turned away. Main thread.
 */
bool session_admit(const struct session_world *world, int fd, const struct net_addr *peer,
		   struct guard_ticket **ticket);
/* The player is not where the connection comes from, a proxy says: `peer` is what it says.
 * False: they may not come in, *reason says why. Client reader, before the login, as the rest.
 */
bool session_move_peer(struct session *session, const struct net_addr *player,
		       struct session_reason *reason);
/* It has sent something of its own; its login is over, well or not; it was refused. */
void session_note_heard(struct session *session);
void session_note_logged_in(struct session *session);
void session_note_refused(struct session *session, enum message message);
/* Has it made room for newer logins. */
bool session_was_cut(const struct session *session);
/* The connection is over; the last act before its socket may be closed. */
void session_leave_door(struct session *session);

/* session_client.c: the client reader after the login, until the client is gone. */
void session_relay_client(struct session *session, struct client_input *in);

/* session_link.c. link_new takes over a place on the server; NULL without memory, and then it
 * is still the caller's. */
struct link *link_new(struct session *session, struct server *server);
void link_ref(struct link *link);
void link_unref(struct link *link);
/* Shuts the socket down; safe at any time while a reference is held. session.lock held. */
void link_shut_locked(struct link *link);
void link_shut(struct link *link);
/* Connects. False: fault says why. */
bool link_dial(struct link *link);
/* Says who the player is, with a key that the server can check if it has a secret. */
void link_identify_player(struct link *link);
/* Why it ends, in the words of the log, and as the player reads it. */
void link_set_fault(struct link *link, enum message why);
const char *link_said_fault(const struct link *link, char out[static SESSION_WHY_MAX]);
/* After a login: tells the registry what it says about the server. */
void link_report(const struct link *link, bool is_logged_in);
/* A login has failed. Was that because the server had given up a connection that was made
 * before the player was there? Then the link is as new, and is to be dialled again. */
bool link_try_again(struct link *link);
/* Makes a link that has logged in the current one (the jump, steps 3 to 5). False: the session
 * is over, another journey has overtaken this one, or kick or fault say why. */
bool link_adopt(struct link *link);
/* Writes whole packets of our own to the server. A server that does not take them loses its
 * link. */
void link_send(struct link *link, const uint8_t *data, size_t size);
/* The same for a player's packets, unless `dialect` is not what has been published last. */
void link_pass(struct link *link, const struct dialect *dialect, const uint8_t *data,
	       size_t size);
/* Makes the dialect known to the client reader: at the adoption. */
void link_publish(struct link *link);
/* Answers the server's list, and puts what is common in force, for the client reader, too. */
void link_reply(struct link *link);

/* session_wait.c. */
/* Gives up a link, whatever it is doing: retires it if it has a socket. session.lock held. */
void link_abandon_locked(struct link *link);
/* Says farewell to the server of a link that is not wanted any more, and remembers it until the
 * server has closed, too: only then has it let go of the player's name. session.lock held. */
void link_retire_locked(struct link *link);
/* The last act of a server reader with its link: says farewell, unless that has happened, reads
 * to the end of what the server still says, and lets go. At most SESSION_LEAVE_MS. */
void link_leave(struct link *link);
/* Before a dial: where the player is still known to the same server, by another link, that one
 * goes first. Waits at most SESSION_LEAVE_MS. */
void link_make_way(struct link *link);
/* Waits until the link can be read (or written, while it connects), and keeps the player
 * company meanwhile. 1 when it can, 0 at the deadline, -1 when nobody wants it any more. */
int link_wait(struct link *link, short events, int64_t deadline_ms);
/* A player without a server gets a Ping, so that their client does not give up, and whoever
 * waits is told for what: by the loading screen, in the centre of the screen, or in the chat.
 * The link's server reader. */
void link_keep_company(struct link *link);

/* session_journey.c: starts the server reader that brings a new player, who holds their name,
 * to the first hub that answers, beginning with *predial if it takes them. */
bool session_enter(struct session *session, struct predial *predial);
/* Sends a thread off on a jump, with a place taken there. It overtakes the jumps before it.
 * `how`: SESSION_ bits. False: there is no thread to be had, nothing has changed, and the place
 * is given back. */
bool session_set_out(struct session *session, struct server *target, unsigned how);
/* Sends a thread off to bring a player back, with a place and a turn taken there; if there is
 * no thread to be had, another time will do. */
void session_bring_back(struct session *session, struct server *target);
/* The row of the listener that the player came in by; NULL if it is not configured any more. */
const struct config_listener *session_listener_row(const struct session *session,
						   const struct config *config);
/* What the registry must know of a player. `lock` held, also while it is used, with
 * `shuns_avoided`. */
struct server_guest session_guest(struct session *session, bool shuns_avoided);

/* Fallbacks leave a server that has failed this player alone for a while; and not any more.
 * `lock` held. */
void session_avoid_locked(struct session *session, const struct server *server);
void session_forgive_locked(struct session *session, const struct server *server);
bool session_is_avoided_locked(const struct session *session, const struct server *server);
/* Is the player being brought back by this link: nobody has asked for it, nobody hears of its
 * failure. */
bool session_is_unasked(const struct link *link);
/* Has the link ended with a kick that ends the session of a player who has no other server. */
bool link_is_final_kick(const struct link *link);

/*
 * session_crowd.c: what the log tells of many who lose a server at once. At which level a
 * player's own line is to be logged, for one who loses a server that they were on, and for one
 * who has come to another for that; and what is to be called now and then, to tell of the rest.
 */
enum log_level crowd_loses(const struct server *server, const char *why);
enum log_level crowd_falls(const struct server *from, const struct server *to);
void crowd_tick(void);

/* session_return.c: the way back from the lobby. How long until the next attempt to bring a
 * player back after so many: longer each time, up to a minute; by a uniform `random` up to a
 * half less, so that a crowd does not stay in step. */
int64_t return_pause_ms(unsigned tries, uint32_t random);
/* A player in the lobby, now and then: is the server that they lost back, and is it their turn.
 */
void session_consider_return(struct session *session);
/* The server that the lobby will bring the player to. One that has not kept them for long must
 * wait as if that had been another attempt. session.lock held. */
void return_remember_locked(struct session *session, struct server *server, bool has_lasted);
/* Tells a player who is in the lobby where they will be brought, if anywhere. `is_new`: they
 * are there unasked and were not kicked, so without a lost server any hub will do. */
void return_promise(struct session *session, bool is_new);
/* An attempt has ended: with a kick, which the player is to hear of, or false. */
bool return_put_off(struct session *session, const struct link *link);

/* session_server.c: reading a server. All on the link's server reader. */
#define LINK_INPUT_SIZE 16384
/* Reads until the server has let the player in: ServerIdentification, and with waits_for_level
 * the beginning of a level or SESSION_LEVEL_MS. False: kick or fault says why not. */
bool link_login(struct link *link, int64_t deadline_ms);
/* Is the server still there, and has it not kicked the player right behind what it has said. */
bool link_is_welcome(struct link *link);
/* Relays until the link ends. */
void link_relay(struct link *link);

/* session_packets.c: what a server's packets mean. */
enum {
	WANT_INSPECT = 1, /* a handler, a hook or a translation */
	WANT_TRACK = 2,   /* leaves something behind in the client */
};
enum verdict {
	VERDICT_PASS,
	VERDICT_DROP, /* or something else has been put in its place */
	VERDICT_END,  /* the link is over: kick or fault says why */
};
/* Takes the packet at link->at; `size` is its own. */
enum verdict link_inspect(struct link *link, uint8_t *packet, size_t size);
/* Works out link.wants. `watches_spawn`: the gate waits for the player's spawn. */
void link_prepare(struct link *link, bool watches_spawn);
/* Replies to the server's list, once, when it is done. */
void link_reply_when_done(struct link *link);

/* session_output.c: towards the client. False: the link is over, or not current any more. */
bool link_is_tracked(uint8_t opcode);
/* Puts packets of the client's dialect behind all that came before the packet at link->at. */
bool link_put(struct link *link, const uint8_t *packets, size_t size);
/* The same, but what waits for a level's beginning waits no longer: a level_emit_fn. */
bool link_put_level(void *link, const uint8_t *packets, size_t size);
/* Puts what has waited for the level's beginning. */
bool link_put_kept(struct link *link);
/* Sends the run on, or puts it behind what has been rewritten; without the packet at link->at.
 */
bool link_settle_run(struct link *link);
/* Sends on all that has been gathered, without the packet at link->at. */
bool link_settle(struct link *link);
/* Writes whole packets to the client and notes what they leave behind; client_tx held, the link
 * is current. */
void link_write_locked(struct link *link, const uint8_t *data, size_t size);
/* Shows a message in a place of the screen (MessageTypes), cut to a line; an empty one leaves
 * what is there. False if the client has no such places, or is not in a game yet. May block as
 * long as the client does not read, as session_clear(): for the player's own threads. */
bool session_show(struct session *session, uint8_t place, enum message message, ...)
	__attribute__((sentinel));
/* Shows nothing there any more. */
void session_clear(struct session *session, uint8_t place);

/* session_signals.c: what a server says to Kurafuto and not to the player. */
/* Does this server use a way (CONFIG_REDIRECT_ bits). */
bool link_may_signal(const struct link *link, unsigned way);
/* Takes a Message or PluginMessage packet; true if it was meant for Kurafuto. */
bool link_take_signal(struct link *link, const uint8_t *packet);
/* Where the reason of a kick (CP437) sends the player: sets link.onward; or, if it is to no
 * other server, link.stray, and then it is just a kick, of which the player reads no reason. */
void link_take_kick(struct link *link, const char *reason);

#endif
