/* SPDX-License-Identifier: MIT */
/*
 * Whom the words of a command mean: servers, groups and players. The one idea: a whole name
 * means just what has that name, and only a word that nothing is called is taken for the
 * beginning of a name; what is not clear is never guessed at, but asked back.
 */
#include <bsd/string.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "commands_private.h"
#include "text.h"

#define PLAYER_MARK "player:"
#define SERVER_MARK "server:"

/* The servers of a group that may be named to whoever asks. */
static void list_group(const struct call *call, const struct config_group *group,
		       char names[static CALL_LIST_MAX])
{
	const struct config *config = config_now();
	struct text_list list;

	text_list_begin(&list, names, CALL_LIST_MAX);
	for (size_t i = 0; i < group->n_servers; i++) {
		const struct config_server *row = &config->servers[group->servers[i]];

		if (!row->hidden || !call->command->is_public)
			text_list_add(&list, row->name);
	}
	message_list_end(&list, config->messages.items);
}

static void say_group(const struct call *call, const struct config_group *group)
{
	char names[CALL_LIST_MAX];

	list_group(call, group, names);
	call_answer(call, names[0] != '\0' ? MESSAGE_SERVER_IS_GROUP : MESSAGE_GROUP_IS_HIDDEN,
		    "name", group->name, "names", names, NULL);
}

/* One server and no group, perhaps one that is removed. */
static enum registry_match find_server(const struct call *call, const char *word,
				       struct server **server,
				       const struct config_group **group,
				       char names[static CALL_LIST_MAX])
{
	return registry_find_server(call->world->registry, config_now(), word,
				    !call->command->is_public, server, group, names,
				    CALL_LIST_MAX);
}

struct server *call_server(const struct call *call, const char *word,
			   const struct config_group **group)
{
	const struct config_group *meant = NULL;
	struct server *server = NULL;
	char names[CALL_LIST_MAX];
	enum registry_match match =
		group != NULL ? registry_find(call->world->registry, config_now(), word,
					      &server, group, names, sizeof(names))
			      : find_server(call, word, &server, &meant, names);

	if (meant != NULL)
		say_group(call, meant);
	else if (match == REGISTRY_AMBIGUOUS)
		call_answer(call, MESSAGE_SERVER_AMBIGUOUS, "name", word, "names", names, NULL);
	else if (match == REGISTRY_UNKNOWN)
		call_answer(call, MESSAGE_SERVER_UNKNOWN, "name", word, "names", names, NULL);
	return server;
}

/* Says why a word means no player: `match` and `names` are session_find_like()'s. */
static void say_no_player(const struct call *call, const char *word, enum session_match match,
			  const char *names)
{
	if (match == SESSION_AMBIGUOUS)
		call_answer(call, MESSAGE_COMMAND_SOME_PLAYERS, "name", word, "names", names,
			    NULL);
	else
		call_answer(call,
			    names[0] != '\0' ? MESSAGE_COMMAND_NEAR_PLAYER
					     : MESSAGE_COMMAND_NO_PLAYER,
			    "name", word, "nearest", names, NULL);
}

struct session *call_player(const struct call *call, const char *word)
{
	char names[CALL_LIST_MAX];
	struct session *session;
	enum session_match match = session_find_like(word, &session, names, sizeof(names));

	if (match != SESSION_FOUND)
		say_no_player(call, word, match, names);
	return session;
}

/* Takes a mark off a word that has it. */
static bool take_mark(const char **word, const char *mark)
{
	bool has_it = strncasecmp(*word, mark, strlen(mark)) == 0;

	*word += has_it ? strlen(mark) : 0;
	return has_it;
}

static bool is_whole(const struct session *session, const char *word)
{
	return session != NULL && strcasecmp(session_name(session), word) == 0;
}

/* A word that is no player's whole name, and means no server either, or not only. `match` and
 * `names` are session_find_like()'s. */
static bool choose_senders(const struct call *call, const char *word, enum session_match match,
			   const char *names, struct session **session, struct server **from)
{
	const struct config_group *group = NULL;
	char servers[CALL_LIST_MAX];
	enum registry_match found = find_server(call, word, from, &group, servers);
	bool is_server = found == REGISTRY_FOUND, is_player = match == SESSION_FOUND;
	bool is_name = is_server && strcasecmp(server_name(*from), word) == 0;

	if (is_name || (is_server && match == SESSION_UNKNOWN) ||
	    (is_player && !is_server && group == NULL))
		return true;
	if (group != NULL)
		say_group(call, group);
	else if (is_server && is_player)
		call_answer(call, MESSAGE_SEND_WHICH, "name", word, "player",
			    session_name(*session), "server", server_name(*from), NULL);
	else
		say_no_player(call, word, match, names);
	*from = NULL;
	return false;
}

bool call_senders(const struct call *call, const char *word, struct session **session,
		  struct server **from)
{
	char names[CALL_LIST_MAX];

	*session = NULL;
	*from = NULL;
	if (take_mark(&word, PLAYER_MARK)) {
		*session = call_player(call, word);
		return *session != NULL;
	}
	if (take_mark(&word, SERVER_MARK)) {
		*from = call_server(call, word, NULL);
		return *from != NULL;
	}
	enum session_match match = session_find_like(word, session, names, sizeof(names));
	bool is_clear = is_whole(*session, word) ||
			choose_senders(call, word, match, names, session, from);
	if (is_clear && *from == NULL)
		return true;
	session_release(*session);
	*session = NULL;
	return is_clear;
}
