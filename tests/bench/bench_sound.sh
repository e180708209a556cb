#!/usr/bin/env bash
# The voice chain beside others in simulated rooms: figures, the table between the marks of
# RESULTS.md, and for each scene a plot of echo over time in build/sound.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

build=${BALAI_BUILD:?}
out=$(dirname "$build")/sound
results=tests/bench/RESULTS.md
mkdir -p "$out"
rm -f "$out"/*.dat "$out"/*.svg

plot() {
	gnuplot <<-EOT
		set terminal svg size 900,420
		set output '${1%.dat}.svg'
		set title '$(basename "$1" .dat)'
		set xlabel 'seconds'
		set ylabel 'echo taken away, dB'
		set grid
		set key outside
		plot for [column = 2:9] '$1' using 1:column with lines lw 2 title columnheader(column)
	EOT
}

tests/bench/sound/speech "$out/speech"
"$build/bench-sound" "$out/speech" "$out"
for data in "$out"/*.dat; do
	plot "$data"
done
awk -v table="$out/table.md" '
	/^<!-- sound -->/ { print; while ((getline row < table) > 0) print row; inside = 1; next }
	/^<!-- end of sound -->/ { inside = 0 }
	!inside { print }' "$results" >"$results.new"
mv "$results.new" "$results"
