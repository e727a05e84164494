/* SPDX-License-Identifier: MIT */
/*
 * Joins the pieces of a long chat line and splits it for a server that takes only single ones.
 * Knows how servers read lines, not who sends them. The one idea: a line is taken apart only
 * where the server, or a reader of its chat, can put it together again, and never so that a
 * new line starts with a sign that the server would obey.
 */
#include "chat.h"

#include <string.h>
#include <strings.h>

#include "text.h"

#define LINE      PACKET_STRING_LEN
#define TYPE_MORE 1   /* LongerMessages: the line goes on */
#define TYPE_LINE 255 /* what clients without LongerMessages send */
#define MARK_LEN  2   /* of " >" and " <" */
#define LOOK_BACK 8   /* how far a cut in mid-word may move to the left */
/*
 * MCGalaxy drops a line's part if it is the 20th within a second (Player.AppendPartialMessage).
 * Long lines are cut where they are full, then, so that they need no more than 19 parts and the
 * end.
 */
#define MCGALAXY_LONG  (8 * LINE)
#define MCGALAXY_LEAST 51

enum chat_style chat_style(const struct dialect *server, const char *software)
{
	static const char mcgalaxy[] = "MCGalaxy";

	if (strncasecmp(software, mcgalaxy, sizeof(mcgalaxy) - 1) == 0)
		return CHAT_MCGALAXY;
	return server->cpe && *software != '\0' ? CHAT_COLORED : CHAT_PLAIN;
}

static bool is_code(const char *p)
{
	return (p[0] == '&' || p[0] == '%') && text_is_color(p[1]);
}

/* A line that starts with one of these is not plain chat: a command, or a whisper. */
static bool is_sign(char c)
{
	return c == '/' || c == '@';
}

/* A line being split. Its text ends in no space. */
struct split {
	enum chat_style style;
	const char *p; /* what is left */
	size_t least;  /* a line with fewer characters is filled up with a part of a word */
	char color;    /* the last one seen; 0 before the first */
};

/* What a line takes of the text, and the mark that says how it goes on. */
struct cut {
	size_t n;
	const char *mark;
};

/* May a new line start with what is at p[n], which is no space? */
static bool may_start(const struct split *split, size_t n)
{
	return split->style == CHAT_MCGALAXY || !is_sign(split->p[n]);
}

/* The last word end within `room` characters at which the text may be split; 0 if there is
 * none. */
static size_t find_space(const struct split *split, size_t room)
{
	const char *p = split->p;
	size_t lead = strspn(p, " "), n = room, start = room;

	while (p[start] == ' ')
		start++;
	for (; n > lead && n >= split->least; n--) {
		if (p[n] != ' ')
			start = n;
		else if (may_start(split, start))
			return n;
	}
	return 0;
}

static bool may_cut(const struct split *split, size_t n)
{
	const char *p = split->p;

	return p[n] != ' ' && !is_code(p + n - 1) && may_start(split, n);
}

/* Where to cut a word that is longer than `room`. A run of signs may offer no good place. */
static size_t find_cut(const struct split *split, size_t room)
{
	for (size_t n = room; n + LOOK_BACK > room; n--)
		if (may_cut(split, n))
			return n;
	return room;
}

/* Takes what fits into `room` characters, if not all does. */
static struct cut cut_line(const struct split *split, size_t room)
{
	bool joins = split->style == CHAT_MCGALAXY;

	if (joins)
		room -= MARK_LEN;
	size_t n = find_space(split, room);
	if (n == 0)
		return (struct cut){find_cut(split, room), joins ? " <" : ""};
	while (split->p[n - 1] == ' ')
		n--;
	return (struct cut){n, joins ? " >" : ""};
}

/* Moves behind what a line has taken, and the spaces that follow. */
static void advance(struct split *split, size_t n)
{
	for (const char *end = split->p + n; split->p < end; split->p++)
		if (is_code(split->p))
			split->color = split->p[1];
	while (*split->p == ' ')
		split->p++;
}

/* Writes the next line; false at the end. */
static bool next_line(struct split *split, char line[static LINE + 1])
{
	size_t left = strlen(split->p), n = 0;
	struct cut cut = {left, ""};

	if (left == 0)
		return false;
	if (split->style == CHAT_COLORED && split->color != '\0' && !is_code(split->p)) {
		line[n++] = '%';
		line[n++] = split->color;
	}
	if (left > LINE - n)
		cut = cut_line(split, LINE - n);
	memcpy(line + n, split->p, cut.n);
	n += cut.n;
	memcpy(line + n, cut.mark, strlen(cut.mark) + 1);
	advance(split, cut.n);
	return true;
}

/* Spaces in front of a line stay, unless they drive its first word to another line. */
static const char *skip_lead(const char *line, enum chat_style style)
{
	size_t room = style == CHAT_MCGALAXY ? LINE - MARK_LEN : LINE;
	size_t lead = strspn(line, " "), word = strcspn(line + lead, " ");
	bool fits = lead + word <= room;

	return fits || (word > room && lead <= room / 2) ? line : line + lead;
}

static size_t write_lines(const struct chat *chat, enum chat_style style, uint8_t *out)
{
	bool is_long = style == CHAT_MCGALAXY && chat->length > MCGALAXY_LONG;
	struct split split = {.style = style, .least = is_long ? MCGALAXY_LEAST : 1};
	char line[LINE + 1];
	size_t size = 0;

	if (chat->length <= LINE)
		return packet_write_message(out, TYPE_LINE, chat->line);
	split.p = skip_lead(chat->line, style);
	while (next_line(&split, line))
		size += packet_write_message(out + size, TYPE_LINE, line);
	return size;
}

/* Adds a piece; a NUL inside would end the text. */
static void append(struct chat *chat, const uint8_t *piece)
{
	if (chat->pieces < CHAT_PIECES_MAX) {
		for (size_t i = 0; i < LINE; i++)
			chat->line[chat->length++] = piece[i] != '\0' ? (char)piece[i] : ' ';
		chat->pieces++;
	} else {
		chat->pieces = CHAT_PIECES_MAX + 1;
	}
}

/* Would the server obey the line's first characters, and not know that they go on? */
static bool is_torn_command(const struct chat *chat, enum chat_style style)
{
	return style != CHAT_MCGALAXY && chat->length > LINE &&
	       is_sign(chat->line[strspn(chat->line, " ")]);
}

enum chat_verdict chat_take(struct chat *chat, enum chat_style style, const uint8_t *packet,
			    uint8_t out[static CHAT_OUT_MAX], size_t *out_size)
{
	bool is_whole = chat->pieces == 0;
	enum chat_verdict verdict = CHAT_DONE;

	*out_size = 0;
	append(chat, packet + 2);
	if (packet[1] == TYPE_MORE)
		return CHAT_MORE;
	while (chat->length > 0 && chat->line[chat->length - 1] == ' ')
		chat->length--;
	chat->line[chat->length] = '\0';
	if (chat->pieces > CHAT_PIECES_MAX || is_torn_command(chat, style)) {
		verdict = CHAT_TOO_LONG;
	} else {
		*out_size = write_lines(chat, style, out);
		if (is_whole)
			memcpy(out + 2, packet + 2, LINE);
	}
	chat->length = 0;
	chat->pieces = 0;
	return verdict;
}
