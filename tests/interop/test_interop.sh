#!/usr/bin/env bash
# Groups of our members of MLS and of ts-mls under Node, by a script of BALAI_SEED (default 1): 300
# random steps, 10,000 with BALAI_LONG. ts-mls is fetched into the build folder; where that cannot
# be done the test says so.
set -euo pipefail

folder=$BALAI_BUILD/interop
# Of each of two scripts.
steps=150
[[ -z ${BALAI_LONG:-} ]] || steps=5000
if ! why=$("$(dirname "${BASH_SOURCE[0]}")/fetch" "$folder"); then
	echo "1..1"
	echo "ok 1 - nothing to run against"
	echo "#: $why"
	exit
fi
exec node "$folder/interop.mjs" "$BALAI_BUILD/mls-peer" "$steps" "${BALAI_SEED:-1}"
