/* SPDX-License-Identifier: MIT */
/*
 * Which words of chat are passwords. The one idea: rather too much than too little is hidden,
 * by what is in a command's name, since nobody knows the commands of all servers.
 */
#include "mask.h"

#include <bsd/string.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define STARS        "***"
#define TEXT_OFFSET  2 /* of a Message */

/* clang-format off */
/* Commands that take a password, by what is in their name, or is all of it. */
static const struct {
	const char *name;
	bool is_whole;
} commands[] = {
	{"pass",   false}, {"pwd",    false}, {"login",  false}, {"logon", false},
	{"signin", false}, {"regist", false}, {"auth",   false}, {"verify", false},
	{"identif", false}, {"secret", false}, {"token",  false}, {"totp",  false},
	{"changepw", true}, {"setpw", true},  {"pw",     true},  {"reg",   true},
	{"pin",    true},  {"otp",    true},  {"2fa",    true},
};
/* clang-format on */

static bool is_command(const char *name)
{
	for (size_t i = 0; i < COUNT(commands); i++)
		if (commands[i].is_whole ? strcasecmp(name, commands[i].name) == 0
					 : strcasestr(name, commands[i].name) != NULL)
			return true;
	return false;
}

/* Skips spaces and colours. */
static const char *skip_blank(const char *p)
{
	while (*p == ' ' || ((*p == '&' || *p == '%') && text_is_color(p[1])))
		p += *p == ' ' ? 1 : 2;
	return p;
}

/* What follows a command that begins at p; NULL if it takes no password. */
static const char *behind_command(const char *p)
{
	char name[PACKET_STRING_LEN + 1];

	if (*p != '/')
		return NULL;
	p += strspn(p, "/");
	strlcpy(name, p, sizeof(name));
	name[strcspn(name, " ")] = '\0';
	p += strlen(name);
	return is_command(name) ? p + strspn(p, " ") : NULL;
}

/* Does a word begin at p: no letter of a name is in front of it, and it is no address. */
static bool begins_word(const char *line, const char *p)
{
	bool is_coloured =
		p - line >= 2 && (p[-2] == '&' || p[-2] == '%') && text_is_color(p[-1]);

	if (p == line || is_coloured)
		return true;
	return !isalnum((unsigned char)p[-1]) && p[-1] != '/' && p[-1] != '.' &&
	       (p[-1] != ':' || p[1] != '/');
}

const char *mask_password(const char *line, enum packet_direction direction)
{
	const char *password = NULL;

	if (direction == PACKET_TO_SERVER)
		return behind_command(skip_blank(line));
	for (const char *p = strchr(line, '/'); p != NULL && password == NULL;
	     p = strchr(p + 1, '/'))
		if (begins_word(line, p))
			password = behind_command(p);
	return password;
}

bool mask_goes_on(const struct dialect *dialect, const uint8_t *packet, const char *line)
{
	size_t n = strlen(line);

	if (dialect_has(dialect, EXT_LONGER_MESSAGES) && packet[1] != 0)
		return true;
	return n >= 2 && (strcmp(line + n - 2, " >") == 0 || strcmp(line + n - 2, " <") == 0);
}

/* Puts stars in the place of n bytes of a text. */
static void cover(char *from, size_t n)
{
	size_t rest = strlen(from) - n;
	size_t stars = n < strlen(STARS) ? n : strlen(STARS);

	memcpy(from, STARS, stars);
	memmove(from + stars, from + n, rest + 1);
}

void mask_message(uint8_t *packet, const struct dialect *dialect,
		  enum packet_direction direction, const char *secret, bool *goes_on)
{
	char line[PACKET_STRING_LEN + 1];
	size_t length = secret != NULL ? strlen(secret) : 0;

	packet_get_string(line, packet + TEXT_OFFSET);
	const char *password = *goes_on ? line : mask_password(line, direction);
	*goes_on = password != NULL && direction == PACKET_TO_SERVER &&
		   mask_goes_on(dialect, packet, line);
	if (password != NULL)
		cover(line + (password - line), strlen(password));
	for (char *p = line; length > 0 && (p = strcasestr(p, secret)) != NULL; p++)
		cover(p, length);
	packet_put_string(packet + TEXT_OFFSET, line);
}
