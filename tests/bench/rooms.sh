# For benches in bash: a hub and two rooms as processes, on loopback, on a recording. Sourced.
#
#   rooms_start WIDTH HEIGHT KBPS   returns when both show each other; sets work, hub_pid, room_pids
#   rooms_end                       ends them; they may be started again
#   rooms_status a|b FILTER         jq over the room's Status
#   rooms_memory SECONDS PID…       a line PID FIRST LARGEST LAST each: resident set sizes in MiB, of
#                                   one sample every 10 s
# What was started ends with the script.

work=$(mktemp -d)
hub_pid=
room_pids=()

rooms_end() {
	kill "${room_pids[@]}" ${hub_pid:+"$hub_pid"} 2>/dev/null || true
	wait || true
	room_pids=()
	hub_pid=
}

rooms_stop() {
	rooms_end
	rm -rf "$work"
}
trap rooms_stop EXIT
trap 'exit 1' INT TERM

rooms_status() {
	"$BALAICTL" --socket "$work/$1.sock" status --json | jq -r "$2"
}

rooms_memory() {
	local seconds=$1 pid rss t
	declare -A first largest last
	shift

	for ((t = 0; t <= seconds; t += 10)); do
		((t == 0)) || sleep 10
		for pid in "$@"; do
			rss=$(awk '/^VmRSS/ { print $2 / 1024 }' "/proc/$pid/status")
			last[$pid]=$rss
			first[$pid]=${first[$pid]:-$rss}
			largest[$pid]=$(awk -v a="${largest[$pid]:-0}" -v b="$rss" 'BEGIN { print (a > b ? a : b) }')
		done
	done
	for pid in "$@"; do
		echo "$pid ${first[$pid]} ${largest[$pid]} ${last[$pid]}"
	done
}

# say NAME VALUE UNIT [GOAL]: a figure of which less is better
say() {
	printf '%-52s %10.2f %s%s\n' "$1" "$2" "$3" "${4:+ (goal <= $4)}"
	jq -nc --arg name "$1" --argjson value "$2" --arg unit "$3" --argjson goal "${4:-null}" \
		'{name: $name, value: $value, unit: $unit, goal: $goal, better: "lower"}' \
		>>"${BALAI_BENCH_JSON:-/dev/null}"
}

make_recording() {
	[[ ! -e $work/recording.mp4 ]] || return 0
	ffmpeg -nostdin -v error -f lavfi -i "testsrc2=size=$1x$2:rate=30" -t 10 -c:v libx264 -preset veryfast \
		-g 30 -b:v 6M -y "$work/recording.mp4"
}

write_room() {
	cat >"$work/$1-board.ini" <<-END
		[board]
		name = bench
		[camera]
		device = file:$work/recording.mp4
		[encoder]
		order = libx264
		[microphone]
		device = $5
		[speaker]
		device = none
		[screen]
		kind = memory
		width = $2
		height = $3
	END
	cat >"$work/$1.ini" <<-END
		[room]
		control_socket = $work/$1.sock
		[meeting]
		url = wss://localhost:$port/meet
		meeting = bench
		ca = $work/ca.crt
		certificate = $work/$1.crt
		key = $work/$1.key
		[secrecy]
		authorities = $work/meetings/ca.crt
		certificate = $work/meetings/$1.crt
		key = $work/meetings/$1.key
		[picture]
		width = $2
		height = $3
		fps = 30
		bitrate_kbps = $4
	END
}

# Until COMMAND succeeds, within 30 s.
await() {
	local deadline=$((SECONDS + 30))

	until "$@" >/dev/null 2>&1; do
		((SECONDS < deadline)) || return 1
		sleep 0.1
	done
}

shows_other() {
	[[ $(rooms_status "$1" '.screen.members[0].shown > 30') == true ]]
}

# make_room_certificates NAME: that of its box and its own
make_room_certificates() {
	tools/pki/pki box --file "$1" "$work" "box-$1" >/dev/null
	tools/pki/pki room --file "$1" "$work/meetings" "Room $1" >/dev/null
}

make_certificates() {
	local pki=tools/pki/pki room

	[[ ! -e $work/hub.crt ]] || return 0
	"$pki" ca "$work" Bench >/dev/null
	"$pki" ca "$work/meetings" "Bench rooms" >/dev/null
	"$pki" server --file hub "$work" localhost 127.0.0.1 >/dev/null
	for room in a b; do
		make_room_certificates "$room"
	done
}

rooms_start() {
	local room port=$((20000 + $$ % 10000))

	make_recording "$1" "$2"
	make_certificates
	printf '[hub]\nlisten = 127.0.0.1:%s\ncertificate = %s\nkey = %s\nclient_ca = %s\nmetrics =\n' \
		"$port" "$work/hub.crt" "$work/hub.key" "$work/ca.crt" >"$work/hub.ini"
	"$BALAI_HUB" "$work/hub.ini" 2>"$work/hub.log" &
	hub_pid=$!
	for room in a b; do
		write_room "$room" "$1" "$2" "$3" test:
		"$BALAI_ROOM" --board "$work/$room-board.ini" --config "$work/$room.ini" \
			2>"$work/$room.log" &
		room_pids+=($!)
	done
	if ! await shows_other a || ! await shows_other b; then
		tail -n 5 "$work"/*.log >&2
		echo "rooms: they do not show each other" >&2
		return 1
	fi
}
