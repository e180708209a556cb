# File systems and the disk image.
# shellcheck shell=bash

# The same image has the same identifiers whenever it is built: UUIDs of version 8, RFC 9562.
uuid() {
	echo "balai $*" | sha256sum |
		sed -E 's/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/\1-\2-8\3-8\4-\5/'
}

# make_erofs TREE IMAGE: LZ4 is the cheapest to read.
make_erofs() {
	mkfs.erofs --quiet -zlz4hc,9 -C65536 -T"$SOURCE_DATE_EPOCH" -U"$(uuid root)" -x-1 \
		--all-root "$2" "$1"
}

# make_state IMAGE MIB [DIR]: an ext4 file system with the files of DIR, or none.
make_state() {
	local image=$1 mib=$2 dir=${3:-}

	rm -f "$image"
	mkfs.ext4 -q -L balai-state -U "$(uuid state)" ${dir:+-d "$dir"} \
		-E "root_owner=0:0,hash_seed=$(uuid hash)" "$image" "${mib}M"
}

# mib FILE: its size, rounded up.
mib() {
	echo $((($(stat --format=%s "$1") + 1048575) >> 20))
}

# put IMAGE DISK AT-MIB
put() {
	dd if="$1" of="$2" bs=1M seek="$3" conv=notrunc,sparse status=none
}

# make_disk ROOT STATE DISK: a GPT with the two partitions, found by their names.
make_disk() {
	local root=$1 state=$2 disk=$3 root_mib state_mib

	root_mib=$(mib "$root")
	state_mib=$(mib "$state")
	rm -f "$disk"
	truncate --size=$((1 + root_mib + state_mib + 1))M "$disk"
	sfdisk --quiet "$disk" <<-END
		label: gpt
		label-id: $(uuid disk)
		start=1MiB, size=${root_mib}MiB, type=B921B045-1DF0-41C3-AF44-4C6F280D3FAE, uuid=$(uuid root partition), name=balai-root
		start=$((1 + root_mib))MiB, size=${state_mib}MiB, type=linux, uuid=$(uuid state partition), name=balai-state
	END
	put "$root" "$disk" 1
	put "$state" "$disk" $((1 + root_mib))
}
