# Compiles and links. Each variant has its folder build/<variant>, all of them the same rules:
#
#   firmware/*/*.c (but room/main.c) -> libfirmware.a      firmware/room/main.c -> balai-room
#   firmware/microphone/apm.cc, the one C++ file, too
#   drivers/*.c                      -> libdrivers.a       tools/hub/main.c     -> balai-hub
#   tools/hub/*.c (but main.c)       -> libhub.a           tools/ctl/*.c        -> balaictl
#   tests/bench/sound/*.c            -> bench-sound        tools/sound/*.c      -> balai-sound
#   tests/fake/*.c, drivers/kernel/vh264/core/*.c -> libfake.a          tests/vectors/*.c    -> mls-vectors
#   tests/interop/peer.c             -> mls-peer           tests/secrets/secrets.c -> mls-secrets
#   tests/{unit,flow,bench}/{test,flow,bench}_NAME.c, tests/fuzz/fuzz_NAME.c and
#   tests/qemu/{check,bench}*.c      -> a program each
#
# The box speaks TLS by mbedTLS, with the libwebsockets that devroot built; the hub, and test
# programs called *_hub or *_hub_*, by OpenSSL, with Debian's libwebsockets.

variants := host asan tsan fuzz arm64

# Compilers and flags

ifeq ($(origin CC),default)
CC := gcc
endif
cc := $(CC)
cc_fuzz := clang
cc_arm64 := aarch64-linux-gnu-gcc
cxx := $(if $(findstring clang,$(CC)),clang++,g++)
cxx_fuzz := clang++
cxx_arm64 := aarch64-linux-gnu-g++

warnings := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wmissing-variable-declarations -Wpointer-arith -Wvla -Wundef -Wwrite-strings -Wformat=2 \
	-Wimplicit-fallthrough
cflags := -std=gnu17 -g -fPIE -D_GNU_SOURCE -Ifirmware -I. $(warnings)
cxxflags := -std=gnu++17 -g -fPIE -D_GNU_SOURCE -Ifirmware -I. -Wall -Wextra -Werror
ldflags := -pie -Wl,-z,relro,-z,now -Wl,--as-needed

hardened := -O2 -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
sanitized := -O1 -fno-omit-frame-pointer -fno-sanitize-recover=all
mode_host := $(hardened)
mode_arm64 := $(hardened)
mode_asan := $(sanitized) -fsanitize=address,undefined
mode_tsan := $(sanitized) -fsanitize=thread
mode_fuzz := $(sanitized) -fsanitize=fuzzer-no-link,address,undefined

# Libraries

machine := $(shell dpkg --print-architecture)
pkg_config_arm64 := aarch64-linux-gnu-pkg-config
box_packages := libavformat libavcodec libavfilter libavutil libswscale libswresample opus alsa \
	libdrm pangocairo libsystemd jansson inih mbedtls mbedx509 mbedcrypto libcap
cxx_packages := webrtc-audio-processing-1
hub_packages := libwebsockets openssl libsystemd jansson inih

# packages VARIANT, OPTION, NAMES
packages = $(shell $(or $(pkg_config_$1),pkg-config) $2 $3)
# Headers of others are not held to our warnings.
cflags_of = $(patsubst -I%,-isystem %,$(call packages,$1,--cflags,$2))
lws = $(BALAI_LWS)/$(if $(filter arm64,$1),arm64,$(machine))

# Sources and what becomes of them

sources_firmware := $(filter-out firmware/room/main.c,$(wildcard firmware/*/*.c firmware/*/*.cc))
sources_drivers := $(wildcard drivers/*.c)
sources_hub := $(filter-out tools/hub/main.c,$(wildcard tools/hub/*.c))
# The bit stream of the test kernel module, checked outside the kernel.
sources_fake := $(wildcard tests/fake/*.c drivers/kernel/vh264/core/*.c)
libraries := firmware drivers hub fake
# A hub that means ill: the real one, with what comes in and goes out passing through it.
sources_rogue := $(wildcard tests/rogue/*.c)

test_names := $(basename $(wildcard tests/unit/test_*.c tests/flow/flow_*.c))
bench_names := $(basename $(wildcard tests/bench/bench_*.c))
fuzz_names := $(basename $(wildcard tests/fuzz/fuzz_*.c))
check_names := $(basename $(wildcard tests/qemu/check*.c tests/qemu/bench*.c))
hub_names := $(foreach name,$(test_names) $(bench_names) $(fuzz_names),\
	$(if $(findstring _hub_,$(notdir $(name))_),$(name)))

program_names := $(if $(wildcard firmware/room/main.c),balai-room) \
	$(if $(wildcard tools/ctl/*.c),balaictl) $(if $(wildcard tools/sound/*.c),balai-sound)
# The hub is a server's program, not the box's.
programs = $(addprefix $(BUILD)/$1/,$(program_names) \
	$(if $(filter arm64,$1),,$(if $(wildcard tools/hub/main.c),balai-hub)))
# valgrind runs no program with sanitizers.
tests = $(addprefix $(BUILD)/$1/,$(test_names) mls-vectors mls-peer rogue-hub) $(BUILD)/host/mls-secrets
checks = $(addprefix $(BUILD)/$1/,$(check_names))
benches = $(addprefix $(BUILD)/$1/,$(bench_names))
fuzzers = $(addprefix $(BUILD)/$1/,$(fuzz_names))
replays = $(addprefix $(BUILD)/$1/,$(fuzz_names))
objects = $(patsubst %,$(BUILD)/$1/%.o,$(basename $2))
archives = $(patsubst %,$(BUILD)/$1/lib%.a,$2)

comma := ,
bench_libs := -lcmocka
# Lets tests/fake/fake_alloc.c fail allocations of everything that is linked statically.
test_libs := -lcmocka -lopenh264 -Wl,-u,__wrap_malloc \
	$(addprefix -Wl$(comma)--wrap=,malloc calloc realloc strdup strndup)
rogue_libs := $(addprefix -Wl$(comma)--wrap=,\
	session_text session_object outbox_text outbox_roster outbox_sound outbox_picture)
fuzz_libs_fuzz := -fsanitize=fuzzer

# Rules

ifeq ($(V),)
quiet = @echo '$1 $@';
endif

# keep TEXT: writes the text to the target where it is another than before.
define keep
@mkdir -p $(@D)
@echo '$1' | cmp -s - $@ || echo '$1' >$@
endef

$(BUILD)/.gitignore:
	@mkdir -p $(@D)
	@echo '*' >$@

# compile VARIANT, COMMAND: of the object $@
compile = $(call quiet,CC)mkdir -p $(@D) && $2 -MMD -MP -c -o $@ $<
# link VARIANT, LIBRARIES: of the program $@
link = $(call quiet,LD)$(command_$1) $(ldflags) $(filter %.o,$^) $(filter %.a,$^) $2 -o $@

define variant_rules
command_$1 := $(or $(cc_$1),$(cc)) $(cflags) $(mode_$1)
command_cxx_$1 := $(or $(cxx_$1),$(cxx)) $(cxxflags) $(mode_$1)
box_cflags_$1 = $$(eval box_cflags_$1 := -isystem $(call lws,$1)/include \
	$$(call cflags_of,$1,$(box_packages)))$$(box_cflags_$1)
box_lws_$1 := $(call lws,$1)/lib/libwebsockets.a
box_libs_$1 = $$(eval box_libs_$1 := \
	$$(call packages,$1,--libs,$(box_packages) $(cxx_packages)) -lstdc++ -lm)$$(box_libs_$1)
cxx_cflags_$1 = $$(eval cxx_cflags_$1 := $$(call cflags_of,$1,$(cxx_packages)))$$(cxx_cflags_$1)
hub_libs_$1 = $$(eval hub_libs_$1 := \
	$$(call packages,$1,--libs,$(hub_packages)) -lm)$$(hub_libs_$1)

$(BUILD)/$1/command: FORCE | $(BUILD)/.gitignore
	$$(call keep,$$(command_$1))

$(BUILD)/$1/tools/hub/%.o: tools/hub/%.c $(BUILD)/$1/command
	$$(call compile,$1,$$(command_$1))
$(BUILD)/$1/%.o: %.c $(BUILD)/$1/command
	$$(call compile,$1,$$(command_$1) $$(box_cflags_$1))
$(BUILD)/$1/%.o: %.cc $(BUILD)/$1/command
	$$(call compile,$1,$$(command_cxx_$1) $$(cxx_cflags_$1))
$(call objects,$1,$(addsuffix .c,$(hub_names)) $(sources_rogue)): $(BUILD)/$1/%.o: %.c $(BUILD)/$1/command
	$$(call compile,$1,$$(command_$1))

$(foreach library,$(libraries),$(call library_rules,$1,$(library)))

$(BUILD)/$1/balai-room: $(call objects,$1,firmware/room/main.c) $(call archives,$1,drivers firmware) \
	$$(box_lws_$1)
	$$(call link,$1,$$(box_libs_$1))
$(BUILD)/$1/balaictl: $(call objects,$1,$(wildcard tools/ctl/*.c)) $(call archives,$1,firmware) \
	$$(box_lws_$1)
	$$(call link,$1,$$(box_libs_$1))
$(BUILD)/$1/balai-sound: $(call objects,$1,$(wildcard tools/sound/*.c)) $(call archives,$1,drivers firmware)
	$$(call link,$1,$$(box_libs_$1))
$(BUILD)/$1/bench-sound: $(call objects,$1,$(wildcard tests/bench/sound/*.c)) \
	$(call archives,$1,fake drivers firmware)
	$$(call link,$1,$$(box_libs_$1) -lspeexdsp)
$(BUILD)/$1/balai-hub: $(call objects,$1,tools/hub/main.c) $(call archives,$1,hub firmware)
	$$(call link,$1,$$(hub_libs_$1))
$(BUILD)/$1/rogue-hub: $(call objects,$1,tools/hub/main.c $(sources_rogue)) \
	$(call archives,$1,hub firmware)
	$$(call link,$1,$$(hub_libs_$1) $$(rogue_libs))
$(BUILD)/$1/mls-vectors: $(call objects,$1,$(wildcard tests/vectors/*.c)) \
	$(call archives,$1,fake firmware) $$(box_lws_$1)
	$$(call link,$1,$$(box_libs_$1))
$(BUILD)/$1/mls-peer: $(call objects,$1,tests/interop/peer.c) \
	$(call archives,$1,fake firmware) $$(box_lws_$1)
	$$(call link,$1,$$(box_libs_$1))
$(BUILD)/$1/mls-secrets: $(call objects,$1,tests/secrets/secrets.c \
	$(wildcard firmware/base/*.c firmware/e2ee/*.c)) $$(box_lws_$1)
	$$(call link,$1,$$(box_libs_$1))

$(call test_rules,$1,$(test_names),,test_libs)
$(call test_rules,$1,$(bench_names),,bench_libs)
$(call test_rules,$1,$(check_names),,)
$(call test_rules,$1,$(fuzz_names),$(call fuzz_main,$1),fuzz_libs_$1)
endef

# The list is kept so that an archive loses the object of a source that is gone.
define library_rules
$(BUILD)/$1/lib$2.list: FORCE
	$$(call keep,$(sources_$2))
$(BUILD)/$1/lib$2.a: $(call objects,$1,$(sources_$2)) $(BUILD)/$1/lib$2.list
	$$(call quiet,AR)rm -f $$@ && ar rcs $$@ $$(filter %.o,$$^)

endef

# test_rules VARIANT, NAMES, MORE OBJECTS, VARIABLE WITH MORE LIBRARIES: programs that check or measure a part
define test_rules
$(addprefix $(BUILD)/$1/,$(filter-out $(hub_names),$2)): $(BUILD)/$1/%: $(BUILD)/$1/%.o $3 \
	$(call archives,$1,fake drivers firmware) $$(box_lws_$1)
	$$(call link,$1,$$(box_libs_$1) $$($4))
$(addprefix $(BUILD)/$1/,$(filter $(hub_names),$2)): $(BUILD)/$1/%: $(BUILD)/$1/%.o $3 \
	$(call archives,$1,fake hub firmware)
	$$(call link,$1,$$(hub_libs_$1) $$($4))

endef

# Outside the fuzzer a fuzz target is given its corpus by a plain main.
fuzz_main = $(if $(filter fuzz,$1),,$(call objects,$1,tests/fuzz/replay.c))

$(foreach variant,$(variants),$(eval $(call variant_rules,$(variant))))

.SECONDARY:
-include $(shell find $(BUILD) -type f -name '*.d' 2>/dev/null)
