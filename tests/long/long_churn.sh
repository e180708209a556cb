#!/usr/bin/env bash
# A meeting of two while a third room comes and goes and the hub dies and comes back, FOR seconds
# long. What happens is chosen by BALAI_SEED.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# shellcheck source=tests/bench/rooms.sh
. tests/bench/rooms.sh
# shellcheck source=tests/tap.sh
source tests/tap.sh

seconds=${FOR:-600}
seed=${BALAI_SEED:-1}
storm=5
guest_pid=

# Whether room $1 shows $2 others and all of them go on.
shows() {
	local before after

	before=$(rooms_status "$1" '[.screen.members[].shown]')
	sleep 0.5
	after=$(rooms_status "$1" '[.screen.members[].shown]')
	jq -en --argjson before "$before" --argjson after "$after" --argjson n "$2" \
		'($after | length) == $n and ($before | length) == $n and
		([range($n) | $after[.] > $before[.]] | all)'
}

is_whole() {
	kill -0 "$hub_pid" "${room_pids[@]}" && await shows a "$1" && await shows b "$1"
}

# Whether a program that is told to end does so without a fault: PID SIGNAL.
end() {
	local code=0

	kill "-$2" "$1" && wait "$1" || code=$?
	((code == 0 || (code == 137 && $2 == 9)))
}

start_guest() {
	"$BALAI_ROOM" --board "$work/guest-board.ini" --config "$work/guest.ini" \
		2>>"$work/guest.log" &
	guest_pid=$!
}

guest_visits() {
	start_guest
	is_whole 2 && end "$guest_pid" 15 && is_whole 1
}

# Its seat is kept for 30 s.
guest_is_killed() {
	start_guest
	is_whole 2 && end "$guest_pid" 9 && { is_whole 1 || is_whole 1; }
}

restart_hub() {
	end "$hub_pid" "$1"
	"$BALAI_HUB" "$work/hub.ini" 2>>"$work/hub.log" &
	hub_pid=$!
}

hub_restarts() {
	restart_hub 15 && is_whole 1
}

hub_is_killed() {
	restart_hub 9 && is_whole 1
}

# Again and again while the rooms are coming back.
hub_storm() {
	local i

	for ((i = 0; i < storm; i++)); do
		restart_hub 9
		sleep "0.$((RANDOM % 10))"
	done
	is_whole 1
}

make_guest() {
	local port

	port=$(sed -n 's/^listen = .*://p' "$work/hub.ini")
	make_room_certificates guest
	write_room guest 320 180 500 test:
}

logs() {
	tail -n 20 "$work"/*.log
	return 1
}

churn() {
	local happenings=(guest_visits guest_is_killed hub_restarts hub_is_killed hub_storm)
	local happening n=0

	RANDOM=$seed
	while ((SECONDS < seconds)); do
		happening=${happenings[RANDOM % ${#happenings[@]}]}
		n=$((n + 1))
		if ! "$happening" >"$work/happening.log" 2>&1; then
			echo "number $n of seed $seed, $happening, after $SECONDS s"
			logs
			return
		fi
	done
	echo "$n happenings" >"$work/count"
}

ends_well() {
	if ! end "${room_pids[0]}" 15 || ! end "${room_pids[1]}" 15 || ! end "$hub_pid" 15; then
		logs
	fi
}

ok "two rooms meet" rooms_start 320 180 500
ok "a guest is made" make_guest
ok "whatever happens, they meet again" churn
ok "all end as they are told, without a fault" ends_well
echo "# $(cat "$work/count")"
echo "1..$number"
