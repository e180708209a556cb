# shellcheck shell=bash
# For test scripts: what they check, told in TAP. Sourced; ends with the plan, `echo "1..$number"`.

number=0

# ok NAME CMD ARG…: a line of whether CMD, which runs in this shell, succeeds, with what it says where
# it does not
ok() {
	local name=$1 words
	shift

	words=$(mktemp)
	number=$((number + 1))
	if "$@" >"$words" 2>&1; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		sed 's/^/# /' "$words"
	fi
	rm -f "$words"
}
