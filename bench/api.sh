#!/usr/bin/env bash
# Measures the API against a client that runs the same transactions by prepared statements and nothing else, over the same
# MariaDB in the same run: reading a patient, searching, booking, prescribing. Prints requests a second, their ratio (target:
# 0.70 for reads, 0.80 for writes), times at 80 % load (target: p99 under 5 x p50; beside it what the bare client comes to) and
# the API's memory (target: 128 MiB). The API is built as its image has it.
#
# Usage: bench/api.sh [PATIENTS LOG_ROWS]…     default: 10000 100000, then 100000 1000000
#        bench/api.sh 10000 100000 1000000 10000000     the sizes of the target: p99 at most 2 x that of the first
# SECONDS_EACH (20) and CLIENTS (16) change how long and by how many. KEEP=FOLDER keeps the databases there, one of each size, and the
# next run goes on from them: filling one takes a quarter of an hour at a million patients.
set -euo pipefail
cd "$(dirname "$0")/.."
sizes=("$@")
[ $# -gt 0 ] || sizes=(10000 100000 100000 1000000)
cargo build --quiet --locked --profile image -p galeno-api --bin api
while [ ${#sizes[@]} -ge 2 ]; do
  keep=(); [ -z "${KEEP:-}" ] || keep=(--keep "$(realpath -m "$KEEP")/${sizes[0]}-${sizes[1]}")
  cargo bench --quiet --locked -p galeno-api --bench load -- --patients "${sizes[0]}" --log-rows "${sizes[1]}" \
    --seconds "${SECONDS_EACH:-20}" --clients "${CLIENTS:-16}" --api "$PWD/target/image/api" "${keep[@]}"
  sizes=("${sizes[@]:2}")
done
