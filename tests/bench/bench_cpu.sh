#!/usr/bin/env bash
# What a room costs beyond its codecs at 1080p30: the CPU time of a whole room per second, less that
# of the ffmpeg command doing the same decoding (of the recording that is its camera), encoding and
# decoding (of the far room's stream), at the same pace on the same machine in the same run. What the
# room took is scaled to 30 pictures a second, should it have had to drop some.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=tests/bench/rooms.sh
. tests/bench/rooms.sh

seconds=${BALAI_BENCH_SECONDS:-20}
kbps=4000
ticks=$(getconf CLK_TCK)

# CPU time of a process so far, in clock ticks, all its threads together.
cpu_ticks() {
	local stat

	stat=$(<"/proc/$1/stat")
	# After the name, which may have spaces: utime and stime are fields 14 and 15 of proc(5).
	awk '{ print $12 + $13 }' <<<"${stat##*) }"
}

# CPU seconds per second of COMMAND, which runs $seconds long.
cpu_of() {
	local TIMEFORMAT='%U %S'

	{ time "$@" >/dev/null 2>"$work/ffmpeg.log"; } 2>&1 |
		awk -v seconds="$seconds" '{ print 100 * ($1 + $2) / seconds }'
}

rooms_start 1920 1080 "$kbps"
before=$(cpu_ticks "${room_pids[0]}")
sleep "$seconds"
after=$(cpu_ticks "${room_pids[0]}")
fps=$(rooms_status a '.encoder.fps')
kill "${room_pids[@]}"
wait "${room_pids[@]}" || true
room_pids=()

room=$(awk -v t=$((after - before)) -v hz="$ticks" -v s="$seconds" -v fps="$fps" \
	'BEGIN { print 100 * t / hz / s * 30 / fps }')
input=(-v error -stream_loop -1 -re -threads 1 -i "$work/recording.mp4" -t "$seconds")
codec=(-c:v libx264 -preset superfast -tune zerolatency -profile:v baseline -threads 2 -g 300
	-b:v "${kbps}k" -maxrate "${kbps}k" -bufsize "$((kbps / 10))k")
encode=$(cpu_of ffmpeg "${input[@]}" "${codec[@]}" -pix_fmt yuv420p -f h264 -y "$work/stream.h264")
decode=$(cpu_of ffmpeg -v error -threads 1 -re -r 30 -i "$work/stream.h264" -f null -)

say "a room at 1080p30, whole" "$room" "% of a core"
say "ffmpeg, decode and encode of its camera" "$encode" "% of a core"
say "ffmpeg, decode of the far picture" "$decode" "% of a core"
say "pipeline beyond the codecs, 1080p30" \
	"$(awk -v r="$room" -v e="$encode" -v d="$decode" 'BEGIN { print r - e - d }')" "% of a core" 5
