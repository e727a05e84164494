/* SPDX-License-Identifier: MIT */
/*
 * The places as one array of bytes: each has a byte that says whether it is filled, and room
 * for a packet of the dialect that has everything. What is behind a group of places, its name
 * and its packet, is a row of a table.
 *
 * Check's assertions cost a system call each, also when they hold: here only failures call it.
 */
#include "harness_state.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../layout.h"
#include "fields.h"

#define TEXT_MAX 512

/* clang-format off */
static const struct group {
	const char *name;
	uint8_t opcode;
	uint16_t count;
	uint8_t per; /* of the second index; 1: there is none */
} groups[STATE_GROUPS] = {
	[STATE_RULES]        = { "name and MOTD",       OP_IDENTIFICATION,     1,                              1 },
	[STATE_USER_TYPE]    = { "user type",           OP_USER_TYPE,          1,                              1 },
	[STATE_HACKS]        = { "hack control",        OP_HACK_CONTROL,       1,                              1 },
	[STATE_JUMP]         = { "jump height",         OP_HACK_CONTROL,       1,                              1 },
	[STATE_REACH]        = { "reach",               OP_CLICK_DISTANCE,     1,                              1 },
	[STATE_HELD]         = { "held block",          OP_HOLD_THIS,          1,                              1 },
	[STATE_HOTBAR]       = { "hotbar slot",         OP_HOTBAR,             STATE_HOTBAR_SLOTS,             1 },
	[STATE_HOTKEY]       = { "hotkey",              OP_TEXT_HOTKEY,        256 * STATE_KEY_MODS,           STATE_KEY_MODS },
	[STATE_TAB]          = { "tab entry",           OP_ADD_PLAYER_NAME,    256,                            1 },
	[STATE_ENTITY]       = { "entity",              OP_ADD_ENTITY2,        256,                            1 },
	[STATE_MODEL]        = { "model of entity",     OP_CHANGE_MODEL,       256,                            1 },
	[STATE_PROPERTY]     = { "property of entity",  OP_ENTITY_PROPERTY,    256 * STATE_PROPERTIES,         STATE_PROPERTIES },
	[STATE_RESPAWN]      = { "respawn point",       OP_SPAWNPOINT,         1,                              1 },
	[STATE_DEFINITION]   = { "definition of block", OP_DEFINE_BLOCK_EXT,   STATE_BLOCKS,                   1 },
	[STATE_PERMISSION]   = { "permission of block", OP_BLOCK_PERMISSION,   STATE_BLOCKS,                   1 },
	[STATE_TEXT_COLOR]   = { "text colour",         OP_TEXT_COLOR,         256,                            1 },
	[STATE_ENV_COLOR]    = { "environment colour",  OP_ENV_COLOR,          8,                              1 },
	[STATE_MAP_PROPERTY] = { "map property",        OP_ENV_MAP_PROPERTY,   STATE_MAP_PROPERTIES,           1 },
	[STATE_TEXTURE]      = { "texture pack",        OP_ENV_MAP_URL,        1,                              1 },
	[STATE_WEATHER]      = { "weather",             OP_ENV_WEATHER,        1,                              1 },
	[STATE_SELECTION]    = { "selection",           OP_MAKE_SELECTION,     256,                            1 },
	[STATE_CUSTOM_MODEL] = { "custom model",        OP_DEFINE_MODEL,       STATE_CUSTOM_MODELS,            1 },
	[STATE_PART]         = { "part of model",       OP_DEFINE_MODEL_PART,  STATE_CUSTOM_MODELS * STATE_PARTS, STATE_PARTS },
	[STATE_TEXT]         = { "text on the screen",  OP_MESSAGE,            STATE_TEXTS,                    1 },
	[STATE_LIGHTING]     = { "lighting",            OP_LIGHTING_MODE,      1,                              1 },
	[STATE_CINEMATIC]    = { "cinematic view",      OP_CINEMATIC_GUI,      1,                              1 },
	[STATE_MENU]         = { "block menu",          OP_TOGGLE_BLOCK_LIST,  1,                              1 },
};
/* clang-format on */

struct state {
	uint8_t *bytes;
};

static struct dialect full;
static size_t offsets[STATE_GROUPS + 1]; /* 0 at the end: not worked out yet */
static size_t widths[STATE_GROUPS];

static void prepare(void)
{
	struct packet_catalog catalog;

	if (offsets[STATE_GROUPS] != 0)
		return;
	packet_catalog_init(&catalog);
	dialect_init(&full, &catalog, PACKET_PROTOCOL, true);
	for (unsigned i = 0; i < EXT_STANDARD_COUNT; i++)
		dialect_set(&full, &catalog, i, UINT8_MAX);
	for (unsigned g = 0; g < STATE_GROUPS; g++) {
		widths[g] = 1 + dialect_size(&full, PACKET_TO_CLIENT, groups[g].opcode);
		offsets[g + 1] = offsets[g] + groups[g].count * widths[g];
	}
}

struct state *state_new(void)
{
	struct state *state = malloc(sizeof(*state));

	prepare();
	ck_assert_ptr_nonnull(state);
	state->bytes = calloc(1, offsets[STATE_GROUPS]);
	ck_assert_ptr_nonnull(state->bytes);
	return state;
}

void state_free(struct state *state)
{
	if (state == NULL)
		return;
	free(state->bytes);
	free(state);
}

static uint8_t *place(const struct state *state, enum state_group group, unsigned index)
{
	if (index >= groups[group].count)
		ck_abort_msg("there is no %s %u", groups[group].name, index);
	return state->bytes + offsets[group] + index * widths[group];
}

static const uint8_t *look(const struct state *state, enum state_group group, unsigned index)
{
	const uint8_t *at = place(state, group, index);

	return at[0] != 0 ? at + 1 : NULL;
}

uint8_t *state_at(struct state *state, enum state_group group, unsigned index)
{
	uint8_t *at = place(state, group, index);

	return at[0] != 0 ? at + 1 : NULL;
}

uint8_t *state_make(struct state *state, enum state_group group, unsigned index)
{
	uint8_t *at = place(state, group, index);
	struct layout_field field;
	struct layout_iter iter;

	memset(at, 0, widths[group]);
	at[0] = 1;
	at[1] = groups[group].opcode;
	layout_begin(&iter, &full, PACKET_TO_CLIENT, groups[group].opcode);
	while (layout_next(&iter, &field))
		if (field.type == LAYOUT_STRING)
			memset(at + 1 + field.offset, ' ', field.width);
	return at + 1;
}

uint8_t *state_keep(struct state *state, enum state_group group, unsigned index,
		    const struct dialect *dialect, const uint8_t *packet)
{
	uint8_t *kept = state_make(state, group, index);

	state_merge(kept, dialect, packet);
	return kept;
}

void state_drop(struct state *state, enum state_group group, unsigned index)
{
	memset(place(state, group, index), 0, widths[group]);
}

void state_copy(struct state *state, const struct state *from, enum state_group group,
		unsigned index)
{
	memcpy(place(state, group, index), place(from, group, index), widths[group]);
}

/* ---- fields ---- */

static void put_number(uint8_t *p, size_t width, int64_t value)
{
	for (size_t i = width; i-- > 0; value >>= 8)
		p[i] = (uint8_t)value;
}

static void copy_field(uint8_t *kept, const struct layout_field *to, const uint8_t *packet,
		       const struct layout_field *from)
{
	char text[PACKET_STRING_LEN + 1];

	if (to->type == LAYOUT_STRING) {
		packet_get_string(text, packet + from->offset);
		packet_put_string(kept + to->offset, text);
	} else if (field_is_integer(to)) {
		put_number(kept + to->offset, to->width, layout_field_get(from, packet));
	} else {
		memcpy(kept + to->offset, packet + from->offset, to->width);
	}
}

void state_merge(uint8_t *kept, const struct dialect *dialect, const uint8_t *packet)
{
	struct layout_field to, from;
	struct layout_iter targets, sources;

	layout_begin(&targets, &full, PACKET_TO_CLIENT, kept[0]);
	layout_begin(&sources, dialect, PACKET_TO_CLIENT, packet[0]);
	while (layout_next(&targets, &to)) {
		/* mostly they have the same fields in the same order */
		bool has = layout_next(&sources, &from) && strcmp(from.name, to.name) == 0;

		if (has || field_find(&from, dialect, PACKET_TO_CLIENT, packet[0], to.name))
			copy_field(kept, &to, packet, &from);
	}
}

static struct layout_field find(const struct dialect *dialect, const uint8_t *packet,
				const char *name)
{
	struct layout_field field;

	if (!field_find(&field, dialect, PACKET_TO_CLIENT, packet[0], name))
		ck_abort_msg("packet 0x%02x has no field %s", packet[0], name);
	return field;
}

int64_t state_number(const struct dialect *dialect, const uint8_t *packet, const char *field)
{
	struct layout_field at = find(dialect, packet, field);

	return layout_field_get(&at, packet);
}

int64_t state_get(const uint8_t *kept, const char *field)
{
	return state_number(&full, kept, field);
}

void state_put(uint8_t *kept, const char *field, int64_t value)
{
	struct layout_field at = find(&full, kept, field);

	put_number(kept + at.offset, at.width, value);
}

void state_put_text(uint8_t *kept, const char *field, const uint8_t text[PACKET_STRING_LEN])
{
	char trimmed[PACKET_STRING_LEN + 1];

	packet_get_string(trimmed, text);
	packet_put_string(kept + find(&full, kept, field).offset, trimmed);
}

/* ---- comparing ---- */

static void name_place(char *out, size_t size, enum state_group group, unsigned index)
{
	const struct group *g = &groups[group];

	if (g->count == 1)
		snprintf(out, size, "%s", g->name);
	else if (g->per == 1)
		snprintf(out, size, "%s %u", g->name, index);
	else
		snprintf(out, size, "%s %u, %u", g->name, index / g->per, index % g->per);
}

static void show_text(char *out, size_t size, const uint8_t *field)
{
	char text[PACKET_STRING_LEN + 1];
	size_t n = packet_get_string(text, field), at = 0;

	out[at++] = '"';
	for (size_t i = 0; i < n && at + 8 < size; i++)
		at += (size_t)snprintf(out + at, size - at,
				       text[i] >= 0x20 && text[i] <= 0x7e ? "%c" : "\\x%02x",
				       (unsigned)(uint8_t)text[i]);
	snprintf(out + at, size - at, "\"");
}

static void show_field(char *out, size_t size, const struct layout_field *field,
		       const uint8_t *kept)
{
	if (field->type == LAYOUT_STRING)
		show_text(out, size, kept + field->offset);
	else if (field_is_integer(field))
		snprintf(out, size, "%" PRId64, layout_field_get(field, kept));
	else
		snprintf(out, size, "0x%08" PRIx32, packet_get_u32(kept + field->offset));
}

static void say_field(char *why, size_t size, const char *where, const uint8_t *got,
		      const uint8_t *wanted)
{
	char is[TEXT_MAX], instead[TEXT_MAX];
	struct layout_field field;
	struct layout_iter iter;

	layout_begin(&iter, &full, PACKET_TO_CLIENT, got[0]);
	while (layout_next(&iter, &field)) {
		if (memcmp(got + field.offset, wanted + field.offset, field.width) == 0)
			continue;
		show_field(is, sizeof(is), &field, got);
		show_field(instead, sizeof(instead), &field, wanted);
		snprintf(why, size, "%s: %s is %s instead of %s", where, field.name, is,
			 instead);
		return;
	}
}

static void say_difference(char *why, size_t size, enum state_group group, unsigned index,
			   const uint8_t *got, const uint8_t *wanted)
{
	char where[TEXT_MAX], what[TEXT_MAX];

	name_place(where, sizeof(where), group, index);
	if (got != NULL && wanted != NULL) {
		say_field(why, size, where, got, wanted);
		return;
	}
	layout_describe(what, sizeof(what), &full, PACKET_TO_CLIENT,
			got != NULL ? got : wanted);
	snprintf(why, size, got != NULL ? "%s should not be: %s" : "%s is missing: %s", where,
		 what);
}

bool state_same(const struct state *got, const struct state *wanted, char *why, size_t size)
{
	if (memcmp(got->bytes, wanted->bytes, offsets[STATE_GROUPS]) == 0)
		return true;
	for (unsigned g = 0; g < STATE_GROUPS; g++) {
		for (unsigned i = 0; i < groups[g].count; i++) {
			if (memcmp(place(got, g, i), place(wanted, g, i), widths[g]) == 0)
				continue;
			say_difference(why, size, g, i, look(got, g, i), look(wanted, g, i));
			return false;
		}
	}
	return true;
}

void state_dump(FILE *out, const struct state *state, const struct state *initial)
{
	char where[TEXT_MAX], what[4 * TEXT_MAX];

	for (unsigned g = 0; g < STATE_GROUPS; g++) {
		for (unsigned i = 0; i < groups[g].count; i++) {
			const uint8_t *kept = look(state, g, i);

			if (memcmp(place(state, g, i), place(initial, g, i), widths[g]) == 0)
				continue;
			name_place(where, sizeof(where), g, i);
			snprintf(what, sizeof(what), "none");
			if (kept != NULL)
				layout_describe(what, sizeof(what), &full, PACKET_TO_CLIENT,
						kept);
			fprintf(out, "    %s: %s\n", where, what);
		}
	}
}
