/* SPDX-License-Identifier: MIT */
/*
 * The configuration in force, and who still holds an older one. The one idea: a thread holds
 * the snapshot that it works with, so its address can't be that of a newer one, and one
 * comparison with the address in force tells whether there is a newer one.
 */
#include "config_current.h"

#include <pthread.h>
#include <stdatomic.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(struct config *) current; /* changed under lock; holds one reference */

static _Thread_local struct config *held; /* this thread's, with one reference, or NULL */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_end; /* has what is held, for the destructor */

void config_release(const struct config *config)
{
	size_t left;

	if (config == NULL)
		return;
	pthread_mutex_lock(&lock);
	left = --config->self->references;
	pthread_mutex_unlock(&lock);
	if (left == 0)
		config_free(config->self);
}

static void put_in_force(struct config *config)
{
	const struct config *before;

	pthread_mutex_lock(&lock);
	if (config != NULL) {
		config->references = 1;
		config->self = config;
	}
	before = atomic_exchange(&current, config);
	pthread_mutex_unlock(&lock);
	config_release(before);
}

void config_publish(struct config *config)
{
	put_in_force(config);
}

void config_retire(void)
{
	put_in_force(NULL);
}

static void let_go(void *config)
{
	held = NULL;
	config_release(config);
}

static void make_key(void)
{
	pthread_key_create(&at_end, let_go);
}

static void hold_current(void)
{
	pthread_once(&once, make_key);
	pthread_mutex_lock(&lock);
	held = atomic_load(&current);
	if (held != NULL)
		held->references++;
	pthread_mutex_unlock(&lock);
	pthread_setspecific(at_end, held);
}

const struct config *config_now(void)
{
	if (held == NULL)
		hold_current();
	return held;
}

void config_settle(void)
{
	if (held == NULL || held == atomic_load(&current))
		return;
	pthread_setspecific(at_end, NULL);
	let_go(held);
}

const struct config *config_hold(void)
{
	if (config_now() == NULL)
		return NULL;
	pthread_mutex_lock(&lock);
	held->references++;
	pthread_mutex_unlock(&lock);
	return held;
}

char *config_vmessage(char *out, size_t size, enum message message, va_list pairs)
{
	const struct config *config = config_now();

	return message_vformat(out, size, config != NULL ? config->messages.items : NULL,
			       message, pairs);
}

char *config_message(char *out, size_t size, enum message message, ...)
{
	va_list pairs;

	va_start(pairs, message);
	config_vmessage(out, size, message, pairs);
	va_end(pairs);
	return out;
}
