/* SPDX-License-Identifier: MIT */
/*
 * Completion on the terminal. The one idea: a kind of argument is a function that offers every
 * word it could be, once; those that begin as what has been typed are passed on.
 */
#include <string.h>
#include <strings.h>

#include "bans.h"
#include "commands_private.h"

/* What is on offer, and who takes what begins with `start`. */
struct offers {
	const struct session_world *world;
	const char *start;
	size_t length; /* of start */
	console_offer_fn *take;
	void *choice;
};

typedef void offer_fn(struct offers *offers);

static void offer(struct offers *offers, const char *word)
{
	if (strncasecmp(word, offers->start, offers->length) == 0)
		offers->take(offers->choice, word);
}

static void offer_commands(struct offers *offers)
{
	for (const struct command *command = command_table; command->name != NULL; command++)
		if (!command->needs_player)
			offer(offers, command->name);
}

static void offer_servers(struct offers *offers)
{
	const struct config *config = config_now();

	for (size_t i = 0; i < config->n_servers; i++)
		offer(offers, config->servers[i].name);
	if (registry_lobby(offers->world->registry) != NULL)
		offer(offers, "lobby");
}

static void offer_all_servers(struct offers *offers)
{
	offer_servers(offers);
	offer(offers, "all");
}

static void offer_places(struct offers *offers)
{
	const struct config *config = config_now();

	offer_servers(offers);
	for (size_t i = 0; i < config->n_groups; i++)
		offer(offers, config->groups[i].name);
}

static void offer_player(void *context, struct session *session)
{
	offer(context, session_name(session));
}

static void offer_players(struct offers *offers)
{
	session_each(offer_player, offers);
}

static void offer_senders(struct offers *offers)
{
	offer_players(offers);
	offer_all_servers(offers);
}

static void offer_ban(void *context, const struct bans_entry *ban)
{
	offer(context, ban->what);
}

static void offer_bans(struct offers *offers)
{
	if (offers->world->bans != NULL)
		bans_each(offers->world->bans, time(NULL), offer_ban, offers);
}

/* Offers each word of a list that ends with NULL. */
static void offer_words(struct offers *offers, const char *const *words)
{
	for (; *words != NULL; words++)
		offer(offers, *words);
}

static void offer_switch(struct offers *offers)
{
	offer_words(offers, (const char *const[]){"on", "off", NULL});
}

static void offer_levels(struct offers *offers)
{
	offer_words(offers, command_levels);
}

static void offer_allow(struct offers *offers)
{
	offer_words(offers, (const char *const[]){"on", "off", "list", "add", "remove", NULL});
}

static void offer_stop(struct offers *offers)
{
	offer_words(offers, (const char *const[]){"when-empty", "not", NULL});
}

static offer_fn *const kinds[ARGUMENT_KINDS] = {
	[ARGUMENT_COMMAND] = offer_commands,
	[ARGUMENT_SERVER] = offer_servers,
	[ARGUMENT_SERVERS] = offer_all_servers,
	[ARGUMENT_PLACE] = offer_places,
	[ARGUMENT_PLAYER] = offer_players,
	[ARGUMENT_PLAYERS] = offer_senders,
	[ARGUMENT_BAN] = offer_bans,
	[ARGUMENT_SWITCH] = offer_switch,
	[ARGUMENT_LEVEL] = offer_levels,
	[ARGUMENT_ALLOW] = offer_allow,
	[ARGUMENT_STOP] = offer_stop,
};

static const struct command *find_row(const char *word, size_t length)
{
	for (const struct command *command = command_table; command->name != NULL; command++)
		if (strlen(command->name) == length &&
		    strncasecmp(command->name, word, length) == 0)
			return command;
	return NULL;
}

/* What the last word of a line may be, which *word gets: perhaps an empty one. */
static offer_fn *kind_of_last(const char *line, const char **word)
{
	const struct command *command = NULL;
	const char *rest = line + strspn(line, " ");
	size_t length, place = 0;

	for (;; place++) {
		length = strcspn(rest, " ");
		*word = rest;
		if (rest[length] == '\0')
			break;
		if (place == 0)
			command = find_row(rest, length);
		rest += length + strspn(rest + length, " ");
	}
	if (place == 0)
		return offer_commands;
	return command != NULL && place <= CALL_ARGUMENTS_MAX
		       ? kinds[command->arguments[place - 1]]
		       : NULL;
}

void commands_complete(void *commands, const char *line, console_offer_fn *take, void *choice)
{
	const struct commands *mine = commands;
	struct offers offers = {.world = mine->world, .take = take, .choice = choice};
	offer_fn *kind = kind_of_last(line, &offers.start);

	config_settle();
	offers.length = strlen(offers.start);
	if (kind != NULL)
		kind(&offers);
}
