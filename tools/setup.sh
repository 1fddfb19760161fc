#!/bin/sh
# setup.sh - installs what is missing from Debian's packages. usage: setup.sh run|test|bench|prove
# As root or with sudo; says what it installs; does nothing when all is there.
set -eu
run="gcc make pkg-config libssl-dev libsqlite3-dev libpq-dev libxml2-dev libcurl4-openssl-dev libseccomp-dev
     libpcre2-dev libargon2-dev libqrencode-dev zlib1g-dev tzdata"
test="$run postgresql-15 apache2-bin libapache2-mod-auth-openidc curl git oathtool faketime chromium fonts-noto-cjk"
# Node.js for the test tools: whatever is there already, else Debian's.
command -v npm >/dev/null 2>&1 || test="$test nodejs npm"
bench="$run"
command -v npm >/dev/null 2>&1 || bench="$bench nodejs npm"
prove="$test clang-19 libclang-rt-19-dev"
case "${1:-run}" in
run) want=$run ;;
test) want=$test ;;
bench) want=$bench ;;
prove) want=$prove ;;
*) echo "usage: setup.sh run|test|bench|prove" >&2; exit 2 ;;
esac
missing=""
for p in $want; do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q "ok installed" || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
sudo=""
[ "$(id -u)" = 0 ] || sudo=sudo
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# A mirror may be busy: three tries.
for try in 1 2 3; do
    $sudo apt-get -o Acquire::Retries=3 update -qq >/dev/null 2>&1 || true
    if $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null; then exit 0; fi
    sleep "$try"
done
echo "could not install:$missing" >&2
exit 1
