/* SPDX-License-Identifier: MIT */
/* Names, salts and keys (mppass). Pure code but for the random salt. */
#ifndef AUTH_H
#define AUTH_H

#include <stdbool.h>

#define AUTH_NAME_MAX      16
#define AUTH_SUFFIX_MAX    4 /* of a name, by the server list that it comes from */
#define AUTH_FULL_NAME_MAX (AUTH_NAME_MAX + AUTH_SUFFIX_MAX)
#define AUTH_KEY_LEN       32
#define AUTH_SALT_LEN      32

/* 1 to 16 of letters, digits and _ . @ + - */
bool auth_name_is_valid(const char *name);
/* The same for the name as Kurafuto and its servers know it: up to 20, with a suffix. */
bool auth_full_name_is_valid(const char *name);
/* 1 to 4 of these. */
bool auth_suffix_is_valid(const char *suffix);
/* Does a name end in a suffix, without regard to case, and have something in front of it. */
bool auth_has_suffix(const char *name, const char *suffix);
/* The key of a name: lower-case hexadecimal md5(salt + name), terminated. */
void auth_key(char out[static AUTH_KEY_LEN + 1], const char *salt, const char *name);
/* Compares in constant time, without regard to the key's case; false unless the key has 32
 * characters. */
bool auth_key_is_valid(const char *salt, const char *name, const char *key);
/* A random salt of base-62 characters (arc4random). */
void auth_salt(char out[static AUTH_SALT_LEN + 1]);

#endif
