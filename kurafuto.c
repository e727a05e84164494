/* SPDX-License-Identifier: MIT */
/*
 * Options, signals, the accept loop, shutdown. Knows every other module and puts them together;
 * the main thread only accepts and waits for signals, and never blocks on a player.
 */
#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "auth.h"
#include "bans.h"
#include "commands.h"
#include "config_current.h"
#include "console.h"
#include "control.h"
#include "filters.h"
#include "guard.h"
#include "heartbeat.h"
#include "hooks.h"
#include "invite.h"
#include "listeners.h"
#include "lobby.h"
#include "log.h"
#include "net.h"
#include "salts.h"
#include "server.h"
#include "session.h"
#include "store.h"
#include "trace.h"

#define DEFAULT_FILE    "kurafuto.json"
#define SOFTWARE        "Kurafuto " KURAFUTO_VERSION
#define SHUTDOWN_MS     3000 /* players' time to read that the server is shutting down */
#define WARN_EVERY_MS   1000
#define SWEEP_MS        1000 /* how often sessions are swept */
#define ACCEPT_PAUSE_MS 100  /* after an accept that failed for want of memory */

enum mode { MODE_RUN, MODE_CHECK, MODE_PRINT, MODE_KEY, MODE_KEYS_MDOC };

struct options {
	enum mode mode;
	const char *file;     /* NULL: DEFAULT_FILE if it exists */
	const char *key_name; /* MODE_KEY */
	int verbosity;
};

/* All that runs. Main thread only. */
struct program {
	const struct config *config; /* of the start */
	int verbosity;
	char salt[AUTH_SALT_LEN + 1]; /* where the configuration has none */
	char *state_dir;              /* of the start: a reload does not move files */
	struct registry *registry;
	struct lobby *lobby;
	struct hooks *hooks;
	struct session_world world;
	struct commands *commands;
	struct control *control;
	struct listeners *listeners;
	struct bans *bans;
	struct guard *guard;
	struct places *places;
	struct salts *salts;
	struct heartbeat *heartbeat;
	int signals, wake; /* a signalfd(2), an eventfd(2) */
	int spare;         /* a descriptor kept for telling one client that there are no more */
	int64_t warned_ms; /* when that was logged last */
};

static const char help_text[] =
	"usage: kurafuto [options]\n"
	"A load balancer and proxy for Minecraft Classic: one address, many servers.\n"
	"\n"
	"  -c, --config FILE    the configuration (default: kurafuto.json in this directory,\n"
	"                       else built-in defaults: the lobby alone); also -config=FILE\n"
	"  -t, --check-config   check the configuration, print OK or every fault, and exit (0 "
	"or 78)\n"
	"      --print-config   print the effective configuration as JSON and exit\n"
	"      --key NAME       print the key (mppass) of a player and a mc:// link, and exit\n"
	"  -v, -vv              log more: details; every packet (also -v=1, -v=2)\n"
	"      --print-mdoc     print the table of keys as the manual has it, and exit\n"
	"      --version        print the version and exit\n"
	"  -h, --help           print this and exit\n"
	"\n"
	"While it runs: lines on the terminal are commands, which help lists; SIGHUP reads\n"
	"the configuration again; Ctrl-C and SIGTERM end it.\n"
	"The configuration is described in kurafuto.json(5), everything else in kurafuto(8).\n";

/* Exits with one line about the command line. Only before the first thread. */
__attribute__((format(printf, 1, 2), noreturn)) static void usage_error(const char *format, ...)
{
	va_list arguments;

	fputs("kurafuto: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputs(" (see kurafuto --help)\n", stderr);
	exit(EX_USAGE);
}

/* "-v" once more, or "-v=2" as the original program had it. */
static int take_verbosity(int verbosity, const char *value)
{
	const char *problem;
	long long n;

	if (value == NULL)
		return verbosity + 1;
	n = strtonum(value, 0, 2, &problem);
	if (problem != NULL)
		usage_error("-v=%s: a verbosity is 0, 1 or 2", value);
	return (int)n;
}

static void take_option(struct options *options, int option, char **argv)
{
	switch (option) {
	case 'c':
		options->file = optarg;
		break;
	case 't':
		options->mode = MODE_CHECK;
		break;
	case 'p':
		options->mode = MODE_PRINT;
		break;
	case 'm':
		options->mode = MODE_KEYS_MDOC;
		break;
	case 'k':
		options->mode = MODE_KEY;
		options->key_name = optarg;
		break;
	case 'v':
		options->verbosity = take_verbosity(options->verbosity, optarg);
		break;
	case 'w':
		options->verbosity = 2;
		break;
	case 'V':
		puts(SOFTWARE);
		exit(EXIT_SUCCESS);
	case 'h':
		fputs(help_text, stdout);
		exit(EXIT_SUCCESS);
	case ':':
		usage_error("%s needs a value", argv[optind - 1]);
	default:
		usage_error("there is no option %s", argv[optind - 1]);
	}
}

static void parse_options(struct options *options, int argc, char **argv)
{
	/* clang-format off */
	static const struct option table[] = {
		{ "config",       required_argument, NULL, 'c' },
		{ "check-config", no_argument,       NULL, 't' },
		{ "print-config", no_argument,       NULL, 'p' },
		{ "print-mdoc",   no_argument,       NULL, 'm' }, /* the table of keys for kurafuto.json.5 */
		{ "key",          required_argument, NULL, 'k' },
		{ "v",            optional_argument, NULL, 'v' },
		{ "vv",           no_argument,       NULL, 'w' },
		{ "version",      no_argument,       NULL, 'V' },
		{ "help",         no_argument,       NULL, 'h' },
		{ NULL,           0,                 NULL, 0 },
	};
	/* clang-format on */
	int option;

	opterr = 0;
	/* _only: the original program spelled its options -config=FILE and -v=2 */
	while ((option = getopt_long_only(argc, argv, ":c:tvh", table, NULL)) != -1)
		take_option(options, option, argv);
	if (optind < argc)
		usage_error("%s: there is nothing but options", argv[optind]);
}

static void report_fault(void *context, bool is_fault, const char *message)
{
	const char *const *at = context, *path = *at;

	if (path != NULL && strncmp(message, path, strlen(path)) == 0)
		path = NULL; /* the message has it, with line and column */

	fprintf(stderr, "kurafuto: %s%s%s%s\n", path != NULL ? path : "",
		path != NULL ? ": " : "", is_fault ? "" : "warning: ", message);
}

/* The configuration of the options; exits with 78 on any fault. */
static struct config *load(const struct options *options)
{
	const char *path = options->file;
	struct config *config;

	if (path == NULL && access(DEFAULT_FILE, F_OK) == 0)
		path = DEFAULT_FILE;
	config = config_load(path, report_fault, &path);
	if (config == NULL)
		exit(EX_CONFIG);
	return config;
}

/* Can what Kurafuto keeps be saved, as things are. False, with a sentence in why. */
static bool check_state_dir(const struct config *config, char *why, size_t why_size)
{
	char reason[128];

	if (store_has_directory(config->state_dir))
		return true;
	snprintf(why, why_size,
		 "state-dir: no files can be made in %s: %s; bans and whatever else is kept "
		 "there count until Kurafuto ends",
		 config->state_dir, strerror_r(errno, reason, sizeof(reason)));
	return false;
}

/* What -t says of a configuration without faults. */
static void print_check(const struct config *config)
{
	char why[PATH_MAX + 256];
	const char *path = config->path;

	if (!check_state_dir(config, why, sizeof(why)))
		report_fault(&path, false, why);
	if (!salts_check(config, why, sizeof(why)))
		report_fault(&path, false, why);
	puts("OK");
}

static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		log_warn("cannot raise the limit of open files above %llu",
			 (unsigned long long)limit.rlim_cur);
}

static sigset_t our_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	return set;
}

/* Signals arrive as bytes on a descriptor; every later thread inherits the mask. */
static bool open_signals(struct program *program)
{
	sigset_t set = our_signals();

	signal(SIGPIPE, SIG_IGN);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	program->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return program->signals >= 0;
}

static void exit_now(int signal_number)
{
	_exit(128 + signal_number);
}

/* From now on a signal ends the program at once. */
static void arm_second_signal(void)
{
	struct sigaction action = {.sa_handler = exit_now};
	sigset_t set = our_signals();

	sigdelset(&set, SIGHUP);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void on_portal(void *context, const char *player, struct server *target, char *answer,
		      size_t size)
{
	(void)context;
	commands_enter_portal(player, target, answer, size);
}

/* What the lobby calls the place for a player who comes in. */
static bool name_place(void *context, const char *player, char *name, size_t size)
{
	struct session *session = session_find(player);

	(void)context;
	if (session != NULL)
		session_place_name(session, name, size);
	session_release(session);
	return session != NULL;
}

/* A new player's first steps need listening sockets, also for those that a reload opens. */
static bool open_listeners(struct program *program)
{
	char why[256];

	program->listeners = listeners_new();
	if (program->listeners != NULL &&
	    listeners_prepare(program->listeners, program->config, why, sizeof(why))) {
		listeners_commit(program->listeners, program->config);
		return true;
	}
	log_error("%s", program->listeners == NULL ? "no memory to start" : why);
	return false;
}

/* The lobby is there even while it is switched off: a reload may switch it on. */
static bool open_lobby(struct program *program)
{
	static const struct lobby_calls calls = {.portal = on_portal, .name = name_place};
	char why[256] = "no memory";
	struct lobby_plan plan;

	struct server **portals = control_plan_lobby(&plan, program->config);
	if (portals != NULL)
		program->lobby = lobby_new(&plan, &calls, why, sizeof(why));
	free(portals);
	if (program->lobby == NULL) {
		log_error("the lobby does not start: %s", why);
		return false;
	}
	registry_set_lobby(program->registry, lobby_dial, program->lobby);
	return true;
}

static void say_servers(const struct program *program)
{
	const struct config *config = program->config;

	if (config->n_servers == 0)
		log_info("no servers are linked yet: players stand in the lobby; add servers "
			 "to \"servers\" in %s",
			 program->config->path != NULL ? program->config->path : DEFAULT_FILE);
	for (size_t i = 0; i < config->n_servers; i++) {
		const struct server *server = config->servers[i].server;
		char address[SERVER_ADDRESS_MAX];

		server_address(server, address);
		log_info("linked server %s at %s%s", server_name(server), address,
			 registry_is_hub(config, &config->hubs, server) ? " (hub)" : "");
	}
}

static void say_who_may_join(const struct config *config)
{
	if (!config->verify_names)
		log_warn("verify-names is false: anybody can join under any name");
	else if (!config->verify_lan)
		log_info("verify-lan is false: players from loopback and private addresses "
			 "need no key");
	bool has_keys = config->salt != NULL;
	for (size_t i = 0; i < config->n_heartbeats; i++) {
		const struct config_heartbeat *heartbeat = &config->heartbeats[i];

		log_info("heartbeat to %s every %u s%s", heartbeat->url, heartbeat->interval_s,
			 heartbeat->is_public ? "" : ", not public");
		has_keys |= config_heartbeat_has_keys(heartbeat);
	}
	if (config->verify_names && !has_keys)
		log_warn("verify-names is true, but there is no \"salt\" and no server list "
			 "that hands out keys: nobody%s can join",
			 config->verify_lan
				 ? ""
				 : " but players from loopback and private addresses");
}

/* Tells the admin what runs, and how to get in. */
static void say_hello(const struct program *program)
{
	const struct config *config = program->config;
	char address[NET_ADDR_TEXT];

	say_servers(program);
	say_who_may_join(config);
	invite_address(address, config, listeners_port(program->listeners, config, 0));
	if (config->accept_proxy)
		log_info("join through one of trusted-proxies: nobody else may connect to %s",
			 address);
	else
		log_info("join with ClassiCube: Direct connect to %s, or the link "
			 "mc://%s/NAME/",
			 address, address);
}

/* The parts that don't need each other. Signals first: threads begin here. */
static bool open_parts(struct program *program)
{
	bool has_signals = open_signals(program);
	char why[PATH_MAX + 256];

	if (!check_state_dir(program->config, why, sizeof(why)))
		log_warn("%s", why);
	auth_salt(program->salt);
	program->state_dir = strdup(program->config->state_dir);
	program->registry = registry_new();
	program->hooks = hooks_new();
	program->bans = bans_new(program->config->state_dir);
	program->guard = guard_new();
	program->places = places_new(program->config->state_dir);
	program->salts = salts_new(program->config->state_dir);
	program->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	program->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (has_signals && program->state_dir != NULL && program->registry != NULL &&
	    program->hooks != NULL && program->bans != NULL && program->places != NULL &&
	    program->salts != NULL && program->guard != NULL && program->wake >= 0) {
		salts_follow(program->salts, program->config, time(NULL));
		return true;
	}
	log_error("no memory, descriptors or threads to start");
	return false;
}

/* Puts the configuration in force, which from then on is not ours any more. */
static bool enforce(struct program *program, struct config *config)
{
	if (!registry_prepare(program->registry, config)) {
		log_error("no memory to start");
		return false;
	}
	registry_commit(program->registry, config);
	trace_mask(config->redirect_token);
	config_publish(config);
	return true;
}

static unsigned count_players(void *context)
{
	(void)context;
	return session_players();
}

static uint16_t find_port(void *context, const struct config *config, size_t listener)
{
	const struct program *program = context;

	return listeners_port(program->listeners, config, listener);
}

static bool open_heartbeat(struct program *program)
{
	const struct heartbeat_parts parts = {
		.salts = program->salts,
		.directory = program->config->state_dir,
		.software = SOFTWARE,
		.players = count_players,
		.port = find_port,
		.context = program,
	};

	program->heartbeat = heartbeat_init() ? heartbeat_new(&parts) : NULL;
	return program->heartbeat != NULL;
}

/* What acts on the running program: commands and their means. */
static bool open_control(struct program *program)
{
	const struct control_parts parts = {
		.path = program->config->path,
		.verbosity = program->verbosity,
		.registry = program->registry,
		.listeners = program->listeners,
		.lobby = program->lobby,
		.world = &program->world,
		.heartbeat = program->heartbeat,
		.wake_fd = program->wake,
	};

	program->control = control_new(&parts);
	if (program->control == NULL)
		return false;
	const struct commands_control means = control_for_commands(program->control);
	program->commands = commands_new(&program->world, &means);
	return program->commands != NULL && filters_attach(program->hooks) &&
	       commands_attach(program->commands, program->hooks);
}

static bool open_program(struct program *program, struct config *config)
{
	if (!open_parts(program) || !enforce(program, config))
		return false;
	program->world = (struct session_world){
		.registry = program->registry,
		.hooks = program->hooks,
		.bans = program->bans,
		.places = program->places,
		.guard = program->guard,
		.salt = program->salt,
		.salts = program->salts,
		.version = SOFTWARE,
		.state_dir = program->state_dir,
		.started_ms = net_now_ms(),
	};
	if (!open_listeners(program) || !open_lobby(program))
		return false;
	if (open_heartbeat(program) && open_control(program))
		return true;
	log_error("no memory to start");
	return false;
}

/* Ends all threads but those of sessions and the lobby, each within about a second. False if
 * one hangs, in a command or a dead mount, say: it still uses what would be freed. The console
 * first, whose commands need the others. */
static bool stop_threads(struct program *program)
{
	bool has_console_ended = console_stop();
	bool has_control_ended = control_stop(program->control);
	bool is_saved = places_stop(program->places);
	bool has_heartbeat_ended = heartbeat_stop(program->heartbeat);
	bool has_registry_ended = registry_stop(program->registry);

	if (!has_console_ended)
		log_warn("a command on the terminal did not end in time");
	if (!has_control_ended)
		log_warn("a reload did not end in time");
	if (!is_saved)
		log_warn("where players were could not be saved in time");
	return has_console_ended && has_control_ended && is_saved && has_heartbeat_ended &&
	       has_registry_ended;
}

/* Frees everything, without threads. */
static void close_program(struct program *program)
{
	control_free(program->control);
	heartbeat_free(program->heartbeat);
	lobby_free(program->lobby);
	commands_free(program->commands);
	hooks_free(program->hooks);
	bans_free(program->bans);
	guard_free(program->guard);
	places_free(program->places);
	salts_free(program->salts);
	free(program->state_dir);
	registry_free(program->registry);
	listeners_free(program->listeners);
	config_retire();
	config_settle();
	close(program->signals);
	close(program->wake);
	close(program->spare);
}

static void open_spare(struct program *program)
{
	if (program->spare < 0)
		program->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* No descriptor is left: the spare one takes a client in for just long enough to tell it so. */
static void refuse_one(struct program *program, int listener)
{
	int64_t now = net_now_ms();
	int fd;

	if (now - program->warned_ms >= WARN_EVERY_MS) {
		program->warned_ms = now;
		log_warn("no file descriptors left: players are turned away (%u sessions)",
			 session_count());
	}
	if (program->spare >= 0)
		close(program->spare);
	program->spare = -1;
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		session_refuse(fd, MESSAGE_FULL);
	else
		poll(NULL, 0,
		     ACCEPT_PAUSE_MS); /* somebody was quicker: the listener stays ready */
	open_spare(program);
}

/* Takes one client in. */
static void accept_one(struct program *program, int listener)
{
	struct net_addr peer = {.len = sizeof(peer.storage)};
	struct config_listener fallback;
	int fd = accept4(listener, (struct sockaddr *)&peer.storage, &peer.len, SOCK_CLOEXEC);

	open_spare(program);
	if (fd >= 0)
		session_start(&program->world, fd, &peer,
			      listeners_row(program->listeners, listener, &fallback));
	else if (errno == EMFILE || errno == ENFILE)
		refuse_one(program, listener);
	else if (errno == ENOBUFS || errno == ENOMEM)
		poll(NULL, 0, ACCEPT_PAUSE_MS);
}

/* What a signal asks for: true to stop. */
static bool take_signal(struct program *program)
{
	struct signalfd_siginfo info;

	if (read(program->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return false;
	if (info.ssi_signo == SIGHUP)
		control_ask_reload(program->control);
	return info.ssi_signo != SIGHUP;
}

/* One round of the main thread. False: the program is to end. */
static bool serve_once(struct program *program)
{
	struct pollfd fds[2 + CONFIG_LISTENERS_MAX] = {
		{.fd = program->signals, .events = POLLIN},
		{.fd = program->wake, .events = POLLIN},
	};
	size_t n = 2 + listeners_poll(program->listeners, fds + 2, CONFIG_LISTENERS_MAX);
	uint64_t wakes;

	if (poll(fds, n, control_wait_ms(program->control, SWEEP_MS)) < 0)
		return errno == EINTR;
	config_settle();
	if (fds[1].revents != 0)
		(void)!read(program->wake, &wakes, sizeof(wakes));
	for (size_t i = 2; i < n; i++)
		if (fds[i].revents != 0)
			accept_one(program, fds[i].fd);
	return !(fds[0].revents != 0 && take_signal(program)) &&
	       !control_is_over(program->control);
}

static void serve(struct program *program)
{
	int64_t sweep_ms = 0;

	do {
		if (net_now_ms() < sweep_ms)
			continue;
		sweep_ms = net_now_ms() + SWEEP_MS;
		session_sweep();
		session_sweep_door(&program->world);
	} while (serve_once(program));
}

/* The terminal is the last to come and the first to go. */
static void start_threads(struct program *program)
{
	const struct console_options terminal = {
		.line = commands_run_line,
		.complete = commands_complete,
		.context = program->commands,
	};

	if (!registry_start(program->registry))
		log_error("no thread for health checks: servers are tried only when players "
			  "join");
	if (!heartbeat_start(program->heartbeat))
		log_error("no thread for heartbeats: server lists are told nothing");
	if (!control_start(program->control))
		log_error("no thread for reloads and stops: SIGTERM ends the program");
	console_start(&terminal);
}

static int run(const struct options *options, struct config *config)
{
	struct program program = {.config = config,
				  .verbosity = options->verbosity,
				  .signals = -1,
				  .wake = -1,
				  .spare = -1};
	char reason[128];

	log_init(control_log_level(config, options->verbosity), config->log_color,
		 config->log_timestamps);
	log_info("%s, %s", SOFTWARE,
		 config->path != NULL
			 ? config->path
			 : "no kurafuto.json here: built-in defaults, the lobby alone");
	raise_file_limit();
	if (!open_program(&program, config)) {
		if (stop_threads(&program))
			close_program(&program);
		return EXIT_FAILURE;
	}
	say_hello(&program);
	start_threads(&program);
	serve(&program);
	listeners_close(program.listeners);
	session_close_door();
	arm_second_signal();
	log_info("shutting down, players online: %u", session_players());
	control_reason(program.control, reason, sizeof(reason));
	session_end_all(SHUTDOWN_MS,
			reason[0] != '\0' ? MESSAGE_SHUTDOWN_REASON : MESSAGE_SHUTDOWN,
			"reason", reason, NULL);
	bool have_threads_ended = stop_threads(&program);
	if (session_count() > 0)
		log_warn("%u sessions did not end in time", session_count());
	if (session_count() > 0 || !have_threads_ended)
		_exit(EXIT_SUCCESS); /* threads still use what would be freed */
	close_program(&program);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct options options = {.mode = MODE_RUN};
	struct config *config;
	int status = EXIT_SUCCESS;

	parse_options(&options, argc, argv);
	if (options.mode == MODE_KEYS_MDOC) {
		config_print_mdoc(stdout);
		return EXIT_SUCCESS;
	}
	config = load(&options);
	if (options.mode == MODE_CHECK)
		print_check(config);
	else if (options.mode == MODE_PRINT)
		status = config_print(config, stdout) ? EXIT_SUCCESS : EX_SOFTWARE;
	else if (options.mode == MODE_KEY)
		status = invite_print(config, options.key_name);
	if (options.mode == MODE_RUN)
		return run(&options, config); /* which takes it over */
	config_free(config);
	return status;
}
