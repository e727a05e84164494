# SPDX-License-Identifier: MIT
# Builds, tests, checks and installs Kurafuto. `make help` lists what there is to make.
#
# The architecture, lowest floor first: a module may use those of its own floor and below, never in a circle
# (tests/check-layers). The part of a name before the first _ is its module: config_keys belongs to config.
FLOOR0 := log net net_network text bucket
FLOOR1 := packet layout hooks config config_keys config_json config_print config_values config_servers config_balance config_proxies config_heartbeats config_limits config_paths config_ranks config_kicks config_addresses \
	config_current config_diff console console_edit console_output messages balance ranks store bans bans_file bans_load bans_target bans_duration places auth salts blocks footprint level chat redirect proxy_header websocket http_head upgrade stream web_port flood
FLOOR2 := listeners guard invite heartbeat heartbeat_form heartbeat_wire mask trace server server_choose server_report server_health server_check server_resolve server_pool negotiate translate
FLOOR3 := world lobby lobby_show session session_web session_door session_avoid session_queue session_crowd session_admin session_move session_login session_proxy session_offer session_say session_client session_link session_wait session_jump session_journey session_return session_server \
	session_packets session_output session_signals
FLOOR4 := commands commands_find commands_player commands_queue commands_admin commands_server commands_program commands_complete filters
FLOOR5 := control kurafuto
FLOORS := $(FLOOR0) : $(FLOOR1) : $(FLOOR2) : $(FLOOR3) : $(FLOOR4) : $(FLOOR5)
MODULES := $(filter-out :,$(FLOORS))

VERSION := 0.1.0
PREFIX  ?= /usr/local
DESTDIR ?=
ARGS    ?=
T       ?= 10
SEEDS   ?= 3000
LIBS    := libmd libbsd libcjson zlib libedit libcurl

# SAN=address,undefined or SAN=thread builds another flavour, in a directory of its own.
comma   := ,
FLAVOUR := $(if $(SAN),$(or $(if $(findstring thread,$(SAN)),tsan),$(if $(findstring address,$(SAN)),asan),\
	$(subst $(comma),-,$(SAN))),plain)
BUILD   := build/$(FLAVOUR)

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wformat=2 -Wundef -Wvla \
	-Wcast-qual -Wstrict-prototypes -Wmissing-prototypes -Wimplicit-fallthrough -Wnull-dereference \
	$(if $(WERROR),-Werror)
LANGUAGE := -std=c17 -D_GNU_SOURCE -DKURAFUTO_VERSION='"$(VERSION)"' -pthread -fno-common -I.
HARDENED := -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection
SANITIZE := -O1 -fno-omit-frame-pointer -fsanitize=$(SAN) -fno-sanitize-recover=undefined

# pkg-config is asked when a recipe runs, not when this file is read: `make deps test` installs it first.
COMPILE = $(CC) $(LANGUAGE) $(WARNINGS) -g -fPIE $(if $(SAN),$(SANITIZE),$(HARDENED)) \
	$(shell pkg-config --cflags $(LIBS)) $(CPPFLAGS) $(CFLAGS)
# Only gcc's static runtimes write all their reports where *SAN_OPTIONS say; clang's are always static.
LINK    = $(CC) -pthread -pie -Wl,-z,relro,-z,now $(if $(SAN),-fsanitize=$(SAN)) \
	$(if $(findstring undefined,$(SAN)),$(if $(findstring clang,$(CC)),,-static-libubsan -static-libasan)) \
	$(CFLAGS) $(LDFLAGS)
LDLIBS  = $(shell pkg-config --libs $(LIBS)) -lresolv -lm

# One short line a command; V=1 shows the commands.
Q   := $(if $(V),,@)
say = $(if $(V),,@printf '  %-6s %s\n' $(1) $(2))

BINARY       := $(BUILD)/kurafuto
OBJECTS      := $(MODULES:%=$(BUILD)/%.o)
LINKED       := $(filter-out $(BUILD)/kurafuto.o,$(OBJECTS))
HARNESS      := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/harness*.c))
STUCK        := $(BUILD)/tests/stuck.so
UNIT_TESTS   := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/test_*.c))
IT_TESTS     := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/it_*.c))
# Start first, so that none of them runs alone at the end; the others follow, and those that wait most lead.
LONGEST      := $(filter $(addprefix %/,it_queue it_return it_jump_faults it_admin_servers test_pool test_lobby_change it_websocket it_forward_web),\
	$(IT_TESTS) $(UNIT_TESTS))
THOROUGH     := $(filter %/it_oracle %/it_jump_faults,$(IT_TESTS))
NPM_TESTS    := $(wildcard tests/npm/*.test.js)
FUZZERS      := $(patsubst %.c,build/%,$(wildcard fuzz/fuzz_*.c))
SOURCES      := $(wildcard *.c tests/*.c fuzz/*.c)
HEADERS      := $(wildcard *.h tests/*.h)

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all run test test-unit test-it thorough pool-gain deps deps-lint install uninstall format format-check lint check-layers \
	check-messages check-headers man npm-packages fuzz clean help have-build have-test FORCE

all: $(if $(SAN),$(BINARY),kurafuto) ## build ./kurafuto (with SAN: build/<flavour>/kurafuto)

kurafuto: $(BINARY)
	$(Q)ln -f $< $@

run: all ## build and run; ARGS='-v -c FILE' passes options
	$(if $(SAN),$(BINARY),./kurafuto) $(ARGS)

$(BINARY): $(OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(LINK) -o $@ $^ $(LDLIBS)

$(UNIT_TESTS): $(BUILD)/tests/%: $(BUILD)/tests/%.o $(LINKED)
	$(call say,LINK,$@)
	$(Q)$(LINK) -o $@ $^ $(LDLIBS) $(shell pkg-config --libs check)

$(IT_TESTS): $(BUILD)/tests/%: $(BUILD)/tests/%.o $(HARNESS) $(LINKED)
	$(call say,LINK,$@)
	$(Q)$(LINK) -o $@ $^ $(LDLIBS) $(shell pkg-config --libs check)

$(IT_TESTS): | $(STUCK)

# Preloaded by tests: into any flavour, so without a sanitizer of its own.
$(STUCK): tests/stuck.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(LANGUAGE) $(WARNINGS) -O1 -fPIC -shared -o $@ $<

$(BUILD)/tests/pool_gain: $(BUILD)/tests/pool_gain.o $(LINKED)
	$(call say,LINK,$@)
	$(Q)$(LINK) -o $@ $^ $(LDLIBS)

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

$(BUILD)/tests/%.o: | have-test

# Holds the commands that made the objects; rewritten, and so newer than them, only when they change.
$(BUILD)/flags: FORCE | have-build
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(COMPILE) $(LINK))' | cmp -s - $@ || \
		printf '%s\n' '$(subst ','\'',$(COMPILE) $(LINK))' >$@

-include $(OBJECTS:.o=.d) $(wildcard $(BUILD)/tests/*.d)

# ---- tests ----

# The sanitizers' reports go to files that tests/run-all shows and counts, so that those of a child count too.
export CK_DEFAULT_TIMEOUT := 60
SAN_ENV := TEST_LIMIT=300 TEST_JOBS=3 ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:exitcode=66 \
	UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:exitcode=66 \
	TSAN_OPTIONS=halt_on_error=0:second_deadlock_stack=1:exitcode=66
RUN_ALL = $(if $(SAN),$(SAN_ENV)) KURAFUTO=$(CURDIR)/$(BINARY) tests/run-all

test: $(BINARY) $(UNIT_TESTS) $(IT_TESTS) npm-packages ## all tests: units, the real binary, and with other people's software
	@$(RUN_ALL) $(LONGEST) $(filter-out $(LONGEST),$(IT_TESTS) $(UNIT_TESTS)) $(NPM_TESTS)

test-unit: $(UNIT_TESTS) ## the unit tests alone
	@$(RUN_ALL) $(UNIT_TESTS)

test-it: $(BINARY) $(IT_TESTS) npm-packages ## the tests that run the real binary
	@$(RUN_ALL) $(IT_TESTS) $(NPM_TESTS)

thorough: $(BINARY) $(THOROUGH) ## the long forms of some tests: SEEDS=3000 random servers, every fault
	@TEST_LIMIT=600 KURAFUTO_ORACLE_SEEDS=$(SEEDS) KURAFUTO_FAULTS=all $(RUN_ALL) $(THOROUGH)

pool-gain: $(BINARY) $(BUILD)/tests/pool_gain ## how much sooner players join with a pool: 40 ms away, in a network namespace (root)
	@KURAFUTO=$(BINARY) POOL_GAIN=$(BUILD)/tests/pool_gain tests/pool-gain

fuzz: $(FUZZERS) ## run each fuzzer for T=10 seconds (clang)
	@for f in $(FUZZERS); do \
		mkdir -p $$f.corpus && cp kurafuto.json $$f.corpus/; \
		$$f -max_total_time=$(T) -timeout=10 -artifact_prefix=$$f. $$f.corpus >$$f.log 2>&1 || \
			{ cat $$f.log; echo "$$f: FAILED"; exit 1; }; \
		echo "$$f: $(T) s, $$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' $$f.log) inputs, nothing found"; \
	done

# The modules are compiled once for all fuzzers.
FUZZED := build/fuzz/objects
FUZZ    = clang $(LANGUAGE) -g -O1 -fno-sanitize-recover=undefined $(shell pkg-config --cflags $(LIBS))

$(FUZZED)/%.o: %.c $(HEADERS) | have-build
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(FUZZ) -fsanitize=fuzzer-no-link,address,undefined -c -o $@ $<

build/fuzz/%: fuzz/%.c $(LINKED:$(BUILD)/%.o=$(FUZZED)/%.o)
	$(call say,FUZZER,$@)
	$(Q)$(FUZZ) -fsanitize=fuzzer,address,undefined -o $@ $^ $(LDLIBS)

# ---- what must be installed ----

# With `make deps test` everything else waits for deps, also under -j.
have-build have-test npm-packages: $(filter deps deps-lint,$(MAKECMDGOALS))
have-build: NEEDED := $(LIBS)
have-test: NEEDED := check
have-build have-test:
	@missing=; for tool in $(firstword $(CC)) pkg-config; do \
		command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
	for lib in $(NEEDED); do pkg-config --exists $$lib 2>/dev/null || missing="$$missing $$lib"; done; \
	[ -z "$$missing" ] || { echo "Missing:$$missing" >&2; \
		echo "\`make deps\` installs what is needed (on Debian, as root or with sudo)." >&2; exit 1; }

DEBS      := gcc libc6-dev pkg-config libbsd-dev libmd-dev libcjson-dev zlib1g-dev libedit-dev libcurl4-openssl-dev ca-certificates check openssl haproxy nginx chromium
DEBS_NODE = $(shell command -v node >/dev/null && command -v npm >/dev/null || echo nodejs npm)
DEBS_LINT := clang clang-format clang-tidy cppcheck libclang-rt-dev
SUDO      = $(shell [ "$$(id -u)" = 0 ] || echo sudo)

# $(call apt_install,PACKAGES): those that are not there yet; no network if there is nothing to do.
define apt_install
@missing=; for deb in $(1); do \
	dpkg-query -W -f '$${Status}' $$deb 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$deb"; \
done; \
if [ -z "$$missing" ]; then \
	echo "deps: already installed: $(strip $(1))"; \
elif ! command -v apt-get >/dev/null; then \
	echo "deps: there is no apt-get here; please install what your system calls$$missing" >&2; exit 1; \
else \
	echo "deps: installing$$missing"; \
	$(SUDO) apt-get update -qq && $(SUDO) env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends $$missing </dev/null; \
fi
endef

deps: ## install the Debian packages and the npm packages that building and testing need
	$(call apt_install,$(DEBS) $(DEBS_NODE))
	@$(MAKE) --no-print-directory npm-packages || \
		echo "deps: npm has failed: only 'make test' needs it, and will try again"

npm-packages:
	@if [ tests/npm/node_modules/.package-lock.json -nt tests/npm/package-lock.json ]; then \
		echo "deps: already installed: the npm packages of tests/npm"; \
	else \
		echo "deps: installing the npm packages of tests/npm (for the tests only)"; \
		cd tests/npm && npm ci --no-audit --no-fund --loglevel=error; \
	fi

deps-lint: ## install the Debian packages that format, lint and fuzz need
	$(call apt_install,$(DEBS_LINT))

# ---- installation ----

DESTBIN := $(DESTDIR)$(PREFIX)/bin
DESTMAN := $(DESTDIR)$(PREFIX)/share/man
DESTDOC := $(DESTDIR)$(PREFIX)/share/doc/kurafuto

install: kurafuto ## install under PREFIX=/usr/local (DESTDIR for packagers); the samples and SERVERS.md go to share/doc
	install -D -m 755 kurafuto $(DESTBIN)/kurafuto
	install -D -m 644 kurafuto.8 $(DESTMAN)/man8/kurafuto.8
	install -D -m 644 kurafuto.json.5 $(DESTMAN)/man5/kurafuto.json.5
	install -D -m 644 kurafuto.json $(DESTDOC)/kurafuto.json
	install -D -m 644 SERVERS.md $(DESTDOC)/SERVERS.md
	install -D -m 644 contrib/nginx-wss.conf $(DESTDOC)/nginx-wss.conf

uninstall: ## remove what install has installed
	rm -f $(DESTBIN)/kurafuto $(DESTMAN)/man8/kurafuto.8 $(DESTMAN)/man5/kurafuto.json.5 $(addprefix $(DESTDOC)/,kurafuto.json SERVERS.md nginx-wss.conf)
	-rmdir $(DESTDOC)

# ---- checks ----

man: kurafuto ## put the table of keys into kurafuto.json.5
	@{ sed "/BEGIN KEYS/q" kurafuto.json.5; ./kurafuto --print-mdoc; sed -n "/END KEYS/,\$$p" kurafuto.json.5; } >build/man
	@cp build/man kurafuto.json.5

format: ## format all sources
	clang-format -i $(SOURCES) $(HEADERS)

format-check: ## fail if a source is not formatted
	@clang-format --dry-run -Werror $(SOURCES) $(HEADERS)

check-layers: $(OBJECTS) ## fail if a module reaches up, or in a circle
	@tests/check-layers $(BUILD) $(FLOORS)

check-messages: ## fail if a message is never said, or a name of it never given
	@tests/check-messages $(MODULES:%=%.c)

check-headers: | have-build ## fail if a header does not compile alone
	@tests/check-headers '$(CC) $(LANGUAGE) $(WARNINGS) $(shell pkg-config --cflags $(LIBS))' $(HEADERS)

# What has passed leaves a stamp, and is checked again only when it or a header has changed.
# Left out: where gcc's analyzer mistakes reference counts and NULL checks of inlined callees. The sanitizers and
# clang's analyzer watch for the same.
ANALYZER := -fanalyzer -Wno-analyzer-malloc-leak -Wno-analyzer-use-after-free \
	-Wno-analyzer-use-of-uninitialized-value -Wno-analyzer-null-dereference
LINTED   := $(MODULES:%=build/lint/%.analyzed) $(patsubst %.c,build/lint/%.tidied,$(MODULES:%=%.c) $(wildcard tests/*.c))

lint: $(LINTED) build/lint/cppchecked ## cppcheck, clang-tidy, gcc -fanalyzer

build/lint/%.analyzed: %.c $(HEADERS) Makefile | have-build
	@mkdir -p $(@D)
	$(call say,GCC,$<)
	$(Q)gcc $(LANGUAGE) $(WARNINGS) -O1 -Werror $(ANALYZER) $(shell pkg-config --cflags $(LIBS)) -c -o /dev/null $<
	@touch $@

build/lint/%.tidied: %.c $(HEADERS) .clang-tidy Makefile | have-test
	@mkdir -p $(@D)
	$(call say,TIDY,$<)
	$(Q)clang-tidy --quiet --warnings-as-errors='*' $(if $(filter tests/%,$<),--checks='-clang-analyzer-*$(comma)-cert-err34-c') $< -- $(LANGUAGE) $(shell pkg-config --cflags $(LIBS) check)
	@touch $@

build/lint/cppchecked: $(MODULES:%=%.c) $(HEADERS) Makefile
	@mkdir -p $(@D)/cppcheck
	$(call say,CPPCHK,'all modules')
	$(Q)cppcheck --quiet --std=c11 --enable=warning,performance,portability --suppress=varFuncNullUB --inline-suppr --error-exitcode=1 \
		--suppress=missingIncludeSystem --suppress=nullPointerRedundantCheck --suppress=memleak \
		--include=/usr/include/bsd/sys/queue.h --include=/usr/include/bsd/sys/tree.h --cppcheck-build-dir=$(@D)/cppcheck -D_GNU_SOURCE \
		-D__GNUC__ '-DKURAFUTO_VERSION="$(VERSION)"' -I. $(MODULES:%=%.c)
	@touch $@

clean: ## remove what was built
	rm -rf build kurafuto

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' Makefile | expand -t 16
	@echo 'Variables: CC, CFLAGS, WERROR=1, SAN=address,undefined or SAN=thread, PREFIX, DESTDIR, ARGS, T, V=1'
