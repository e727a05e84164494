/* SPDX-License-Identifier: MIT */
/*
 * The salts of server lists. The one idea: two locks, as for everything that is kept in a file.
 * Logins need only the inner one, which is never held while the disk is waited for; the outer
 * one is held by whoever reads or writes the file.
 */
#include "salts.h"

#include <bsd/string.h>
#include <bsd/sys/queue.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "log.h"
#include "store.h"

#define PATH_SIZE    4096
#define SERVICE_SIZE 256 /* of a URL and a port */
#define RECORDS_MAX  256
#define RETRY_S      300 /* until a file that could not be written is tried again */
#define TIME_MAX     9e15

/* A salt, and the one before it. */
struct salt {
	char current[SALTS_MAX + 1];  /* empty: none */
	char previous[SALTS_MAX + 1]; /* empty: none */
	int64_t made_s;
	int64_t until_s; /* keys of the previous one count */
};

struct record {
	TAILQ_ENTRY(record) entries;
	char service[SERVICE_SIZE];
	struct salt salt;
	bool is_configured; /* it is `salt`, and not for the file */
	bool is_used;       /* by the configuration that was followed last */
};

struct salts {
	pthread_mutex_t saving; /* held while salts change and the file is read or written, */
	pthread_mutex_t lock;   /* outside of this; both are held to change what follows */
	TAILQ_HEAD(record_list, record) records;
	size_t n;
	struct salt global; /* `salt` */
	int64_t rotation_s, grace_s;
	bool is_dirty, is_readonly;
	int64_t retry_s;      /* when a dirty file is written again */
	char path[PATH_SIZE]; /* empty: no file */
	char *directory;      /* I */
};

/* ---- salts and records ---- */

/* No time is later than it could be if the clock, and the grace period, had always been what
 * they are now; and a salt that does not count any more is forgotten. */
static void limit(struct salt *salt, int64_t now_s, int64_t grace_s)
{
	if (salt->made_s > now_s)
		salt->made_s = now_s;
	if (salt->until_s > now_s + grace_s)
		salt->until_s = now_s + grace_s;
	if (salt->until_s <= now_s)
		explicit_bzero(salt->previous, sizeof(salt->previous));
}

/* Takes a fresh salt; empty: none. The one before counts for the grace period. */
static void change(struct salt *salt, const char *fresh, int64_t now_s, int64_t grace_s)
{
	if (strcmp(salt->current, fresh) == 0)
		return;
	if (salt->current[0] != '\0') {
		strlcpy(salt->previous, salt->current, sizeof(salt->previous));
		salt->until_s = now_s + grace_s;
	}
	strlcpy(salt->current, fresh, sizeof(salt->current));
	salt->made_s = now_s;
	limit(salt, now_s, grace_s);
}

static void renew(struct salt *salt, int64_t now_s, int64_t grace_s)
{
	char fresh[AUTH_SALT_LEN + 1];

	auth_salt(fresh);
	change(salt, fresh, now_s, grace_s);
	explicit_bzero(fresh, sizeof(fresh));
}

static bool fits_previous(const struct salt *salt, const char *name, const char *key,
			  int64_t now_s)
{
	return salt->previous[0] != '\0' && now_s < salt->until_s &&
	       auth_key_is_valid(salt->previous, name, key);
}

static bool fits(const struct salt *salt, const char *name, const char *key, int64_t now_s)
{
	return (salt->current[0] != '\0' && auth_key_is_valid(salt->current, name, key)) ||
	       fits_previous(salt, name, key, now_s);
}

/* What a list goes by in the file. */
static void service_of(char out[static SERVICE_SIZE], const struct config_heartbeat *heartbeat)
{
	if (heartbeat->listener == 0)
		strlcpy(out, heartbeat->url, SERVICE_SIZE);
	else
		snprintf(out, SERVICE_SIZE, "%s port %u", heartbeat->url,
			 heartbeat->listener_port);
}

static struct record *find_locked(struct salts *salts, const char *service)
{
	struct record *record;

	TAILQ_FOREACH (record, &salts->records, entries)
		if (strcmp(record->service, service) == 0)
			return record;
	return NULL;
}

/* A new record without a salt; NULL if there is no room. */
static struct record *add_locked(struct salts *salts, const char *service)
{
	struct record *record = salts->n < RECORDS_MAX ? calloc(1, sizeof(*record)) : NULL;

	if (record == NULL)
		return NULL;
	strlcpy(record->service, service, sizeof(record->service));
	TAILQ_INSERT_TAIL(&salts->records, record, entries);
	salts->n++;
	return record;
}

/* ---- the file ---- */

static bool read_salt(char out[static SALTS_MAX + 1], const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
	const char *text = cJSON_IsString(item) ? item->valuestring : "";
	size_t n = strlen(text);

	if (n == 0 || n > SALTS_MAX)
		return false;
	for (const char *c = text; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	strlcpy(out, text, SALTS_MAX + 1);
	return true;
}

static bool read_time(int64_t *out, const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble < TIME_MAX))
		return false;
	*out = (int64_t)item->valuedouble;
	return true;
}

/* False if the item is none of ours. */
static bool read_record(struct salt *salt, const cJSON *item)
{
	bool has_previous = cJSON_GetObjectItemCaseSensitive(item, "previous") != NULL;

	*salt = (struct salt){.made_s = 0};
	return read_salt(salt->current, item, "salt") &&
	       read_time(&salt->made_s, item, "made") &&
	       (!has_previous || (read_salt(salt->previous, item, "previous") &&
				  read_time(&salt->until_s, item, "until")));
}

/* Takes what a file has and is not known yet. False if there is something that is not
 * understood, and would be lost. */
static bool take_file_locked(struct salts *salts, const cJSON *root)
{
	const cJSON *services = cJSON_GetObjectItemCaseSensitive(root, "services"), *item;
	bool is_good = root == NULL || cJSON_IsObject(services);

	cJSON_ArrayForEach (item, services) {
		struct record *record;
		struct salt salt;

		if (!cJSON_IsObject(services) || strlen(item->string) >= SERVICE_SIZE ||
		    !read_record(&salt, item)) {
			is_good = false;
			continue;
		}
		if (find_locked(salts, item->string) != NULL)
			continue;
		record = add_locked(salts, item->string);
		if (record != NULL)
			record->salt = salt;
	}
	return is_good;
}

static bool add_salt(cJSON *services, const struct record *record)
{
	const struct salt *salt = &record->salt;
	cJSON *item = cJSON_AddObjectToObject(services, record->service);
	bool is_added = item != NULL &&
			cJSON_AddStringToObject(item, "salt", salt->current) != NULL &&
			cJSON_AddNumberToObject(item, "made", (double)salt->made_s) != NULL;

	if (is_added && salt->previous[0] != '\0')
		is_added =
			cJSON_AddStringToObject(item, "previous", salt->previous) != NULL &&
			cJSON_AddNumberToObject(item, "until", (double)salt->until_s) != NULL;
	return is_added;
}

/* All of it as JSON; NULL without memory. */
static cJSON *print_locked(const struct salts *salts)
{
	cJSON *root = cJSON_CreateObject();
	cJSON *services = root != NULL ? cJSON_AddObjectToObject(root, "services") : NULL;
	const struct record *record;
	bool is_printed = services != NULL;

	TAILQ_FOREACH (record, &salts->records, entries)
		if (is_printed && !record->is_configured)
			is_printed = add_salt(services, record);
	if (is_printed)
		return root;
	cJSON_Delete(root);
	return NULL;
}

/* Writes the file if it is not as it should be; `saving` held. */
static void save(struct salts *salts, int64_t now_s)
{
	cJSON *root = NULL;

	pthread_mutex_lock(&salts->lock);
	bool is_due = salts->is_dirty && salts->path[0] != '\0' && !salts->is_readonly &&
		      now_s >= salts->retry_s;
	if (is_due)
		root = print_locked(salts);
	pthread_mutex_unlock(&salts->lock);
	if (!is_due)
		return;
	bool is_saved = root != NULL && store_save(salts->path, root);
	cJSON_Delete(root);
	pthread_mutex_lock(&salts->lock);
	salts->is_dirty = !is_saved; /* who changes salts holds `saving`, so nothing is new */
	salts->retry_s = is_saved ? 0 : now_s + RETRY_S;
	pthread_mutex_unlock(&salts->lock);
}

static void path_of(char out[static PATH_SIZE], const char *directory, const char *file)
{
	if (file == NULL)
		out[0] = '\0';
	else if (file[0] == '/')
		strlcpy(out, file, PATH_SIZE);
	else
		snprintf(out, PATH_SIZE, "%s/%s", directory, file);
}

/* Others must not read the file; what they could do so far is a warning. */
static void close_to_others(const char *path)
{
	char why[128];
	struct stat status;

	if (stat(path, &status) != 0 || (status.st_mode & 077) == 0)
		return;
	if (chmod(path, 0600) == 0)
		log_warn("%s could be read by others, who can make keys for any name with what "
			 "is in it; now it can't be",
			 path);
	else
		log_warn(
			"%s can be read by others, who can make keys for any name with what is "
			"in it, and its mode can't be changed: %s",
			path, strerror_r(errno, why, sizeof(why)));
}

/* Reads the file. NULL, and *is_readonly if it must not be written: that it can't be read, or
 * is the file of somebody else, stands in the log then. */
static cJSON *load(const char *path, bool *is_readonly)
{
	cJSON *root = store_load(path, is_readonly);

	if (root == NULL)
		return NULL;
	if (cJSON_GetObjectItemCaseSensitive(root, "services") != NULL) {
		close_to_others(path);
		return root;
	}
	log_error(
		"salt-file: %s is no file of salts, as it has no \"services\": it stays as it "
		"is, and salts count until Kurafuto ends",
		path);
	*is_readonly = true;
	cJSON_Delete(root);
	return NULL;
}

/* Goes over to another file; `saving` held. What is in it joins what is known. */
static void open_file(struct salts *salts, const char *path)
{
	bool is_readonly = false;
	cJSON *root = load(path, &is_readonly);

	pthread_mutex_lock(&salts->lock);
	size_t before = salts->n;
	bool is_good = take_file_locked(salts, root);
	salts->is_dirty = !is_good || before > 0;
	pthread_mutex_unlock(&salts->lock);
	if (!is_good && !store_copy_aside(path))
		is_readonly = true;
	cJSON_Delete(root);
	pthread_mutex_lock(&salts->lock);
	strlcpy(salts->path, path, sizeof(salts->path));
	salts->is_readonly = is_readonly;
	salts->retry_s = 0;
	pthread_mutex_unlock(&salts->lock);
}

/* ---- following ---- */

/* A list of a configuration gets its salt. */
static void follow_locked(struct salts *salts, const struct config *config,
			  const struct config_heartbeat *heartbeat, int64_t now_s)
{
	bool is_configured = heartbeat->is_plain && config->salt != NULL;
	char service[SERVICE_SIZE];
	struct record *record;

	service_of(service, heartbeat);
	record = find_locked(salts, service);
	if (record == NULL)
		record = add_locked(salts, service);
	if (record == NULL)
		return;
	salts->is_dirty |=
		record->salt.current[0] == '\0' || record->is_configured != is_configured;
	if (is_configured)
		change(&record->salt, config->salt, now_s, salts->grace_s);
	else if (record->salt.current[0] == '\0' || record->is_configured)
		renew(&record->salt, now_s, salts->grace_s);
	record->is_configured = is_configured;
	record->is_used = true;
}

void salts_follow(struct salts *salts, const struct config *config, int64_t now_s)
{
	char path[PATH_SIZE];
	struct record *record;

	path_of(path, salts->directory, config->salt_file);
	pthread_mutex_lock(&salts->saving);
	if (strcmp(path, salts->path) != 0 && path[0] != '\0')
		open_file(salts, path);
	pthread_mutex_lock(&salts->lock);
	strlcpy(salts->path, path, sizeof(salts->path));
	salts->rotation_s = (int64_t)config->salt_rotation_h * 3600;
	salts->grace_s = config->salt_grace_s;
	change(&salts->global, config->salt != NULL ? config->salt : "", now_s, salts->grace_s);
	limit(&salts->global, now_s, salts->grace_s);
	TAILQ_FOREACH (record, &salts->records, entries) {
		record->is_used = false;
		limit(&record->salt, now_s, salts->grace_s);
	}
	for (size_t i = 0; i < config->n_heartbeats; i++)
		if (config_heartbeat_has_keys(&config->heartbeats[i]))
			follow_locked(salts, config, &config->heartbeats[i], now_s);
	pthread_mutex_unlock(&salts->lock);
	save(salts, now_s);
	pthread_mutex_unlock(&salts->saving);
}

/* When a salt is too old; INT64_MAX for never. */
static int64_t due_s_locked(const struct salts *salts, const struct record *record)
{
	if (salts->rotation_s == 0 || !record->is_used || record->is_configured)
		return INT64_MAX;
	return record->salt.made_s + salts->rotation_s;
}

/* Replaces a salt that is too old, and says whose it was; false if there is none. */
static bool replace_one(struct salts *salts, int64_t now_s, char service[static SERVICE_SIZE],
			int64_t *next_s)
{
	struct record *record;

	*next_s = INT64_MAX;
	pthread_mutex_lock(&salts->lock);
	TAILQ_FOREACH (record, &salts->records, entries) {
		int64_t due_s = due_s_locked(salts, record);

		if (due_s <= now_s)
			break;
		if (due_s < *next_s)
			*next_s = due_s;
	}
	if (record != NULL) {
		renew(&record->salt, now_s, salts->grace_s);
		strlcpy(service, record->service, SERVICE_SIZE);
		salts->is_dirty = true;
	}
	pthread_mutex_unlock(&salts->lock);
	return record != NULL;
}

int64_t salts_rotate(struct salts *salts, int64_t now_s)
{
	char service[SERVICE_SIZE];
	int64_t next_s;

	pthread_mutex_lock(&salts->saving);
	while (replace_one(salts, now_s, service, &next_s))
		log_info("a new salt for %s: keys of the one before count for %lld s more",
			 service, (long long)salts->grace_s);
	save(salts, now_s);
	if (salts->retry_s > now_s && salts->retry_s < next_s)
		next_s = salts->retry_s;
	pthread_mutex_unlock(&salts->saving);
	return next_s;
}

/* ---- asking ---- */

bool salts_get(struct salts *salts, const struct config_heartbeat *heartbeat,
	       char out[static SALTS_MAX + 1])
{
	char service[SERVICE_SIZE];

	out[0] = '\0';
	if (!config_heartbeat_has_keys(heartbeat))
		return false;
	service_of(service, heartbeat);
	pthread_mutex_lock(&salts->lock);
	const struct record *record = find_locked(salts, service);
	if (record != NULL)
		strlcpy(out, record->salt.current, SALTS_MAX + 1);
	pthread_mutex_unlock(&salts->lock);
	return out[0] != '\0';
}

/* Is the key of one of the lists; *suffix gets theirs. */
static bool match_locked(struct salts *salts, const struct config *config, const char *name,
			 const char *key, int64_t now_s,
			 char suffix[static AUTH_SUFFIX_MAX + 1])
{
	for (size_t i = 0; i < config->n_heartbeats; i++) {
		const struct config_heartbeat *heartbeat = &config->heartbeats[i];
		const struct record *record;
		char service[SERVICE_SIZE];

		if (!config_heartbeat_has_keys(heartbeat))
			continue;
		service_of(service, heartbeat);
		record = find_locked(salts, service);
		if (record == NULL || !fits(&record->salt, name, key, now_s))
			continue;
		if (heartbeat->name_suffix != NULL)
			strlcpy(suffix, heartbeat->name_suffix, AUTH_SUFFIX_MAX + 1);
		return true;
	}
	return false;
}

bool salts_match(struct salts *salts, const struct config *config, const char *name,
		 const char *key, int64_t now_s, char suffix[static AUTH_SUFFIX_MAX + 1])
{
	suffix[0] = '\0';
	pthread_mutex_lock(&salts->lock);
	bool is_match = fits_previous(&salts->global, name, key, now_s) ||
			match_locked(salts, config, name, key, now_s, suffix);
	pthread_mutex_unlock(&salts->lock);
	return is_match;
}

const char *salts_borrowed_suffix(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->n_heartbeats; i++) {
		const char *suffix = config->heartbeats[i].name_suffix;

		if (suffix != NULL && auth_has_suffix(name, suffix))
			return suffix;
	}
	return NULL;
}

bool salts_peek(const struct config *config, char out[static SALTS_MAX + 1])
{
	char path[PATH_SIZE], service[SERVICE_SIZE];
	bool is_found = false;
	size_t i = 0;

	out[0] = '\0';
	while (i < config->n_heartbeats && !config_heartbeat_has_keys(&config->heartbeats[i]))
		i++;
	if (i == config->n_heartbeats || config->salt_file == NULL)
		return false;
	path_of(path, config->state_dir, config->salt_file);
	service_of(service, &config->heartbeats[i]);
	cJSON *root = store_load(path, NULL);
	const cJSON *services = cJSON_GetObjectItemCaseSensitive(root, "services");
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(services, service);
	if (cJSON_IsObject(item))
		is_found = read_salt(out, item, "salt");
	cJSON_Delete(root);
	return is_found;
}

bool salts_check(const struct config *config, char *why, size_t why_size)
{
	char directory[PATH_SIZE], reason[128];

	path_of(directory, config->state_dir, config->salt_file);
	char *slash = strrchr(directory, '/');
	if (slash == NULL)
		return true;
	slash[slash == directory ? 1 : 0] = '\0';
	if (store_has_directory(directory))
		return true;
	snprintf(why, why_size,
		 "salt-file: no files can be made in %s: %s; salts count until Kurafuto ends",
		 directory, strerror_r(errno, reason, sizeof(reason)));
	return false;
}

/* ---- the whole ---- */

struct salts *salts_new(const char *directory)
{
	struct salts *salts = calloc(1, sizeof(*salts));

	if (salts == NULL)
		return NULL;
	salts->directory = strdup(directory);
	if (salts->directory == NULL) {
		free(salts);
		return NULL;
	}
	pthread_mutex_init(&salts->saving, NULL);
	pthread_mutex_init(&salts->lock, NULL);
	TAILQ_INIT(&salts->records);
	return salts;
}

void salts_free(struct salts *salts)
{
	struct record *record;

	if (salts == NULL)
		return;
	while ((record = TAILQ_FIRST(&salts->records)) != NULL) {
		TAILQ_REMOVE(&salts->records, record, entries);
		explicit_bzero(record, sizeof(*record));
		free(record);
	}
	pthread_mutex_destroy(&salts->lock);
	pthread_mutex_destroy(&salts->saving);
	free(salts->directory);
	explicit_bzero(salts, sizeof(*salts));
	free(salts);
}
