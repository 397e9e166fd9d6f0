#!/bin/sh
# The loop by the command line: Rotosolve. As a function of one rotation's angle an energy is a sinusoid, so three of its
# values tell where it is least (Ostaszewski, Grant and Benedetti, Quantum 5, 391 (2021)).
#
# Usage: loop.sh [GROUP]. Each iteration has a key: run again with the same group, it goes on where it was.
set -eu
cd "$(dirname "$0")"
group=${1:-rotosolve}

calculate() { awk "BEGIN { pi = atan2(0, -1); printf \"%.17g\", $1 }"; }

energy() { # of the iteration $1, at the angle $2
    said=$(eigen submit --job job.yaml --input "theta=$2" --group "$group" --idempotency-key "$group/$1")
    eigen results "${said#*job_id=}" --json | sed 's/.*"energy":{"std_error":[^,]*,"value":\([^}]*\)}.*/\1/'
}

theta=0.3
here=$(energy 0 "$theta")
for round in 1 2 3 4; do
    up=$(energy "$round/up" "$(calculate "($theta) + pi / 2")")
    down=$(energy "$round/down" "$(calculate "($theta) - pi / 2")")
    theta=$(calculate "($theta) - pi / 2 - atan2(2 * ($here) - ($up) - ($down), ($up) - ($down))")
    least=$(calculate "(($up) + ($down) - sqrt((2 * ($here) - ($up) - ($down))^2 + (($up) - ($down))^2)) / 2")
    here=$(energy "$round/here" "$theta")
    [ "$(calculate "sqrt((($here) - ($least))^2) > 1e-9")" = 1 ] || break
done
echo "theta=$theta energy=$here"
