# SPDX-License-Identifier: Apache-2.0
# A thin front over meson. On a bare Debian 12 with git and make, as root, each target installs what it needs.

PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 60
# Debian's python3, whatever else is first in PATH: the tests' modules are Debian's.
PYTHON = /usr/bin/python3

.DEFAULT_GOAL := build
.PHONY: help deps build build-check demo check bench bench-geo fuzz lint install deb clean

help: ## this text
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## install the packages that any of the other targets needs
	tools/deps build test lint bench fuzz deb

build: ## build/hextet, optimised and hardened
	@tools/deps build
	@[ -f build/build.ninja ] || meson setup build --prefix '$(PREFIX)' $(if $(filter true,$(CI)),-Dwerror=true)
	@ninja -C build

build-check: ## build-check/hextet, with sanitizers and warnings as errors
	@tools/deps build
	@[ -f build-check/build.ninja ] || meson setup build-check --buildtype=debugoptimized -Doptimization=1 \
		-Db_sanitize=address,undefined -Dwerror=true
	@ninja -C build-check all meson-test-prereq

demo: build ## check and render the example estate into out/streaming
	@tools/demo build/hextet

check: ## every test, against build-check; ends with the number of passed, failed and skipped tests
	@tools/deps build test
	@$(MAKE) --no-print-directory build build-check
	@$(PYTHON) tools/check build-check

bench: build ## the benchmarks, each beside its peer in the same run
	@tools/deps bench
	meson test -C build --benchmark --verbose --num-processes 1

bench-geo: build ## only those of hextet geo
	@tools/deps bench
	meson test -C build --benchmark --verbose --num-processes 1 geo geo_http

fuzz: ## each fuzz target for FUZZ_SECONDS (60) from its seeds
	@tools/deps build fuzz
	FUZZ_SECONDS='$(FUZZ_SECONDS)' tools/fuzz

lint: ## formatting, static analysis, banned functions, scripts
	@tools/deps build lint
	@$(MAKE) --no-print-directory build-check
	tools/lint build-check

install: build ## into DESTDIR/PREFIX (/usr/local)
	@meson configure build -Dprefix='$(PREFIX)'
	DESTDIR='$(DESTDIR)' meson install -C build

deb: ## a Debian package in build-deb/
	@tools/deps build deb
	packaging/deb

clean: ## remove what the other targets made
	rm -rf build build-check build-fuzz build-deb out
