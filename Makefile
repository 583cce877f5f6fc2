# make            toolchain, dist/corral, a demonstration
# make test       every tier this machine can run; TIERS="unit nspawn-bookworm" picks
# make release    dist/release: packages, checksums, SBOM
# make mutants    edits of src that the unit tests must notice (minutes; not in CI); MUTANTS="terminate.ts" picks
# make install    PREFIX=/usr/local DESTDIR=
# A Deno of your own: make DENO=/path/to/deno, a runtime of your own: DENORT_BIN=/path/to/denort

SHELL = /bin/sh
PREFIX ?= /usr/local
DESTDIR ?=
TIERS ?= $(TIER)

PINNED_DENO := $(CURDIR)/.toolchain/node_modules/@deno/linux-x64-glibc/deno
DENO ?= $(PINNED_DENO)
INSTALLED_DENO := $(if $(filter $(PINNED_DENO),$(DENO)),.toolchain/installed)
RUNTIME := $(if $(DENORT_BIN),,.toolchain/runtime-ready)

# Deno keeps its packages and its runtime inside the tree and trusts the certificates the system trusts.
export DENO_DIR := $(CURDIR)/.toolchain/deno-dir
export DENO_TLS_CA_STORE ?= system,mozilla
export DENO_NO_UPDATE_CHECK := 1
export RUST_BACKTRACE := 0

SOURCES := $(shell find src -name '*.ts' -o -name '*.md')
PAGE_SOURCES := $(shell find src/serve/page) src/serve/feed.ts src/base/text.ts
CHECKED := src tests $(wildcard .toolchain/*.ts .toolchain/release/*.ts)

.PHONY: all build check test release mutants bench demo install uninstall clean distclean toolchain image fmt FORCE

all: build
	@$(MAKE) --no-print-directory demo

build: dist/corral

dist/corral: $(SOURCES) deno.json deno.lock .toolchain/build.ts .toolchain/entry.ts .toolchain/raw_arguments.ts .toolchain/tmpdir.ts dist/commit dist/page-built | $(INSTALLED_DENO) $(RUNTIME)
	@echo "build: dist/corral"
	@$(DENO) run --quiet --no-config --allow-all .toolchain/build.ts "$$(cat dist/commit)"

# What `corral serve` shows in a browser.
dist/page-built: $(PAGE_SOURCES) deno.json deno.lock .toolchain/page.ts | $(INSTALLED_DENO)
	@echo "build: dist/page"
	@$(DENO) run --quiet --no-config --allow-all .toolchain/page.ts
	@touch $@

# For the tests only: dies at the step that it is told, and is otherwise the same.
dist/corral-crash: $(SOURCES) tests/kit/crash_point.ts deno.json deno.lock .toolchain/build.ts .toolchain/entry.ts .toolchain/raw_arguments.ts .toolchain/tmpdir.ts dist/commit dist/page-built | $(INSTALLED_DENO) $(RUNTIME)
	@echo "build: dist/corral-crash"
	@$(DENO) run --quiet --no-config --allow-all .toolchain/build.ts "$$(cat dist/commit)" crash

# Changes only when the commit does, so that an unchanged tree is not built again.
dist/commit: FORCE
	@mkdir -p dist
	@commit=$$(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown); \
	if [ -n "$$(git status --porcelain -- src deno.json deno.lock 2>/dev/null)" ]; then commit=$$commit-dirty; fi; \
	[ "$$commit" = "$$(cat $@ 2>/dev/null)" ] || echo "$$commit" >$@

toolchain: $(INSTALLED_DENO) $(RUNTIME)

.toolchain/installed: .toolchain/package-lock.json .toolchain/install.sh
	@.toolchain/install.sh

.toolchain/runtime-ready: .toolchain/runtime.ts .toolchain/runtime/package-lock.json | $(INSTALLED_DENO)
	@$(DENO) run --quiet --no-config --allow-all .toolchain/runtime.ts

demo: dist/corral
	@if [ -x tests/kit/demo.sh ]; then tests/kit/demo.sh; fi

check: | $(INSTALLED_DENO)
	$(DENO) fmt --config deno.json --check $(CHECKED)
	$(DENO) lint --config deno.json --quiet $(CHECKED)
	$(DENO) check --config deno.json --quiet $(CHECKED)
	@echo "doc lint"; $(DENO) run --quiet --no-config --allow-all .toolchain/doc_lint.ts

fmt: | $(INSTALLED_DENO)
	$(DENO) fmt --config deno.json $(CHECKED)

test: dist/corral dist/corral-crash
	@$(DENO) run --quiet --allow-all tests/kit/tiers/run_tiers.ts $(TIERS)

# .deb, .rpm, checksums, SBOM: needs dpkg-deb and rpmbuild.
release: dist/corral
	@$(DENO) run --quiet --config deno.json --allow-all .toolchain/release/main.ts "$$(cat dist/commit)"

mutants: | $(INSTALLED_DENO)
	@$(DENO) run --quiet --allow-all tests/mutants/main.ts $(MUTANTS)

bench: dist/corral
	@BEFORE='$(BEFORE)' $(DENO) run --quiet --allow-all tests/bench/main.ts $(BENCHES)

image: | $(INSTALLED_DENO)
	@$(DENO) run --quiet --allow-all tests/kit/machine/images.ts

install: dist/corral
	install -D -m 0755 dist/corral '$(DESTDIR)$(PREFIX)/bin/corral'

uninstall:
	rm -f '$(DESTDIR)$(PREFIX)/bin/corral'

clean:
	rm -rf dist

# Also what took a download or minutes to make.
distclean: clean
	rm -rf .cache .toolchain/node_modules .toolchain/runtime/node_modules .toolchain/deno-dir .toolchain/denort \
		.toolchain/installed .toolchain/runtime-ready
