/* SPDX-License-Identifier: MIT */
/*
 * The child process: the real binary, its configuration, its stderr, its end. A helper thread
 * reads its stderr into memory and into a file; the file outlives a test that fails, and
 * harness_run() prints those that are left. Children die with the test's process
 * (PR_SET_PDEATHSIG), so a failed assertion leaves none behind.
 */
#include "harness.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BUILD_SLOWNESS 4
#else
#define BUILD_SLOWNESS 1
#endif
#define DEADLINE_MS 10000
#define ARGS_MAX    24

static char temp_dir[256];
static struct packet_catalog catalog;

/* l: guarded by lock; t: the test thread's alone. */
struct proxy {
	pid_t pid;     /* t; 0 once it has been waited for */
	uint16_t port; /* t */
	char log_path[HARNESS_PATH];
	pthread_t reader;
	int err_fd; /* the reader's */
	int log_fd; /* the reader's */
	pthread_mutex_t lock;
	pthread_cond_t grown;
	char *log;             /* l; always terminated */
	size_t size, capacity; /* l */
	bool ended;            /* l: stderr has been closed */
};

int64_t harness_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

int64_t harness_ms(int64_t ms)
{
	const char *slow = getenv("KURAFUTO_TEST_SLOW");
	int64_t factor = slow != NULL ? atoi(slow) : 0;

	return ms * (factor > 0 ? factor : BUILD_SLOWNESS);
}

struct packet_catalog *harness_catalog(void)
{
	return &catalog;
}

void harness_random(uint8_t *out, size_t n)
{
	static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

	for (size_t i = 0; i < n; i++) {
		state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		out[i] = (uint8_t)(state >> 56);
	}
}

bool harness_says(const char *text, const char *word)
{
	char plain[8192];
	size_t n = 0;

	for (; *text != '\0' && n + 1 < sizeof(plain); text++) {
		if (text[0] == '&' && text[1] != '\0')
			text++;
		else
			plain[n++] = *text;
	}
	plain[n] = '\0';
	return strcasestr(plain, word) != NULL;
}

void harness_file(char path[static HARNESS_PATH], const char *name, const char *text)
{
	FILE *file;

	snprintf(path, HARNESS_PATH, "%s/%s", temp_dir, name);
	if (text == NULL)
		return;
	file = fopen(path, "w");
	ck_assert_msg(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0, "%s: %s",
		      path, strerror(errno));
}

/* ---- the whole suite ---- */

static void print_file(const char *path, const char *name)
{
	FILE *file = fopen(path, "r");
	char line[2048];

	if (file == NULL)
		return;
	printf("---- %s: what the proxy of a failed test logged\n", name);
	while (fgets(line, sizeof(line), file) != NULL)
		printf("  %s", line);
	fclose(file);
}

static void clear_temp_dir(void)
{
	DIR *dir = opendir(temp_dir);
	struct dirent *entry;
	char path[HARNESS_PATH];

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		size_t length = strlen(entry->d_name);

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", temp_dir, entry->d_name);
		if (length > 4 && strcmp(entry->d_name + length - 4, ".log") == 0)
			print_file(path, entry->d_name);
		if (unlink(path) != 0)
			rmdir(path);
	}
	if (dir != NULL)
		closedir(dir);
	rmdir(temp_dir);
}

int harness_run(Suite *suite)
{
	const char *tmp = getenv("TMPDIR");
	SRunner *runner = srunner_create(suite);
	int failed;

	snprintf(temp_dir, sizeof(temp_dir), "%s/kurafuto-test-XXXXXX",
		 tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp");
	if (mkdtemp(temp_dir) == NULL) {
		perror(temp_dir);
		return EXIT_FAILURE;
	}
	packet_catalog_init(&catalog);
	signal(SIGPIPE, SIG_IGN);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	fflush(stdout);
	clear_temp_dir();
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

TCase *harness_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, (double)harness_ms(25000) / 1000);
	suite_add_tcase(suite, tcase);
	return tcase;
}

/* ---- starting ---- */

/* Absolute, since a child may run in another directory. */
static void binary_path(char path[static HARNESS_PATH])
{
	const char *given = getenv("KURAFUTO");
	char *real = realpath(given != NULL ? given : "./kurafuto", NULL);

	ck_assert_msg(real != NULL, "%s: %s", given != NULL ? given : "./kurafuto",
		      strerror(errno));
	snprintf(path, HARNESS_PATH, "%s", real);
	free(real);
}

/* In the child: only what is allowed between fork and exec. */
static void exec_binary(char *const argv[], const struct proxy_options *options, int err_fd)
{
	struct rlimit limit = {options->max_fds, options->max_fds};
	int null = open("/dev/null", O_RDWR);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	dup2(options->in_fd > 0 ? options->in_fd : null, STDIN_FILENO);
	dup2(options->out_fd > 0 ? options->out_fd : null, STDOUT_FILENO);
	dup2(err_fd, STDERR_FILENO);
	if ((options->cwd == NULL || chdir(options->cwd) == 0) &&
	    (options->max_fds == 0 || setrlimit(RLIMIT_NOFILE, &limit) == 0))
		execv(argv[0], argv);
	_exit(127);
}

static void collect_args(char *argv[static ARGS_MAX], const char *config,
			 const char *const *more)
{
	static char path[HARNESS_PATH], option[] = "--config", verbose[] = "-vv",
					file[HARNESS_PATH];
	static char texts[ARGS_MAX][HARNESS_PATH];
	size_t n = 0;

	binary_path(path);
	argv[n++] = path;
	if (config != NULL) {
		snprintf(file, sizeof(file), "%s", config);
		argv[n++] = option;
		argv[n++] = file;
	}
	if (config != NULL && getenv("KURAFUTO_TEST_VERBOSE") != NULL)
		argv[n++] = verbose;
	for (size_t i = 0; more != NULL && more[i] != NULL && n < ARGS_MAX - 1; i++) {
		snprintf(texts[i], sizeof(texts[i]), "%s", more[i]);
		argv[n++] = texts[i];
	}
	argv[n] = NULL;
}

static void take_stderr(struct proxy *proxy, const char *data, size_t size)
{
	ssize_t written = write(proxy->log_fd, data, size);

	(void)written;
	pthread_mutex_lock(&proxy->lock);
	if (proxy->size + size + 1 > proxy->capacity) {
		proxy->capacity = (proxy->capacity + size + 1) * 2;
		proxy->log = realloc(proxy->log, proxy->capacity);
	}
	if (proxy->log != NULL) {
		memcpy(proxy->log + proxy->size, data, size);
		proxy->size += size;
		proxy->log[proxy->size] = '\0';
	}
	pthread_cond_broadcast(&proxy->grown);
	pthread_mutex_unlock(&proxy->lock);
}

static void *stderr_reader(void *argument)
{
	struct proxy *proxy = argument;
	char data[4096];
	ssize_t n;

	while ((n = read(proxy->err_fd, data, sizeof(data))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			take_stderr(proxy, data, (size_t)n);
	pthread_mutex_lock(&proxy->lock);
	proxy->ended = true;
	pthread_cond_broadcast(&proxy->grown);
	pthread_mutex_unlock(&proxy->lock);
	return NULL;
}

static void start_reader(struct proxy *proxy, int err_fd)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&proxy->lock, NULL);
	pthread_cond_init(&proxy->grown, &attr);
	pthread_condattr_destroy(&attr);
	proxy->err_fd = err_fd;
	proxy->log_fd = open(proxy->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	take_stderr(proxy, "", 0);
	ck_assert_int_eq(pthread_create(&proxy->reader, NULL, stderr_reader, proxy), 0);
}

static pid_t spawn(char *const argv[], const struct proxy_options *options, int err_fd)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		exec_binary(argv, options, err_fd);
	ck_assert_int_gt(pid, 0);
	return pid;
}

static void read_port(struct proxy *proxy)
{
	static const char mark[] = "listening on ";
	const char *at, *end;

	proxy_wait_log(proxy, mark);
	pthread_mutex_lock(&proxy->lock);
	at = strstr(proxy->log, mark) + strlen(mark);
	end = at + strcspn(at, " \t\r\n,;\033");
	while (end > at && end[-1] != ':')
		end--;
	proxy->port = (uint16_t)atoi(end);
	pthread_mutex_unlock(&proxy->lock);
	ck_assert_msg(proxy->port != 0, "no port behind \"%s\"", mark);
}

static bool has_thread(const struct proxy *proxy, const char *name)
{
	char path[64], comm[32];
	bool is_found = false;
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%ld/task", (long)proxy->pid);
	dir = opendir(path);
	while (dir != NULL && !is_found && (entry = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "/proc/%ld/task/%.20s/comm", (long)proxy->pid,
			 entry->d_name);
		FILE *file = fopen(path, "re");

		if (file == NULL)
			continue;
		is_found = fgets(comm, sizeof(comm), file) != NULL &&
			   strncmp(comm, name, strlen(name)) == 0;
		fclose(file);
	}
	if (dir != NULL)
		closedir(dir);
	return is_found;
}

/* It listens before all of its own threads run, which counts of threads must not meet. */
static void await_threads(const struct proxy *proxy)
{
	static const char last[] = "control";
	int64_t deadline = harness_now() + harness_ms(DEADLINE_MS);

	while (!has_thread(proxy, last) && harness_now() < deadline)
		poll(NULL, 0, 1); /* /proc can't be waited for */
	ck_assert_msg(has_thread(proxy, last), "no thread \"%s\"", last);
}

/* The configuration with " for ' , in a file of its own. */
/* Scripted players send more than any other; tests of that have limits of their own. */
#define NO_FLOODS "'limits':{'packets-per-s':0,'bytes-per-s':0,'chat-per-s':0,'blocks-per-s':0}"

__attribute__((format(printf, 3, 0))) static void write_config(char path[static HARNESS_PATH],
							       bool own_address,
							       const char *members, va_list ap)
{
	static unsigned number;
	char more[16384], text[sizeof(more) + 256], name[64];

	ck_assert_int_lt(vsnprintf(more, sizeof(more), members, ap), (int)sizeof(more));
	bool has_limits = strstr(more, "'limits'") != NULL;
	snprintf(text, sizeof(text), "{%s%s%s%s}",
		 own_address ? "" : "'address':'127.0.0.1','port':0,",
		 has_limits ? "" : NO_FLOODS, has_limits || more[0] == '\0' ? "" : ",", more);
	for (char *c = text; *c != '\0'; c++)
		if (*c == '\'')
			*c = '"';
	snprintf(name, sizeof(name), "%ld-%u.json", (long)getpid(), number++);
	harness_file(path, name, text);
}

__attribute__((format(printf, 2, 0))) static struct proxy *start(
	const struct proxy_options *options, const char *members, va_list ap)
{
	static unsigned number;
	struct proxy *proxy = calloc(1, sizeof(*proxy));
	char config[HARNESS_PATH], name[64], *argv[ARGS_MAX];
	int pipe_fds[2];

	ck_assert_ptr_nonnull(proxy);
	write_config(config, options->own_address, members, ap);
	collect_args(argv, options->no_config ? NULL : config, options->args);
	ck_assert_int_eq(pipe2(pipe_fds, O_CLOEXEC), 0);
	snprintf(name, sizeof(name), "%ld-%u.log", (long)getpid(), number++);
	harness_file(proxy->log_path, name, NULL);
	proxy->pid = spawn(argv, options, pipe_fds[1]);
	close(pipe_fds[1]);
	start_reader(proxy, pipe_fds[0]);
	read_port(proxy);
	await_threads(proxy);
	return proxy;
}

struct proxy *proxy_start_with(const struct proxy_options *options, const char *members, ...)
{
	struct proxy *proxy;
	va_list ap;

	va_start(ap, members);
	proxy = start(options, members, ap);
	va_end(ap);
	return proxy;
}

struct proxy *proxy_start(const char *members, ...)
{
	static const struct proxy_options none;
	struct proxy *proxy;
	va_list ap;

	va_start(ap, members);
	proxy = start(&none, members, ap);
	va_end(ap);
	return proxy;
}

/* ---- stderr ---- */

bool proxy_logged(struct proxy *proxy, const char *text)
{
	bool found;

	pthread_mutex_lock(&proxy->lock);
	found = strstr(proxy->log, text) != NULL;
	pthread_mutex_unlock(&proxy->lock);
	return found;
}

static size_t count_locked(const struct proxy *proxy, const char *text)
{
	size_t n = 0;

	for (const char *at = proxy->log; (at = strstr(at, text)) != NULL; at += strlen(text))
		n++;
	return n;
}

size_t proxy_count_log(struct proxy *proxy, const char *text)
{
	size_t n;

	pthread_mutex_lock(&proxy->lock);
	n = count_locked(proxy, text);
	pthread_mutex_unlock(&proxy->lock);
	return n;
}

void proxy_wait_log(struct proxy *proxy, const char *text)
{
	proxy_wait_count_log(proxy, text, 1);
}

void proxy_wait_count_log(struct proxy *proxy, const char *text, size_t n)
{
	int64_t deadline = harness_now() + harness_ms(DEADLINE_MS);
	struct timespec until = {deadline / 1000, deadline % 1000 * 1000000};
	bool found;
	int status = 0;

	pthread_mutex_lock(&proxy->lock);
	while (!(found = count_locked(proxy, text) >= n) && !proxy->ended && status == 0)
		status = pthread_cond_timedwait(&proxy->grown, &proxy->lock, &until);
	pthread_mutex_unlock(&proxy->lock);
	ck_assert_msg(found, "the log never said \"%s\"%s%s", text, n > 1 ? " so often" : "",
		      status == 0 ? "; the process has ended" : "");
}

/* ---- its end ---- */

void proxy_signal(struct proxy *proxy, int signal_number)
{
	ck_assert_int_eq(kill(proxy->pid, signal_number), 0);
}

/* Waits with a deadline; a process that does not end is killed. True if it ended by itself. */
static bool wait_for_end(pid_t pid, int *status)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd waiting = {fd, POLLIN, 0};
	int ready = poll(&waiting, 1, (int)harness_ms(DEADLINE_MS));

	close(fd);
	if (ready <= 0)
		kill(pid, SIGKILL);
	waitpid(pid, status, 0);
	return ready > 0;
}

int proxy_wait(struct proxy *proxy)
{
	int status = 0;
	bool ended = wait_for_end(proxy->pid, &status);

	proxy->pid = 0;
	pthread_join(proxy->reader, NULL);
	close(proxy->err_fd);
	close(proxy->log_fd);
	ck_assert_msg(ended, "the process did not end in time");
	return status;
}

void proxy_free(struct proxy *proxy)
{
	static const char *const reports[] = {"ERROR: AddressSanitizer",
					      "WARNING: ThreadSanitizer",
					      "runtime error:", "LeakSanitizer"};

	for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++)
		ck_assert_msg(strstr(proxy->log, reports[i]) == NULL, "the log has a %s",
			      reports[i]);
	unlink(proxy->log_path);
	pthread_mutex_destroy(&proxy->lock);
	pthread_cond_destroy(&proxy->grown);
	free(proxy->log);
	free(proxy);
}

void proxy_stop(struct proxy *proxy)
{
	int status;

	proxy_signal(proxy, SIGTERM);
	status = proxy_wait(proxy);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "ended with status 0x%x",
		      (unsigned)status);
	proxy_free(proxy);
}

/* ---- facts ---- */

uint16_t proxy_port(const struct proxy *proxy)
{
	return proxy->port;
}

pid_t proxy_pid(const struct proxy *proxy)
{
	return proxy->pid;
}

static unsigned count_entries(const struct proxy *proxy, const char *what)
{
	char path[64];
	unsigned n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%ld/%s", (long)proxy->pid, what);
	dir = opendir(path);
	while (dir != NULL && readdir(dir) != NULL)
		n++;
	if (dir != NULL)
		closedir(dir);
	return n > 2 ? n - 2 : 0;
}

unsigned proxy_threads(const struct proxy *proxy)
{
	return count_entries(proxy, "task");
}

unsigned proxy_fds(const struct proxy *proxy)
{
	return count_entries(proxy, "fd");
}

unsigned proxy_rss_kib(const struct proxy *proxy)
{
	unsigned long pages = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/statm", (long)proxy->pid);
	file = fopen(path, "r");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%*u %lu", &pages) != 1)
		pages = 0;
	fclose(file);
	return (unsigned)(pages * (unsigned long)sysconf(_SC_PAGESIZE) / 1024);
}

/* Does every thread sleep: none runs, or could run if it were its turn. */
static bool all_threads_sleep(const struct proxy *proxy)
{
	char path[64 + NAME_MAX], line[512];
	bool is_asleep = true;
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%ld/task", (long)proxy->pid);
	dir = opendir(path);
	while (dir != NULL && is_asleep && (entry = readdir(dir)) != NULL) {
		const char *state = NULL;
		FILE *file;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%ld/task/%s/stat", (long)proxy->pid,
			 entry->d_name);
		file = fopen(path, "r");
		if (file != NULL && fgets(line, sizeof(line), file) != NULL)
			state = strrchr(line, ')'); /* "7 (name) S ..." */
		is_asleep = state != NULL && strncmp(state, ") S", 3) == 0;
		if (file != NULL)
			fclose(file);
	}
	if (dir != NULL)
		closedir(dir);
	return dir != NULL && is_asleep;
}

bool proxy_is_stuck(const struct proxy *proxy, const struct peer *peer)
{
	bool is_stuck = true;

	for (unsigned i = 0; i < 2 && is_stuck; i++) {
		poll(NULL, 0, 10); /* /proc can't be waited for */
		is_stuck = proxy_unread(peer) > 0 && all_threads_sleep(proxy);
	}
	return is_stuck;
}

void proxy_flood(const struct proxy *proxy, struct peer *const *peers, size_t n,
		 const uint8_t *packets, size_t size)
{
	size_t at[64] = {0};
	bool is_moving;

	ck_assert_uint_le(n, sizeof(at) / sizeof(at[0]));
	do {
		is_moving = false;
		for (size_t i = 0; i < n; i++) {
			ssize_t sent = send(peers[i]->fd, packets + at[i], size - at[i],
					    MSG_NOSIGNAL | MSG_DONTWAIT);

			ck_assert_msg(sent > 0 || errno == EAGAIN, "the flood broke off: %s",
				      strerror(errno));
			is_moving |= sent > 0;
			at[i] = sent > 0 ? (at[i] + (size_t)sent) % size : at[i];
		}
	} while (is_moving || !proxy_is_stuck(proxy, peers[n - 1]));
}

void proxy_deafen(const struct proxy *proxy, struct peer *const *links, size_t n)
{
	uint8_t noise[66 * 64];

	for (size_t size = 0; size < sizeof(noise); size += 66)
		packet_write_message(noise + size, 0, "noise");
	proxy_flood(proxy, links, n, noise, sizeof(noise));
}

void proxy_wait_counts(const struct proxy *proxy, unsigned threads, unsigned fds)
{
	int64_t deadline = harness_now() + harness_ms(DEADLINE_MS);

	while ((proxy_threads(proxy) > threads || proxy_fds(proxy) > fds) &&
	       harness_now() < deadline)
		poll(NULL, 0, 5); /* /proc can't be waited for */
	ck_assert_uint_le(proxy_threads(proxy), threads);
	ck_assert_uint_le(proxy_fds(proxy), fds);
}

/* ---- one run to the end ---- */

static void gather(int fds[2], struct run *run)
{
	char *texts[2] = {run->out, run->err};
	size_t sizes[2] = {0, 0};
	int64_t deadline = harness_now() + harness_ms(DEADLINE_MS);
	struct pollfd polled[2] = {{fds[0], POLLIN, 0}, {fds[1], POLLIN, 0}};

	while (polled[0].fd >= 0 || polled[1].fd >= 0) {
		if (poll(polled, 2, (int)(deadline - harness_now())) <= 0)
			break;
		for (int i = 0; i < 2; i++) {
			ssize_t n;

			if (polled[i].fd < 0 || polled[i].revents == 0)
				continue;
			n = read(fds[i], texts[i] + sizes[i], sizeof(run->out) - 1 - sizes[i]);
			sizes[i] += n > 0 ? (size_t)n : 0;
			texts[i][sizes[i]] = '\0';
			if (n <= 0)
				polled[i].fd = -1;
		}
	}
}

void run_binary(struct run *run, const char *cwd, const char *const *args)
{
	int out[2], err[2], status = 0;
	char *argv[ARGS_MAX];
	bool ended;
	pid_t pid;

	memset(run, 0, sizeof(*run));
	collect_args(argv, NULL, args);
	ck_assert(pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0);
	const struct proxy_options options = {.cwd = cwd, .out_fd = out[1]};

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		exec_binary(argv, &options, err[1]);
	ck_assert_int_gt(pid, 0);
	close(out[1]);
	close(err[1]);
	gather((int[2]){out[0], err[0]}, run);
	close(out[0]);
	close(err[0]);
	ended = wait_for_end(pid, &status);
	ck_assert_msg(ended, "the process did not end: %s%s", run->out, run->err);
	run->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
