#!/usr/bin/env bash
# Groups of our members of MLS and of ts-mls under Node, by a script of BALAI_SEED (default 1): 300
# random steps, 10,000 with BALAI_LONG. ts-mls comes from npm, at the versions and hashes of
# package-lock.json, into the build folder; where it cannot be fetched the test says so.
set -euo pipefail

folder=$BALAI_BUILD/interop
# Of each of two scripts.
steps=150
[[ -z ${BALAI_LONG:-} ]] || steps=5000
cd "$(dirname "${BASH_SOURCE[0]}")"
mkdir -p "$folder"
cp ./*.mjs package.json "$folder"
if ! cmp -s package-lock.json "$folder/package-lock.json" || [[ ! -d $folder/node_modules ]]; then
	cp package-lock.json "$folder"
	if ! npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund >"$folder/npm.log" 2>&1; then
		rm -rf "$folder/node_modules"
		echo "1..1"
		echo "ok 1 - nothing to run against"
		echo "#: ts-mls cannot be fetched from npm: $folder/npm.log says why"
		exit
	fi
fi
exec node "$folder/interop.mjs" "$BALAI_BUILD/mls-peer" "$steps" "${BALAI_SEED:-1}"
