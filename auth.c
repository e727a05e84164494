/* SPDX-License-Identifier: MIT */
/*
 * Names, salts and keys. The key (mppass) is all that proves a player's name: whoever has the
 * salt can make keys for any name, so the salt is as secret as a password. No sockets here and
 * no policy: who needs a key is for the caller to say.
 */
#include "auth.h"

#include <bsd/stdlib.h>
#include <md5.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_name(const char *name, size_t max)
{
	size_t n = 0;

	for (; name[n] != '\0'; n++)
		if (n == max ||
		    (!is_letter_or_digit(name[n]) && strchr("_.@+-", name[n]) == NULL))
			return false;
	return n > 0;
}

bool auth_name_is_valid(const char *name)
{
	return is_name(name, AUTH_NAME_MAX);
}

bool auth_full_name_is_valid(const char *name)
{
	return is_name(name, AUTH_FULL_NAME_MAX);
}

bool auth_suffix_is_valid(const char *suffix)
{
	return is_name(suffix, AUTH_SUFFIX_MAX);
}

bool auth_has_suffix(const char *name, const char *suffix)
{
	size_t n = strlen(name), length = strlen(suffix);

	return length > 0 && n > length && strcasecmp(name + n - length, suffix) == 0;
}

void auth_key(char out[static AUTH_KEY_LEN + 1], const char *salt, const char *name)
{
	MD5_CTX context;

	MD5Init(&context);
	MD5Update(&context, (const uint8_t *)salt, strlen(salt));
	MD5Update(&context, (const uint8_t *)name, strlen(name));
	MD5End(&context, out);
	explicit_bzero(&context, sizeof(context));
}

bool auth_key_is_valid(const char *salt, const char *name, const char *key)
{
	char want[AUTH_KEY_LEN + 1];
	unsigned differing = 0;

	if (strlen(key) != AUTH_KEY_LEN)
		return false;
	auth_key(want, salt, name);
	for (size_t i = 0; i < AUTH_KEY_LEN; i++) {
		bool is_upper = (key[i] >= 'A') & (key[i] <= 'F');

		differing |= (unsigned)(want[i] ^ (key[i] + is_upper * ('a' - 'A')));
	}
	explicit_bzero(want, sizeof(want));
	return differing == 0;
}

void auth_salt(char out[static AUTH_SALT_LEN + 1])
{
	static const char digits[] =
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	for (size_t i = 0; i < AUTH_SALT_LEN; i++)
		out[i] = digits[arc4random_uniform(sizeof(digits) - 1)];
	out[AUTH_SALT_LEN] = '\0';
}
