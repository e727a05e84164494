/* SPDX-License-Identifier: MIT */
/*
 * Reads what servers say about where a player should go. Knows no servers, no sessions and no
 * configuration. The one idea: a text is its words, so that neither a prefix inside a word nor
 * a colour between two of them makes a difference.
 */
#include "redirect.h"

#include <bsd/string.h>
#include <string.h>
#include <strings.h>

#include "text.h"

#define WORD_MAX  REDIRECT_NAME_MAX
#define TOKEN_MAX 256 /* no shorter than any text that a packet can hold */

/* Is this a colour code; custom ones (TextColors) are not typed with %. */
static bool is_code(const char *p)
{
	if (p[0] == '%')
		return text_is_color(p[1]);
	return p[0] == '&' && p[1] != '\0' && strchr(" &%", p[1]) == NULL;
}

/* Takes the next word off *text, without colours; false at the end. A word that is too long is
 * an empty one, which is nobody's. */
static bool next_word(const char **text, char word[static WORD_MAX + 1])
{
	const char *start = *text;

	while (*start == ' ' || is_code(start))
		start += *start == ' ' ? 1 : 2;
	size_t n = strcspn(start, " ");
	*text = start + n;
	while (n >= 2 && is_code(start + n - 2))
		n -= 2;
	if (n > WORD_MAX)
		n = 0;
	memcpy(word, start, n);
	word[n] = '\0';
	return *start != '\0';
}

/* Takes a name off *text. */
static bool next_name(const char **text, char name[static WORD_MAX + 1])
{
	return next_word(text, name) && name[0] != '\0';
}

static bool at_end(const char *text)
{
	char word[WORD_MAX + 1];

	return !next_word(&text, word);
}

/* "jump NAME" at the beginning of a text. */
static bool read_jump(char name[static WORD_MAX + 1], const char **text)
{
	char word[WORD_MAX + 1];

	return next_word(text, word) && strcasecmp(word, "jump") == 0 && next_name(text, name);
}

/* What a word of a kick's reason asks for, with the rest of the reason: prefix jump NAME, or
 * CCJOIN NAME. */
static bool read_order(char name[static WORD_MAX + 1], const char *word, const char *rest,
		       const char *prefix)
{
	const char *p = rest;

	if (*prefix != '\0' && strcasecmp(word, prefix) == 0 && read_jump(name, &p))
		return true;
	return strcasecmp(word, "CCJOIN") == 0 && next_name(&rest, name);
}

bool redirect_from_kick(char name[static REDIRECT_NAME_MAX + 1], const char *reason,
			const char *prefix)
{
	char sign[TOKEN_MAX], word[WORD_MAX + 1], target[WORD_MAX + 1];

	text_from_utf8(sign, sizeof(sign), prefix);
	name[0] = '\0';
	while (next_word(&reason, word))
		if (read_order(target, word, reason, sign))
			strlcpy(name, target, REDIRECT_NAME_MAX + 1);
	return name[0] != '\0';
}

enum redirect_word redirect_from_plugin(char name[static REDIRECT_NAME_MAX + 1],
					const uint8_t data[static PACKET_STRING_LEN])
{
	char text[PACKET_STRING_LEN + 1] = "", word[WORD_MAX + 1], target[WORD_MAX + 1];
	const char *p = text;

	name[0] = '\0';
	memcpy(text, data, PACKET_STRING_LEN); /* a NUL inside ends it */
	if (!next_word(&p, word))
		return REDIRECT_NONE;
	if (strcmp(word, "info") == 0 && at_end(p))
		return REDIRECT_INFO;
	if (strcmp(word, "jump") != 0 || !next_name(&p, target) || !at_end(p))
		return REDIRECT_NONE;
	strlcpy(name, target, REDIRECT_NAME_MAX + 1);
	return REDIRECT_JUMP;
}

/* What follows the token; NULL if the line does not begin with it. */
static const char *behind_token(const char *text, const char *utf8)
{
	char token[TOKEN_MAX];
	size_t n = text_from_utf8(token, sizeof(token), utf8);

	if (n == 0)
		return NULL;
	while (strncmp(text, token, n) != 0) {
		if (*text != ' ' && !is_code(text))
			return NULL;
		text += *text == ' ' ? 1 : 2;
	}
	return text + n;
}

bool redirect_from_chat(char name[static REDIRECT_NAME_MAX + 1], const char *text,
			const char *token)
{
	const char *rest = behind_token(text, token);
	char target[WORD_MAX + 1];

	name[0] = '\0';
	if (rest == NULL || (*rest != ' ' && !is_code(rest)))
		return false;
	if (!read_jump(target, &rest) || !at_end(rest))
		return false;
	strlcpy(name, target, REDIRECT_NAME_MAX + 1);
	return true;
}

bool redirect_is_secret(const char *text, const char *token)
{
	return behind_token(text, token) != NULL;
}

size_t redirect_write(uint8_t out[static PACKET_SIZE_MAX], uint8_t channel, const char *text)
{
	out[0] = OP_PLUGIN_MESSAGE;
	out[1] = channel;
	memset(out + 2, 0, PACKET_STRING_LEN);
	memcpy(out + 2, text, strnlen(text, PACKET_STRING_LEN));
	return 2 + PACKET_STRING_LEN;
}
