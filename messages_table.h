/* SPDX-License-Identifier: MIT */
/*
 * The rows of messages.h: name, key, the names in braces, default text. No guard: whoever
 * includes this says with MESSAGE_ROW what a row is to become; else each is checked for length.
 *
 * Where a text goes limits it: a Disconnect and a place on the screen show 64 characters, chat
 * wraps. {why} is one of the sentences under "What happened"; {reason} somebody else's words,
 * or what the log says became of a connection, without a full stop. {prefix} is what stands in
 * front of a command: `command-prefix` and a space, or nothing on the terminal. An empty text
 * says nothing; a Disconnect has to come, and is empty then.
 */
#ifndef MESSAGE_ROW
#define MESSAGE_ROW(name, key, names, text) _Static_assert(sizeof(text) <= 512 + 1, key);
#endif

/* clang-format off */

/* Login: the player can't come in. Disconnects. */
MESSAGE_ROW(FULL,                "full",                "",              "The server is full, try again later")
MESSAGE_ROW(NO_SERVERS,          "no-servers",          "",              "No server can take you now, please come back later")
MESSAGE_ROW(LOGIN_TIMEOUT,       "login-timeout",       "ms",            "Your login took too long (more than {ms} ms)")
MESSAGE_ROW(LOGIN_NOT_READING,   "login-not-reading",   "",              "Your client does not read")
MESSAGE_ROW(LOGIN_PROXY_HEADER,  "login-proxy-header",  "fault",         "Bad PROXY header: {fault}")
MESSAGE_ROW(LOGIN_NO_PROXY,      "login-no-proxy",      "",              "Only a proxy may connect here: please join at the public address")
MESSAGE_ROW(LOGIN_WEB,           "login-web",           "",              "This is a Minecraft Classic server, not a web server")
MESSAGE_ROW(LOGIN_FIRST_PACKET,  "login-first-packet",  "packet",        "A login begins with packet 0x00, not {packet}")
MESSAGE_ROW(LOGIN_TOO_OLD,       "login-too-old",       "min max",       "Clients before c0.0.16a are not supported, only versions {min} to {max}")
MESSAGE_ROW(LOGIN_VERSION,       "login-version",       "version min max", "Protocol version {version} is not supported, only {min} to {max} are")
MESSAGE_ROW(LOGIN_PACKET,        "login-packet",        "packet",        "Your client sent packet {packet} during its login")
MESSAGE_ROW(LOGIN_SUFFIX,        "login-suffix",        "suffix",        "Your name may not end in {suffix}: that marks players of another list")
MESSAGE_ROW(LOGIN_NAME,          "login-name",          "",              "Invalid name: use 1 to 16 letters, digits and _ . @ + -")
MESSAGE_ROW(LOGIN_UNVERIFIED,    "login-unverified",    "",              "Name wasn't verified, please join through the server list")
MESSAGE_ROW(LOGIN_CUSTOM_BLOCKS, "login-custom-blocks", "",              "Switch custom blocks on, or reconnect to play without them")
MESSAGE_ROW(LOGIN_NAME_TAKEN,    "login-name-taken",    "",              "A player of that name is already online")
MESSAGE_ROW(LOGIN_MAINTENANCE,   "login-maintenance",   "",              "Closed for maintenance, please come back later")
MESSAGE_ROW(LOGIN_NOT_ALLOWED,   "login-not-allowed",   "",              "You are not on the list of players who may come in")

/* Banned: at the login, and who is online when the ban comes. Disconnects. */
MESSAGE_ROW(BANNED,              "banned",              "",              "You are banned")
MESSAGE_ROW(BANNED_REASON,       "banned-reason",       "reason",        "You are banned: {reason}")
MESSAGE_ROW(BANNED_FOR,          "banned-for",          "time",          "You are banned for another {time}")
MESSAGE_ROW(BANNED_FOR_REASON,   "banned-for-reason",   "time reason",   "You are banned for another {time}: {reason}")

/* The end of a session that had begun. Disconnects. */
MESSAGE_ROW(REPLACED,            "replaced",            "",              "You logged in from another place")
MESSAGE_ROW(KICKED,              "kicked",              "by",            "You were kicked by an admin")
MESSAGE_ROW(KICKED_REASON,       "kicked-reason",       "by reason",     "Kicked by an admin: {reason}")
MESSAGE_ROW(SHUTDOWN,            "shutdown",            "",              "Server shutting down")
MESSAGE_ROW(SHUTDOWN_REASON,     "shutdown-reason",     "reason",        "{reason}")
MESSAGE_ROW(CLIENT_SILENT,       "client-silent",       "ms",            "Your client was silent for more than {ms} ms")
MESSAGE_ROW(CLIENT_TWICE,        "client-twice",        "",              "Your client identified itself twice")
MESSAGE_ROW(CLIENT_UNKNOWN,      "client-unknown",      "packet name",   "Your client sent packet {packet} ({name}), which does not exist")
MESSAGE_ROW(CLIENT_UNAGREED,     "client-unagreed",     "packet name",   "Your client sent packet {packet} ({name}), not negotiated")

/* Journey: on the way to a server. */
MESSAGE_ROW(JUMPING,             "jumping",             "server",        "&eJumping to &f{server}&e...")
MESSAGE_ROW(WAITING,             "waiting",             "server",        "&eWaiting for &f{server}&e...") /* centre of the screen, or chat */
MESSAGE_ROW(WAITING_SCREEN,      "waiting-screen",      "server",        "Waiting for {server}...") /* the loading screen */
MESSAGE_ROW(BETWEEN_SERVERS,     "between-servers",     "",              "&cYou are between two servers, nobody hears you yet.")
MESSAGE_ROW(MOVED,               "moved",               "why server",    "&e{why} &eYou are on &f{server}&e now.")
MESSAGE_ROW(ON_YOUR_WAY,         "on-your-way",         "why",           "&e{why} &eYou are on your way.")
MESSAGE_ROW(STAY_THERE,          "stay-there",          "why",           "&e{why} &eYou stay where you are.")
MESSAGE_ROW(STAY_HERE,           "stay-here",           "why",           "&e{why} &eYou stay here.")
MESSAGE_ROW(SENT,                "sent",                "server",        "&eAn admin sends you to &f{server}&e...")

/* What happened: sentences that become the {why} of others, and Disconnects when no server is left. */
MESSAGE_ROW(SENT_ONWARD,         "sent-onward",         "server target", "{server} sends you on to {target}.")
MESSAGE_ROW(SENT_NOWHERE,        "sent-nowhere",        "server name",   "{server} sends you to \"{name}\", which is no other server.")
MESSAGE_ROW(SENT_REFUSED,        "sent-refused",        "server target reason", "{server} sends you on to {target}, which can't take you: {reason}.")
MESSAGE_ROW(SERVER_KICKED,       "server-kicked",       "server reason dot", "{server} kicked you: &f{reason}&e{dot}") /* dot: unless the reason ends in one */
MESSAGE_ROW(SERVER_GONE,         "server-gone",         "server reason", "{server} is gone: {reason}.")
MESSAGE_ROW(SERVER_UNREACHABLE,  "server-unreachable",  "server reason", "{server} can't be reached: {reason}.")
MESSAGE_ROW(MOVED_OFF,           "moved-off",           "server",        "{server} is being emptied by an admin.")
MESSAGE_ROW(NO_REASON,           "no-reason",           "",              "no reason given") /* as {reason} of a kick without words */

/* Why: the {reason} of sent-refused, server-gone and server-unreachable; rarer ones are as in the log. */
MESSAGE_ROW(WHY_FULL,            "why-full",            "",              "it is full")
MESSAGE_ROW(WHY_DRAINING,        "why-draining",        "",              "it takes nobody new at the moment")
MESSAGE_ROW(WHY_MAINTENANCE,     "why-maintenance",     "",              "it is closed for maintenance")
MESSAGE_ROW(WHY_RESTRICTED,      "why-restricted",      "",              "you may not go there")
MESSAGE_ROW(WHY_REMOVED,         "why-removed",         "",              "it is not linked any more")
MESSAGE_ROW(WHY_CLOSED,          "why-closed",          "",              "it closed the connection")
MESSAGE_ROW(WHY_BROKEN,          "why-broken",          "",              "it broke the connection")
MESSAGE_ROW(WHY_SILENT,          "why-silent",          "",              "it has been silent for too long")
MESSAGE_ROW(WHY_MEMORY,          "why-memory",          "",              "Kurafuto is out of memory")

/* Return: from the lobby to the server that was lost. */
MESSAGE_ROW(RETURN_PROMISE,      "return-promise",      "server prefix", "&eYou will be brought to &f{server}&e when it is up; to stay here: &a{prefix}stay")
MESSAGE_ROW(RETURN_PROMISE_HUB,  "return-promise-hub",  "prefix",        "&eYou will be brought to &fa hub&e when it is up; to stay here: &a{prefix}stay")
MESSAGE_ROW(RETURN_COMES,        "return-comes",        "server",        "&eYou will be brought to &f{server}&e when it is up.") /* to who may not give the command */
MESSAGE_ROW(RETURN_COMES_HUB,    "return-comes-hub",    "",              "&eYou will be brought to &fa hub&e when it is up.")
MESSAGE_ROW(RETURN_STATUS,       "return-status",       "server",        "&eWaiting for &f{server}") /* top right */
MESSAGE_ROW(RETURN_STATUS_HUB,   "return-status-hub",   "",              "&eWaiting for &fa hub")
MESSAGE_ROW(RETURN_DONE,         "return-done",         "server",        "&eYou are back on &f{server}&e.")
MESSAGE_ROW(RETURN_OFF,          "return-off",          "server prefix", "&eYou stay here. Back to &f{server}&e: &a{prefix}jump {server}")
MESSAGE_ROW(RETURN_NONE,         "return-none",         "",              "&eNobody is about to bring you anywhere.")

/* Commands: where to. */
MESSAGE_ROW(JUMP_WHERE,          "jump-where",          "prefix",        "&eWhere to? &a{prefix}jump NAME&e, see &a{prefix}list")
MESSAGE_ROW(JUMP_STAY,           "jump-stay",           "server",        "&eYou stay on &f{server}&e.")
MESSAGE_ROW(JUMP_ALREADY,        "jump-already",        "server",        "&eYou are on &f{server}&e already.")
MESSAGE_ROW(JUMP_TOO_SOON,       "jump-too-soon",       "",              "&cNot so fast, you stay where you are.")
MESSAGE_ROW(JUMP_NO_ROOM,        "jump-no-room",        "",              "&cKurafuto is full, you stay where you are.")
MESSAGE_ROW(JUMP_FULL,           "jump-full",           "server",        "&c{server} is full, you stay where you are.")
MESSAGE_ROW(JUMP_DRAINING,       "jump-draining",       "server",        "&c{server} takes nobody new at the moment.")
MESSAGE_ROW(JUMP_MAINTENANCE,    "jump-maintenance",    "server",        "&c{server} is closed for maintenance, try again later.")
MESSAGE_ROW(JUMP_RESTRICTED,     "jump-restricted",     "server",        "&cYou may not go to {server}.")
MESSAGE_ROW(JUMP_GONE,           "jump-gone",           "server",        "&c{server} is not linked any more.")
MESSAGE_ROW(JUMP_NONE,           "jump-none",           "",              "&cNo server there can take you now, you stay where you are.")
MESSAGE_ROW(JUMP_HUB,            "jump-hub",            "",              "the hub") /* as {server} of these */
MESSAGE_ROW(JUMP_NO_LOBBY,       "jump-no-lobby",       "",              "&cThere is no lobby here.")
MESSAGE_ROW(SERVER_AMBIGUOUS,    "server-ambiguous",    "name names",    "&c\"{name}\" could be any of: &f{names}")
MESSAGE_ROW(SERVER_UNKNOWN,      "server-unknown",      "name names",    "&cThere is no server \"{name}\", only: &f{names}")

MESSAGE_ROW(SERVER_IS_GROUP,     "server-is-group",     "name names",    "&c{name} is a group: name one of its servers, &f{names}")
MESSAGE_ROW(GROUP_IS_HIDDEN,     "group-is-hidden",     "name",          "&c{name} is a group, and no server.")

/* In line for a server that is full. */
MESSAGE_ROW(QUEUE_OFFER,         "queue-offer",         "server prefix", "&eTo wait in line for it: &a{prefix}queue {server}")
MESSAGE_ROW(QUEUE_WHERE,         "queue-where",         "prefix",        "&eIn line for which server? &a{prefix}queue NAME")
MESSAGE_ROW(QUEUE_JOINED,        "queue-joined",        "server position prefix", "&eYou are in line for &f{server}&e: &a{position}&e. To leave it: &a{prefix}queue leave")
MESSAGE_ROW(QUEUE_ALREADY,       "queue-already",       "server position", "&eYou are in line for &f{server}&e already: &a{position}")
MESSAGE_ROW(QUEUE_LEFT,          "queue-left",          "server",        "&eYou are no longer in line for &f{server}&e.")
MESSAGE_ROW(QUEUE_NONE,          "queue-none",          "",              "&eYou are not in line for any server.")
MESSAGE_ROW(QUEUE_STATUS,        "queue-status",        "server position", "&eIn line for &f{server}&e: &a{position}") /* top right */
MESSAGE_ROW(QUEUE_MOVED,         "queue-moved",         "server",        "&eThere is a place for you on &f{server}&e now.")
MESSAGE_ROW(QUEUE_RESTRICTED,    "queue-restricted",    "server",        "&cYou may not go to {server} any more.")

/* Commands: what there is. Lines are put together of the rows behind them. */
MESSAGE_ROW(LIST_TITLE,          "list-title",          "prefix command", "&eServers (&a{prefix}{command} NAME&e):")
MESSAGE_ROW(LIST_UP,             "list-up",             "server players hub mode here", "&a{server} &7up, {players}{hub}{mode}{here}")
MESSAGE_ROW(LIST_DOWN,           "list-down",           "server players hub mode here", "&c{server} &7down, {players}{hub}{mode}{here}")
MESSAGE_ROW(LIST_HUB,            "list-hub",            "",              ", hub")
MESSAGE_ROW(LIST_DRAINING,       "list-draining",       "",              ", takes nobody new")
MESSAGE_ROW(LIST_MAINTENANCE,    "list-maintenance",    "",              ", in maintenance")
MESSAGE_ROW(LIST_HERE,           "list-here",           "",              " &e<- you are here")
MESSAGE_ROW(PLAYERS_ONE,         "players-one",         "",              "1 player")
MESSAGE_ROW(PLAYERS_MANY,        "players-many",        "count",         "{count} players")
MESSAGE_ROW(PLAYERS_OF,          "players-of",          "count max",     "{count}/{max} players")
MESSAGE_ROW(WHO_TITLE,           "who-title",           "count",         "&ePlayers online: {count}")
MESSAGE_ROW(WHO_LINE,            "who-line",            "where count names", "&e{where} ({count}): &f{names}")
MESSAGE_ROW(WHO_LOBBY,           "who-lobby",           "",              "lobby")
MESSAGE_ROW(WHO_ELSEWHERE,       "who-elsewhere",       "",              "elsewhere")
MESSAGE_ROW(WHO_TRAVELLING,      "who-travelling",      "",              "on their way")
MESSAGE_ROW(WHO_NOBODY,          "who-nobody",          "server",        "&eNobody is on &f{server}&e.")
MESSAGE_ROW(INFO_PROXY,          "info-proxy",          "version days time players", "&e{version}, up {days} d {time}, {players}")
MESSAGE_ROW(INFO_PLAYER,         "info-player",         "server ping",   "&eYou are on &f{server}&e, your ping to Kurafuto is &f{ping}")
MESSAGE_ROW(INFO_NO_SERVER,      "info-no-server",      "",              "no server")
MESSAGE_ROW(INFO_PING,           "info-ping",           "ms",            "{ms} ms")
MESSAGE_ROW(INFO_NO_PING,        "info-no-ping",        "",              "unknown")

/* Commands: help, of each its own {help}, and what is wrong with them. */
MESSAGE_ROW(HELP_TITLE,          "help-title",          "",              "&eKurafuto: one address, many servers. Commands:")
MESSAGE_ROW(HELP_LINE,           "help-line",           "prefix usage help", "&a{prefix}{usage}&7: {help}")
MESSAGE_ROW(HELP_HELP,           "help-help",           "",              "this list, or one command")
MESSAGE_ROW(HELP_LIST,           "help-list",           "",              "the servers, who is up, where you are")
MESSAGE_ROW(HELP_JUMP,           "help-jump",           "",              "go there, or to a group; a unique beginning will do")
MESSAGE_ROW(HELP_QUEUE,          "help-queue",          "",              "wait in line for a server that is full")
MESSAGE_ROW(HELP_HUB,            "help-hub",            "",              "back to the hub")
MESSAGE_ROW(HELP_LOBBY,          "help-lobby",          "",              "to the lobby")
MESSAGE_ROW(HELP_STAY,           "help-stay",           "",              "don't be brought back to a server that was lost")
MESSAGE_ROW(HELP_WHO,            "help-who",            "",              "who is online, and where")
MESSAGE_ROW(HELP_INFO,           "help-info",           "",              "version, uptime, your server and ping")
MESSAGE_ROW(HELP_PLAYERS,        "help-players",        "",              "who is online, from where, for how long")
MESSAGE_ROW(HELP_FIND,           "help-find",           "",              "all about one player")
MESSAGE_ROW(HELP_SEND,           "help-send",           "",              "send a player, or all of a server, to a server or group")
MESSAGE_ROW(HELP_KICK,           "help-kick",           "",              "end a player's session")
MESSAGE_ROW(HELP_BAN,            "help-ban",            "",              "shut out for 30s, 10m, 12h, 7d, 2w, or for ever")
MESSAGE_ROW(HELP_UNBAN,          "help-unban",          "",              "take a ban back")
MESSAGE_ROW(HELP_BANS,           "help-bans",           "",              "who is banned, and why")
MESSAGE_ROW(HELP_ALLOW,          "help-allow",          "",              "the list of players who alone may come in")
MESSAGE_ROW(HELP_SAY,            "help-say",            "",              "a word to all players")
MESSAGE_ROW(HELP_SERVERS,        "help-servers",        "",              "the servers: address, state, players")
MESSAGE_ROW(HELP_DRAIN,          "help-drain",          "",              "no new players; who is there stays")
MESSAGE_ROW(HELP_MAINTENANCE,    "help-maintenance",    "",              "nobody but whom an admin sends; all: only admins may log in")
MESSAGE_ROW(HELP_READY,          "help-ready",          "",              "it takes new players again")
MESSAGE_ROW(HELP_MOVE_OFF,       "help-move-off",       "",              "send its players elsewhere, one by one")
MESSAGE_ROW(HELP_RELOAD,         "help-reload",         "",              "read the configuration again")
MESSAGE_ROW(HELP_LOG,            "help-log",            "",              "how much the log tells: error, warn, info, debug, trace")
MESSAGE_ROW(HELP_TRACE,          "help-trace",          "",              "write a player's packets to a file")
MESSAGE_ROW(HELP_STATS,          "help-stats",          "",              "counts of everything since the start")
MESSAGE_ROW(HELP_VERSION,        "help-version",        "",              "which Kurafuto this is")
MESSAGE_ROW(HELP_STOP,           "help-stop",           "",              "end the program; not: call a countdown off")
MESSAGE_ROW(COMMAND_UNKNOWN,     "command-unknown",     "command prefix", "&cThere is no command \"{command}\", see &a{prefix}help")
MESSAGE_ROW(COMMAND_NEAREST,     "command-nearest",     "command prefix nearest", "&cThere is no command \"{command}\", did you mean &a{prefix}{nearest}&c?")
MESSAGE_ROW(COMMAND_DENIED,      "command-denied",      "command",       "&cYou may not use \"{command}\".")
MESSAGE_ROW(COMMAND_USAGE,       "command-usage",       "prefix usage",  "&eIt goes like this: &a{prefix}{usage}")
MESSAGE_ROW(COMMAND_NO_PLAYER,   "command-no-player",   "name",          "&cNobody called \"{name}\" is online.")
MESSAGE_ROW(COMMAND_NEAR_PLAYER, "command-near-player", "name nearest",  "&cNobody called \"{name}\" is online, did you mean &f{nearest}&c?")
MESSAGE_ROW(COMMAND_SOME_PLAYERS,"command-some-players","name names",    "&c\"{name}\" could be any of: &f{names}")
MESSAGE_ROW(COMMAND_NOT_SAVED,   "command-not-saved",   "reason",        "&cThat counts only until Kurafuto stops, since it could not be saved: {reason}.")
MESSAGE_ROW(COMMAND_NO_DURATION, "command-no-duration", "text",          "&c\"{text}\" is no time: write 30s, 10m, 12h, 7d, 2w, or 1d12h.")
MESSAGE_ROW(COMMAND_NO_SWITCH,   "command-no-switch",   "text",          "&c\"{text}\" is neither on nor off.")
MESSAGE_ROW(COMMAND_NO_MEMORY,   "command-no-memory",   "",              "&cKurafuto is out of memory.")
MESSAGE_ROW(COMMAND_NOT_HERE,    "command-not-here",    "command",       "&cThere is no {command} here.")
MESSAGE_ROW(COMMAND_FOR_PLAYERS, "command-for-players", "command",       "&c{command} is for players, in the game")
MESSAGE_ROW(MORE,                "more",                "count",         "&7and {count} more") /* lines */
MESSAGE_ROW(MORE_NAMES,          "more-names",          "count",         "and {count} more") /* in a line */
MESSAGE_ROW(CONSOLE,             "console",             "",              "console") /* who says or kicks from the terminal */

/* How long. Two of them stand together: "1 h 30 min". */
MESSAGE_ROW(TIME_DAYS,           "time-days",           "count",         "{count} d")
MESSAGE_ROW(TIME_HOURS,          "time-hours",          "count",         "{count} h")
MESSAGE_ROW(TIME_MINUTES,        "time-minutes",        "count",         "{count} min")
MESSAGE_ROW(TIME_SECONDS,        "time-seconds",        "count",         "{count} s")

/* Chat. */
MESSAGE_ROW(CHAT_TOO_LONG,       "chat-too-long",       "max",           "&cThat is too long for this server (more than {max} characters), nothing was sent.")
MESSAGE_ROW(SAY,                 "say",                 "from text",     "&d[{from}]&f {text}")

/* The program is to stop. */
MESSAGE_ROW(STOPPING,            "stopping",            "time",          "&eThe server stops in &f{time}&e")
MESSAGE_ROW(STOPPING_REASON,     "stopping-reason",     "time reason",   "&eThe server stops in &f{time}&e: &f{reason}")
MESSAGE_ROW(STOP_WHEN_EMPTY,     "stop-when-empty",     "",              "&eThe server stops when the last player has left.")
MESSAGE_ROW(STOP_OFF,            "stop-off",            "",              "&eThe server does not stop after all.")

/* The lobby. */
MESSAGE_ROW(LOBBY_WELCOME,       "lobby-welcome",       "name",          "&eWelcome to &f{name}&e! This is the lobby.")
MESSAGE_ROW(LOBBY_NO_SERVERS,    "lobby-no-servers",    "",              "&eNo server is linked yet. An admin adds them under \"servers\" in kurafuto.json.")
MESSAGE_ROW(LOBBY_SERVERS,       "lobby-servers",       "servers",       "&eServers: {servers}")
MESSAGE_ROW(LOBBY_MORE_SERVERS,  "lobby-more-servers",  "servers count", "&eServers: {servers}&e and {count} more.")
MESSAGE_ROW(LOBBY_PORTALS,       "lobby-portals",       "",              "&eWalk through a portal to get to its server.")
MESSAGE_ROW(LOBBY_FEW_PORTALS,   "lobby-few-portals",   "portals count", "&eOnly the first {portals} of {count} servers have a portal.")
MESSAGE_ROW(LOBBY_COMMANDS,      "lobby-commands",      "prefix",        "&eOr type &f{prefix}jump NAME&e. &f{prefix}list &eshows all servers.")
MESSAGE_ROW(LOBBY_PORTAL_DOWN,   "lobby-portal-down",   "server",        "&c{server} is down at the moment. Its portal opens when it is back.")
MESSAGE_ROW(LOBBY_CAME,          "lobby-came",          "player",        "&a+ &f{player} &ehas come to the lobby")
MESSAGE_ROW(LOBBY_LEFT,          "lobby-left",          "player",        "&c- &f{player} &ehas left the lobby")
MESSAGE_ROW(LOBBY_CHAT,          "lobby-chat",          "player text",   "{player}: {text}")
MESSAGE_ROW(LOBBY_NOT_SO_FAST,   "lobby-not-so-fast",   "",              "&cNot so fast: what you say now is lost.")
MESSAGE_ROW(LOBBY_NO_COMMANDS,   "lobby-no-commands",   "",              "&eThe lobby has no commands of its own.")
MESSAGE_ROW(LOBBY_TWICE,         "lobby-twice",         "",              "You have identified twice")
MESSAGE_ROW(LOBBY_TIMEOUT,       "lobby-timeout",       "",              "You have not identified in time")
MESSAGE_ROW(LOBBY_PACKET,        "lobby-packet",        "",              "The lobby got a packet that it does not know")
MESSAGE_ROW(LOBBY_MEMORY,        "lobby-memory",        "",              "The lobby is out of memory")

/* Admin: players. */
MESSAGE_ROW(FIND,                "find",                "player server address software time", "&f{player} &eis on &f{server}&e, from &f{address}&e with &f{software}&e, for &f{time}")
MESSAGE_ROW(FIND_UNVERIFIED,     "find-unverified",     "player",        "&eThe name {player} was not verified.")
MESSAGE_ROW(FIND_MORE,           "find-more",           "protocol cpe ping listener","&eProtocol {protocol}{cpe}, ping &f{ping}&e, came in at {listener}.")
MESSAGE_ROW(FIND_CPE,            "find-cpe",            "",              " with CPE")
MESSAGE_ROW(FIND_CLASSIC,        "find-classic",        "",              "a Classic client")
MESSAGE_ROW(PLAYERS_LINE,        "players-line",        "player server address ping time","&f{player} &7on {server}, from {address}, ping {ping}, for {time}")
MESSAGE_ROW(PLAYERS_TRAVELLING,  "players-travelling",  "",              "no server yet")
MESSAGE_ROW(SEND_PLAYER,         "send-player",         "player server", "&eSending &f{player}&e to &f{server}&e.")
MESSAGE_ROW(SEND_PLAYERS,        "send-players",        "players server", "&eSending {players} to &f{server}&e.")
MESSAGE_ROW(SEND_NOBODY,         "send-nobody",         "",              "&eThere is nobody to send.")
MESSAGE_ROW(SEND_WHICH,          "send-which",          "name player server", "&c\"{name}\" could be the player {player} or the server {server}: write &fplayer:{player}&c or &fserver:{server}&c.")
MESSAGE_ROW(SEND_ALREADY,        "send-already",        "player server", "&f{player} &eis on &f{server}&e already.")
MESSAGE_ROW(SEND_FULL,           "send-full",           "player",        "&c{player} can't be sent now: Kurafuto is full.")
MESSAGE_ROW(SEND_GONE,           "send-gone",           "player server", "&c{player} can't be sent: {server} is not linked any more.")
MESSAGE_ROW(SEND_NONE,           "send-none",           "player server", "&c{player} can't be sent: no server of {server} is up.")
MESSAGE_ROW(KICK_DONE,           "kick-done",           "player",        "&f{player} &ehas been kicked.")
MESSAGE_ROW(REASON_CUT,          "reason-cut",          "reason",        "&eThat is too long: players read \"{reason}\".")
MESSAGE_ROW(SAY_DONE,            "say-done",            "players",       "&eSaid to {players}.")
MESSAGE_ROW(BAN_DONE,            "ban-done",            "what",          "&f{what} &eis banned.")
MESSAGE_ROW(BAN_DONE_FOR,        "ban-done-for",        "what time",     "&f{what} &eis banned for {time}.")
MESSAGE_ROW(BAN_BAD,             "ban-bad",             "what reason",   "&c\"{what}\" can't be banned: {reason}.")
MESSAGE_ROW(BAN_NO_ADDRESS,      "ban-no-address",      "what prefix",   "&c\"{what}\" is no address such as 192.0.2.7 or 10.0.0.0/8. If a player is called so: &a{prefix}ban \"{what}\"")
MESSAGE_ROW(BAN_SELF,            "ban-self",            "what",          "&cTo ban {what} would ban yourself, so nothing was done.")
MESSAGE_ROW(BAN_ENDED,           "ban-ended",           "count names",   "&eBanned and online until now ({count}): &f{names}")
MESSAGE_ROW(UNBAN_DONE,          "unban-done",          "what",          "&f{what} &eis no longer banned.")
MESSAGE_ROW(UNBAN_NONE,          "unban-none",          "what",          "&c{what} is not banned.")
MESSAGE_ROW(BANS_NONE,           "bans-none",           "",              "&eNobody is banned.")
MESSAGE_ROW(BANS_TITLE,          "bans-title",          "count",         "&eBans: {count}")
MESSAGE_ROW(BANS_LINE,           "bans-line",           "what by time",  "&f{what} &7by {by}, {time}")
MESSAGE_ROW(BANS_LINE_REASON,    "bans-line-reason",    "what by time reason", "&f{what} &7by {by}, {time}: {reason}")
MESSAGE_ROW(BANS_FOR_EVER,       "bans-for-ever",       "",              "for ever")
MESSAGE_ROW(BANS_FOR,            "bans-for",            "time",          "for another {time}")
MESSAGE_ROW(ALLOW_ON,            "allow-on",            "",              "&eThe allow list is on: only who is on it may come in.")
MESSAGE_ROW(ALLOW_OFF,           "allow-off",           "",              "&eThe allow list is off: everybody may come in.")
MESSAGE_ROW(ALLOW_NAMES,         "allow-names",         "count names",   "&eOn the allow list ({count}): &f{names}")
MESSAGE_ROW(ALLOW_NOBODY,        "allow-nobody",        "",              "&eNobody is on the allow list.")
MESSAGE_ROW(ALLOW_NOT_YOU,       "allow-not-you",       "prefix player", "&eYou are not on it yourself: &a{prefix}allow add {player}")
MESSAGE_ROW(ALLOW_ADDED,         "allow-added",         "player",        "&f{player} &eis on the allow list now.")
MESSAGE_ROW(ALLOW_ALREADY,       "allow-already",       "player",        "&f{player} &eis on the allow list already.")
MESSAGE_ROW(ALLOW_REMOVED,       "allow-removed",       "player",        "&f{player} &eis no longer on the allow list.")
MESSAGE_ROW(ALLOW_MISSING,       "allow-missing",       "player",        "&c{player} is not on the allow list.")
MESSAGE_ROW(ALLOW_BAD,           "allow-bad",           "player reason", "&c\"{player}\" can't be on the allow list: {reason}.")

/* Admin: servers. {more} is the states behind up and down, each with ", " in front. */
MESSAGE_ROW(SERVERS_LINE,        "servers-line",        "server address state since more players", "&f{server} &7{address}, {state}{since}{more}, {players}")
MESSAGE_ROW(STATE_UP,            "state-up",            "",              "&aup&7")
MESSAGE_ROW(STATE_DOWN,          "state-down",          "",              "&cdown&7")
MESSAGE_ROW(STATE_DRAINING,      "state-draining",      "",              "&edraining&7")
MESSAGE_ROW(STATE_MAINTENANCE,   "state-maintenance",   "",              "&emaintenance&7")
MESSAGE_ROW(STATE_MAINTENANCE_ALL,"state-maintenance-all","",             "&emaintenance of all&7")
MESSAGE_ROW(STATE_REMOVED,       "state-removed",       "",              "&eremoved&7")
MESSAGE_ROW(STATE_EMPTYING,      "state-emptying",      "",              "&ebeing emptied&7")
MESSAGE_ROW(STATE_BACKUP,        "state-backup",        "",              "backup")
MESSAGE_ROW(STATE_SINCE,         "state-since",         "time",          " for {time}")
MESSAGE_ROW(SERVERS_NONE,        "servers-none",        "",              "&eNo server is linked yet.")
MESSAGE_ROW(LOBBY_IS_OPEN,       "lobby-is-open",       "prefix",        "&cThe lobby is always open. To send its players away: &a{prefix}send lobby SERVER")
MESSAGE_ROW(DRAIN_ON,            "drain-on",            "server players", "&f{server} &etakes no new players, {players} still on it.")
MESSAGE_ROW(MAINTENANCE_ON,      "maintenance-on",      "server",        "&f{server} &eis closed for maintenance.")
MESSAGE_ROW(MAINTENANCE_OFF,     "maintenance-off",     "server",        "&f{server} &eis no longer closed for maintenance.")
MESSAGE_ROW(MAINTENANCE_ALL,     "maintenance-all",     "",              "&eAll servers are closed for maintenance: only admins can log in.")
MESSAGE_ROW(MAINTENANCE_ALL_OFF, "maintenance-all-off", "",              "&eThe maintenance is over: players can join.")
MESSAGE_ROW(MAINTENANCE_LEFT,    "maintenance-left",    "names",         "&eDrained or in maintenance by themselves, so still closed to new players: &f{names}")
MESSAGE_ROW(STILL_MAINTENANCE,   "still-maintenance",   "server prefix", "&f{server} &eis still closed, as all servers are: &a{prefix}maintenance all off")
MESSAGE_ROW(STILL_DRAINING,      "still-draining",      "server prefix", "&f{server} &eis drained, and takes nobody new until: &a{prefix}ready {server}")
MESSAGE_ROW(SERVER_IS_REMOVED,   "server-is-removed",   "server",        "&c{server} is removed from the configuration: nobody new comes, and its players can be moved off or sent.")
MESSAGE_ROW(READY,               "ready",               "server",        "&f{server} &etakes players again.")
MESSAGE_ROW(READY_ALREADY,       "ready-already",       "server",        "&f{server} &etakes players already.")
MESSAGE_ROW(READY_ALL,           "ready-all",           "",              "&eAll servers take players, and everybody can join.")
MESSAGE_ROW(MOVE_OFF,            "move-off",            "server players", "&eMoving {players} off &f{server}&e.")
MESSAGE_ROW(MOVE_OFF_DONE,       "move-off-done",       "server",        "&eNobody is left on &f{server}&e.")
MESSAGE_ROW(MOVE_OFF_NOWHERE,    "move-off-nowhere",    "server",        "&cThere is no other server for the players of {server}.")

/* Admin: the program. */
MESSAGE_ROW(RELOAD_DONE,         "reload-done",         "count",         "&eReloaded, changes: {count}")
MESSAGE_ROW(RELOAD_SAME,         "reload-same",         "",              "&eReloaded, nothing has changed.")
MESSAGE_ROW(RELOAD_WARNED,       "reload-warned",       "count warnings","&eReloaded, changes: {count}, warnings: {warnings}")
MESSAGE_ROW(RELOAD_FAILED,       "reload-failed",       "",              "&cNothing has changed:")
MESSAGE_ROW(RELOAD_FAULT,        "reload-fault",        "fault",         "&c{fault}")
MESSAGE_ROW(RELOAD_CHANGE,       "reload-change",       "change",        "&7{change}")
MESSAGE_ROW(RELOAD_WARNING,      "reload-warning",      "warning",       "&c{warning}")
MESSAGE_ROW(LOG_LEVEL,           "log-level",           "level",         "&eThe log level is &f{level}&e.")
MESSAGE_ROW(LOG_BAD,             "log-bad",             "level",         "&c\"{level}\" is no log level, only error, warn, info, debug and trace.")
MESSAGE_ROW(TRACE_ON,            "trace-on",            "player file",   "&eTracing &f{player}&e to {file}.")
MESSAGE_ROW(TRACE_ALREADY,       "trace-already",       "player",        "&e{player} is being traced already.")
MESSAGE_ROW(TRACE_OFF,           "trace-off",           "player",        "&eNo longer tracing &f{player}&e.")
MESSAGE_ROW(TRACE_NONE,          "trace-none",          "player",        "&c{player} is not being traced.")
MESSAGE_ROW(TRACE_FAILED,        "trace-failed",        "player reason", "&c{player} can't be traced: {reason}.")
MESSAGE_ROW(STATS_PROGRAM,       "stats-program",       "version time",  "&e{version}: &fup for {time}")
MESSAGE_ROW(STATS_PLAYERS,       "stats-players",       "players max connections", "&ePlayers: &f{players} of {max}, connections {connections}")
MESSAGE_ROW(STATS_EVENTS,        "stats-events",        "joins jumps fallbacks refused denied", "&eSince the start: &fjoins {joins}, jumps {jumps}, fallbacks {fallbacks}, logins refused {refused}, commands denied {denied}")
MESSAGE_ROW(STATS_PROCESS,       "stats-process",       "threads memory descriptors", "&eProcess: &fthreads {threads}, memory {memory} KiB, descriptors {descriptors}")
MESSAGE_ROW(STATS_SERVER,        "stats-server",        "server state since players incoming joins failures downs latency", "&e{server}: {state}&f{since}, {players}, on their way {incoming}, joins {joins}, failures {failures}, times down {downs}{latency}")
MESSAGE_ROW(STATS_SINCE_START,   "stats-since-start",   "",              " since the start") /* as {since}; else state-since */
MESSAGE_ROW(STATS_LATENCY,       "stats-latency",       "ms",            ", answers in {ms} ms")
MESSAGE_ROW(VERSION,             "version",             "version",       "&e{version}")
MESSAGE_ROW(STOP_BAD,            "stop-bad",            "text",          "&c\"{text}\" is no number of seconds from 0 to 86400.")
MESSAGE_ROW(STOP_NONE,           "stop-none",           "",              "&eThere was no stop to call off.")
MESSAGE_ROW(STOP_NOW,            "stop-now",            "",              "&eStopping now.")
MESSAGE_ROW(STOP_IN,             "stop-in",             "time",          "&eStopping in {time}.")
MESSAGE_ROW(STOP_NOT,            "stop-not",            "",              "&eThe stop is called off.")

/* clang-format on */
