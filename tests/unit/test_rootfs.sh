#!/usr/bin/env bash
# rootfs/ and board/, as far as neither an archive of packages nor a machine to boot is needed.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/tap.sh
source tests/tap.sh
export SOURCE_DATE_EPOCH=1700000000
# shellcheck source=rootfs/lib/tree.sh
source rootfs/lib/tree.sh
# shellcheck source=rootfs/lib/packages.sh
source rootfs/lib/packages.sh
# shellcheck source=rootfs/lib/image.sh
source rootfs/lib/image.sh
room=${BALAI_ROOM:-build/asan/balai-room}

# A root and a state of a few MiB on a disk, of what both always hold.
make_small_disk() {
	local disk=$1

	mkdir -p "$work/root"
	head -c 3000000 /dev/zero >"$work/root/file"
	make_erofs "$work/root" "$work/root.erofs" && make_state "$work/state.ext4" 8 &&
		make_disk "$work/root.erofs" "$work/state.ext4" "$disk"
}

partitions() {
	sfdisk --json "$1" | jq --raw-output '[.partitiontable.partitions[].name] | join(" ")'
}

disk_has_partitions() {
	make_small_disk "$work/disk.img" && [[ $(partitions "$work/disk.img") == "balai-root balai-state" ]]
}

disk_is_reproducible() {
	make_small_disk "$work/again.img" && cmp "$work/disk.img" "$work/again.img"
}

# Reads a file of the state partition, which is behind the root's.
file_of_state() {
	local start

	start=$(sfdisk --json "$1" | jq '.partitiontable.partitions[1].start * 512')
	debugfs -R "cat $2" "$1?offset=$start" 2>/dev/null
}

state_is_filled() {
	mkdir "$work/state"
	echo "[meeting]" >"$work/state/room.ini"
	rootfs/state "$work/state" "$work/disk.img" &&
		[[ $(file_of_state "$work/disk.img" /room.ini) == "[meeting]" ]]
}

root_is_untouched() {
	cmp <(dd if="$work/disk.img" bs=1M skip=1 count=1 status=none) \
		<(dd if="$work/again.img" bs=1M skip=1 count=1 status=none)
}

too_much_state_is_refused() {
	mkdir "$work/large"
	head -c 9000000 /dev/urandom >"$work/large/file"
	cp "$work/disk.img" "$work/before.img"
	! rootfs/state "$work/large" "$work/disk.img" && cmp "$work/before.img" "$work/disk.img"
}

needed() {
	readelf --wide --dynamic "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
}

missing_library_is_told() {
	local tree=$work/tree name words

	mkdir -p "$tree/usr/"{bin,sbin,lib}
	cp "$(command -v jq)" "$tree/usr/bin/"
	for name in $(needed "$tree/usr/bin/jq"); do
		touch "$tree/usr/lib/$name"
	done
	(check_libraries "$tree") || return
	rm "$tree/usr/lib/libjq.so.1"
	! words=$( (check_libraries "$tree") 2>&1) && [[ $words == *" has: libjq.so.1" ]]
}

# An apt-get before the real one: its archive has tiny.deb, or nothing where that is not made yet.
make_archive() {
	mkdir -p "$work/bin" "$work/tiny/DEBIAN" "$work/tiny/usr"
	printf '#!/bin/sh\ncase "$*" in *" download "*) cp %s . ;; esac\n' "$work/tiny.deb" \
		>"$work/bin/apt-get"
	chmod +x "$work/bin/apt-get"
	printf 'Package: tiny\nVersion: 1\nArchitecture: arm64\nMaintainer: test\nDescription: test\n' \
		>"$work/tiny/DEBIAN/control"
	echo "here" >"$work/tiny/usr/file"
}

# tiny_tree: as callers do, who heed no failure inside
tiny_tree() {
	PATH=$work/bin:$PATH BALAI_CACHE=$work/cache cached_tree bare_tree tiny
}

failed_download_is_not_kept() {
	local tree

	make_archive
	! tree=$(tiny_tree) && [[ -z $tree ]] || return
	! find "$work/cache" -mindepth 1 -maxdepth 1 -name 'bare_tree-????????????' | grep .
}

tree_is_made_once() {
	local tree

	dpkg-deb --build "$work/tiny" "$work/tiny.deb" && tree=$(tiny_tree) || return
	rm "$work/tiny.deb"
	[[ $(tiny_tree) == "$tree" && $(<"$tree/usr/file") == "here" &&
		$(<"$tree/usr/share/balai/packages") == "tiny 1" ]]
}

no_packages_are_no_tree() {
	! (PATH=$work/bin:$PATH bare_tree "$work/state.apt" "$work/none")
}

# But for the program, which is not on this machine.
unit_is_sound() {
	sed 's|^ExecStart=.*|ExecStart=/usr/bin/true|' \
		rootfs/overlay/usr/lib/systemd/system/balai-room.service >"$work/balai-room.service"
	systemd-analyze verify --man=no "$work/balai-room.service"
}

lists_have_comments() {
	printf '# no\n\none\n\t# no\ntwo # why\n' >"$work/list"
	[[ $(entries "$work/list") == $'one\ntwo' ]]
}

ok "a list's comments and empty lines are left out" lists_have_comments
ok "a disk has its two partitions" disk_has_partitions
ok "the same files make the same disk" disk_is_reproducible
ok "a state is put onto a disk" state_is_filled
ok "the root beside it is untouched" root_is_untouched
ok "a state too large for the partition changes nothing" too_much_state_is_refused
ok "packages that cannot be fetched are no tree, and none is kept" failed_download_is_not_kept
ok "packages are unpacked once, and kept" tree_is_made_once
ok "no packages are no tree" no_packages_are_no_tree
ok "a program without one of its libraries is refused" missing_library_is_told
ok "the room's unit is sound" unit_is_sound
for board in board/*/board.ini; do
	ok "$board has no fault" "$room" --check "$board"
done
echo "1..$number"
