# What the scripts of this folder share: where it is, messages, lists, the cache.
# shellcheck shell=bash

# shellcheck disable=SC2034
rootfs=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
export SYSTEMD_LOG_LEVEL=warning

say() {
	printf 'rootfs: %s s: %s\n' "$SECONDS" "$*" >&2
}

die() {
	printf 'rootfs: %s\n' "$*" >&2
	exit 1
}

# The lines of a list that are neither comments nor empty.
entries() {
	sed -e 's/[[:space:]]*#.*//' -e '/^[[:space:]]*$/d' "$1"
}

cache_dir() {
	local cache=${BALAI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/balai}

	mkdir -p "$cache"
	echo "$cache"
}
