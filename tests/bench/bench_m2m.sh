#!/usr/bin/env bash
# What a picture costs from the camera to coded, in copies and in instructions of user space: by
# encode_m2m with DMABUF, with MMAP, and by libavcodec's h264_v4l2m2m, in one run of the bare guest.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=tests/bench/rooms.sh
source "$here/rooms.sh"

# of WAY COLUMN: what bench_m2m.c says of it
of() {
	awk -v way="$1" -v column="$2" '$1 == "figure" && $2 == way { print $column }' "$work/report"
}

# say_way WAY NAME [COPIES INSTRUCTIONS]: with goals
say_way() {
	say "$2: copies of a picture" "$(of "$1" 3)" "copies" "${3:-}"
	say "$2: bytes copied for a picture" "$(of "$1" 4)" "bytes"
	say "$2: work of a picture" "$(of "$1" 5)" "instructions" "${4:-}"
}

if ! "$here/../qemu/m2m" bench >"$work/report"; then
	cat "$work/report" >&2
	exit 1
fi
wrapper=$(of wrapper 5)
say_way wrapper "h264_v4l2m2m, 720p"
say_way mmap "encode_m2m by MMAP, 720p" 1 "$wrapper"
say_way dmabuf "encode_m2m by DMABUF, 720p" 0 "$wrapper"
