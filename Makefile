# Builds, tests and shows Balai: `make help` lists the goals. Whatever is asked for runs in Debian 13,
# which tools/devroot enters by itself. How things are compiled stands in tools/make/.

goals := $(or $(MAKECMDGOALS),all)
.DEFAULT_GOAL := all

ifeq ($(BALAI_DEVROOT)$(filter-out help clean,$(goals)),$(BALAI_DEVROOT))
inside := yes
else
inside := $(BALAI_DEVROOT)
endif

ifndef inside

.PHONY: $(goals) devroot
$(goals): devroot
	@:
devroot:
	@+tools/devroot $(MAKE) --no-print-directory $(MAKECMDGOALS)

else

# All cores, unless -j says otherwise.
ifeq ($(filter -j% --jobserver%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc)
endif
MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
# What is built after "clean" is not removed by it.
ifneq ($(filter clean,$(goals)),)
.NOTPARALLEL:
endif

VARIANT ?= host
BUILD ?= build
BOARD ?= qemu-virt
variant := $(if $(filter arm64,$(ARCH)),arm64,$(VARIANT))

.PHONY: all demo test test-long test-tsan test-qemu test-array fuzz bench bench-sound image qemu clean help FORCE

help: ## this list
	@echo 'make [GOAL…] [CC=clang] [VARIANT=asan|tsan] [ARCH=arm64] [BOARD=qemu-virt] [FOR=SECONDS] [V=1]'
	@sed -nE 's/^([a-z-]+):.*## (.*)/  \1\t\2/p' Makefile tools/make/*.mk | expand -t 14

clean: ## remove build/
	rm -rf $(BUILD)

ifneq ($(filter-out help clean,$(goals)),)
include tools/make/build.mk tools/make/lint.mk tools/make/kernel.mk
endif

all: $(call programs,$(variant)) ## the programs, in build/host, build/asan, build/tsan or build/arm64

demo: $(call programs,host) ## a meeting of two rooms on this machine, until Ctrl-C or for FOR seconds
	tools/demo

test: $(call programs,asan) $(call tests,asan) $(call replays,asan) ## all tests, with sanitizers
	tests/run $(BUILD)/asan

test-long: $(call programs,host) $(call programs,asan) $(call tests,asan) $(call replays,asan) ## and those of FOR seconds each (default 600)
	BALAI_LONG=1 BALAI_TEST_TIMEOUT_S=$$((1800 + $${FOR:-600})) tests/run $(BUILD)/asan

test-tsan: $(call programs,tsan) $(call tests,tsan) ## unit and flow tests with the thread sanitizer
	tests/run $(BUILD)/tsan

test-qemu: image $(call programs,host) $(call checks,host) ## the image of qemu-virt joins a meeting
	tests/qemu/run

test-array: $(call programs,arm64) $(call programs,host) $(BUILD)/host/tests/qemu/check_array ## a room with an array of microphones
	tests/qemu/array

fuzz: $(call fuzzers,fuzz) ## each parser for FOR seconds (default 60)
	tests/fuzz/run $(BUILD)/fuzz

bench: $(call modules,arm64) $(BUILD)/arm64/tests/qemu/bench_m2m
bench: $(call programs,host) $(call benches,host) $(BUILD)/host/bench-sound ## the figures of tests/bench/RESULTS.md
	tests/bench/run $(BUILD)/host

bench-sound: $(BUILD)/host/bench-sound ## those of the voice chain alone, in simulated rooms
	tests/bench/run $(BUILD)/host sound

image: $(call programs,arm64) ## the image of BOARD, in build/image-BOARD
	rootfs/build $(BOARD) $(BUILD)/image-$(BOARD)

qemu: image ## boots the image of qemu-virt, with a screen at vnc://127.0.0.1:5900
	rootfs/run $(BUILD)/image-$(BOARD)

endif
