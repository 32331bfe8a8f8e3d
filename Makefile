# SPDX-License-Identifier: Apache-2.0
# The commands of this project. Meson does the work; each target first installs what is missing
# (packaging/debian-packages.txt, and for tests debian-test-packages.txt). NO_DEPS=1 skips that.
#
#   make            build            make test        all tests that need no other tool
#   make quickstart see it work      make interop     tests against other people's tools
#   make vm         tests with real virtual machines
#   make lint       our own lints    make fmt         format the sources
#   make bench      ONLY=n FULL=1    make fuzz        SECONDS=n ONLY=name
#   make tidy       clang-tidy       make install     prefix=/usr/local DESTDIR=

BUILD   ?= build
prefix  ?= /usr/local
DESTDIR ?=
SECONDS ?= 30
TESTS   ?=
export NO_DEPS ONLY FULL

.PHONY: all deps test-deps setup test vm interop quickstart lint fmt tidy bench fuzz install clean
.DEFAULT_GOAL := all

all: setup
	@ninja -C $(BUILD)

deps:
	@tools/install-packages

test-deps:
	@tools/install-packages tests

setup: deps
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) --prefix=$(prefix)

# What takes long, or needs what a newcomer does not have, has a target of its own.
test: test-deps all
	meson test -C $(BUILD) --no-rebuild --print-errorlogs -t 4 \
	  --no-suite lint --no-suite interop --no-suite bench --no-suite fuzz-long --no-suite vm $(TESTS)

# Real virtual machines under software emulation.
vm: test-deps all
	meson test -C $(BUILD) --no-rebuild --print-errorlogs --suite vm $(TESTS)

interop: test-deps all
	meson test -C $(BUILD) --no-rebuild --print-errorlogs --suite interop $(TESTS)

# Only the programs: a newcomer should not wait for tests to be built.
quickstart: setup
	@ninja -C $(BUILD) programs
	@SLIPWAY_BUILD=$(abspath $(BUILD)) examples/quickstart.sh

lint: test-deps all
	meson test -C $(BUILD) --no-rebuild --print-errorlogs --suite lint $(TESTS)

fmt: test-deps
	@git ls-files -z 'src/*.[ch]' 'tests/*.[ch]' 'fuzz/*.[ch]' 'bench/*.[ch]' ':!tests/lint' | xargs -0 -r clang-format -i

tidy: test-deps all
	@tools/tidy $(BUILD)

# Without the peers a benchmark runs too, and says which are missing.
bench: all
	@tools/install-packages bench || true
	@BUILD=$(BUILD) bench/run

fuzz: test-deps
	@tools/fuzz $(SECONDS) $(ONLY)

install: all
	@test "$$(meson introspect $(BUILD) --buildoptions | python3 -c 'import json,sys; print(next(o["value"] for o in json.load(sys.stdin) if o["name"] == "prefix"))')" = "$(prefix)" \
	  || { meson configure $(BUILD) -Dprefix=$(prefix) && ninja -C $(BUILD); }
	meson install -C $(BUILD) --no-rebuild $(if $(DESTDIR),--destdir $(abspath $(DESTDIR)))

clean:
	rm -rf $(BUILD) build-*
