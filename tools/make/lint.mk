# Checks each file by itself and remembers in build/lint what was clean, so that a second run looks
# only at what has changed. The settings of the tools are in tools/lint/.

lint := $(BUILD)/lint
lint_sources := $(wildcard firmware/*/*.c drivers/*.c tools/*/*.c tests/*/*.c tests/bench/*/*.c)
lint_headers := $(wildcard firmware/*/*.h drivers/*.h tools/*/*.h tests/*/*.h tests/bench/*/*.h)
lint_scripts := $(shell grep -rlE '^\#!.*[/ ](ba)?sh$$|^\# shellcheck shell=' \
	$(wildcard .ci board rootfs tests tools))
lint_checks := format tidy cppcheck shellcheck banned

files_format := $(lint_sources) $(lint_headers) $(wildcard firmware/*/*.cc)
files_tidy := $(lint_sources)
files_cppcheck := $(lint_sources)
files_shellcheck := $(lint_scripts)
files_banned := $(lint_sources) $(lint_headers)

# What the compiler is told of a source, without what only gcc understands.
lint_flags = -std=gnu17 -D_GNU_SOURCE -Ifirmware -I. \
	$(if $(filter tools/hub/% $(addsuffix .c,$(hub_names)),$1),,$(box_cflags_host))

# clean_if COMMAND: what it prints is shown only where it fails
clean_if = @mkdir -p $(@D); if { $1; } >$@.log 2>&1; then mv $@.log $@; else cat $@.log; rm $@.log; exit 1; fi
# A source is looked at again when a header of it has changed.
headers = @$(CC) $(call lint_flags,$<) -MM -MP -MT $@ -MF $@.d $<

.PHONY: lint format $(addprefix lint-,$(lint_checks))

lint: ## formatting, static analysis and banned calls, of what changed since the last time
	@+$(MAKE) --no-print-directory --keep-going --output-sync $(addprefix lint-,$(lint_checks))

format: ## puts every C file into the project's format
	clang-format --style=file:tools/lint/clang-format -i $(files_format)

define check_rules
lint-$1: $(patsubst %,$(lint)/$1/%.clean,$(files_$1))
	@echo 'lint: $1: $(words $(files_$1)) files are clean'
endef
$(foreach check,$(lint_checks),$(eval $(call check_rules,$(check))))

$(lint)/format/%.clean: % tools/lint/clang-format
	$(call clean_if,clang-format --style=file:tools/lint/clang-format $< | cmp -s $< - || { echo "make format changes $<"; false; })

$(lint)/tidy/%.clean: % tools/lint/clang-tidy
	$(call clean_if,clang-tidy --quiet --config-file=tools/lint/clang-tidy $< -- $(call lint_flags,$<))
	$(headers)

$(lint)/cppcheck/%.clean: % tools/lint/cppcheck-suppressions
	$(call clean_if,cppcheck --quiet --error-exitcode=1 --enable=warning$(comma)performance$(comma)portability \
		--std=c11 --library=posix -D_GNU_SOURCE -DJSON_INTEGER_FORMAT=\"lld\" -Ifirmware -I. \
		--template=gcc --suppressions-list=tools/lint/cppcheck-suppressions $<)
	$(headers)

# SC2016 takes the programs of awk and inner shells, which stand in single quotes, for a slip.
$(lint)/shellcheck/%.clean: % $(lint_scripts)
	$(call clean_if,shellcheck --external-sources --exclude=SC2016 $<)

$(lint)/banned/%.clean: % tools/lint/banned tools/lint/banned.txt
	$(call clean_if,tools/lint/banned $<)
