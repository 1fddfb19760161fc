#!/bin/sh
# jobs.sh - what is done after the answer, by the real server: notices of sign-outs that a dead application misses,
# a node that is killed, and what operators see. Ends with "jobs: N passed, M failed".
set -u
cd "$(dirname "$0")/.."
exec node tests/jobs/check.mjs "$@"
