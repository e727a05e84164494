/* SPDX-License-Identifier: MIT */
/*
 * The words of heartbeats and of the answers to them. The one idea: an answer is looked at from
 * the surest sign to the vaguest: a redirect, an error in JSON or words, the status, and only
 * then an address.
 */
#include "heartbeat_private.h"

#include <bsd/string.h>
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text.h"

#define NAME_BUFFER      260 /* a name or a description with its colours, CP437 */
#define DESCRIPTION_MAX  64
#define PROTOCOL_VERSION 7
#define UNNAMED          "Kurafuto"
#define BAD_HEARTBEAT    "bad heartbeat"

/* ---- what is sent ---- */

/* A line of the game without its colours, printable ASCII, up to size - 1 characters. */
static void to_ascii(char *out, size_t size, const char *utf8)
{
	char cp437[NAME_BUFFER], plain[NAME_BUFFER];
	const char *from = plain;
	size_t n = 0;

	text_from_utf8(cp437, sizeof(cp437), utf8);
	text_strip_colors(plain, sizeof(plain), cp437);
	from += strspn(from, " ");
	for (; *from != '\0' && n + 1 < size; from++)
		out[n++] = text_to_ascii((uint8_t)*from);
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

void heartbeat_name(char out[static HEARTBEAT_NAME_MAX + 1], const char *utf8)
{
	to_ascii(out, HEARTBEAT_NAME_MAX + 1, utf8);
	if (out[0] == '\0')
		strlcpy(out, UNNAMED, HEARTBEAT_NAME_MAX + 1);
}

/* Appends a field as forms have them: a space is a plus sign. */
static void add_field(FILE *out, const char *name, const char *value)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._*";

	fprintf(out, "%s%s=", ftell(out) > 0 ? "&" : "", name);
	for (; *value != '\0'; value++) {
		if (*value == ' ')
			fputc('+', out);
		else if (strchr(plain, *value) != NULL)
			fputc(*value, out);
		else
			fprintf(out, "%%%02X", (unsigned)(unsigned char)*value);
	}
}

static void add_number(FILE *out, const char *name, unsigned value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	add_field(out, name, text);
}

static const char *truth(bool value)
{
	return value ? "True" : "False";
}

static char *print_form(const struct heartbeat_form *form)
{
	char name[HEARTBEAT_NAME_MAX + 1], *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	heartbeat_name(name, form->name);
	add_field(out, "name", name);
	add_number(out, "port", form->port);
	add_number(out, "users", form->users);
	add_number(out, "max", form->max);
	add_field(out, "public", truth(form->is_public));
	add_number(out, "version", PROTOCOL_VERSION);
	add_field(out, "salt", form->salt);
	add_field(out, "software", form->software);
	add_field(out, "web", truth(form->has_web));
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

/* "Kurafuto 0.1.0" in two. */
static bool add_software(cJSON *root, const char *software)
{
	cJSON *object = cJSON_AddObjectToObject(root, "software");
	const char *space = strchr(software, ' ');
	char name[32];

	snprintf(name, sizeof(name), "%.*s",
		 (int)(space != NULL ? (size_t)(space - software) : strlen(software)),
		 software);
	return object != NULL && cJSON_AddStringToObject(object, "name", name) != NULL &&
	       cJSON_AddStringToObject(object, "version", space != NULL ? space + 1 : "") !=
		       NULL;
}

/* What a ping of betacraft-v2 leaves out. */
static bool add_listing(cJSON *root, const struct heartbeat_form *form)
{
	static const struct {
		const char *name, *value;
	} fixed[] = {
		{"game_version", "c0.30-c-1900"},
		{"v1_version", "c0.30-c-1900"},
		{"protocol", "classic_7"},
		{"category", "classic"},
	};
	char name[HEARTBEAT_NAME_MAX + 1], description[DESCRIPTION_MAX + 1];

	heartbeat_name(name, form->name);
	to_ascii(description, sizeof(description), form->description);
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (cJSON_AddStringToObject(root, fixed[i].name, fixed[i].value) == NULL)
			return false;
	return cJSON_AddStringToObject(root, "name", name) != NULL &&
	       cJSON_AddStringToObject(root, "description", description) != NULL &&
	       cJSON_AddBoolToObject(root, "is_public", form->is_public) != NULL &&
	       cJSON_AddNumberToObject(root, "max_players", form->max) != NULL &&
	       cJSON_AddBoolToObject(root, "online_mode", form->verifies_names) != NULL &&
	       add_software(root, form->software);
}

/* Who is online stays between them and us: the list of players is empty. */
static bool add_presence(cJSON *root, const struct heartbeat_form *form)
{
	char socket[300];

	snprintf(socket, sizeof(socket), "%s:%u", form->address != NULL ? form->address : "",
		 form->port);
	return cJSON_AddStringToObject(root, "private_key",
				       form->private_key != NULL ? form->private_key : "") !=
		       NULL &&
	       (form->address == NULL ||
		cJSON_AddStringToObject(root, "socket", socket) != NULL) &&
	       cJSON_AddNumberToObject(root, "online_players", form->users) != NULL &&
	       cJSON_AddArrayToObject(root, "players") != NULL;
}

static char *print_json(const struct heartbeat_form *form, bool is_ping)
{
	cJSON *root = cJSON_CreateObject();
	char *text = NULL;

	if (root != NULL && add_presence(root, form) && (is_ping || add_listing(root, form)))
		text = cJSON_PrintUnformatted(root);
	cJSON_Delete(root);
	return text;
}

char *heartbeat_body(const struct heartbeat_form *form, enum config_heartbeat_type type,
		     bool is_ping)
{
	return type == CONFIG_HEARTBEAT_BETACRAFT_V2 ? print_json(form, is_ping)
						     : print_form(form);
}

/* ---- what comes back ---- */

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Takes white space off both ends. */
static void trim(const char **bytes, size_t *size)
{
	while (*size > 0 && is_blank((*bytes)[0])) {
		(*bytes)++;
		(*size)--;
	}
	while (*size > 0 && is_blank((*bytes)[*size - 1]))
		(*size)--;
}

void heartbeat_words(char out[static HEARTBEAT_WORDS_MAX + 1], const char *bytes, size_t size)
{
	static const char more[] = "...";
	size_t n = 0, i = 0;

	trim(&bytes, &size);
	while (i < size) {
		char piece[8];

		if (is_blank(bytes[i]))
			strlcpy(piece, " ", sizeof(piece));
		else if (bytes[i] > ' ' && bytes[i] <= '~')
			snprintf(piece, sizeof(piece), "%c", bytes[i]);
		else
			snprintf(piece, sizeof(piece), "\\x%02x",
				 (unsigned)(unsigned char)bytes[i]);
		for (i++; piece[0] == ' ' && i < size && is_blank(bytes[i]); i++)
			;
		if (n + strlen(piece) > HEARTBEAT_WORDS_MAX) {
			if (n > HEARTBEAT_WORDS_MAX - strlen(more))
				n = HEARTBEAT_WORDS_MAX - strlen(more);
			strlcpy(out + n, more, HEARTBEAT_WORDS_MAX + 1 - n);
			return;
		}
		n += strlcpy(out + n, piece, HEARTBEAT_WORDS_MAX + 1 - n);
	}
	out[n] = '\0';
}

static bool begins_with(const char *bytes, size_t size, const char *word)
{
	return size >= strlen(word) && strncasecmp(bytes, word, strlen(word)) == 0;
}

/* An address and nothing else, perhaps in quotes. */
static bool read_url(char out[static HEARTBEAT_WORDS_MAX + 1], const char *bytes, size_t size)
{
	trim(&bytes, &size);
	if (size >= 2 && bytes[0] == '"' && bytes[size - 1] == '"') {
		bytes++;
		size -= 2;
	}
	bool is_url = size <= HEARTBEAT_WORDS_MAX && (begins_with(bytes, size, "https://") ||
						      begins_with(bytes, size, "http://"));
	for (size_t i = 0; is_url && i < size; i++)
		is_url =
			bytes[i] > ' ' && bytes[i] <= '~' && strchr("\"<>\\", bytes[i]) == NULL;
	if (is_url)
		snprintf(out, HEARTBEAT_WORDS_MAX + 1, "%.*s", (int)size, bytes);
	return is_url;
}

/* Appends the texts of [["Only one", "server"], "per address"] to one. */
static void join_texts(char *out, size_t size, const cJSON *item)
{
	const cJSON *inner;

	if (cJSON_IsString(item) && item->valuestring[0] != '\0') {
		if (out[0] != '\0')
			strlcat(out, "; ", size);
		strlcat(out, item->valuestring, size);
	}
	if (cJSON_IsArray(item))
		cJSON_ArrayForEach (inner, item)
			if (cJSON_IsString(inner) || cJSON_IsArray(inner))
				join_texts(out, size, inner);
}

static const char *text_of(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsString(item) ? item->valuestring : "";
}

/* What a JSON object says is wrong; false if nothing is. */
static bool read_errors(char *out, size_t size, const cJSON *root)
{
	const cJSON *error = cJSON_GetObjectItemCaseSensitive(root, "error");
	bool has_failed = cJSON_IsTrue(error) ||
			  strcasecmp(text_of(root, "error"), "true") == 0 ||
			  strcasecmp(text_of(root, "status"), "fail") == 0;

	out[0] = '\0';
	join_texts(out, size, cJSON_GetObjectItemCaseSensitive(root, "errors"));
	if (out[0] == '\0' && has_failed)
		join_texts(out, size, cJSON_GetObjectItemCaseSensitive(root, "message"));
	if (out[0] == '\0' && cJSON_IsString(error) &&
	    strcasecmp(error->valuestring, "true") != 0 &&
	    strcasecmp(error->valuestring, "false") != 0)
		strlcpy(out, error->valuestring, size);
	if (out[0] == '\0' && has_failed)
		strlcpy(out, "it says that something is wrong, but not what", size);
	return out[0] != '\0';
}

/* An answer in JSON. True if that says all. */
static bool read_json(struct heartbeat_reply *out, enum config_heartbeat_type type,
		      bool is_fine, const cJSON *root)
{
	const char *response = text_of(root, "response");
	char errors[1024];

	if (read_errors(errors, sizeof(errors), root)) {
		heartbeat_words(out->reason, errors, strlen(errors));
		return true;
	}
	out->works = is_fine && (type == CONFIG_HEARTBEAT_BETACRAFT_V2 ||
				 read_url(out->url, response, strlen(response)));
	return out->works;
}

/* What is left when there is neither an error in words nor an address. */
static void judge(struct heartbeat_reply *out, enum config_heartbeat_type type, bool is_fine,
		  long status)
{
	if (!is_fine)
		snprintf(out->reason, sizeof(out->reason), "it answers with HTTP status %ld",
			 status);
	else if (type == CONFIG_HEARTBEAT_NOTCHIAN)
		out->works = true; /* they differ in what they say */
	else if (out->words[0] == '\0')
		strlcpy(out->reason, "its answer is empty", sizeof(out->reason));
	else
		strlcpy(out->reason,
			type == CONFIG_HEARTBEAT_CLASSICUBE ? "its answer is no address"
							    : "its answer is not JSON",
			sizeof(out->reason));
}

void heartbeat_read(struct heartbeat_reply *out, enum config_heartbeat_type type, long status,
		    const char *location, const char *bytes, size_t size)
{
	bool is_fine = status >= 200 && status < 300;

	*out = (struct heartbeat_reply){.works = false};
	trim(&bytes, &size);
	if (status >= 300 && status < 400) {
		snprintf(out->reason, sizeof(out->reason),
			 "it redirects with HTTP status %ld, and Kurafuto does not follow",
			 status);
		if (location != NULL)
			heartbeat_words(out->words, location, strlen(location));
		return;
	}
	cJSON *root = size > 0 && bytes[0] == '{' ? cJSON_ParseWithLength(bytes, size) : NULL;
	bool is_read = root != NULL && read_json(out, type, is_fine, root);
	cJSON_Delete(root);
	if (is_read)
		return;
	if (begins_with(bytes, size, BAD_HEARTBEAT)) {
		heartbeat_words(out->reason, bytes, size);
		return;
	}
	out->works = is_fine && type != CONFIG_HEARTBEAT_BETACRAFT_V2 &&
		     read_url(out->url, bytes, size);
	if (out->works)
		return;
	heartbeat_words(out->words, bytes, size);
	judge(out, type, is_fine, status);
}
