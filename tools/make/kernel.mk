# Kernel modules, of which each drivers/kernel/NAME with a Kbuild is one. Only tests load them.

module_names := $(patsubst drivers/kernel/%/Kbuild,%,$(wildcard drivers/kernel/*/Kbuild))
module_sources = $(wildcard drivers/kernel/$1/* drivers/kernel/$1/*/*)
modules = $(foreach name,$(module_names),$(BUILD)/kernel/$1/$(name)/$(name).ko)

.PHONY: modules test-modules test-codecs test-meet lint-checkpatch

modules: $(call modules,arm64) $(call modules,amd64) ## kernel modules for tests, in build/kernel

test-long: export BALAI_LONG := 1
test-long: test-modules
test-modules: $(call modules,arm64) $(BUILD)/kernel/arm64/guest_vh264 ## loads them in an emulator
	tests/qemu/vh264

test-long: test-codecs
test-codecs: $(call modules,arm64) $(BUILD)/arm64/tests/qemu/check_m2m ## a camera's pictures through them
	tests/qemu/m2m

test-long: test-meet
test-meet: $(call modules,arm64) $(call programs,arm64) $(call programs,host) $(BUILD)/host/tests/qemu/check ## a room that encodes by them
	tests/qemu/meet

# What looks at a module in the guest needs the C library only.
$(BUILD)/kernel/arm64/guest_%: tests/qemu/guest_%.c tests/fake/holdings.c tests/fake/holdings.h
	$(call quiet,CC)mkdir -p $(@D) && \
		$(cc_arm64) $(cflags) $(mode_arm64) $(ldflags) -o $@ $(filter %.c,$^)

define module_rules
$(BUILD)/kernel/$1/$2/$2.ko: $(call module_sources,$2) drivers/kernel/build
	drivers/kernel/build $2 $1 $$(@D)
	@touch $$@
endef
$(foreach architecture,arm64 amd64,$(foreach name,$(module_names),\
	$(eval $(call module_rules,$(architecture),$(name)))))

$(lint)/checkpatch/%.clean: % tools/lint/checkpatch
	$(call clean_if,tools/lint/checkpatch $<)

files_checkpatch := $(wildcard drivers/kernel/*/*.[ch] drivers/kernel/*/*/*.[ch])
lint-checkpatch: $(patsubst %,$(lint)/checkpatch/%.clean,$(files_checkpatch))
	@echo 'lint: checkpatch: $(words $(files_checkpatch)) files are clean'
lint: lint-checkpatch
lint-shellcheck: $(lint)/shellcheck/drivers/kernel/build.clean
