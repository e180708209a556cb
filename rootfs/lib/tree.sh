# The root's files: packages, programs, accounts, units.
# shellcheck shell=bash
# shellcheck source=rootfs/lib/common.sh
source "${BASH_SOURCE[0]%/*}/common.sh"

# What maintainer scripts would do and the box needs.
set_up_accounts() {
	local tree=$1 file

	for file in passwd group; do
		cp "$tree/usr/share/base-passwd/$file.master" "$tree/etc/$file"
	done
	systemd-sysusers --root="$tree"
	chmod 600 "$tree"/etc/{,g}shadow
}

set_up_units() {
	local tree=$1 masked

	mapfile -t masked < <(entries "$rootfs/masked-units")
	systemctl --root="$tree" --quiet preset-all
	systemctl --root="$tree" --quiet mask "${masked[@]}"
	systemctl --root="$tree" --quiet set-default multi-user.target
}

# add_programs TREE PROGRAMS
add_programs() {
	local tree=$1 programs=$2 name

	for name in balai-room balaictl; do
		[[ -x $programs/$name ]] || die "no $programs/$name: make ARCH=arm64 builds it"
		aarch64-linux-gnu-strip -o "$tree/usr/bin/$name" "$programs/$name"
	done
}

# Copies a folder's files over the tree, links as links.
add_overlay() {
	local tree=$1 overlay=$2

	cp --recursive --no-dereference --preserve=mode,links "$overlay/." "$tree/"
}

# Programs are started on the box for the first time, so what they are linked with is looked up here.
check_libraries() {
	local tree=$1 missing

	missing=$(comm -13 <(find "$tree/usr/lib" -name '*.so*' -printf '%f\n' | sort -u) \
		<(find "$tree/usr/bin" "$tree/usr/sbin" "$tree/usr/lib" -type f \
			\( -perm /111 -o -name '*.so*' \) -exec readelf --wide --dynamic {} + 2>/dev/null |
			sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u))
	[[ -z $missing ]] || die "no package of packages.txt has: ${missing//$'\n'/ }"
}

# make_root TREE BASE BOOT BOARD PROGRAMS MODULE…: fills TREE from the unpacked packages BASE, the
# kernel's BOOT, the folder of the board, and the folder of the programs.
make_root() {
	local tree=$1 base=$2 boot=$3 board=$4 programs=$5 modules
	shift 5

	mapfile -t modules < <(entries "$rootfs/modules")
	cp --archive --reflink=auto "$base/." "$tree"
	add_programs "$tree" "$programs"
	add_overlay "$tree" "$rootfs/overlay"
	add_overlay "$tree" "$board/overlay"
	install -D --mode=644 "$board/board.ini" "$tree/usr/share/balai/board.ini"
	copy_modules "$boot" "$tree" "${modules[@]}" "$@"
	set_up_accounts "$tree"
	set_up_units "$tree"
	check_libraries "$tree"
	find "$tree/var" -mindepth 1 -delete
	touch --date="@$SOURCE_DATE_EPOCH" "$tree/usr/lib/clock-epoch"
}
