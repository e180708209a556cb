#!/usr/bin/env bash
# Memory of a room in a meeting of two at 720p30, and how it grows over ten minutes
# (BALAI_BENCH_SECONDS): resident set size from /proc, one sample every 10 s.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=tests/bench/rooms.sh
. tests/bench/rooms.sh

seconds=${BALAI_BENCH_SECONDS:-600}

rooms_start 1280 720 2500
sleep 20
read -r _ first largest last < <(rooms_memory "$seconds" "${room_pids[0]}")
say "resident memory of a room, meeting of two, largest" "$largest" "MiB" 150
say "its growth over $seconds s" "$(awk -v a="$first" -v b="$last" 'BEGIN { print b - a }')" "MiB" 2
