/* SPDX-License-Identifier: MIT */
/*
 * What a client keeps, for the model of one: packets in named places. Responsible for storing
 * and comparing, not for what a packet means (harness_model.c).
 *
 * The one idea: a place holds the last packet that set it, written in a dialect that has
 * everything. So states of clients of different dialects compare field by field, and every
 * difference has a name. Places of fixed meaning are never empty: they begin with a default.
 */
#ifndef HARNESS_STATE_H
#define HARNESS_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "../packet.h"

#define STATE_BLOCKS         768
#define STATE_PROPERTIES     7  /* types of 0x2A */
#define STATE_MAP_PROPERTIES 12 /* types of 0x29 */
#define STATE_KEY_MODS       8
#define STATE_TEXTS          9 /* places on the screen */
#define STATE_HOTBAR_SLOTS   9
#define STATE_CUSTOM_MODELS  64
#define STATE_PARTS          4 /* kept of a custom model */

enum state_group {
	STATE_RULES, /* 0x00: name, MOTD */
	STATE_USER_TYPE,
	STATE_HACKS, /* 0x20 since the last 0x00 or 0x0F */
	STATE_JUMP,  /* jump height of the last 0x20 */
	STATE_REACH,
	STATE_HELD, /* only the lock */
	STATE_HOTBAR,
	STATE_HOTKEY, /* by key code, then modifiers */
	STATE_TAB,
	STATE_ENTITY,
	STATE_MODEL,    /* an entity's */
	STATE_PROPERTY, /* by entity, then type */
	STATE_RESPAWN,  /* the feet */
	STATE_DEFINITION,
	STATE_PERMISSION, /* in effect, whatever says so */
	STATE_TEXT_COLOR,
	STATE_ENV_COLOR,
	STATE_MAP_PROPERTY,
	STATE_TEXTURE,
	STATE_WEATHER,
	STATE_SELECTION,
	STATE_CUSTOM_MODEL,
	STATE_PART, /* by custom model, then number */
	STATE_TEXT,
	STATE_LIGHTING,
	STATE_CINEMATIC,
	STATE_MENU,
	STATE_GROUPS,
};

struct state;

/* A state in which every place is empty. Fails the test without memory. */
struct state *state_new(void);
void state_free(struct state *state); /* NULL is fine */

/* The packet in a place, or NULL if it is empty. Places with two indices: first * number of
 * second + second. */
uint8_t *state_at(struct state *state, enum state_group group, unsigned index);
/* Puts a blank packet (zeros, empty texts) into a place. */
uint8_t *state_make(struct state *state, enum state_group group, unsigned index);
/* The same, and then fills in what a clientbound packet of that dialect says. */
uint8_t *state_keep(struct state *state, enum state_group group, unsigned index,
		    const struct dialect *dialect, const uint8_t *packet);
void state_drop(struct state *state, enum state_group group, unsigned index);
/* Makes a place what it is in another state. */
void state_copy(struct state *state, const struct state *from, enum state_group group,
		unsigned index);

/* Overwrites the fields of a kept packet that the other packet has by the same name. */
void state_merge(uint8_t *kept, const struct dialect *dialect, const uint8_t *packet);
/* An integer field of a clientbound packet that must have it. */
int64_t state_number(const struct dialect *dialect, const uint8_t *packet, const char *field);
/* Fields of a kept packet, which must have them. */
int64_t state_get(const uint8_t *kept, const char *field);
void state_put(uint8_t *kept, const char *field, int64_t value);
void state_put_text(uint8_t *kept, const char *field, const uint8_t text[PACKET_STRING_LEN]);

/* Are two states the same. If not, why[size] says the first difference: "tab entry 5: ListName
 * is "x" instead of "y"". */
bool state_same(const struct state *got, const struct state *wanted, char *why, size_t size);
/* Prints every place that is not as in `initial`. */
void state_dump(FILE *out, const struct state *state, const struct state *initial);

#endif
