#!/usr/bin/env bash
# Memory of a room in a meeting of two at 720p30, and how it grows over ten minutes
# (BALAI_BENCH_SECONDS): resident set size from /proc, one sample every 10 s.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=tests/bench/rooms.sh
. tests/bench/rooms.sh

seconds=${BALAI_BENCH_SECONDS:-600}

rss_mib() {
	awk '/^VmRSS/ { print $2 / 1024 }' "/proc/${room_pids[0]}/status"
}

rooms_start 1280 720 2500
sleep 20
first=$(rss_mib)
largest=$first
for ((t = 0; t < seconds; t += 10)); do
	sleep 10
	last=$(rss_mib)
	largest=$(awk -v a="$largest" -v b="$last" 'BEGIN { print (a > b ? a : b) }')
done
say "resident memory of a room, meeting of two, largest" "$largest" "MiB" 150
say "its growth over $seconds s" "$(awk -v a="$first" -v b="$last" 'BEGIN { print b - a }')" "MiB" 2
