/* SPDX-License-Identifier: MIT */
/*
 * The values of kurafuto.json that need more than a row of a table: checks of texts, and the
 * lists of servers, hubs, opcodes, packets and extensions, each with its way in and its way
 * out. What the keys are called, and their defaults, is config.c; what concerns kicks is
 * config_kicks.c. The one idea: a list of simple items may be an array or a text with commas,
 * and both go item by item through one function.
 */
#include "config_values.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text.h"

#define SALT_MAX        64
#define PREFIX_MAX      16
#define TOKEN_MIN       8
#define TOKEN_MAX       32
#define HOST_MAX        253
#define LABEL_MAX       63
#define RESERVED_SERVER "lobby"

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

static bool check_host(const char *text, char *why, size_t why_size)
{
	(void)why;
	(void)why_size;
	return is_numeric_address(text) || is_host_name(text);
}

static bool check_server_name(const char *text, char *why, size_t why_size)
{
	size_t n = 0;

	(void)why;
	(void)why_size;
	while (is_letter(text[n]) || text[n] == '_' || text[n] == '-' ||
	       (is_digit(text[n]) && n > 0))
		n++;
	return n > 0 && n <= CONFIG_NAME_MAX && text[n] == '\0';
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

/* ---- lists of simple items: an array, or a text with commas ---- */

/* The items of "a, b"; a text of spaces alone has none. */
static void each_item_of_text(struct config_reader *reader, const char *text, void *base,
			      config_item_fn *each)
{
	char *copy = strdup(text), *rest = copy, *word;

	if (copy == NULL)
		config_keys_fault(reader, "out of memory");
	if (copy == NULL || copy[strspn(copy, " ")] == '\0')
		rest = NULL;
	while ((word = strsep(&rest, ",")) != NULL) {
		word += strspn(word, " ");
		for (size_t n = strlen(word); n > 0 && word[n - 1] == ' '; n--)
			word[n - 1] = '\0';
		each(reader, base, &(cJSON){.type = cJSON_String, .valuestring = word});
	}
	free(copy);
}

void config_each_item(struct config_reader *reader, const struct config_key *key,
		      const cJSON *value, void *base, config_item_fn *each)
{
	const cJSON *item;
	size_t i = 0;

	if (cJSON_IsString(value)) {
		each_item_of_text(reader, value->valuestring, base, each);
		return;
	}
	if (!cJSON_IsArray(value)) {
		config_keys_wrong_type(reader, key, value);
		return;
	}
	cJSON_ArrayForEach (item, value) {
		size_t mark = config_keys_enter(reader, "[%zu]", i++);

		if (cJSON_IsString(item))
			each_item_of_text(reader, item->valuestring, base, each);
		else
			each(reader, base, item);
		config_keys_leave(reader, mark);
	}
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
	config_each_item(reader, key, value, base, ignore_packet);
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
	config_each_item(reader, key, value, base, drop_packet);
}

/* Adds a text to an array, or gives the array up. Takes NULL, so that a caller need not look.
 */
static cJSON *add_text(cJSON *array, const char *text)
{
	cJSON *item = cJSON_CreateString(text);

	if (array != NULL && item != NULL && cJSON_AddItemToArray(array, item))
		return array;
	cJSON_Delete(item);
	cJSON_Delete(array);
	return NULL;
}

static cJSON *print_opcodes(const bool set[PACKET_OPCODES])
{
	cJSON *array = cJSON_CreateArray();

	for (unsigned opcode = 0; array != NULL && opcode < PACKET_OPCODES; opcode++) {
		char text[8];

		snprintf(text, sizeof(text), "0x%02x", opcode);
		if (set[opcode])
			array = add_text(array, text);
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

/* ---- servers and hubs ---- */

/* clang-format off */
const struct config_key config_server_keys[] = {
	{CONFIG_ROW("name", TEXT, config_server, name),
	 .flags = CONFIG_REQUIRED, .check = check_server_name,
	 .what = "a name of 1-32 letters, digits, '_' and '-' that does not start with a digit",
	 .help = "The name by which players and messages call the server."},
	{CONFIG_ROW("address", TEXT, config_server, address),
	 .flags = CONFIG_REQUIRED, .check = check_host,
	 .what = "an IPv4 or IPv6 address or a host name",
	 .help = "Where the server listens."},
	{CONFIG_ROW("port", NUMBER, config_server, port),
	 .min = 1, .max = 65535, .fallback = "25565",
	 .what = "a port",
	 .help = "The TCP port on which the server listens."},
	{CONFIG_ROW("on-kick", CHOICE, config_server, on_kick), .choices = config_on_kicks,
	 .help = "What a kick by this server means. Without it, on-kick of all servers counts."},
	{CONFIG_ROW("redirect", CUSTOM, config_server, redirect),
	 .load = config_load_redirect, .print = config_print_server_redirect,
	 .what = "a list of kick, plugin and chat, or a text with commas",
	 .help = "How this server may send players elsewhere. Without it, redirect of all "
		 "servers counts."},
	{.name = NULL},
};
/* clang-format on */

/* The server of that name among the first n, or n. */
static size_t find_server(const struct config *config, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (config->servers[i].name != NULL &&
		    strcasecmp(config->servers[i].name, name) == 0)
			return i;
	return n;
}

static void check_server_is_unique(struct config_reader *reader, const struct config *config,
				   size_t i)
{
	const char *name = config->servers[i].name;
	size_t mark = config_keys_enter(reader, ".name"),
	       other = name != NULL ? find_server(config, i, name) : i;

	if (other < i)
		config_keys_fault(reader, "\"%s\" is the name of servers[%zu] already", name,
				  other);
	if (name != NULL && config->lobby && strcasecmp(name, RESERVED_SERVER) == 0)
		config_keys_fault(reader,
				  "\"%s\" is the embedded lobby; choose another name, or set "
				  "lobby to false",
				  name);
	config_keys_leave(reader, mark);
}

void config_load_servers(struct config_reader *reader, const struct config_key *key,
			 const cJSON *value, void *base)
{
	struct config *config = base;
	int n = cJSON_GetArraySize(value);
	const cJSON *item;

	if (!cJSON_IsArray(value)) {
		config_keys_wrong_type(reader, key, value);
		return;
	}
	if (n > CONFIG_SERVERS_MAX) {
		config_keys_fault(reader, "%d servers are too many; up to %d can be linked", n,
				  CONFIG_SERVERS_MAX);
		return;
	}
	config->servers = calloc((size_t)n + 1, sizeof(*config->servers));
	config->hubs = calloc((size_t)n + 1, sizeof(*config->hubs));
	if (config->servers == NULL || config->hubs == NULL) {
		config_keys_fault(reader, "out of memory");
		return;
	}
	cJSON_ArrayForEach (item, value) {
		size_t i = config->n_servers++, mark = config_keys_enter(reader, "[%zu]", i);
		struct config_server *server = &config->servers[i];

		server->on_kick = config->on_kick;
		server->redirect = config->redirect;
		config_keys_load(reader, config_server_keys, item, server);
		check_server_is_unique(reader, config, i);
		config_keys_leave(reader, mark);
	}
}

/* Adds an object to an array of them, or gives the array up. */
static cJSON *add_object(cJSON *array, const struct config_key *keys, const void *base)
{
	cJSON *item = array != NULL ? config_keys_print(keys, base) : NULL;

	if (item != NULL && cJSON_AddItemToArray(array, item))
		return array;
	cJSON_Delete(item);
	cJSON_Delete(array);
	return NULL;
}

cJSON *config_print_servers(const void *base)
{
	const struct config *config = base;
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; array != NULL && i < config->n_servers; i++)
		array = add_object(array, config_server_keys, &config->servers[i]);
	return array;
}

static const char *nearest_server(const struct config *config, const char *word)
{
	const char *names[CONFIG_SERVERS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < config->n_servers; i++)
		if (config->servers[i].name != NULL)
			names[n++] = config->servers[i].name;
	return text_nearest(word, names, n);
}

/* `shown` is no known name of its kind; `nearest` may be NULL. */
static void unknown_name(struct config_reader *reader, const cJSON *item, const char *kind,
			 const char *nearest)
{
	char shown[CONFIG_VALUE_TEXT];

	config_keys_show(shown, item);
	if (nearest != NULL)
		config_keys_fault(reader, "%s is not %s; did you mean \"%s\"?", shown, kind,
				  nearest);
	else
		config_keys_fault(reader, "%s is not %s", shown, kind);
}

static void add_hub(struct config_reader *reader, void *base, const cJSON *item)
{
	struct config *config = base;
	const char *name = cJSON_IsString(item) ? item->valuestring : NULL;
	size_t n = config->n_servers, server = name != NULL ? find_server(config, n, name) : n;

	if (server == n) {
		unknown_name(reader, item, "the name of a linked server",
			     name != NULL ? nearest_server(config, name) : NULL);
		return;
	}
	for (size_t i = 0; i < config->n_hubs; i++) {
		if (config->hubs[i] == server) {
			config_keys_fault(reader, "\"%s\" stands there twice", name);
			return;
		}
	}
	config->hubs[config->n_hubs++] = server;
}

void config_load_hubs(struct config_reader *reader, const struct config_key *key,
		      const cJSON *value, void *base)
{
	struct config *config = base;

	config_each_item(reader, key, value, config, add_hub);
	if (config->n_hubs == 0 && config->n_servers > 0)
		config->hubs[config->n_hubs++] = 0;
}

cJSON *config_print_hubs(const void *base)
{
	const struct config *config = base;
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; array != NULL && i < config->n_hubs; i++)
		array = add_text(array, config->servers[config->hubs[i]].name);
	return array;
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

		array = add_object(array, config_packet_keys, &row);
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
	unknown_name(reader, item, "a known extension", nearest);
}

void config_load_drop_extensions(struct config_reader *reader, const struct config_key *key,
				 const cJSON *value, void *base)
{
	config_each_item(reader, key, value, base, drop_extension);
}

cJSON *config_print_drop_extensions(const void *base)
{
	const struct config *config = base;
	cJSON *array = cJSON_CreateArray();

	for (unsigned i = 0; array != NULL && i < packet_extension_count(&config->catalog); i++)
		if (config->catalog.dropped[i])
			array = add_text(array, packet_extension(&config->catalog, i)->name);
	return array;
}
