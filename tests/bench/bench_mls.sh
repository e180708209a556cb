#!/usr/bin/env bash
# What a step of a group costs, ours and ts-mls one after the other: figures, the table between the
# marks of RESULTS.md, and a plot of how they grow in build/mls.svg. Where ts-mls cannot be fetched,
# its columns are empty.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

build=${BALAI_BUILD:?}
out=$(dirname "$build")/mls
results=tests/bench/RESULTS.md
steps='["add one", "join", "new keys", "take a commit", "remove one"]'

rm -rf "$out"
mkdir -p "$out"
BALAI_BENCH_JSON=$out/figures "$build/tests/bench/bench_mls"
if why=$(tests/interop/fetch "$build/interop"); then
	node "$build/interop/bench.mjs" | tee -a "$out/figures" |
		jq -r '"\(.name): \(.value) \(.unit)"'
else
	echo "$why"
fi
[[ -z ${BALAI_BENCH_JSON:-} ]] || cat "$out/figures" >>"$BALAI_BENCH_JSON"

# One object a size: {"members": 2, "MLS": {"add one": 1.5, …}, "ts-mls": {…}}
jq -s 'map(.value as $value | .name | capture("^(?<who>.*), (?<n>\\d+) members: (?<step>.*)$") +
		{value: $value}) | group_by(.n | tonumber) |
	map({members: .[0].n, of: (group_by(.who) |
		map({key: .[0].who, value: (map({key: .step, value}) | from_entries)}) | from_entries)})' \
	"$out/figures" >"$out/sizes"

jq -r --argjson steps "$steps" '
	def cell($size; $step): [$size.of["MLS", "ts-mls"][$step]? | if . then . * 10 | round / 10 else "" end]
		| "\(.[0]) / \(.[1])";
	($steps + ["a commit", "a Welcome"]) as $columns |
	"| members | \($steps | map(. + ", ms") | join(" | ")) | a commit, KiB | a Welcome, KiB |",
	"|---|\($columns | map("---|") | add)",
	(.[] | . as $size | "| \(.members) | \($columns | map(cell($size; .)) | join(" | ")) |")' \
	"$out/sizes" >"$out/table.md"

jq -r --argjson steps "$steps" '
	(["members"] + [("MLS", "ts-mls") as $who | $steps[] | "\"\({MLS: "ours"}[$who] // $who): \(.)\""] | join(" ")),
	(.[] | . as $size | [.members] + [("MLS", "ts-mls") as $who | $steps[] | $size.of[$who][.]? // "NaN"] |
		join(" "))' "$out/sizes" >"$out/growth.dat"
gnuplot <<-EOT
	set terminal svg size 900,520
	set output '$(dirname "$build")/mls.svg'
	set title 'A step of a group as it grows'
	set xlabel 'members'
	set ylabel 'ms'
	set logscale xy
	set grid
	set key outside
	plot for [column = 2:6] '$out/growth.dat' using 1:column with linespoints lw 2 lc (column - 1) \
			title columnheader(column), \
		for [column = 7:11] '$out/growth.dat' using 1:column with linespoints lw 1 dt 2 \
			lc (column - 6) title columnheader(column)
EOT
awk -v table="$out/table.md" '
	/^<!-- mls -->/ { print; while ((getline row < table) > 0) print row; inside = 1; next }
	/^<!-- end of mls -->/ { inside = 0 }
	!inside { print }' "$results" >"$results.new"
mv "$results.new" "$results"
