#!/usr/bin/env bash
# The long run: simulation, model, deaths, store faults and several nodes by turns, with seeds that nobody has tried,
# until the time is over. A step that has begun is finished. Ends at the first failure, and says how to see it again.
#   scripts/soak.sh MINUTES
set -euo pipefail
cd "$(dirname "$0")/.."

minutes=${1:?"for how many minutes? make soak MINUTES=60"}
# No step takes as long; one that does hangs.
longest=30m
tests=(cargo test --locked --features failpoints --test it)
# Times of hand-overs and take-overs, of this run and of former ones.
figures=$PWD/target/soak
log=$(mktemp)
step=
declare -A done_so_far
# Each step is a process group of its own: whatever it started ends with it, also when this script is told to end.
set -m
end() {
    [ -z "$step" ] || kill -- "-$step" 2>/dev/null || true
    rm -f "$log"
}
trap end EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

fail() {
    cat "$log"
    echo "FAILED after $round rounds: $1. Again:"
    echo "    $2"
    exit 1
}

# run MODULE VARIABLE=VALUE…: the tests of a module, as long as the variables say.
run() {
    local module=$1 begun again
    shift
    [ "$(date +%s)" -lt "$until" ] || return 0
    begun=$(date +%s)
    again="$* ${tests[*]} $module::"
    env "$@" timeout "$longest" "${tests[@]}" "$module::" >"$log" 2>&1 &
    step=$!
    wait "$step" || fail "$module" "$again"
    step=
    grep -qE '^test result: ok\. [1-9]' "$log" || fail "$module: no test ran" "$again"
    done_so_far[$module]=$((${done_so_far[$module]:-0} + 1))
    echo "round $round: $* $module:: ok in $(($(date +%s) - begun)) s"
}

round=0
"${tests[@]}" --no-run
until=$(($(date +%s) + minutes * 60))
while [ "$(date +%s)" -lt "$until" ]; do
    round=$((round + 1))
    # A second begins a million seeds: no two rounds of any two runs share one.
    first=$(($(date +%s) * 1000000))
    run simulation USHER_SIM_FIRST="$first" USHER_SIM_SEEDS=400 USHER_SIM_STEPS=2000
    run model USHER_SEED="$first" USHER_SEEDS=1000 USHER_STEPS=4000
    for at in 1 2 3 4 5; do
        run crash USHER_CRASH_SEED=$((first + at))
    done
    run store_faults USHER_FAULT_ROUNDS=5
    run cluster USHER_CLUSTER_ROUNDS=5 USHER_CLUSTER_SEED="$first" USHER_CLUSTER_FIGURES="$figures"
done
echo "no failure in $round rounds, $minutes minutes:"
for module in "${!done_so_far[@]}"; do
    echo "    $module:: ${done_so_far[$module]} times"
done
if [ -f "$figures/cluster.md" ]; then
    echo "times of several nodes ($figures/cluster.md):"
    cat "$figures/cluster.md"
fi
