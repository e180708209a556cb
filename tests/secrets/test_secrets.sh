#!/usr/bin/env bash
# Nothing in firmware/e2ee branches on a secret or takes one for an index: valgrind watches
# mls-secrets, which is built without sanitizers.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=tests/tap.sh
source ../tap.sh

watch() {
	valgrind --quiet --error-exitcode=9 --suppressions=valgrind.supp \
		"$(dirname "$BALAI_BUILD")/host/mls-secrets" "$@"
}

seen() {
	local code=0

	watch branch >/dev/null 2>&1 || code=$?
	((code == 9))
}

ok "no branch and no index depends on a secret" watch
ok "one that does is seen" seen
echo "1..$number"
