/* SPDX-License-Identifier: MIT */
/*
 * The values of kurafuto.json that need more than a row of a table: checks of texts, opcodes,
 * packets, extensions and messages, each with its way in and its way out. What the keys are
 * called, and their defaults, is config.c; servers, groups, ranks and kicks have files of their
 * own. The one idea: each loader has its printer beside it, and what one writes the other
 * reads.
 */
#include "config_values.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "auth.h"
#include "messages.h"
#include "text.h"

#define SALT_MAX      64
#define PREFIX_MAX    16
#define TOKEN_MIN     8
#define TOKEN_MAX     32
#define HOST_MAX      253
#define LABEL_MAX     63
#define SOCKET        "unix:"
#define SOCKET_MAX    107 /* as many bytes as the path of a UNIX socket can have */
#define STATE_DIR_MAX 1000

/* ---- checks of texts ---- */

static bool has_only_printable_ascii(const char *text, size_t max)
{
	size_t n = 0;

	for (; text[n] != '\0'; n++)
		if (text[n] <= ' ' || text[n] > '~' || n == max)
			return false;
	return n > 0;
}

/* A text that players see in one line: at most 64 characters of the game's code page. */
bool config_check_line(const char *text, char *why, size_t why_size)
{
	size_t n = 0, step;

	for (const char *p = text; *p != '\0'; p += step, n++) {
		uint32_t code = 0;

		step = text_utf8_next(p, &code);
		if (step == 0 || code < ' ' || code == 0x7f) {
			snprintf(why, why_size, "has a control character");
			return false;
		}
	}
	if (n > TEXT_LINE)
		snprintf(why, why_size,
			 "has %zu characters, and only %d fit into a line of the game", n,
			 TEXT_LINE);
	return n <= TEXT_LINE;
}

bool config_check_title(const char *text, char *why, size_t why_size)
{
	return *text != '\0' && config_check_line(text, why, why_size);
}

static bool is_numeric_address(const char *text)
{
	struct in6_addr addr;

	return inet_pton(AF_INET, text, &addr) == 1 || inet_pton(AF_INET6, text, &addr) == 1;
}

bool config_check_address(const char *text, char *why, size_t why_size)
{
	(void)why;
	(void)why_size;
	return is_numeric_address(text);
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* One part of a host name, up to a dot or the end; its length, 0 if it can't be one. */
static size_t label_length(const char *label)
{
	size_t n = 0;

	while (is_letter(label[n]) || is_digit(label[n]) || label[n] == '-' || label[n] == '_')
		n++;
	return n <= LABEL_MAX && n > 0 && label[0] != '-' && label[n - 1] != '-' ? n : 0;
}

/* Could this be a host name? One whose last part is a number is an IPv4 address with a fault.
 */
static bool is_host_name(const char *text)
{
	const char *last = text, *p = text;

	if (strlen(text) > HOST_MAX)
		return false;
	while (*p != '\0') {
		size_t n = label_length(p);

		if (n == 0 || (p[n] != '.' && p[n] != '\0'))
			return false;
		last = p;
		p += n + (p[n] == '.');
	}
	return *text != '\0' && strspn(last, "0123456789") != strcspn(last, ".");
}

static bool has_control_characters(const char *text)
{
	for (; *text != '\0'; text++)
		if ((uint8_t)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

bool config_check_host(const char *text)
{
	return is_numeric_address(text) || is_host_name(text);
}

bool config_check_server_address(const char *text, char *why, size_t why_size)
{
	if (strncmp(text, SOCKET, strlen(SOCKET)) != 0)
		return config_check_host(text);
	size_t n = strlen(text + strlen(SOCKET));
	if (n > SOCKET_MAX)
		snprintf(why, why_size,
			 "has a path of %zu bytes, and that of a UNIX socket has %d at most", n,
			 SOCKET_MAX);
	return n > 0 && n <= SOCKET_MAX && !has_control_characters(text);
}

bool config_check_name(const char *text, char *why, size_t why_size)
{
	size_t n = 0;

	(void)why;
	(void)why_size;
	while (is_letter(text[n]) || text[n] == '_' || text[n] == '-' ||
	       (is_digit(text[n]) && n > 0))
		n++;
	return n > 0 && n <= CONFIG_NAME_MAX && text[n] == '\0';
}

bool config_check_player(const char *text, char *why, size_t why_size)
{
	(void)why;
	(void)why_size;
	return auth_full_name_is_valid(text);
}

bool config_check_probe(const char *text, char *why, size_t why_size)
{
	(void)why;
	(void)why_size;
	return auth_name_is_valid(text);
}

bool config_check_pattern(const char *text, char *why, size_t why_size)
{
	size_t n = 0;

	(void)why;
	(void)why_size;
	while (is_letter(text[n]) || is_digit(text[n]) ||
	       (text[n] != '\0' && strchr("_-*?", text[n]) != NULL))
		n++;
	return n > 0 && n <= CONFIG_NAME_MAX && text[n] == '\0';
}

bool config_check_directory(const char *text, char *why, size_t why_size)
{
	(void)why;
	(void)why_size;
	return *text != '\0' && strlen(text) <= STATE_DIR_MAX && !has_control_characters(text);
}

bool config_check_salt(const char *text, char *why, size_t why_size)
{
	(void)why;
	(void)why_size;
	return has_only_printable_ascii(text, SALT_MAX);
}

/* As it stands in a chat line, where & and % are signs of colours. */
bool config_check_token(const char *text, char *why, size_t why_size)
{
	(void)why;
	(void)why_size;
	return strlen(text) >= TOKEN_MIN && strpbrk(text, "&%") == NULL &&
	       has_only_printable_ascii(text, TOKEN_MAX);
}

bool config_check_prefix(const char *text, char *why, size_t why_size)
{
	bool has_sign = strpbrk(text, "&%") != NULL;

	if (*text == '/')
		snprintf(why, why_size,
			 "starts with '/', which belongs to the commands of the servers");
	else if (has_sign)
		snprintf(why, why_size,
			 "has a sign of colours in it, & or %%, that nobody can type");
	return *text != '/' && !has_sign && has_only_printable_ascii(text, PREFIX_MAX);
}

static bool check_wire_name(const char *text, char *why, size_t why_size)
{
	(void)why;
	(void)why_size;
	return has_only_printable_ascii(text, PACKET_STRING_LEN);
}

/* ---- opcodes ---- */

static bool parse_opcode(const char *text, unsigned *opcode)
{
	bool is_hex = strncasecmp(text, "0x", 2) == 0;
	const char *digits = is_hex ? text + 2 : text;
	size_t n = strspn(digits, is_hex ? "0123456789abcdefABCDEF" : "0123456789");

	if (n == 0 || n > 3 || digits[n] != '\0')
		return false;
	*opcode = (unsigned)strtoul(digits, NULL, is_hex ? 16 : 10);
	return *opcode < PACKET_OPCODES;
}

static bool read_opcode(struct config_reader *reader, const cJSON *item, unsigned *opcode)
{
	char shown[CONFIG_VALUE_TEXT];

	if (cJSON_IsString(item) && parse_opcode(item->valuestring, opcode))
		return true;
	if (cJSON_IsNumber(item) && item->valuedouble >= 0 &&
	    item->valuedouble < PACKET_OPCODES && item->valuedouble == item->valueint) {
		*opcode = (unsigned)item->valueint;
		return true;
	}
	config_keys_show(shown, item);
	config_keys_fault(reader, "%s is not an opcode (0-255 or 0x00-0xff)", shown);
	return false;
}

static void ignore_packet(struct config_reader *reader, void *base, const cJSON *item)
{
	struct config *config = base;
	unsigned opcode;

	if (read_opcode(reader, item, &opcode))
		config->ignore_packets[opcode] = true;
}

void config_load_ignore_packets(struct config_reader *reader, const struct config_key *key,
				const cJSON *value, void *base)
{
	config_keys_each_item(reader, key, value, base, ignore_packet);
}

static void drop_packet(struct config_reader *reader, void *base, const cJSON *item)
{
	struct config *config = base;
	static const uint8_t vital[] = {
		OP_IDENTIFICATION, OP_LEVEL_INITIALIZE, OP_LEVEL_DATA_CHUNK, OP_LEVEL_FINALIZE,
		OP_DISCONNECT,     OP_EXT_INFO,         OP_EXT_ENTRY,
	};
	unsigned opcode;

	if (!read_opcode(reader, item, &opcode))
		return;
	if (memchr(vital, (int)opcode, sizeof(vital)) != NULL)
		config_keys_fault(
			reader, "0x%02x (%s) can't be dropped: a login needs it", opcode,
			packet_name(&config->catalog, PACKET_TO_CLIENT, (uint8_t)opcode));
	config->drop_packets[opcode] = true;
}

void config_load_drop_packets(struct config_reader *reader, const struct config_key *key,
			      const cJSON *value, void *base)
{
	config_keys_each_item(reader, key, value, base, drop_packet);
}

static cJSON *print_opcodes(const bool set[PACKET_OPCODES])
{
	cJSON *array = cJSON_CreateArray();

	for (unsigned opcode = 0; array != NULL && opcode < PACKET_OPCODES; opcode++) {
		char text[8];

		snprintf(text, sizeof(text), "0x%02x", opcode);
		if (set[opcode])
			array = config_keys_add(array, cJSON_CreateString(text));
	}
	return array;
}

cJSON *config_print_ignore_packets(const void *base)
{
	const struct config *config = base;

	return print_opcodes(config->ignore_packets);
}

cJSON *config_print_drop_packets(const void *base)
{
	const struct config *config = base;

	return print_opcodes(config->drop_packets);
}

/* ---- packets and extensions ---- */

/* A row of `packets` on its way into the catalog. */
struct packet_row {
	unsigned id, size, version, direction;
	char *name, *extension;
};

enum { TO_CLIENT, TO_SERVER, BOTH, S2C, C2S };
static const char *const directions[] = {"to-client", "to-server", "both", "s2c", "c2s", NULL};

/* clang-format off */
const struct config_key config_packet_keys[] = {
	{CONFIG_ROW("id", NUMBER, packet_row, id), .flags = CONFIG_REQUIRED | CONFIG_HEX,
	 .min = OP_STANDARD_COUNT, .max = PACKET_OPCODES - 1,
	 .what = "a free opcode",
	 .help = "The opcode, a number or a text such as \"0x41\"."},
	{CONFIG_ROW("name", TEXT, packet_row, name),
	 .flags = CONFIG_REQUIRED, .check = check_wire_name,
	 .what = "1-64 printable ASCII characters without spaces",
	 .help = "What logs call the packet."},
	{CONFIG_ROW("size", NUMBER, packet_row, size), .flags = CONFIG_REQUIRED,
	 .min = 1, .max = PACKET_SIZE_MAX,
	 .what = "a number of bytes",
	 .help = "Its size, opcode included."},
	{CONFIG_ROW("direction", CHOICE, packet_row, direction),
	 .flags = CONFIG_REQUIRED, .choices = directions,
	 .help = "Which way it travels. s2c and c2s are other words for to-client and "
		 "to-server."},
	{CONFIG_ROW("extension", TEXT, packet_row, extension),
	 .flags = CONFIG_REQUIRED, .check = check_wire_name,
	 .what = "1-64 printable ASCII characters without spaces",
	 .help = "The extension that has the packet: it is offered to clients and servers."},
	{CONFIG_ROW("version", NUMBER, packet_row, version),
	 .min = 1, .max = 255, .fallback = "1",
	 .what = "a version",
	 .help = "The version of that extension."},
	{.name = NULL},
};
/* clang-format on */

static void add_packet(struct config_reader *reader, struct packet_catalog *catalog,
		       const struct packet_row *row)
{
	static const struct {
		bool goes[PACKET_DIRECTIONS];
	} ways[] = {
		[TO_CLIENT] = {{[PACKET_TO_CLIENT] = true}},
		[S2C] = {{[PACKET_TO_CLIENT] = true}},
		[TO_SERVER] = {{[PACKET_TO_SERVER] = true}},
		[C2S] = {{[PACKET_TO_SERVER] = true}},
		[BOTH] = {{true, true}},
	};
	char why[200];

	for (unsigned i = 0; i < PACKET_DIRECTIONS; i++) {
		if (ways[row->direction].goes[i] &&
		    !packet_catalog_add(catalog, row->id, row->name, row->size,
					(enum packet_direction)i, row->extension, row->version,
					why, sizeof(why))) {
			config_keys_fault(reader, "%s", why);
			return;
		}
	}
}

void config_load_packets(struct config_reader *reader, const struct config_key *key,
			 const cJSON *value, void *base)
{
	struct config *config = base;
	const cJSON *item;
	size_t i = 0;

	if (!cJSON_IsArray(value)) {
		config_keys_wrong_type(reader, key, value);
		return;
	}
	cJSON_ArrayForEach (item, value) {
		struct packet_row row = {0};
		size_t mark = config_keys_enter(reader, "[%zu]", i++);

		if (config_keys_load(reader, config_packet_keys, item, &row))
			add_packet(reader, &config->catalog, &row);
		config_keys_free(config_packet_keys, &row);
		config_keys_leave(reader, mark);
	}
}

cJSON *config_print_packets(const void *base)
{
	const struct config *config = base;
	const struct packet_catalog *catalog = &config->catalog;
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; array != NULL && i < catalog->n_custom; i++) {
		const struct packet_info *info = &catalog->custom[i];
		const struct packet_extension_info *extension =
			packet_extension(catalog, info->extension);
		struct packet_row row = {
			.id = info->opcode,
			.size = info->size,
			.version = extension->version,
			.direction =
				info->direction == PACKET_TO_CLIENT ? TO_CLIENT : TO_SERVER,
			.name = strdup(info->name),
			.extension = strdup(extension->name),
		};

		array = config_keys_add(array, config_keys_print(config_packet_keys, &row));
		config_keys_free(config_packet_keys, &row);
	}
	return array;
}

static void drop_extension(struct config_reader *reader, void *base, const cJSON *item)
{
	struct config *config = base;
	const char *names[EXT_COUNT], *nearest = NULL;
	unsigned n = packet_extension_count(&config->catalog);

	if (cJSON_IsString(item)) {
		if (packet_catalog_drop(&config->catalog, item->valuestring))
			return;
		for (unsigned i = 0; i < n; i++)
			names[i] = packet_extension(&config->catalog, i)->name;
		nearest = text_nearest(item->valuestring, names, n);
	}
	config_keys_bad_item(reader, item, "a known extension", nearest);
}

void config_load_drop_extensions(struct config_reader *reader, const struct config_key *key,
				 const cJSON *value, void *base)
{
	config_keys_each_item(reader, key, value, base, drop_extension);
}

cJSON *config_print_drop_extensions(const void *base)
{
	const struct config *config = base;
	cJSON *array = cJSON_CreateArray();

	for (unsigned i = 0; array != NULL && i < packet_extension_count(&config->catalog); i++)
		if (config->catalog.dropped[i])
			array = config_keys_add(
				array, cJSON_CreateString(
					       packet_extension(&config->catalog, i)->name));
	return array;
}

/* ---- messages ---- */

static const char *nearest_message(const char *key)
{
	const char *keys[MESSAGE_COUNT];

	for (unsigned i = 0; i < MESSAGE_COUNT; i++)
		keys[i] = message_key((enum message)i);
	return text_nearest(key, keys, MESSAGE_COUNT);
}

static void add_message(struct config_reader *reader, void *base, const cJSON *item)
{
	static const struct config_key row = {.type = CONFIG_TEXT, .what = "a text"};
	char **texts = ((struct config *)base)->messages.items;
	enum message message = message_find(item->string);
	char why[200] = "is not a good text for it", shown[CONFIG_VALUE_TEXT];

	if (message == MESSAGE_COUNT) {
		config_keys_unknown(reader, nearest_message(item->string));
	} else if (texts[message] != NULL) {
		config_keys_fault(reader, "stands there twice");
	} else if (!cJSON_IsString(item)) {
		config_keys_wrong_type(reader, &row, item);
	} else if (!message_check(message, item->valuestring, why, sizeof(why))) {
		config_keys_show(shown, item);
		config_keys_fault(reader, "%s %s", shown, why);
	} else {
		texts[message] = config_keys_copy(reader, item->valuestring);
	}
}

void config_load_messages(struct config_reader *reader, const struct config_key *key,
			  const cJSON *value, void *base)
{
	struct config *config = base;

	config->messages.items = calloc(MESSAGE_COUNT, sizeof(*config->messages.items));
	if (config->messages.items == NULL) {
		config_keys_fault(reader, "out of memory");
		return;
	}
	config->messages.n = MESSAGE_COUNT;
	config_keys_each_named(reader, key, value, config, add_message);
}

cJSON *config_print_messages(const void *base)
{
	const struct config *config = base;
	cJSON *object = cJSON_CreateObject();

	for (size_t i = 0; object != NULL && i < config->messages.n; i++)
		if (config->messages.items[i] != NULL)
			object = config_keys_add_named(
				object, message_key((enum message)i),
				cJSON_CreateString(config->messages.items[i]));
	return object;
}

/* "; names {a}, {b}", if there are any. */
static void list_names(char *out, size_t size, const char *names)
{
	const char *before = "; names ";
	size_t n;

	out[0] = '\0';
	for (const char *p = names; *p != '\0'; p += n + strspn(p + n, " ")) {
		size_t used = strlen(out);

		n = strcspn(p, " ");
		snprintf(out + used, size - used, "%s{%.*s}", before, (int)n, p);
		before = ", ";
	}
}

void config_mdoc_messages(FILE *out)
{
	char line[MESSAGES_TEXT_MAX + 256], names[200];

	fputs(".Bl -tag -width Ds\n", out);
	for (unsigned i = 0; i < MESSAGE_COUNT; i++) {
		list_names(names, sizeof(names), message_names((enum message)i));
		snprintf(line, sizeof(line), "Default: \"%s\"%s.",
			 message_default((enum message)i), names);
		fprintf(out, ".It Cm %s\n", message_key((enum message)i));
		config_keys_mdoc_text(out, line);
	}
	fputs(".El\n", out);
}
