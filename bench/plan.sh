#!/usr/bin/env bash
# Measures `galeno plan` between two revisions of a repository with many environments of which one changed, and beside it
# `git diff` of the same two revisions, which compares lines and understands nothing.
#
# Usage: bench/plan.sh [ENVIRONMENTS]      default: 1000
# Needs: target/release/galeno (or GALENO=…), git, hyperfine. The target is under two seconds for 1,000.
#
# The environments are copies of prod under other names; git keeps what they share once, as it would in any repository.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
galeno=${GALENO:-$root/target/release/galeno}
many=${1:-1000}
work=$(mktemp -d "${TMPDIR:-/tmp}/galeno-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
export HOME=$work GIT_CONFIG_NOSYSTEM=1
git init --quiet --initial-branch main .
git config user.name bench; git config user.email bench@example.org; git config gc.auto 0

# One environment is compiled; its tree stands for all.
mkdir environments
name() { printf 'env%05d' "$1"; }
for i in $(seq 0 $((many - 1))); do
  sed "s/^name: prod$/name: $(name "$i")/" "$root/environments/prod.yaml" > "environments/$(name "$i").yaml"
done
"$galeno" --quiet compile --environment "$(name 0)" 2>/dev/null
git add --all && git commit --quiet --message one
one=$(git rev-parse "HEAD:generated/$(name 0)")
generated=$(for i in $(seq 0 $((many - 1))); do printf '040000 tree %s\t%s\n' "$one" "$(name "$i")"; done | git mktree)
tree() { printf '040000 tree %s\tenvironments\n040000 tree %s\tgenerated\n' "$1" "$2" | git mktree; }
base=$(git commit-tree -m base "$(tree "$(git rev-parse HEAD:environments)" "$generated")")

sed -i 's/^owner: .*/owner: somebody-else/; s/min: 3, max: 12/min: 4, max: 12/' "environments/$(name 0).yaml"
"$galeno" --quiet compile --environment "$(name 0)" 2>/dev/null
git add --all && git commit --quiet --message two
two=$(git rev-parse "HEAD:generated/$(name 0)")
generated=$( { printf '040000 tree %s\t%s\n' "$two" "$(name 0)"; for i in $(seq 1 $((many - 1))); do printf '040000 tree %s\t%s\n' "$one" "$(name "$i")"; done; } | git mktree)
head=$(git commit-tree -m head "$(tree "$(git rev-parse HEAD:environments)" "$generated")")

"$galeno" plan "$base" "$head" > plan.txt
grep -q 'somebody-else' plan.txt # it found the change
hyperfine --warmup 1 --runs 7 --export-json times.json --style basic -N \
  "$galeno plan $base $head --format json" "git diff $base $head" > hyperfine.txt 2>/dev/null
python3 - "$many" <<'P'
import json, sys
plan, diff = (result["median"] for result in json.load(open("times.json"))["results"])
print(f"{sys.argv[1]} environments, one changed: galeno plan {plan:.2f} s, git diff {diff:.2f} s (ratio {plan / diff:.1f}); target < 2 s")
sys.exit(plan >= 2)
P
