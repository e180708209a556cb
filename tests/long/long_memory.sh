#!/usr/bin/env bash
# Memory of rooms and hub in a meeting of two at 720p30 over FOR seconds. Programs without
# sanitizers, whose bookkeeping grows by itself.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
host=$(dirname "$BALAI_BUILD")/host
export BALAI_HUB=$host/balai-hub BALAI_ROOM=$host/balai-room BALAICTL=$host/balaictl
# shellcheck source=tests/bench/rooms.sh
. tests/bench/rooms.sh
# shellcheck source=tests/tap.sh
source tests/tap.sh

seconds=${FOR:-600}
warm_s=20
largest_mib=150
growth_mib=2

is_small() {
	awk -v most="$largest_mib" '{ print } $3 > most { bad = 1 } END { exit bad || NR != 3 }' "$work/samples"
}

is_flat() {
	awk -v most="$growth_mib" '{ print } $4 - $2 > most { bad = 1 } END { exit bad || NR != 3 }' "$work/samples"
}

ok "two rooms meet" rooms_start 1280 720 2500
sleep "$warm_s"
rooms_memory "$seconds" "$hub_pid" "${room_pids[@]}" >"$work/samples"
ok "rooms and hub take $largest_mib MiB at the most" is_small
ok "they grow by $growth_mib MiB at the most in $seconds s" is_flat
sed 's/^/# PID, MiB at first, at most, at last: /' "$work/samples"
echo "1..$number"
