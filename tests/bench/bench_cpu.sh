#!/usr/bin/env bash
# What a room costs beyond its codecs at 1080p30: the CPU time of a room, less that of the ffmpeg
# command decoding and encoding its camera's recording and its voice, and less that of another
# decoding what a far room sends. Two rooms and the commands for two take turns, since how much a
# second of CPU time is worth depends on what else runs; the medians of the turns count. What the
# rooms took is scaled to 30 pictures a second, should they have had to drop some.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=tests/bench/rooms.sh
. tests/bench/rooms.sh

seconds=${BALAI_BENCH_SECONDS:-6}
turns=5
kbps=4000
ticks=$(getconf CLK_TCK)
video=(-c:v libx264 -preset superfast -tune zerolatency -profile:v baseline -threads 2 -g 300
	-b:v "${kbps}k" -maxrate "${kbps}k" -bufsize "$((kbps / 10))k" -pix_fmt yuv420p)
voice=(-c:a libopus -b:a 32k -vbr off -application voip -frame_duration 20 -ac 1)

# CPU time of a process so far, in clock ticks, all its threads together.
cpu_ticks() {
	local stat

	stat=$(<"/proc/$1/stat")
	# After the name, which may have spaces: utime and stime are fields 14 and 15 of proc(5).
	awk '{ print $12 + $13 }' <<<"${stat##*) }"
}

# What a codec reads and a room sends: a picture with a voice.
make_inputs() {
	ffmpeg -nostdin -v error -i "$work/recording.mp4" -f lavfi -i "sine=frequency=440:sample_rate=48000" \
		-t 10 -c:v copy -c:a pcm_s16le -y "$work/near.mkv"
	ffmpeg -nostdin -v error -threads 1 -i "$work/near.mkv" "${video[@]}" "${voice[@]}" -y "$work/far.mkv"
}

# The codecs of two rooms, at the pace of life until they are ended; sets encoders and decoders.
start_peers() {
	local input=(-nostdin -v error -re -stream_loop -1 -threads 1) room

	encoders=()
	decoders=()
	for room in a b; do
		ffmpeg "${input[@]}" -i "$work/near.mkv" "${video[@]}" "${voice[@]}" -f null - &
		encoders+=($!)
		ffmpeg "${input[@]}" -i "$work/far.mkv" -f null - &
		decoders+=($!)
	done
	room_pids=("${encoders[@]}" "${decoders[@]}")
}

# % of a core that the two processes take on average, in the time that all turns take.
cpu_of_two() {
	awk -v ticks="$(($1 - $2))" -v hz="$ticks" -v s="$seconds" 'BEGIN { print 50 * ticks / hz / s }'
}

cpu_sum() {
	echo $(($(cpu_ticks "$1") + $(cpu_ticks "$2")))
}

# One line: % of a core of a room, and its pictures a second.
turn_of_rooms() {
	local before

	rooms_start 1920 1080 "$kbps"
	sleep 2
	before=$(cpu_sum "${room_pids[@]}")
	sleep "$seconds"
	echo "$(cpu_of_two "$(cpu_sum "${room_pids[@]}")" "$before") $(rooms_status a '.encoder.fps')"
	rooms_end
}

# One line: % of a core of each command.
turn_of_peers() {
	local encode decode

	start_peers
	sleep 2
	encode=$(cpu_sum "${encoders[@]}")
	decode=$(cpu_sum "${decoders[@]}")
	sleep "$seconds"
	echo "$(cpu_of_two "$(cpu_sum "${encoders[@]}")" "$encode") \
		$(cpu_of_two "$(cpu_sum "${decoders[@]}")" "$decode")"
	rooms_end
}

# The median of column $1 of what the turns gave.
median() {
	awk -v column="$1" '{ print $column }' "$work/turns" | sort -n | sed -n "$((turns / 2 + 1))p"
}

make_recording 1920 1080
make_inputs
for ((i = 0; i < turns; i++)); do
	{ turn_of_rooms && turn_of_peers; } | paste -sd ' ' >>"$work/lines"
done
awk '{ room = $1 * 30 / $2; print room, $3, $4, room - $3 - $4 }' "$work/lines" >"$work/turns"

say "a room at 1080p30, whole" "$(median 1)" "% of a core"
say "ffmpeg, decode and encode of its camera and voice" "$(median 2)" "% of a core"
say "ffmpeg, decode of the far picture and voice" "$(median 3)" "% of a core"
say "pipeline beyond the codecs, 1080p30" "$(median 4)" "% of a core" 5
