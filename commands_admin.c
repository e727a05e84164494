/* SPDX-License-Identifier: MIT */
/*
 * The admins' commands about players: who is there, where they go, who may come in. The one
 * idea: whoever is named is held by a reference while a command works on them, and a command
 * that concerns many names them all, or counts them.
 */
#include <bsd/string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "auth.h"
#include "bans.h"
#include "commands_private.h"
#include "text.h"

#define TIME_MAX 64 /* room for a time in words */

/* ---- who is there ---- */

/* What is known of a player, in words. */
struct facts {
	char address[NET_ADDR_TEXT], listener[NET_ADDR_TEXT], software[SESSION_SOFTWARE_MAX];
	char ping[TIME_MAX], age[TIME_MAX], server[CALL_WORD_MAX], protocol[8];
};

static void get_facts(struct facts *facts, struct session *session)
{
	char *const *texts = config_now()->messages.items;
	const struct server *server = session_server(session);
	int ping_ms = session_ping_ms(session);
	char number[16];

	net_addr_text(facts->address, session_peer(session),
		      net_addr_port(session_peer(session)) != 0);
	session_listener(session, facts->listener);
	session_software(session, facts->software);
	snprintf(number, sizeof(number), "%d", ping_ms);
	message_format(facts->ping, sizeof(facts->ping), texts,
		       ping_ms >= 0 ? MESSAGE_INFO_PING : MESSAGE_INFO_NO_PING, "ms", number,
		       NULL);
	bans_duration_text(facts->age, sizeof(facts->age), session_age_ms(session) / 1000);
	snprintf(facts->protocol, sizeof(facts->protocol), "%u", session_protocol(session));
	if (server != NULL)
		strlcpy(facts->server, server_name(server), sizeof(facts->server));
	else
		message_format(facts->server, sizeof(facts->server), texts,
			       MESSAGE_PLAYERS_TRAVELLING, NULL);
}

static void say_player(const struct call *call, struct session *session)
{
	struct facts facts;

	get_facts(&facts, session);
	call_answer(call, MESSAGE_PLAYERS_LINE, "player", session_name(session), "server",
		    facts.server, "address", facts.address, "ping", facts.ping, "time",
		    facts.age, NULL);
}

void run_players(const struct call *call)
{
	const char *rest = call->arguments;
	char word[CALL_WORD_MAX + 1], count[16];
	bool is_one = call_word(&rest, word);
	const struct server *server = is_one ? call_server(call, word, NULL) : NULL;
	size_t n, shown = 0;

	if (is_one && server == NULL)
		return;
	struct session **held = session_hold_players(&n);
	for (size_t i = 0; i < n; i++)
		if ((!is_one || session_server(held[i]) == server) &&
		    call_has_room(call, shown++))
			say_player(call, held[i]);
	session_release_all(held, n);
	call_left_out(call, shown);
	snprintf(count, sizeof(count), "%zu", shown);
	if (is_one && shown == 0)
		call_answer(call, MESSAGE_WHO_NOBODY, "server", server_name(server), NULL);
	else
		call_answer(call, MESSAGE_WHO_TITLE, "count", count, NULL);
}

void run_find(const struct call *call)
{
	const char *rest = call->arguments;
	char word[CALL_WORD_MAX + 1], cpe[CALL_WORD_MAX] = "", classic[CALL_WORD_MAX];
	char *const *texts = config_now()->messages.items;
	struct facts facts;

	if (!call_word(&rest, word)) {
		call_usage(call);
		return;
	}
	struct session *session = call_player(call, word);
	if (session == NULL)
		return;
	get_facts(&facts, session);
	if (session_has_cpe(session))
		message_format(cpe, sizeof(cpe), texts, MESSAGE_FIND_CPE, NULL);
	message_format(classic, sizeof(classic), texts, MESSAGE_FIND_CLASSIC, NULL);
	call_answer(call, MESSAGE_FIND, "player", session_name(session), "server", facts.server,
		    "address", facts.address, "software",
		    facts.software[0] != '\0' ? facts.software : classic, "time", facts.age,
		    NULL);
	call_answer(call, MESSAGE_FIND_MORE, "protocol", facts.protocol, "cpe", cpe, "ping",
		    facts.ping, "listener", facts.listener, NULL);
	if (!session_is_verified(session))
		call_answer(call, MESSAGE_FIND_UNVERIFIED, "player", session_name(session),
			    NULL);
	session_release(session);
}

/* ---- sending ---- */

/* Where to: one of both is set. */
struct place {
	struct server *server;
	const struct config_group *group;
	const char *name;
};

static void say_sent(const struct call *call, const char *player, const struct place *place,
		     enum session_jump result)
{
	static const enum message messages[] = {
		[SESSION_JUMPS] = MESSAGE_SEND_PLAYER,
		[SESSION_JUMP_NO_ROOM] = MESSAGE_SEND_FULL,
		[SESSION_JUMP_GONE] = MESSAGE_SEND_GONE,
		[SESSION_JUMP_NONE] = MESSAGE_SEND_NONE,
	};

	call_answer(call, messages[result], "player", player, "server", place->name, NULL);
}

static void send_player(const struct call *call, struct session *session,
			const struct place *place)
{
	const struct config *config = config_now();
	struct config_hub hub = {.is_group = true};
	const struct config_hubs among = {&hub, 1};
	struct server *target = place->server, *here = session_server(session);

	if (place->group != NULL)
		hub.index = (size_t)(place->group - config->groups);
	if (here != NULL && (here == target ||
			     (place->group != NULL && registry_is_hub(config, &among, here)))) {
		session_cancel(session, false);
		call_answer(call, MESSAGE_SEND_ALREADY, "player", session_name(session),
			    "server", server_name(here), NULL);
		return;
	}
	enum session_jump result = session_jump(
		session, &target, place->group != NULL ? &among : NULL, SESSION_FORCED);
	if (result == SESSION_JUMPS)
		session_notify(session, MESSAGE_SENT, "server", server_name(target), NULL);
	say_sent(call, session_name(session), place, result);
}

static void send_all(const struct call *call, const struct server *from,
		     const struct place *place)
{
	size_t n = session_send_players(from, place->server, place->group);
	char players[CALL_TEXT_MAX];

	if (n == 0)
		call_answer(call, MESSAGE_SEND_NOBODY, NULL);
	else
		call_answer(call, MESSAGE_SEND_PLAYERS, "players",
			    call_players(players, (unsigned)n, 0), "server", place->name, NULL);
}

void run_send(const struct call *call)
{
	const char *rest = call->arguments;
	char who[CALL_WORD_MAX + 1], where[CALL_WORD_MAX + 1];
	struct session *session = NULL;
	struct server *from = NULL;
	struct place place = {.server = NULL};

	if (!call_word(&rest, who) || !call_word(&rest, where)) {
		call_usage(call);
		return;
	}
	place.server = call_server(call, where, &place.group);
	if (place.server == NULL && place.group == NULL)
		return;
	place.name = place.group != NULL ? place.group->name : server_name(place.server);
	if (strcasecmp(who, "all") != 0 && !call_senders(call, who, &session, &from))
		return;
	if (session != NULL)
		send_player(call, session, &place);
	else
		send_all(call, from, &place);
	session_release(session);
}

/* ---- kicks ---- */

/* Copies as much of a text as there is room for, in whole characters. */
static void cut(char *out, size_t size, const char *text)
{
	uint32_t code;
	size_t at = 0, n;

	while ((n = text_utf8_next(text + at, &code)) > 0 && code != 0 && at + n < size)
		at += n;
	memcpy(out, text, at);
	out[at] = '\0';
}

/* A Disconnect has 64 characters: says so if that is too few for what a player is to read. */
static void check_reason(const struct call *call, const char *utf8)
{
	char text[CALL_TEXT_MAX], read[CALL_DISCONNECT_MAX * 3 + 1];

	if (text_from_utf8(text, sizeof(text), utf8) <= CALL_DISCONNECT_MAX)
		return;
	text[CALL_DISCONNECT_MAX] = '\0';
	text_to_utf8(read, sizeof(read), text);
	call_answer(call, MESSAGE_REASON_CUT, "reason", read, NULL);
}

void run_kick(const struct call *call)
{
	const char *rest = call->arguments;
	char word[CALL_WORD_MAX + 1], reason[CALL_TEXT_MAX], console[CALL_PART_MAX];
	const char *by = call_said_name(call, console);

	if (!call_word(&rest, word)) {
		call_usage(call);
		return;
	}
	struct session *session = call_player(call, word);
	if (session == NULL)
		return;
	enum message message = rest[0] != '\0' ? MESSAGE_KICKED_REASON : MESSAGE_KICKED;
	config_message(reason, sizeof(reason), message, "by", by, "reason", rest, NULL);
	check_reason(call, reason);
	call_answer(call, MESSAGE_KICK_DONE, "player", session_name(session), NULL);
	session_end(session, message, "by", by, "reason", rest, NULL);
	session_release(session);
}

/* ---- bans ---- */

static bool has_bans(const struct call *call)
{
	if (call->world->bans == NULL)
		call_answer(call, MESSAGE_COMMAND_NOT_HERE, "command", call->command->name,
			    NULL);
	return call->world->bans != NULL;
}

/* A ban, or an entry of the allow list, that is wanted. */
struct wanted {
	char what[CALL_WORD_MAX + 1];
	char reason[BANS_REASON_MAX];
	int64_t duration_s; /* 0: for ever */
};

/* The second word is a time if it begins with a digit, so that a slip is no ban for ever. */
static bool read_wanted(const struct call *call, const char *rest, struct wanted *wanted)
{
	const char *next;
	char word[CALL_WORD_MAX + 1];

	*wanted = (struct wanted){.duration_s = 0};
	if (!call_word(&rest, wanted->what)) {
		call_usage(call);
		return false;
	}
	next = rest;
	if (call_word(&next, word) && word[0] >= '0' && word[0] <= '9') {
		wanted->duration_s = bans_duration_s(word);
		rest = next;
		if (wanted->duration_s == 0) {
			call_answer(call, MESSAGE_COMMAND_NO_DURATION, "text", word, NULL);
			return false;
		}
	}
	cut(wanted->reason, sizeof(wanted->reason), rest);
	return true;
}

/* Takes the quotes off a name, which stands for itself then. */
static bool unquote(char word[static CALL_WORD_MAX + 1])
{
	size_t n = strlen(word);

	if (n < 3 || word[0] != '"' || word[n - 1] != '"')
		return false;
	memmove(word, word + 1, n - 2);
	word[n - 2] = '\0';
	return true;
}

/* Looks like an address, and is none. */
static bool is_bad_address(const char *what)
{
	struct net_addr address;

	return what[strspn(what, "0123456789.")] == '\0' && !net_addr_parse(&address, what, 0);
}

/* Whom a ban is about: who is online goes by a unique beginning of their name, unless it is in
 * quotes. False, and an answer, if that is not clear. */
static bool name_banned(const struct call *call, char what[static CALL_WORD_MAX + 1])
{
	char names[CALL_LIST_MAX], prefix[CALL_WORD_MAX];
	bool is_address = what[strspn(what, "0123456789.")] == '\0';
	struct session *session = NULL;

	if (unquote(what))
		return true;
	enum session_match match = session_find_like(what, &session, names, sizeof(names));
	bool is_whole = session != NULL && strcasecmp(session_name(session), what) == 0;
	if (session != NULL && !is_whole && !is_address)
		strlcpy(what, session_name(session), CALL_WORD_MAX + 1);
	session_release(session);
	if (is_whole)
		return true;
	if (is_bad_address(what)) {
		call_answer(call, MESSAGE_BAN_NO_ADDRESS, "what", what, "prefix",
			    call_prefix(call, prefix), NULL);
		return false;
	}
	if (match != SESSION_AMBIGUOUS || is_address)
		return true;
	call_answer(call, MESSAGE_COMMAND_SOME_PLAYERS, "name", what, "names", names, NULL);
	return false;
}

/* Does a ban that is there now meet whoever gives the command. */
static bool meets_caller(const struct call *call)
{
	return call->session != NULL &&
	       bans_find(call->world->bans, session_name(call->session),
			 session_peer(call->session), time(NULL), NULL);
}

/* Says what became of a ban, and ends the sessions that it meets. */
static void enforce(const struct call *call, const struct wanted *wanted)
{
	char names[CALL_LIST_MAX], count[16], left[TIME_MAX], text[CALL_TEXT_MAX];
	bool has_reason = wanted->reason[0] != '\0', is_timed = wanted->duration_s > 0;
	static const enum message messages[2][2] = {
		{MESSAGE_BANNED, MESSAGE_BANNED_REASON},
		{MESSAGE_BANNED_FOR, MESSAGE_BANNED_FOR_REASON},
	};

	bans_duration_text(left, sizeof(left), wanted->duration_s);
	call_answer(call, is_timed ? MESSAGE_BAN_DONE_FOR : MESSAGE_BAN_DONE, "what",
		    wanted->what, "time", left, NULL);
	message_format(text, sizeof(text), config_now()->messages.items,
		       messages[is_timed][has_reason], "time", left, "reason", wanted->reason,
		       NULL);
	check_reason(call, text);
	snprintf(count, sizeof(count), "%u",
		 session_end_banned(call->world->bans, names, sizeof(names)));
	if (names[0] != '\0')
		call_answer(call, MESSAGE_BAN_ENDED, "count", count, "names", names, NULL);
}

static void say_unsaved(const struct call *call, enum bans_result result, const char *why)
{
	if (result == BANS_NOT_SAVED)
		call_answer(call, MESSAGE_COMMAND_NOT_SAVED, "reason", why, NULL);
}

void run_ban(const struct call *call)
{
	struct bans *bans = call->world->bans;
	struct wanted wanted;
	char why[256] = "";

	if (!has_bans(call) || !read_wanted(call, call->arguments, &wanted) ||
	    !name_banned(call, wanted.what))
		return;
	if (strcasecmp(wanted.what, call_name(call)) == 0 && call->session != NULL) {
		call_answer(call, MESSAGE_BAN_SELF, "what", wanted.what, NULL);
		return;
	}
	int64_t until_s = wanted.duration_s > 0 ? time(NULL) + wanted.duration_s : 0;
	enum bans_result result = bans_add(bans, wanted.what, until_s, wanted.reason,
					   call_name(call), why, sizeof(why));
	if (result == BANS_BAD) {
		call_answer(call, MESSAGE_BAN_BAD, "what", wanted.what, "reason", why, NULL);
	} else if (meets_caller(call)) { /* a network with the caller in it */
		bans_remove(bans, wanted.what, why, sizeof(why));
		call_answer(call, MESSAGE_BAN_SELF, "what", wanted.what, NULL);
	} else {
		enforce(call, &wanted);
		say_unsaved(call, result, why);
	}
}

void run_unban(const struct call *call)
{
	const char *rest = call->arguments;
	char word[CALL_WORD_MAX + 1], why[256] = "";

	if (!has_bans(call))
		return;
	if (!call_word(&rest, word)) {
		call_usage(call);
		return;
	}
	unquote(word);
	enum bans_result result = bans_remove(call->world->bans, word, why, sizeof(why));
	bool was_banned = result == BANS_DONE || result == BANS_NOT_SAVED;
	call_answer(call, was_banned ? MESSAGE_UNBAN_DONE : MESSAGE_UNBAN_NONE, "what", word,
		    NULL);
	say_unsaved(call, result, why);
}

static void say_ban(const struct call *call, const struct bans_entry *ban, int64_t now_s)
{
	char left[TIME_MAX], until[CALL_LIST_MAX];

	bans_left_text(left, sizeof(left), ban->until_s - now_s);
	message_format(until, sizeof(until), config_now()->messages.items,
		       ban->until_s == 0 ? MESSAGE_BANS_FOR_EVER : MESSAGE_BANS_FOR, "time",
		       left, NULL);
	call_answer(call, ban->reason[0] != '\0' ? MESSAGE_BANS_LINE_REASON : MESSAGE_BANS_LINE,
		    "what", ban->what, "by", ban->by, "time", until, "reason", ban->reason,
		    NULL);
}

/* Copies of all bans that can be shown, for clients may be slow to read. */
struct bans_shown {
	const struct call *call;
	struct bans_entry *entries;
	size_t n, room;
	size_t all;  /* with those that can't be shown */
	bool is_cut; /* there was no memory for some */
};

static void copy_ban(void *context, const struct bans_entry *ban)
{
	struct bans_shown *shown = context;

	if (!call_has_room(shown->call, shown->all++))
		return;
	if (shown->n == shown->room) {
		size_t room = shown->room > 0 ? 2 * shown->room : 16;
		struct bans_entry *grown = reallocarray(shown->entries, room, sizeof(*grown));

		shown->is_cut |= grown == NULL;
		if (grown == NULL)
			return;
		shown->entries = grown;
		shown->room = room;
	}
	shown->entries[shown->n++] = *ban;
}

/* Says what has been copied, which is gone then. */
static void say_shown(struct bans_shown *shown, int64_t now_s)
{
	for (size_t i = 0; i < shown->n; i++)
		say_ban(shown->call, &shown->entries[i], now_s);
	free(shown->entries);
	if (shown->is_cut)
		call_answer(shown->call, MESSAGE_COMMAND_NO_MEMORY, NULL);
	call_left_out(shown->call, shown->all);
}

void run_bans(const struct call *call)
{
	struct bans_shown shown = {.call = call};
	int64_t now_s = time(NULL);
	char count[16];

	if (!has_bans(call))
		return;
	bans_each(call->world->bans, now_s, copy_ban, &shown);
	say_shown(&shown, now_s);
	snprintf(count, sizeof(count), "%zu", shown.all);
	call_answer(call, shown.all > 0 ? MESSAGE_BANS_TITLE : MESSAGE_BANS_NONE, "count",
		    count, NULL);
}

/* ---- the allow list ---- */

/* All that is on the list, and what there is to say about some of it. */
struct allowed_shown {
	struct text_list names;
	size_t n;
	struct bans_shown more;
};

static void list_allowed(void *context, const struct bans_entry *entry)
{
	struct allowed_shown *shown = context;

	text_list_add(&shown->names, entry->what);
	shown->n++;
	if (entry->reason[0] != '\0' || entry->until_s != 0)
		copy_ban(&shown->more, entry);
}

static void say_allowed(const struct call *call)
{
	char text[CALL_LIST_MAX], count[16];
	struct allowed_shown shown = {.more.call = call};
	int64_t now_s = time(NULL);

	text_list_begin(&shown.names, text, sizeof(text));
	bans_each_allowed(call->world->bans, now_s, list_allowed, &shown);
	message_list_end(&shown.names, config_now()->messages.items);
	snprintf(count, sizeof(count), "%zu", shown.n);
	call_answer(call, shown.n > 0 ? MESSAGE_ALLOW_NAMES : MESSAGE_ALLOW_NOBODY, "count",
		    count, "names", text, NULL);
	say_shown(&shown.more, now_s);
}

/* An admin who shuts everybody out is told if that includes themselves. */
static void say_allow_state(const struct call *call)
{
	struct bans *bans = call->world->bans;
	bool is_on = bans_allow_is_on(bans);
	char prefix[CALL_WORD_MAX];

	call_answer(call, is_on ? MESSAGE_ALLOW_ON : MESSAGE_ALLOW_OFF, NULL);
	if (!is_on || call->session == NULL ||
	    bans_is_allowed(bans, call_name(call), session_peer(call->session), time(NULL)))
		return;
	call_answer(call, MESSAGE_ALLOW_NOT_YOU, "prefix", call_prefix(call, prefix), "player",
		    call_name(call), NULL);
}

static void switch_allow(const struct call *call, const char *word)
{
	char why[256] = "";
	bool is_on;

	if (!call_switch(call, word, &is_on))
		return;
	enum bans_result result = bans_allow_switch(call->world->bans, is_on, why, sizeof(why));
	say_allow_state(call);
	say_unsaved(call, result, why);
}

/* A mistyped address is no name, unless it is in quotes. */
static bool name_allowed(const struct call *call, char what[static CALL_WORD_MAX + 1])
{
	char prefix[CALL_WORD_MAX];

	if (unquote(what) || !is_bad_address(what))
		return true;
	call_answer(call, MESSAGE_ALLOW_NO_ADDRESS, "what", what, "prefix",
		    call_prefix(call, prefix), NULL);
	return false;
}

static void add_allowed(const struct call *call, const char *rest)
{
	char why[256] = "", time_text[TIME_MAX];
	struct wanted wanted;

	if (!read_wanted(call, rest, &wanted) || !name_allowed(call, wanted.what))
		return;
	bool is_timed = wanted.duration_s > 0;
	enum bans_result result = bans_allow_add(
		call->world->bans, wanted.what, is_timed ? time(NULL) + wanted.duration_s : 0,
		wanted.reason, call_name(call), why, sizeof(why));
	const enum message messages[] = {
		[BANS_DONE] = is_timed ? MESSAGE_ALLOW_ADDED_FOR : MESSAGE_ALLOW_ADDED,
		[BANS_BAD] = MESSAGE_ALLOW_BAD,
		[BANS_UNCHANGED] = MESSAGE_ALLOW_ALREADY,
		[BANS_NOT_SAVED] = is_timed ? MESSAGE_ALLOW_ADDED_FOR : MESSAGE_ALLOW_ADDED,
	};
	bans_duration_text(time_text, sizeof(time_text), wanted.duration_s);
	call_answer(call, messages[result], "player", wanted.what, "reason", why, "time",
		    time_text, NULL);
	say_unsaved(call, result, why);
}

static void remove_allowed(const struct call *call, const char *rest)
{
	char what[CALL_WORD_MAX + 1], why[256] = "";

	if (!call_word(&rest, what) || rest[0] != '\0') {
		call_usage(call);
		return;
	}
	unquote(what);
	enum bans_result result = bans_allow_remove(call->world->bans, what, why, sizeof(why));
	bool was_there = result == BANS_DONE || result == BANS_NOT_SAVED;
	call_answer(call, was_there ? MESSAGE_ALLOW_REMOVED : MESSAGE_ALLOW_MISSING, "player",
		    what, NULL);
	say_unsaved(call, result, why);
}

void run_allow(const struct call *call)
{
	const char *rest = call->arguments;
	char word[CALL_WORD_MAX + 1];
	bool has_word = call_word(&rest, word);

	if (!has_bans(call))
		return;
	if (strcasecmp(word, "add") == 0) {
		add_allowed(call, rest);
	} else if (strcasecmp(word, "remove") == 0) {
		remove_allowed(call, rest);
	} else if (rest[0] != '\0') {
		call_usage(call);
	} else if (!has_word || strcasecmp(word, "list") == 0) {
		say_allow_state(call);
		say_allowed(call);
	} else {
		switch_allow(call, word);
	}
}

/* ---- a word to all ---- */

void run_say(const struct call *call)
{
	char players[CALL_TEXT_MAX], console[CALL_PART_MAX];

	if (call->arguments[0] == '\0') {
		call_usage(call);
		return;
	}
	unsigned heard = session_notify_all(MESSAGE_SAY, "from", call_said_name(call, console),
					    "text", call->arguments, NULL);
	call_answer(call, MESSAGE_SAY_DONE, "players", call_players(players, heard, 0), NULL);
}
