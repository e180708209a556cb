#!/usr/bin/env bash
# The ffmpeg command beside bench_codec.c: the same picture sizes and rates by libx264 with the options
# that most guides give for low delay; milliseconds a picture, capture and output left out.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=tests/bench/rooms.sh
source "$here/rooms.sh"

pictures=150

# seconds CMD…: how long it takes
seconds() {
	local start=$EPOCHREALTIME

	"$@" </dev/null
	jq -n "$EPOCHREALTIME - $start"
}

# measure HEIGHT SIZE RATE THREADS
measure() {
	local raw=$work/raw.yuv coded=$work/coded.h264 base

	ffmpeg -nostdin -v error -y -f lavfi -i "testsrc2=size=$2:rate=30" -frames:v "$pictures" -f rawvideo \
		-pix_fmt yuv420p "$raw" </dev/null
	local input=(-f rawvideo -pix_fmt yuv420p -s "$2" -r 30 -i "$raw")
	base=$(seconds ffmpeg -nostdin -v error -y "${input[@]}" -f null -)
	say "ffmpeg encode ${1}p30, $4 threads, a picture" "$(jq -n "1000 / $pictures * ($(seconds \
		ffmpeg -nostdin -v error -y "${input[@]}" -c:v libx264 -preset superfast -tune zerolatency \
		-profile:v baseline -b:v "$3" -threads "$4" "$coded") - $base)")" ms
	say "ffmpeg decode ${1}p30, $4 threads, a picture" "$(jq -n "1000 / $pictures * $(seconds \
		ffmpeg -nostdin -v error -threads "$4" -i "$coded" -f null -)")" ms
}

for threads in 1 2; do
	measure 720 1280x720 2500k "$threads"
	measure 1080 1920x1080 5000k "$threads"
done
