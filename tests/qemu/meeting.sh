# A meeting of a room in an emulated machine, the box, with a room on this one, through a hub on this
# one; for run and meet. Sourced after rootfs/lib/common.sh. Port, folder and names of what is
# started are arguments; what the box is, its test says.
# shellcheck shell=bash

meeting_top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
bin=$meeting_top/build/host
check=$bin/tests/qemu/check

# The number of the test camera and microphone of the room here.
room_here=1

# Of make_work; what was started in it; the box's port, once connected; the count of tests.
work=
pids=()
box_from=
box_to=
passed=0
failed=0

# make_work: BALAI_QEMU_WORK, or a folder that ends with the script, as what is started does.
make_work() {
	trap clean_up EXIT
	trap 'exit 130' INT TERM
	work=${BALAI_QEMU_WORK:-$(mktemp -d)}
}

clean_up() {
	trap - EXIT INT TERM
	if ((${#pids[@]})); then
		kill "${pids[@]}" 2>/dev/null || true
		wait "${pids[@]}" 2>/dev/null || true
	fi
	[[ -n ${BALAI_QEMU_WORK:-} || -z $work ]] || rm -rf "$work"
}

# start NAME COMMAND…: in the background, its words in NAME.log
start() {
	local name=$1
	shift

	"$@" >"$work/$name.log" 2>&1 &
	pids+=($!)
}

all_run() {
	local pid

	for pid in "${pids[@]}"; do
		kill -0 "$pid" 2>/dev/null && continue
		echo "a program ended by itself"
		tail -n 3 "$work"/*.log
		return 1
	done
}

# await SECONDS COMMAND…: until it succeeds; not if the deadline passes or a program ends.
await() {
	local deadline=$((SECONDS + $1))
	shift

	until "$@" >"$work/await.txt" 2>&1; do
		((SECONDS < deadline)) || return 1
		all_run || return 1
		sleep 0.2
	done
}

# expect TEXT COMMAND…: one test, passed if the command succeeds
expect() {
	local text=$1
	shift

	if "$@" >"$work/expect.txt" 2>&1; then
		passed=$((passed + 1))
		echo "ok $((passed + failed)) - $text ($SECONDS s)"
	else
		failed=$((failed + 1))
		echo "not ok $((passed + failed)) - $text ($SECONDS s)"
		tail -n 12 "$work/expect.txt" "$work/await.txt" 2>/dev/null | sed 's/^/# /'
	fi
}

# conclude: the plan and the sum; fails unless something passed and nothing failed
conclude() {
	echo "1..$((passed + failed))"
	echo "$passed passed, $failed failed"
	((failed == 0 && passed > 0))
}

# A port from $1 on at which nobody listens now.
free_port() {
	local port

	for ((port = $1; port < $1 + 500; port++)); do
		if ! (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
			echo "$port"
			return
		fi
	done
	die "no free port from $1 on"
}

# The box reaches this machine as 10.0.2.2.
make_certificates() {
	local pki=$meeting_top/tools/pki/pki

	"$pki" ca "$work" "Balai test"
	"$pki" server --file hub "$work" 127.0.0.1 10.0.2.2
	"$pki" ca "$work/meetings" "Balai rooms"
	"$pki" box --file here "$work" box-1
	"$pki" box --file box "$work" box-2
	"$pki" room --file here "$work/meetings" "Ruang Sini"
	"$pki" room --file box "$work/meetings" "Ruang Kotak"
}

# copy_certificates FOLDER: what the box needs, as room_file says
copy_certificates() {
	mkdir -p "$1/meetings"
	cp "$work"/{ca.crt,box.crt,box.key} "$1/"
	cp "$work/meetings/"{ca.crt,box.crt,box.key} "$1/meetings/"
}

# room_file HUB FOLDER NAME FPS KBPS: small pictures, few a second: the box is emulated.
room_file() {
	cat <<-END
		[meeting]
		url = wss://$1/meet
		meeting = qemu
		ca = $2/ca.crt
		certificate = $2/$3.crt
		key = $2/$3.key
		[secrecy]
		authorities = $2/meetings/ca.crt
		certificate = $2/meetings/$3.crt
		key = $2/meetings/$3.key
		[picture]
		width = 320
		height = 180
		fps = $4
		bitrate_kbps = $5
	END
}

# start_hub PORT: and waits until it listens
start_hub() {
	cat >"$work/hub.ini" <<-END
		[hub]
		listen = 127.0.0.1:$1
		certificate = $work/hub.crt
		key = $work/hub.key
		client_ca = $work/ca.crt
		metrics =
	END
	start hub "$bin/balai-hub" "$work/hub.ini"
	await 10 bash -c ": <>/dev/tcp/127.0.0.1/$1" ||
		die "the hub does not start: $(<"$work/hub.log")"
}

# start_room_here PORT: with a screen in memory, playing into heard.wav
start_room_here() {
	cat >"$work/here-board.ini" <<-END
		[board]
		name = test
		[camera]
		device = test:$room_here
		[microphone]
		device = test:$room_here
		[speaker]
		device = file:$work/heard.wav
		[screen]
		kind = memory
		width = 640
		height = 360
	END
	{
		room_file "127.0.0.1:$1" "$work" here 2 400
		printf '[room]\ncontrol_socket = %s\n' "$work/here.sock"
	} >"$work/here.ini"
	start here "$bin/balai-room" --board "$work/here-board.ini" --config "$work/here.ini"
}

# connect NAME: to the port NAME-port of the box, for as long as it runs
connect() {
	await 10 test -S "$work/$1-port" || die "QEMU does not start: $(<"$work/$1.log")"
	coproc nc -U "$work/$1-port"
	exec {box_from}<&"${COPROC[0]}" {box_to}>&"${COPROC[1]}"
}

# ask WORDS…: what the box answers to that line, up to its "end CODE"; succeeds where that is 0
ask() {
	local line

	echo "$*" >&"$box_to"
	while IFS= read -r -t 30 -u "$box_from" line && [[ $line != "end "* ]]; do
		echo "$line"
	done
	[[ $line == "end 0" ]]
}

# picture_here NAME: of the screen of the room on this machine
picture_here() {
	"$bin/balaictl" --socket "$work/here.sock" screenshot "$work/$1.png"
}

# shows_bars NAME: the room here shows vivid's colour bars
shows_bars() {
	picture_here "$1" && "$check" bars "$work/$1.png"
}

# The room here shows another picture than before.png.
has_moved() {
	picture_here after && "$check" differ "$work/before.png" "$work/after.png"
}

# joined TIMES: how often the box did
joined() {
	(($(grep -c 'box-2 \(joined\|came back to\) qemu' "$work/hub.log") >= $1))
}
