# A bare guest: Debian's arm64 kernel, the kernel modules that a test names, the packages that it
# names, and its files, in QEMU, without systemd. It boots in about 10 s under emulation. README.md
# says how to use it.
# shellcheck shell=bash

# shellcheck source=rootfs/lib/packages.sh
source "${BASH_SOURCE[0]%/*}/../../rootfs/lib/packages.sh"
# shellcheck source=rootfs/lib/kernel.sh
source "${BASH_SOURCE[0]%/*}/../../rootfs/lib/kernel.sh"

bare_qemu=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)

# What every bare guest needs, and what vh264 and a camera of it need.
bare_modules=(virtio_blk virtio_console virtio_net erofs v4l2_mem2mem videobuf2_vmalloc
	videobuf2_v4l2 vivid)

# Fast: two, at once. A test may have others, set before bare_boot.
bare_processors=(-accel "tcg,thread=multi" -smp 2)

# closure_tree STATE TREE PACKAGE…: the packages with what they depend on; for cached_tree.
closure_tree() {
	local state=$1 tree=$2 names
	shift 2

	mapfile -t names < <(closure "$state" "$@")
	((${#names[@]} >= $#)) || die "apt cannot resolve the packages $*"
	bare_tree "$state" "$tree" "${names[@]}"
}

# bare_make WORK [PACKAGE…]: fills WORK/root with v4l-utils, busybox and the packages; what is put
# into WORK/root/test is /test in the guest. The guest runs /test/main.
bare_make() {
	local work=$1 tools
	shift

	tools=$(cached_tree closure_tree busybox-static v4l-utils "$@")
	cp --archive --reflink=auto "$tools" "$work/root"
	ln -sfn usr/lib "$work/root/lib"
	mkdir -p "$work/root"/{dev,proc,sys,run,tmp,test}
}

# bare_initrd WORK: the drivers, and bare-init
bare_initrd() {
	local work=$1/initrd boot

	boot=$(cached_tree boot_tree linux-image-arm64)
	mkdir -p "$work"/{bin,dev,proc,sys,root}
	cp "$boot/usr/bin/busybox" "$work/bin/"
	ln -s busybox "$work/bin/sh"
	install --mode=755 "$bare_qemu/bare-init" "$work/init"
	copy_initrd_modules "$boot" "$work/modules" "${bare_modules[@]}"
	(cd "$work" && find . -mindepth 1 | cpio --quiet --create --format=newc --owner=0:0) |
		zstd --quiet -1 --force -o "$1/initrd.img"
	cp "$boot/boot/vmlinuz-$(kernel_version "$boot")" "$1/vmlinuz"
}

# bare_images WORK: what a guest boots from, and its root
bare_images() {
	bare_initrd "$1"
	mkfs.erofs --quiet --all-root "$1/root.erofs" "$1/root"
}

# bare_boot WORK SECONDS [WORDS [OPTION…]]: QEMU in the place of the shell, from the images; WORDS go
# to the kernel, OPTIONs to QEMU. What /test/main says is in WORK/report, the console in WORK/serial.
bare_boot() {
	exec timeout --kill-after=5 "$2" qemu-system-aarch64 -nodefaults -no-reboot \
		-machine virt -cpu cortex-a72 "${bare_processors[@]}" -m 1G -display none \
		-kernel "$1/vmlinuz" -initrd "$1/initrd.img" \
		-append "console=ttyAMA0 loglevel=5 panic=-1 ${3:-}" \
		-serial "file:$1/serial" \
		-drive "if=virtio,format=raw,readonly=on,file=$1/root.erofs" \
		-device virtio-serial-pci -chardev "file,id=report,path=$1/report" \
		-device virtserialport,chardev=report,name=report \
		-netdev user,id=network -device virtio-net-pci,netdev=network,romfile= \
		"${@:4}" </dev/null
}

# bare_run WORK SECONDS [WORDS [OPTION…]]: boots the guest, see bare_boot, and waits until it powers
# off. Succeeds where it came to its end in time and the kernel had nothing to complain about.
bare_run() {
	local code=0

	bare_images "$1"
	(bare_boot "$@") || code=$?
	((code == 0)) || echo "# QEMU ends with $code" >>"$1/report"
	((code == 0)) && bare_ended_well "$1"
}

# bare_ended_well WORK: the guest came to its end, and its kernel is well
bare_ended_well() {
	grep --quiet '^# end$' "$1/report" && bare_kernel_is_well "$1"
}

# bare_kernel_is_well WORK: shows what is not
bare_kernel_is_well() {
	! grep -E 'BUG|WARNING:|Oops|Kernel panic|Unable to handle|unregister_netdevice|INFO: task' \
		"$1/serial"
}
