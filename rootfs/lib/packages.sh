# Debian arm64 packages: resolved, fetched and checked by apt with this machine's own configuration,
# and unpacked without running their scripts.
# shellcheck shell=bash
# shellcheck source=rootfs/lib/common.sh
source "${BASH_SOURCE[0]%/*}/common.sh"

# apt_arm64 STATE ARG…: apt-get as if on an arm64 machine that has nothing installed; its lists and
# files are kept in the folder STATE.
apt_arm64() {
	local state=$1
	shift

	apt-get --quiet=2 \
		-o APT::Architecture=arm64 -o APT::Architectures=arm64 \
		-o APT::Install-Recommends=false -o APT::Sandbox::User="$(id -un)" \
		-o Acquire::Languages=none \
		-o Dir::State="$state" -o Dir::State::status="$state/status" -o Dir::Cache="$state" \
		"$@"
}

# start_apt STATE: fetches what apt knows packages by.
start_apt() {
	local state=$1

	mkdir -p "$state/lists/partial" "$state/archives/partial" &&
		: >"$state/status" &&
		apt_arm64 "$state" update
}

# closure STATE PACKAGE…: the names of the packages and of all that they depend on.
closure() {
	local state=$1
	shift

	apt_arm64 "$state" --simulate install "$@" | awk '$1 == "Inst" { print $2 }' | sort
}

# unpack DEB TREE: Debian's /bin, /lib and /sbin are links into /usr, and a package may name its files
# either way. Nobody logs in to gain rights, so no file hands any out.
unpack() {
	local deb=$1 tree=$2

	dpkg-deb --fsys-tarfile "$deb" |
		tar --extract --directory="$tree" --preserve-permissions --no-same-owner \
			--keep-directory-symlink --exclude-from="$rootfs/lib/unneeded"
}

# bare_tree STATE TREE PACKAGE…: the packages without what they depend on. base-files goes first, as
# it brings the directories and the links among them. TREE/usr/share/balai/packages lists the
# versions. It fails where one cannot be had, as everything that cached_tree runs has to by itself:
# bash heeds no errexit there.
bare_tree() {
	local state=$1 tree=$2 deb
	shift 2

	(($# > 0)) || die "there are no packages to unpack"
	mkdir -p "$state/debs" "$tree" || return
	(cd "$state/debs" && apt_arm64 "$state" download "$@") || return
	for deb in "$state"/debs/base-files_*.deb "$state"/debs/*.deb; do
		[[ ! -e $deb ]] || unpack "$deb" "$tree" || return
	done
	find "$tree" -type f -perm /6000 -exec chmod a-s {} + || return
	mkdir -p "$tree/usr/share/balai" || return
	for deb in "$state"/debs/*.deb; do
		# shellcheck disable=SC2016
		dpkg-deb --show --showformat='${Package} ${Version}\n' "$deb" || return
	done >"$tree/usr/share/balai/packages"
}

# root_tree STATE TREE: the packages of packages.txt with what they depend on.
root_tree() {
	local state=$1 tree=$2 wanted names

	mapfile -t wanted < <(entries "$rootfs/packages.txt" | grep -v '^-')
	mapfile -t names < <(closure "$state" "${wanted[@]}" | grep --invert-match --line-regexp \
		--fixed-strings --file=<(entries "$rootfs/packages.txt" | sed -n 's/^-//p'))
	((${#names[@]} >= ${#wanted[@]})) || die "apt cannot resolve the packages of packages.txt"
	bare_tree "$state" "$tree" "${names[@]}"
}

# boot_tree STATE TREE KERNEL-PACKAGE: the kernel, which that package stands for, and the shell of
# the initial root, without what they depend on.
boot_tree() {
	local state=$1 tree=$2 kernel=$3 names

	mapfile -t names < <(closure "$state" "$kernel" | grep '^linux-image-')
	((${#names[@]})) || die "apt cannot resolve the package $kernel"
	bare_tree "$state" "$tree" "${names[@]}" busybox-static &&
		ln -sfn usr/lib "$tree/lib" &&
		depmod --basedir "$tree" "$(kernel_version "$tree")"
}

# make_tree MAKER TREE ARG…: runs MAKER; TREE appears when it is complete, and not at all otherwise.
make_tree() {
	local maker=$1 tree=$2 state=$2.apt
	shift 2

	say "fetching packages for ${tree##*/}"
	find "$(dirname "$tree")" -maxdepth 1 -name "$maker-????????????" -mtime +30 -exec rm -rf {} +
	rm -rf "$tree.new" "$state"
	if ! { start_apt "$state" && "$maker" "$state" "$tree.new" "$@"; }; then
		die "the packages for ${tree##*/} cannot be had"
	fi
	rm -rf "$state"
	mv "$tree.new" "$tree"
	say "unpacked $(wc -l <"$tree/usr/share/balai/packages") packages"
}

# cached_tree MAKER ARG…: prints the folder with what MAKER unpacks, made once for what shapes it,
# and again when it is gone or was not used for 30 days. It fails where that cannot be made.
cached_tree() {
	local maker=$1 tree
	shift

	tree=$(cache_dir)/$maker-$({
		echo "$@"
		[[ $maker != root_tree ]] || entries "$rootfs/packages.txt"
		cat "$rootfs/lib/packages.sh" "$rootfs/lib/unneeded"
	} | sha256sum | cut -c1-12)
	(
		flock 9
		[[ -d $tree ]] || make_tree "$maker" "$tree" "$@"
		touch "$tree"
	) 9>"$tree.lock" >&2 || return
	echo "$tree"
}
