#!/usr/bin/env bash
# tools/devroot: what shapes a root, what it says where it cannot make one, and how it enters a ready
# one. Entering needs root and a root that is there already; elsewhere the plan is shorter.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/tap.sh
source tests/tap.sh
cp -r tools "$work/tools"
chmod -R a+rX "$work"
devroot=$work/tools/devroot

differs() {
	[[ $1 != "$2" ]]
}

key_follows_packages() {
	local before after

	before=$("$devroot" --path)
	echo '# a comment' >>"$work/tools/packages.txt"
	[[ $("$devroot" --path) == "$before" ]] || return
	echo 'another-package' >>"$work/tools/packages.txt"
	after=$("$devroot" --path)
	cp tools/packages.txt "$work/tools/packages.txt"
	echo "$before, then $after"
	differs "$before" "$after"
}

key_follows_recipe() {
	local before after

	before=$("$devroot" --path)
	echo '# another recipe' >>"$work/tools/devroot.d/libwebsockets"
	after=$("$devroot" --path)
	cp tools/devroot.d/libwebsockets "$work/tools/devroot.d/libwebsockets"
	differs "$before" "$after"
}

# A PATH with only the named programs, so that sudo or mmdebstrap is not found.
path_with() {
	local folder=$work/path program

	rm -rf "$folder"
	mkdir "$folder"
	for program; do
		ln -s "$(command -v "$program")" "$folder/$program"
	done
	echo "$folder"
}

basics=(bash cat comm cut dirname env flock grep id mkdir sha256sum sort touch tr)

# as_nobody CMD ARG…: without the rights of root
as_nobody() {
	if ((EUID == 0)); then
		setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
	else
		"$@"
	fi
}

# cached PATH ARG…: what a devroot with this PATH and a cache of its own says
cached() {
	local path=$1
	shift

	as_nobody env PATH="$path" HOME="$work/home" BALAI_CACHE="$work/home/cache" \
		"$devroot" --cached "$@" 2>&1
}

says_that_root_is_missing() {
	local words

	words=$(cached "$(path_with "${basics[@]}")" true) && return 1
	echo "$words"
	[[ $words == *"needs root: run as root, or install and allow sudo"* ]]
}

asks_sudo_and_names_the_caller() {
	local path words

	path=$(path_with "${basics[@]}")
	printf '#!/bin/sh\necho "sudo $*"\n' >"$path/sudo"
	chmod +x "$path/sudo"
	words=$(cached "$path" true)
	echo "$words"
	[[ $words == "sudo -E env HOME=$work/home"*" BALAI_CALLER="*:*:*"/tools/devroot --cached true" ]]
}

says_that_mmdebstrap_is_missing() {
	local words

	words=$(env PATH="$(path_with "${basics[@]}")" BALAI_CACHE="$work/root-cache" \
		"$devroot" --cached true 2>&1) && return 1
	echo "$words"
	[[ $words == *"needs mmdebstrap: install it"* ]]
}

# with_stubs CMD ARG…: a devroot whose roots are empty folders, in a cache of its own
with_stubs() {
	local devroot=$work/stubs/devroot

	rm -rf "$work/stubs" "$work/stub-cache"
	cp -r tools "$work/stubs"
	mkdir "$work/stub-cache"
	cat >"$work/stubs/devroot.d/make-root" <<-'EOF'
		#!/bin/sh
		cat >/dev/null
		mkdir "$1" || exit
		[ ! -e "$1/../fails" ] || exit 1
		echo "$1" >>"$1/../made"
	EOF
	printf '#!/bin/sh\nshift\nexec "$@"\n' >"$work/stubs/devroot.d/enter"
	BALAI_CACHE=$work/stub-cache "$@"
}

parallel_uses_make_one_root() {
	local pids=() pid

	for _ in 1 2 3; do
		"$devroot" --cached true &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || return
	done
	[[ $(wc -l <"$BALAI_CACHE/made") == 1 ]]
}

half_made_root_is_not_used() {
	local root

	root=$("$devroot" --path)
	touch "$BALAI_CACHE/fails"
	! "$devroot" --cached true || return
	[[ ! -e $root ]] || return
	rm "$BALAI_CACHE/fails"
	"$devroot" --cached true && [[ -d $root && ! -e $root.new ]]
}

# Of four roots the oldest is held by a command and the two used last stay.
old_roots_are_removed() {
	local old=$BALAI_CACHE/root-

	mkdir "${old}111111111111" "${old}222222222222" "${old}333333333333"
	touch -d '3 days ago' "${old}111111111111"
	touch -d '2 days ago' "${old}222222222222"
	touch -d '1 day ago' "${old}333333333333"
	flock --shared "${old}111111111111.lock" "$devroot" --cached true || return
	ls "$BALAI_CACHE"
	[[ -d ${old}111111111111 && ! -e ${old}222222222222 && -d ${old}333333333333 ]] &&
		[[ -d $("$devroot" --path) ]]
}

enters_under_a_second() {
	local start times=()

	for _ in 1 2 3 4 5; do
		start=${EPOCHREALTIME/./}
		"$devroot" --cached true || return
		times+=($((${EPOCHREALTIME/./} - start)))
	done
	mapfile -t times < <(printf '%s\n' "${times[@]}" | sort -n)
	echo "${times[*]} us"
	((times[2] < 1000000))
}

leaves_no_mounts() {
	local before

	before=$(</proc/self/mountinfo)
	"$devroot" --cached sh -c 'grep -q " / /proc " /proc/self/mountinfo' || return
	[[ $(</proc/self/mountinfo) == "$before" ]]
}

drops_to_the_caller() {
	local out=$work/out

	install -d -o 1234 -g 1235 "$out"
	BALAI_CALLER=1234:1235:1235,44 "$devroot" --cached sh -c \
		"id -u; id -g; id -G; whoami; touch $out/file" >"$work/ids" || return
	stat -c '%u:%g' "$out/file" | cat "$work/ids" -
	[[ $(<"$work/ids") == $'1234\n1235\n1235 44\ncaller1234' ]] &&
		[[ $(stat -c '%u:%g' "$out/file") == 1234:1235 ]]
}

stays_root_when_asked() {
	[[ $(BALAI_CALLER=1234:1235:1235 "$devroot" --root --cached id -u) == 0 ]]
}

passes_the_exit_code() {
	"$devroot" --cached sh -c 'exit 42'
	[[ $? == 42 ]]
}

is_debian_13_with_libwebsockets() {
	"$devroot" --cached sh -c '. /etc/os-release; test "$VERSION_CODENAME" = trixie &&
		test "$BALAI_DEVROOT" = 1 && ls "$BALAI_LWS"/*/lib/libwebsockets.a &&
		test -s /etc/ssl/certs/ca-certificates.crt'
}

install -d -m 777 "$work/home"
ok "the root's name follows the package list, not its comments" key_follows_packages
ok "the root's name follows the recipe of libwebsockets" key_follows_recipe
ok "without root and sudo it says so" says_that_root_is_missing
ok "it asks sudo and passes on who called" asks_sudo_and_names_the_caller
if ((EUID == 0)); then
	ok "without mmdebstrap it says so" says_that_mmdebstrap_is_missing
	ok "first uses at the same time make one root" with_stubs parallel_uses_make_one_root
	ok "a half-made root is discarded" with_stubs half_made_root_is_not_used
	ok "old roots are removed, but not under a command" with_stubs old_roots_are_removed
fi
if ((EUID == 0)) && [[ -d $("$devroot" --path) ]]; then
	ok "entering a ready root takes less than a second" enters_under_a_second
	ok "no mount outlives the command" leaves_no_mounts
	ok "sudo's root is dropped to the caller" drops_to_the_caller
	ok "--root stays root" stays_root_when_asked
	ok "the exit code is the command's" passes_the_exit_code
	ok "inside is Debian 13, with libwebsockets" is_debian_13_with_libwebsockets
fi
echo "1..$number"
