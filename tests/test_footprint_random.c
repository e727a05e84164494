/* SPDX-License-Identifier: MIT */
/*
 * The footprint as a whole: random servers send random packets in random dialects to a model of
 * a client, and what the footprint writes must bring the model back to where it began, in whole
 * packets of that dialect. The one idea: the model knows what packets mean, not how they are
 * undone. It leaves out what a new level, identification or spawn resets.
 */
#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "footprint.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NAME         "Alice"
#define SEEDS        4
#define ROUNDS       150 /* for each seed */
#define PACKETS      400

static struct packet_catalog catalog;

enum { OWN_NAME = 1, OTHER_NAME };

struct model {
	bool entities[256];
	uint8_t names[256];
	bool blocks[768];
	uint16_t places[768];
	uint8_t permissions[768][2];
	uint8_t hotbar[9];
	bool is_held;
	uint8_t colors[256][4];
	bool models[256];
	bool hotkeys[256][256];
	bool messages[256];
	int32_t view;
	bool has_texture;
	uint16_t reach;
	uint8_t hacks[7];
	bool is_humanoid;
	uint32_t properties[256];
	uint8_t lighting[2];
	uint8_t cinematic[9];
	bool is_menu_open;
};

static unsigned model_last(const struct dialect *d)
{
	return dialect_has(d, EXT_CUSTOM_BLOCKS) ? 65 : 49;
}

static void model_colors(struct model *m)
{
	static const uint8_t standard[16][3] = {
		{0x00, 0x00, 0x00}, {0x00, 0x00, 0xbf}, {0x00, 0xbf, 0x00}, {0x00, 0xbf, 0xbf},
		{0xbf, 0x00, 0x00}, {0xbf, 0x00, 0xbf}, {0xbf, 0xbf, 0x00}, {0xbf, 0xbf, 0xbf},
		{0x40, 0x40, 0x40}, {0x40, 0x40, 0xff}, {0x40, 0xff, 0x40}, {0x40, 0xff, 0xff},
		{0xff, 0x40, 0x40}, {0xff, 0x40, 0xff}, {0xff, 0xff, 0x40}, {0xff, 0xff, 0xff},
	};
	static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";

	for (unsigned i = 0; i < 16; i++) {
		memcpy(m->colors[(uint8_t)lower[i]], standard[i], 3);
		memcpy(m->colors[(uint8_t)upper[i]], standard[i], 3);
		m->colors[(uint8_t)lower[i]][3] = m->colors[(uint8_t)upper[i]][3] = 255;
	}
}

static void model_init(struct model *m, const struct dialect *d)
{
	static const uint8_t hotbar[9] = {1, 4, 45, 3, 5, 17, 18, 20, 44};
	static const uint8_t hacks[7] = {1, 1, 1, 1, 1, 255, 255};

	memset(m, 0, sizeof(*m));
	m->names[255] = OWN_NAME;
	for (unsigned i = 1; i <= model_last(d); i++)
		m->places[i - 1] = (uint16_t)i;
	for (unsigned i = 0; i < 768; i++) {
		m->permissions[i][0] = i != 0 && (i < 7 || i > 11);
		m->permissions[i][1] = i < 7 || i > 11;
	}
	memcpy(m->hotbar, hotbar, sizeof(hotbar));
	memcpy(m->hacks, hacks, sizeof(hacks));
	model_colors(m);
	m->reach = 160;
	m->is_humanoid = true;
	for (unsigned i = 3; i <= 6; i++)
		m->properties[i] = 1000;
}

static bool is_empty(const uint8_t *field)
{
	char text[PACKET_STRING_LEN + 1];

	return packet_get_string(text, field) == 0;
}

static bool is_text(const uint8_t *field, const char *wanted)
{
	char text[PACKET_STRING_LEN + 1];

	packet_get_string(text, field);
	return strcasecmp(text, wanted) == 0;
}

static void model_leave_menu(struct model *m, unsigned block)
{
	for (unsigned i = 0; i < 768; i++) {
		if (m->places[i] == block)
			m->places[i] = 0;
	}
}

static void model_define(struct model *m, unsigned block)
{
	m->blocks[block] = true;
	for (unsigned i = 0; i < 768; i++) {
		if (m->places[i] == block)
			return;
	}
	if (block != 0)
		m->places[block - 1] = (uint16_t)block;
}

static void model_undefine(struct model *m, const struct dialect *d, unsigned block)
{
	m->blocks[block] = false;
	model_leave_menu(m, block);
	if (block != 0 && block <= model_last(d))
		m->places[block - 1] = (uint16_t)block;
}

static void model_block(struct model *m, const struct dialect *d, const uint8_t *p)
{
	bool wide = dialect_has(d, EXT_EXTENDED_BLOCKS);
	unsigned block = wide ? packet_get_u16(p + 1) % 768u : p[1];
	const uint8_t *rest = p + (wide ? 3 : 2);
	unsigned place =
		wide && p[0] == OP_INVENTORY_ORDER ? packet_get_u16(rest) % 768u : rest[0];

	switch (p[0]) {
	case OP_HOLD_THIS:
		m->is_held = rest[0] != 0;
		break;
	case OP_BLOCK_PERMISSION:
		m->permissions[block][0] = rest[0] != 0;
		m->permissions[block][1] = rest[1] != 0;
		break;
	case OP_INVENTORY_ORDER:
		model_leave_menu(m, block);
		if (place != 0)
			m->places[place - 1] = (uint16_t)block;
		break;
	case OP_HOTBAR:
		if (rest[0] < 9)
			m->hotbar[rest[0]] = (uint8_t)block;
		break;
	default:
		model_define(m, block);
	}
}

static void model_message(struct model *m, const struct dialect *d, const uint8_t *p)
{
	char text[PACKET_STRING_LEN + 1];
	size_t length = packet_get_string(text, p + 2);

	if (!dialect_has(d, EXT_MESSAGE_TYPES))
		return;
	if (strncasecmp(text, "^detail.user=", 13) == 0)
		m->messages[3] = length > 13;
	else if (p[1] != 0 &&
		 (p[1] <= 3 || (p[1] >= 11 && p[1] <= 13) || (p[1] >= 100 && p[1] <= 102)))
		m->messages[p[1]] = length > 0;
}

static void model_self(struct model *m, const uint8_t *p)
{
	if (p[1] != 255)
		return;
	if (p[0] == OP_CHANGE_MODEL) {
		m->is_humanoid = is_text(p + 2, "humanoid");
		m->properties[3] = m->properties[4] = m->properties[5] = 1000;
	} else if (p[2] != 1 && p[2] <= 6) {
		m->properties[p[2]] = packet_get_u32(p + 3);
	}
}

static void model_surroundings(struct model *m, const struct dialect *d, const uint8_t *p)
{
	switch (p[0]) {
	case OP_ENV_MAP_APPEARANCE:
		m->has_texture = !is_empty(p + 1);
		if (d->version[EXT_ENV_MAP_APPEARANCE] == 2)
			m->view = (int16_t)packet_get_u16(p + 71);
		break;
	case OP_ENV_MAP_URL:
		m->has_texture = !is_empty(p + 1) ||
				 (d->version[EXT_ENV_MAP_ASPECT] == 2 && !is_empty(p + 65));
		break;
	default:
		if (p[1] == 4)
			m->view = (int32_t)packet_get_u32(p + 2);
	}
	if (m->view < 0)
		m->view = 0;
}

static void model_name(struct model *m, const uint8_t *p)
{
	bool own = p[2] == 255 && is_text(p + 3, NAME) && is_text(p + 67, NAME) &&
		   is_empty(p + 131) && p[195] == 0;

	if (p[0] == OP_REMOVE_PLAYER_NAME)
		m->names[p[2]] = 0;
	else
		m->names[p[2]] = own ? OWN_NAME : OTHER_NAME;
}

static void model_color(struct model *m, const uint8_t *p)
{
	if (memchr("\0 %&\xff", p[5], 5) != NULL)
		return;
	memcpy(m->colors[p[5]], p + 1, 4);
	if (p[4] == 0)
		memset(m->colors[p[5]], 0, 4);
}

static void model_screen(struct model *m, const uint8_t *p)
{
	switch (p[0]) {
	case OP_CLICK_DISTANCE:
		m->reach = packet_get_u16(p + 1);
		break;
	case OP_HACK_CONTROL:
		memcpy(m->hacks, p + 1, sizeof(m->hacks));
		break;
	case OP_LIGHTING_MODE:
		m->lighting[0] = p[1];
		m->lighting[1] = p[1] != 0 ? p[2] : 0;
		break;
	case OP_CINEMATIC_GUI:
		memcpy(m->cinematic, p + 1, sizeof(m->cinematic));
		break;
	case OP_TOGGLE_BLOCK_LIST:
		m->is_menu_open = p[1] == 0;
		break;
	case OP_TEXT_HOTKEY:
		if (packet_get_u32(p + 129) < 256)
			m->hotkeys[p[132]][p[133]] = !is_empty(p + 65);
		break;
	default:
		break;
	}
}

static void model_apply(struct model *m, const struct dialect *d, const uint8_t *p)
{
	switch (p[0]) {
	case OP_SPAWN_PLAYER:
	case OP_DESPAWN:
		if (!d->cpe && p[1] != 255)
			m->entities[p[1]] = p[0] == OP_SPAWN_PLAYER;
		break;
	case OP_MESSAGE:
		model_message(m, d, p);
		break;
	case OP_HOLD_THIS:
	case OP_BLOCK_PERMISSION:
	case OP_INVENTORY_ORDER:
	case OP_HOTBAR:
	case OP_DEFINE_BLOCK:
	case OP_DEFINE_BLOCK_EXT:
		model_block(m, d, p);
		break;
	case OP_UNDEFINE_BLOCK:
		model_undefine(m, d,
			       dialect_has(d, EXT_EXTENDED_BLOCKS)
				       ? packet_get_u16(p + 1) % 768u
				       : p[1]);
		break;
	case OP_ADD_PLAYER_NAME:
	case OP_REMOVE_PLAYER_NAME:
		model_name(m, p);
		break;
	case OP_CHANGE_MODEL:
	case OP_ENTITY_PROPERTY:
		model_self(m, p);
		break;
	case OP_ENV_MAP_APPEARANCE:
	case OP_ENV_MAP_URL:
	case OP_ENV_MAP_PROPERTY:
		model_surroundings(m, d, p);
		break;
	case OP_TEXT_COLOR:
		model_color(m, p);
		break;
	case OP_DEFINE_MODEL:
	case OP_UNDEFINE_MODEL:
		if (p[1] < 64)
			m->models[p[1]] = p[0] == OP_DEFINE_MODEL;
		break;
	default:
		model_screen(m, p);
	}
}

/* ---- random servers ---- */

static uint32_t random_state;

static unsigned random_below(unsigned n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % n;
}

static void random_dialect(struct dialect *d)
{
	static const unsigned pairs[][2] = {{EXT_BLOCK_DEFINITIONS_EXT, EXT_BLOCK_DEFINITIONS}};

	dialect_init(d, &catalog, PACKET_PROTOCOL, random_below(8) != 0);
	for (unsigned i = 0; i < EXT_STANDARD_COUNT; i++)
		dialect_set(d, &catalog, i,
			    (uint8_t)(random_below(4) ? 1 + random_below(2) : 0));
	for (size_t i = 0; i < COUNT(pairs); i++) {
		if (!dialect_has(d, pairs[i][1]))
			dialect_set(d, &catalog, pairs[i][0], 0);
	}
}

static uint8_t random_opcode(const struct dialect *d)
{
	for (;;) {
		uint8_t op = (uint8_t)random_below(OP_STANDARD_COUNT);
		if (dialect_size(d, PACKET_TO_CLIENT, op) != 0)
			return op;
	}
}

/* Bytes from a small alphabet, so that packets often speak of the same thing and of normal
 * values. */
static uint8_t random_byte(unsigned style)
{
	static const uint8_t few[] = {0,   1,   2,   3,   4,   5,   11, 66,
				      100, 160, ' ', 'a', 'F', 'g', 255};

	return style == 0 ? (uint8_t)random_below(256) : few[random_below(COUNT(few))];
}

static void random_packet(uint8_t *p, const struct dialect *d)
{
	static const char *const texts[] = {
		"", "", "humanoid", "^detail.user=", "^DETAIL.user=x", NAME};
	uint8_t op = random_opcode(d);
	size_t size = dialect_size(d, PACKET_TO_CLIENT, op);
	unsigned style = random_below(4);

	for (size_t i = 1; i < size; i++)
		p[i] = random_byte(style);
	p[0] = op;
	for (size_t at = 1 + random_below(3); style != 0 && at + 64 <= size; at += 64)
		packet_put_string(p + at, texts[random_below(COUNT(texts))]);
	if (op == OP_TEXT_HOTKEY && style != 0) {
		packet_put_string(p + 65, texts[random_below(COUNT(texts))]);
		packet_put_u32(p + 129, random_below(8));
		p[133] = (uint8_t)random_below(8);
	}
	if (op == OP_HACK_CONTROL && style == 1)
		memcpy(p + 1, "\1\1\1\1\1\xff\xff", 7);
}

static void assert_initial(const struct model *m, const struct dialect *d, unsigned round)
{
	static struct model initial;

	model_init(&initial, d);
#define SAME(field)                                                                  \
	ck_assert_msg(memcmp(&m->field, &initial.field, sizeof(initial.field)) == 0, \
		      "round %u: " #field " not undone", round)
	SAME(entities);
	SAME(names);
	SAME(blocks);
	SAME(places);
	SAME(permissions);
	SAME(hotbar);
	SAME(is_held);
	SAME(colors);
	SAME(models);
	SAME(hotkeys);
	SAME(messages);
	SAME(view);
	SAME(has_texture);
	SAME(reach);
	SAME(hacks);
	SAME(is_humanoid);
	SAME(properties);
	SAME(lighting);
	SAME(cinematic);
	SAME(is_menu_open);
#undef SAME
}

struct client {
	const struct dialect *dialect;
	struct model *model;
};

static void undo_in_model(void *context, const uint8_t *packets, size_t size)
{
	struct client *client = context;
	size_t n;

	ck_assert_uint_ne(size, 0);
	for (size_t at = 0; at < size; at += n) {
		n = dialect_size(client->dialect, PACKET_TO_CLIENT, packets[at]);
		ck_assert_msg(n != 0, "no packet 0x%02x at %zu", packets[at], at);
		ck_assert_msg(n <= size - at, "packet 0x%02x is cut off", packets[at]);
		model_apply(client->model, client->dialect, packets + at);
	}
}

START_TEST(test_random)
{
	static struct model m;
	struct footprint *f = footprint_new();
	struct dialect d;
	struct client client = {&d, &m};
	uint8_t packet[PACKET_SIZE_MAX] = {0};

	random_state = 0x9e3779b9u + (uint32_t)_i;
	for (unsigned round = 0; round < ROUNDS; round++) {
		random_dialect(&d);
		model_init(&m, &d);
		for (unsigned i = random_below(PACKETS); i > 0; i--) {
			random_packet(packet, &d);
			ck_assert(footprint_note(f, &d, packet));
			model_apply(&m, &d, packet);
		}
		footprint_undo(f, &d, NAME, undo_in_model, &client);
		assert_initial(&m, &d, round);
	}
	footprint_free(f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("footprint_random");
	TCase *tcase = tcase_create("random servers");

	packet_catalog_init(&catalog);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, test_random, 0, SEEDS);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
