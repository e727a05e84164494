/* SPDX-License-Identifier: MIT */
/*
 * What the model client keeps beside its world: who the player is, the surroundings, custom
 * models, texts and everything else on the screen. Texts of type 0 are history and particles
 * are gone in a moment: neither is state. One row a packet.
 */
#include <string.h>
#include <strings.h>

#include "harness_model_private.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- who the player is and what they may do ---- */

/* Only without BlockPermissions does a client derive something from the user type. */
static void set_user_type(struct model *m, unsigned type)
{
	bool is_op = type >= 100 && type <= 127;

	state_put(state_make(m->state, STATE_USER_TYPE, 0), "UserType", type);
	state_drop(m->state, STATE_HACKS, 0);
	if (dialect_has(&m->dialect, EXT_BLOCK_PERMISSIONS))
		return;
	model_set_permission(m, MODEL_BEDROCK, is_op, is_op);
	for (unsigned block = MODEL_BEDROCK + 1; block <= MODEL_LAST_LIQUID; block++)
		model_set_permission(m, block, is_op, false);
}

static void on_identification(struct model *m, const uint8_t *p)
{
	uint8_t *kept = model_keep(m, STATE_RULES, 0, p);

	if (p[1] != m->dialect.protocol)
		model_fail(m, "the server speaks version %u, the client %u", p[1],
			   m->dialect.protocol);
	state_put(kept, "UserType", 0);
	set_user_type(m, model_has(m, p, "UserType") ? (unsigned)model_number(m, p, "UserType")
						     : 0);
}

static void on_user_type(struct model *m, const uint8_t *p)
{
	set_user_type(m, p[1]);
}

static void on_hack_control(struct model *m, const uint8_t *p)
{
	state_put(model_keep(m, STATE_HACKS, 0, p), "Jump", 0);
	state_put(state_make(m->state, STATE_JUMP, 0), "Jump", model_number(m, p, "Jump"));
}

static void on_disconnect(struct model *m, const uint8_t *p)
{
	char reason[PACKET_STRING_LEN + 1];

	packet_get_string(reason, p + 1);
	model_fail(m, "disconnected: %s", reason);
}

static void on_negotiation(struct model *m, const uint8_t *p)
{
	model_fail(m, "%s after the login", packet_name(NULL, PACKET_TO_CLIENT, p[0]));
}

/* ---- surroundings ---- */

static void on_env_color(struct model *m, const uint8_t *p)
{
	bool is_color = true;

	for (unsigned i = 2; i <= 6; i += 2)
		is_color = is_color && packet_get_u16(p + i) <= 255;
	if (is_color)
		model_keep(m, STATE_ENV_COLOR, p[1], p);
	else
		state_drop(m->state, STATE_ENV_COLOR, p[1]);
}

static void on_map_property(struct model *m, const uint8_t *p)
{
	model_set_map_property(m, p[1], model_number(m, p, "Value"));
}

static void on_map_url(struct model *m, const uint8_t *p)
{
	model_keep(m, STATE_TEXTURE, 0, p);
}

static void on_appearance(struct model *m, const uint8_t *p)
{
	static const char *const fields[] = {"SideBlock", "EdgeBlock", "SideLevel",
					     "CloudsLevel", "MaxView"};

	model_keep(m, STATE_TEXTURE, 0, p);
	for (unsigned type = 0; type < COUNT(fields); type++)
		if (model_has(m, p, fields[type]))
			model_set_map_property(m, type, model_number(m, p, fields[type]));
}

static void on_weather(struct model *m, const uint8_t *p)
{
	model_keep(m, STATE_WEATHER, 0, p);
}

static void on_make_selection(struct model *m, const uint8_t *p)
{
	model_keep(m, STATE_SELECTION, p[1], p);
}

static void on_remove_selection(struct model *m, const uint8_t *p)
{
	state_drop(m->state, STATE_SELECTION, p[1]);
}

/* ---- custom models ---- */

static void on_undefine_model(struct model *m, const uint8_t *p)
{
	state_drop(m->state, STATE_CUSTOM_MODEL, p[1]);
	for (unsigned i = 0; i < STATE_PARTS; i++)
		state_drop(m->state, STATE_PART, p[1] * STATE_PARTS + i);
	m->parts_due[p[1]] = 0;
}

static void on_define_model(struct model *m, const uint8_t *p)
{
	on_undefine_model(m, p);
	m->parts_due[p[1]] =
		(uint8_t)state_get(model_keep(m, STATE_CUSTOM_MODEL, p[1], p), "Parts");
}

static void on_model_part(struct model *m, const uint8_t *p)
{
	const uint8_t *model = state_at(m->state, STATE_CUSTOM_MODEL, p[1]);
	unsigned due = m->parts_due[p[1]];

	if (model == NULL || due == 0) {
		model_fail(m, "a part too many for custom model %u", p[1]);
		return;
	}
	m->parts_due[p[1]]--;
	model_keep(m, STATE_PART,
		   p[1] * STATE_PARTS + (unsigned)state_get(model, "Parts") - due, p);
}

/* ---- the screen ---- */

static const uint8_t text_places[STATE_TEXTS] = {1, 2, 3, 11, 12, 13, 100, 101, 102};

static int text_place(uint8_t type)
{
	for (unsigned i = 0; i < STATE_TEXTS; i++)
		if (text_places[i] == type)
			return (int)i;
	return -1;
}

static void set_text(struct model *m, unsigned place, const uint8_t *p, bool is_there)
{
	if (is_there)
		state_put(model_keep(m, STATE_TEXT, place, p), "Type", text_places[place]);
	else
		state_drop(m->state, STATE_TEXT, place);
}

/* Some texts are for the third line of the status, whatever their type. */
static void on_message(struct model *m, const uint8_t *p)
{
	static const char detail[] = "^detail.user=";
	bool has_types = dialect_has(&m->dialect, EXT_MESSAGE_TYPES);
	char text[PACKET_STRING_LEN + 1];
	size_t n = packet_get_string(text, p + 2);
	int place = has_types ? text_place(p[1]) : -1;

	if (has_types && p[1] != 0 && place < 0)
		model_fail(m, "there is no place %u for the text \"%s\"", p[1], text);
	else if (m->dialect.cpe && strncasecmp(text, detail, sizeof(detail) - 1) == 0)
		set_text(m, 2, p, n >= sizeof(detail));
	else if (place >= 0)
		set_text(m, (unsigned)place, p, n > 0);
}

static void on_text_color(struct model *m, const uint8_t *p)
{
	if (memchr("\0 %&\xff", p[5], 5) != NULL)
		return;
	if (p[4] != 0)
		model_keep(m, STATE_TEXT_COLOR, p[5], p);
	else
		state_drop(m->state, STATE_TEXT_COLOR, p[5]);
}

static void on_hotkey(struct model *m, const uint8_t *p)
{
	static const uint8_t blank[PACKET_STRING_LEN];
	int64_t code = model_number(m, p, "KeyCode");
	unsigned index = (unsigned)(code & 0xff) * STATE_KEY_MODS + p[133];

	if (code < 0 || code > 255)
		return;
	if (model_is_blank(p + 65))
		state_drop(m->state, STATE_HOTKEY, index);
	else
		state_put_text(model_keep(m, STATE_HOTKEY, index, p), "Label", blank);
}

static void on_click_distance(struct model *m, const uint8_t *p)
{
	model_keep(m, STATE_REACH, 0, p);
}

/* Without a mode of its own there is nothing to lock. */
static void on_lighting(struct model *m, const uint8_t *p)
{
	uint8_t *kept = model_keep(m, STATE_LIGHTING, 0, p);

	if (state_get(kept, "Mode") == 0)
		state_put(kept, "Locked", 0);
}

static void on_cinematic(struct model *m, const uint8_t *p)
{
	model_keep(m, STATE_CINEMATIC, 0, p);
}

static void on_block_list(struct model *m, const uint8_t *p)
{
	model_keep(m, STATE_MENU, 0, p);
}

/* clang-format off */
static model_apply_fn *const applies[OP_STANDARD_COUNT] = {
	[OP_IDENTIFICATION]      = on_identification,
	[OP_MESSAGE]             = on_message,
	[OP_DISCONNECT]          = on_disconnect,
	[OP_USER_TYPE]           = on_user_type,
	[OP_EXT_INFO]            = on_negotiation,
	[OP_EXT_ENTRY]           = on_negotiation,
	[OP_CLICK_DISTANCE]      = on_click_distance,
	[OP_CUSTOM_BLOCK_LEVEL]  = on_negotiation,
	[OP_TEXT_HOTKEY]         = on_hotkey,
	[OP_ENV_COLOR]           = on_env_color,
	[OP_MAKE_SELECTION]      = on_make_selection,
	[OP_REMOVE_SELECTION]    = on_remove_selection,
	[OP_ENV_MAP_APPEARANCE]  = on_appearance,
	[OP_ENV_WEATHER]         = on_weather,
	[OP_HACK_CONTROL]        = on_hack_control,
	[OP_TEXT_COLOR]          = on_text_color,
	[OP_ENV_MAP_URL]         = on_map_url,
	[OP_ENV_MAP_PROPERTY]    = on_map_property,
	[OP_DEFINE_MODEL]        = on_define_model,
	[OP_DEFINE_MODEL_PART]   = on_model_part,
	[OP_UNDEFINE_MODEL]      = on_undefine_model,
	[OP_LIGHTING_MODE]       = on_lighting,
	[OP_CINEMATIC_GUI]       = on_cinematic,
	[OP_TOGGLE_BLOCK_LIST]   = on_block_list,
};
/* clang-format on */

void model_apply_screen(struct model *m, const uint8_t *p)
{
	if (applies[p[0]] != NULL)
		applies[p[0]](m, p);
}
