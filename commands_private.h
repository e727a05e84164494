/* SPDX-License-Identifier: MIT */
/*
 * What the files of the commands share: commands.c (the table, dispatch, help, answers),
 * commands_find.c (whom words mean), commands_complete.c (completion on the terminal), and the
 * functions of the rows: commands_player.c (for every player), commands_queue.c (for those who
 * wait), commands_admin.c (players, for admins), commands_server.c (servers),
 * commands_program.c (the program). Nobody else includes this.
 */
#ifndef COMMANDS_PRIVATE_H
#define COMMANDS_PRIVATE_H

#include <stdatomic.h>

#include "commands.h"
#include "config_current.h"
#include "messages.h"

#define CALL_WORD_MAX       64   /* longest word of a command that is looked at */
#define CALL_LIST_MAX       900  /* of a list in an answer; session_tell() wraps it */
#define CALL_TEXT_MAX       1024 /* of an answer */
#define CALL_PART_MAX       128  /* of a message that becomes a part of another */
#define CALL_LINES_MAX      50   /* of a list in chat */
#define CALL_ARGUMENTS_MAX  3
#define CALL_DISCONNECT_MAX 64 /* characters of a Disconnect */

struct commands {
	const struct session_world *world;
	struct commands_control control;
	atomic_ulong denied; /* commands that somebody might not give */
};

/* One command as it was given. */
struct call {
	struct commands *commands;
	const struct session_world *world;
	const struct command *command;
	struct session *session; /* who typed it; NULL: the terminal */
	const char *arguments;   /* what follows the command's name */
};

typedef void call_fn(const struct call *call);

/* What an argument may be, for completion. */
enum argument {
	ARGUMENT_NONE,
	ARGUMENT_COMMAND,
	ARGUMENT_SERVER,
	ARGUMENT_SERVERS, /* a server or "all" */
	ARGUMENT_PLACE,   /* a server or a group */
	ARGUMENT_PLAYER,
	ARGUMENT_PLAYERS, /* a player, a server or "all" */
	ARGUMENT_BAN,     /* what is banned */
	ARGUMENT_SWITCH,  /* on, off */
	ARGUMENT_LEVEL,   /* of the log */
	ARGUMENT_ALLOW,   /* what to do with the allow list */
	ARGUMENT_STOP,    /* what else there is to a stop */
	ARGUMENT_KINDS
};

#define COMMAND_ANY_WORDS (-1)

struct command {
	const char *name, *usage;
	enum message help;
	call_fn *run;
	bool is_public;    /* every player may give it, unless the configuration says other */
	bool needs_player; /* means nothing on the terminal */
	int words;         /* at most so many follow, or COMMAND_ANY_WORDS */
	enum argument arguments[CALL_ARGUMENTS_MAX];
};

extern const struct command command_table[]; /* ends with a name of NULL */
extern const char *const command_levels[];   /* by enum log_level, ends with NULL */

/* An answer: to the player or the terminal; an empty one is none. Pairs of names and values as
 * for message_format(). May block as long as that client does not read. */
void call_answer(const struct call *call, enum message message, ...) __attribute__((sentinel));
/* Answers how the command is used. */
void call_usage(const struct call *call);
/* What stands in front of a command where the caller types it: ":kura " or "". */
const char *call_prefix(const struct call *call, char out[static CALL_WORD_MAX]);
/* The name of whoever gives the command: a player's or "console". */
const char *call_name(const struct call *call);
/* The same as players read it: the console has a message for it. */
const char *call_said_name(const struct call *call, char out[static CALL_PART_MAX]);
/* Takes the next word off *text, cut to CALL_WORD_MAX; false at the end. */
bool call_word(const char **text, char word[static CALL_WORD_MAX + 1]);
/* Is a word "on" or "off"; else false, and an answer. */
bool call_switch(const struct call *call, const char *word, bool *is_on);
/* May a player give the command of that name. */
bool commands_may(const struct session *session, const char *name);
/* The server that a word means; with `group` perhaps a group. NULL for both, and an answer that
 * says why, if it means none. Without `group` admins may mean a server that is not configured
 * any more, but has players. */
struct server *call_server(const struct call *call, const char *word,
			   const struct config_group **group);
/* The player that a word means, with a reference. NULL, and an answer that says why, if it
 * means none. */
struct session *call_player(const struct call *call, const char *word);
/* Who is to be sent: a player in *session with a reference, or those of a server in *from; a
 * word in front of which stands "player:" or "server:" means just that. False, and an answer,
 * if it is nobody, or could be both. */
bool call_senders(const struct call *call, const char *word, struct session **session,
		  struct server **from);
/* A number of players or, for a server that has room for so many only, "3/20 players". */
const char *call_players(char out[static CALL_TEXT_MAX], unsigned players, unsigned room);
/* May line `n`, from 0, of a list be answered: in chat, not too many. */
bool call_has_room(const struct call *call, size_t n);
/* Says how many of n lines were left out. */
void call_left_out(const struct call *call, size_t n);

/* commands_player.c. Answers why a jump does not begin, if so; `name` is where it should lead.
 */
void call_refusal(const struct call *call, enum session_jump result, const char *name);
call_fn run_list, run_jump, run_hub, run_lobby, run_stay, run_who, run_info;
/* commands_queue.c */
call_fn run_queue;
/* commands_admin.c */
call_fn run_players, run_find, run_send, run_kick, run_ban, run_unban, run_bans, run_allow,
	run_say;
/* commands_server.c */
call_fn run_servers, run_drain, run_maintenance, run_ready, run_move_off;
/* commands_program.c */
call_fn run_reload, run_log, run_trace, run_stats, run_version, run_stop;

#endif
