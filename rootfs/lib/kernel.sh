# The kernel, the drivers that a board names, and the initial root.
# shellcheck shell=bash
# shellcheck source=rootfs/lib/common.sh
source "${BASH_SOURCE[0]%/*}/common.sh"

kernel_version() {
	local versions=("$1"/usr/lib/modules/*)

	((${#versions[@]} == 1)) || die "expected one kernel, got: ${versions[*]}"
	basename "${versions[0]}"
}

# module_files BOOT MODULE…: the files of the modules and of those that they need, in the order in
# which they can be loaded.
module_files() {
	local boot=$1
	shift

	modprobe --dirname "$boot" --set-version "$(kernel_version "$boot")" --show-depends --all "$@" |
		awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

# copy_modules BOOT TREE MODULE…: the modules are unpacked, as the file system compresses them again,
# and faster to read.
copy_modules() {
	local boot=$1 tree=$2 version modules files file copy
	shift 2

	version=$(kernel_version "$boot")
	modules=usr/lib/modules/$version
	files=$(module_files "$boot" "$@")
	mkdir -p "$tree/$modules"
	while read -r file; do
		copy=$tree/$modules/${file#*"/$version/"}
		mkdir -p "$(dirname "$copy")"
		xz --decompress --stdout "$file" >"${copy%.xz}"
	done <<<"$files"
	cp "$boot/$modules"/modules.{builtin,builtin.modinfo,order} "$tree/$modules/"
	depmod --basedir "$tree" "$version"
}

# copy_initrd_modules BOOT DIR MODULE…: numbered in the order in which they are loaded.
copy_initrd_modules() {
	local boot=$1 dir=$2 files file number=100
	shift 2

	files=$(module_files "$boot" "$@")
	mkdir -p "$dir"
	while read -r file; do
		xz --decompress --stdout "$file" >"$dir/$number-$(basename "$file" .xz)"
		number=$((number + 1))
	done <<<"$files"
}

# make_initrd BOOT WORK IMAGE MODULE…: a shell, the drivers of the root's disk, and initrd/init.
make_initrd() {
	local boot=$1 work=$2 image=$3
	shift 3

	mkdir -p "$work"/{bin,dev,proc,sys,root}
	cp "$boot/usr/bin/busybox" "$work/bin/"
	ln -s busybox "$work/bin/sh"
	install --mode=755 "$rootfs/initrd/init" "$work/init"
	copy_initrd_modules "$boot" "$work/modules" erofs "$@"
	find "$work" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
	(cd "$work" && find . -mindepth 1 -printf '%P\n' | LC_ALL=C sort |
		cpio --quiet --create --format=newc --owner=0:0 --reproducible) |
		zstd --quiet -10 --force -o "$image"
}
