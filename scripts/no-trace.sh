#!/usr/bin/env bash
# Whether a program holds anything of failpoints (src/failpoints.rs and the crate `fail`): texts, source positions or
# symbols. Prints what it finds.
# 0: nothing. 1: a trace. 2: there is no such program.
set -euo pipefail

program=${1:?usage: scripts/no-trace.sh PROGRAM}
if [ ! -s "$program" ]; then
    echo "no-trace: $program is not there; build it first" >&2
    exit 2
fi
found=0
for trace in FAILPOINTS src/failpoints.rs 5usher10failpoints 4fail12FailScenario; do
    if grep --quiet --text --fixed-strings "$trace" "$program"; then
        echo "no-trace: $program holds $trace"
        found=1
    fi
done
[ "$found" = 0 ] && echo "no-trace: $program holds nothing of failpoints"
exit "$found"
