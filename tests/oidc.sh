#!/bin/sh
# oidc.sh - the identity provider, asked by other people's clients (npm openid-client 6 and 5,
# oauth4webapi, jose; Apache with mod_auth_openidc), by the modules of the conformance suite, and by hostile hands.
set -u
cd "$(dirname "$0")/.."
. tests/lib/npm.sh
npm_ready tests/oidc || exit 1
node tests/oidc/check.mjs "$@"
