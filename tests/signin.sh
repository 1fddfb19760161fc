#!/bin/sh
# signin.sh - who is who, through the real server: the code of the counter, password, one-time codes (by an independent
# generator), recovery codes, a source of identity; and what must not work: wrong and unknown names told apart, codes used
# twice, fixed sessions, posts from elsewhere, cut requests, floods.
set -u
cd "$(dirname "$0")/.."
W=$(mktemp -d)
PID=
passed=0
failed=0
trap '[ -n "$PID" ] && kill -9 $PID 2>/dev/null; rm -rf "$W"' EXIT

ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "not so: $1"; [ -n "${2:-}" ] && echo "$2" | head -c 800 && echo; }
want() { if [ "$2" = "$3" ]; then ok; else bad "$1: want $2, got $3" "$(head -c 800 "$W/body" 2>/dev/null)"; fi; }
has() { case "$3" in *"$2"*) ok ;; *) bad "$1: want \"$2\"" "$3" ;; esac; }
hasnt() { case "$3" in *"$2"*) bad "$1: has \"$2\"" ;; *) ok ;; esac; }

. tests/lib/serve.sh
serve_demo "$W/node"

# One browser a jar: J names it.
J=$W/a
get() { curl -s -b "$J" -c "$J" -o "$W/body" -D "$W/head" -w '%{http_code}' "$B$1"; }
json() { curl -s -b "$J" -c "$J" -o "$W/body" -D "$W/head" -w '%{http_code}' -H 'Accept: application/json' "$B$1"; }
# form PATH FIELD=VALUE…: as a browser posts it, with the token of the last page
form() {
    path=$1
    shift
    set -- "$@" "_token=$(sed -nE 's/.*name="_token" value="([^"]*)".*/\1/p' "$W/page" 2>/dev/null | head -n 1)"
    set -- $(for f in "$@"; do printf '%s\n' "--data-urlencode"; printf '%s\n' "$f" | tr ' ' '+'; done)
    curl -s -b "$J" -c "$J" -o "$W/body" -D "$W/head" -w '%{http_code}' -H 'Origin: '"$B" "$@" "$B$path"
}
page() { curl -s -b "$J" -c "$J" -o "$W/page" -w '%{http_code}' "$B$1"; }
value() { sed -nE "s/.*name=\"$1\" value=\"([^\"]*)\".*/\\1/p" "$W/body" | head -n 1; }
to() { sed -nE 's/^[Ll]ocation: ([^\r]*).*/\1/p' "$W/head"; }
cookie() { awk '$6 == "tb_session" {print $7}' "$J"; }
as() { rm -f "$J"; curl -s -o /dev/null -c "$J" "$(sign_in_of "$1")"; page /me/security >/dev/null; }

# ---- the demo's addresses ----
U=$(sign_in_of p-lin)
want "an address of the demo signs in" 303 "$(curl -s -o /dev/null -w '%{http_code}' "$U")"
want "once" 404 "$(curl -s -o /dev/null -w '%{http_code}' "$U")"

# ---- setting a password and one-time codes ----
as p-zhou
want "my ways to sign in" 200 "$(page /me/security)"
want "passwords that differ" 303 "$(form /me/password password=correct-horse-battery again=correct-horse-batterz)"
has "said so" "said=mismatch" "$(to)"
want "a short password" 303 "$(form /me/password password=aaaaaaaaaaaa again=aaaaaaaaaaaa)"
has "said so" "said=short" "$(to)"
want "a password" 303 "$(form /me/password password=correct-horse-battery again=correct-horse-battery)"
has "registered" "said=added" "$(to)"
want "it is listed" 200 "$(get /me/security)"
has "by its kind" "密码" "$(cat "$W/body")"
want "it is an act in the ledger" 200 "$(json /ledger)"
has "by its kind" "登记登录方式" "$(cat "$W/body")"

# ---- signing in by password ----
J=$W/b
want "sign-in page" 200 "$(get /login)"
want "a wrong password" 401 "$(form /login name=p-zhou password=wrong)"
cp "$W/body" "$W/wrong"
want "an unknown name" 401 "$(form /login name=p-nobody password=wrong)"
want "is answered alike" "$(cat "$W/wrong" | grep -v name=)" "$(cat "$W/body" | grep -v name=)"
printf '127.0.0.1\tFALSE\t/\tFALSE\t0\ttb_session\t0123456789abcdef0123456789abcdef\n' >>"$J"
want "the right one" 303 "$(form /login name=P-Zhou password=correct-horse-battery next=/cases)"
has "goes on" "/cases" "$(to)"
hasnt "a session is never fixed by its visitor" 0123456789abcdef0123456789abcdef "$(cookie)"
has "the cookie is for the server alone" "HttpOnly; SameSite=Lax" "$(cat "$W/head")"
want "signed in" 200 "$(get /cases)"
want "a foreign next stays here" "/cases" "$(J=$W/c; form /login name=p-zhou password=correct-horse-battery next=//evil.example/ >/dev/null; to)"
# one-time codes
page /me/security >/dev/null
want "a seed" 200 "$(form /me/totp/begin)"
has "drawn as a QR code beside its text" '<svg class="qr" role="img"' "$(cat "$W/body")"
SEED=$(sed -nE 's/.*class="secret">([A-Z2-7]*)<.*/\1/p' "$W/body")
STAGE=$(value stage)
cp "$W/body" "$W/page"
want "wrong digits" 422 "$(form /me/totp stage="$STAGE" code=000000)"
NOW=$(date +%s)
want "right digits" 303 "$(form /me/totp stage="$STAGE" code="$(oathtool --totp -b "$SEED" -N "@$((NOW - 30))")")"
has "registered" "said=added" "$(to)"
page /me/security >/dev/null
want "one factor does not change what takes two" 303 "$(form /me/recovery)"
has "it is asked for the second" "/login?level=2" "$(to)"
J=$W/d
want "password, then" 200 "$(form /login name=p-zhou password=correct-horse-battery)"
STAGE=$(value stage)
[ -n "$STAGE" ] && ok || bad "a second step"
want "not signed in yet" 303 "$(get /cases)"
want "the code that registered it is used" 401 "$(form /login/code stage="$STAGE" code="$(oathtool --totp -b "$SEED" -N "@$((NOW - 30))")")"
CODE=$(oathtool --totp -b "$SEED")
want "another browser cannot use the step" 401 "$(J=$W/e; get /login >/dev/null; form /login/code stage="$STAGE" code="$CODE")"
want "a changed step" 401 "$(form /login/code stage="x$STAGE" code="$CODE")"
want "the present code" 303 "$(form /login/code stage="$STAGE" code="$CODE" next=/cases)"
want "signed in" 200 "$(get /cases)"
J=$W/e
form /login name=p-zhou password=correct-horse-battery >/dev/null
want "a code is good once" 401 "$(form /login/code stage="$(value stage)" code="$CODE")"
want "an old code" 401 "$(form /login name=p-zhou password=correct-horse-battery >/dev/null; form /login/code stage="$(value stage)" code="$(oathtool --totp -b "$SEED" -N "@$((NOW - 300))")")"
want "a code of the future" 401 "$(form /login name=p-zhou password=correct-horse-battery >/dev/null; form /login/code stage="$(value stage)" code="$(oathtool --totp -b "$SEED" -N "@$((NOW + 300))")")"

# ---- sessions ----
J=$W/d
want "where I am signed in" 200 "$(get /me/security)"
page /me/security >/dev/null
OLD=$(cookie)
want "sign out elsewhere" 303 "$(form /me/sessions/end id=others)"
want "here it goes on" 200 "$(get /cases)"
J=$W/b
want "there it is over" 303 "$(get /cases)"
J=$W/d
want "a post without the form's token" 403 "$(curl -s -b "$J" -o /dev/null -w '%{http_code}' -d id=others $B/me/sessions/end)"
want "a post from another site" 403 "$(curl -s -b "$J" -o /dev/null -w '%{http_code}' -H 'Origin: https://evil.example' -H 'Sec-Fetch-Site: cross-site' -d name=x -d password=y $B/login)"
want "JSON from another site" 403 "$(curl -s -b "$J" -o /dev/null -w '%{http_code}' -H 'Sec-Fetch-Site: cross-site' -H 'Content-Type: application/json' -d '{"id":"others"}' $B/me/sessions/end)"
get /me/security >/dev/null
has "no page of ours in a frame" "frame-ancestors 'none'" "$(cat "$W/head")"
has "for old browsers too" "X-Frame-Options: DENY" "$(cat "$W/head")"
page /me/security >/dev/null
want "sign out" 303 "$(form /logout)"
want "the old cookie is worth nothing" 303 "$(curl -s -o /dev/null -w '%{http_code}' -H "Cookie: tb_session=$OLD" $B/cases)"

# ---- recovery codes ----
as p-ming
want "recovery codes" 200 "$(form /me/recovery)"
RC=$(sed -nE 's/.*class="secret">([A-Z2-7-]*)<.*/\1/p' "$W/body" | head -n 1)
J=$W/f
want "an unknown name with a code" 401 "$(form /login/recover name=p-nobody code="$RC")"
want "another's name with it" 401 "$(form /login/recover name=p-zhou code="$RC")"
want "a recovery code signs in" 303 "$(form /login/recover name=p-ming code="$(echo "$RC" | tr 'A-Z' 'a-z' | tr -d -)")"
has "to set new ways" "/me/security" "$(to)"
J=$W/g
want "once" 401 "$(form /login/recover name=p-ming code="$RC")"

# ---- a source of identity ----
J=$W/h
want "the sample card" 200 "$(get '/login/source/sample-card?next=%2Fcases')"
STATE=$(value state)
want "signs" 200 "$(form /sample-card/issue state="$STATE" who=0)"
TOKEN=$(value assertion)
want "another browser cannot use it" 401 "$(J=$W/i; get /login >/dev/null; form /login/source/sample-card/return assertion="$TOKEN")"
want "a changed assertion" 401 "$(form /login/source/sample-card/return assertion="$(echo "$TOKEN" | sed -E 's/\.([^.]*)$/.A\1/')")"
want "one without signature" 401 "$(form /login/source/sample-card/return assertion="eyJhbGciOiJub25lIn0.$(echo "$TOKEN" | cut -d. -f2).")"
want "the assertion signs in" 303 "$(form /login/source/sample-card/return assertion="$TOKEN")"
has "and goes on" "/cases" "$(to)"
page /me/security >/dev/null
want "an assertion is good once" 401 "$(form /login/source/sample-card/return assertion="$TOKEN")"
J=$W/l
get '/login/source/sample-card?next=%2Fme%2Fauthority' >/dev/null
want "a card of somebody the node does not know" 200 "$(form /sample-card/issue state="$(value state)" who=4)"
TOKEN=$(value assertion)
J=$W/twin
get '/login/source/sample-card?next=%2Fcases' >/dev/null
want "and once more, in another browser" 200 "$(form /sample-card/issue state="$(value state)" who=4)"
OTHER=$(value assertion)
# return JAR ASSERTION: what a browser with that jar brings back
return_with() { curl -s -b "$1" -c "$1" -o /dev/null -w '%{http_code} %{redirect_url}' -H "Origin: $B" --data-urlencode "assertion=$2" "$B/login/source/sample-card/return"; }
return_with "$W/twin" "$OTHER" >"$W/other" &
return_with "$W/l" "$TOKEN" >"$W/one"
wait $!
want "registers and signs in" "303 $B/me/authority" "$(cat "$W/one")"
want "both of two that come at once" "303 $B/cases" "$(cat "$W/other")"
J=$W/l
want "signed in" 200 "$(get /me/authority)"
has "under the name of the card" "叶知秋" "$(cat "$W/body")"
want "no such source" 404 "$(get /login/source/none)"

# ---- the counter: an account, its code, recovery; an act that wants two factors ----
J=$W/a
as o-clerk
page /acts/register-party >/dev/null
want "the counter registers a person" 303 "$(form /acts/register-party party.id=p-new party.kind=person person.name=许清如 person.phone=13800004455)"
want "a citizen number is checked" 409 "$(form /acts/register-party party.id=p-new2 party.kind=person person.name=许清如 person.idcard=990101199003070024)"
want "opens an account" 200 "$(form /acts/open-account account.owner=p-new account.name=Qingru)"
GIVEN=$(sed -nE 's/.*class="secret">([A-Z2-7-]*)<.*/\1/p' "$W/body" | head -n 1)
J=$W/p
want "another code does not fit" 401 "$(form /login/recover name=qingru code=AAAA-BBBB-CCCC-DDDD)"
want "the code of the counter signs in" 303 "$(form /login/recover name=qingru code="$GIVEN")"
page /me/security >/dev/null
want "a password" 303 "$(form /me/password password=another-horse-battery again=another-horse-battery)"
J=$W/q
want "the code is good once" 401 "$(form /login/recover name=qingru code="$GIVEN")"
want "by the password" 303 "$(form /login name=qingru password=another-horse-battery)"
J=$W/a
page /acts/recover-account >/dev/null
want "recovered at the counter" 200 "$(form /acts/recover-account account.owner=p-new account.proof=document)"
GIVEN=$(sed -nE 's/.*class="secret">([A-Z2-7-]*)<.*/\1/p' "$W/body" | head -n 1)
J=$W/q
want "every session is over" 303 "$(get /cases)"
has "sign in again" "/login" "$(to)"
want "the old password is void" 401 "$(form /login name=qingru password=another-horse-battery)"
want "the new code signs in" 303 "$(form /login/recover name=qingru code="$GIVEN")"
J=$W/a
page /me/security >/dev/null
want "an officer's password" 303 "$(form /me/password password=officer-horse-battery again=officer-horse-battery)"
J=$W/r
want "signed in by one factor" 303 "$(form /login name=o-clerk password=officer-horse-battery)"
page /acts/recover-account >/dev/null
want "an act that wants two factors" 409 "$(form /acts/recover-account account.owner=p-new account.proof=document)"
has "shows the way to them" "/login?level=2" "$(cat "$W/body")"
want "an act of another role is not offered" 404 "$(get /acts/appoint-admin)"

# ---- a rule of signing in is an act of the security administrator ----
J=$W/u
as a-system
want "home of an administrator" 200 "$(get /acts)"
want "not the system administrator's" 404 "$(get /acts/set-sign-in)"
as a-security
page /acts/set-sign-in >/dev/null
want "no passwords from now on" 303 "$(form /acts/set-sign-in signin.password=false)"
J=$W/s
want "a right password does not sign in" 401 "$(form /login name=o-clerk password=officer-horse-battery)"
get /login >/dev/null
hasnt "nor is it asked for" 'name="password"' "$(cat "$W/body")"
J=$W/u
page /acts/set-sign-in >/dev/null
want "passwords again" 303 "$(form /acts/set-sign-in signin.password=true)"
J=$W/s
want "it signs in" 303 "$(form /login name=o-clerk password=officer-horse-battery)"

# ---- names are not told apart by time: medians of nine each, a known and an unknown one by turns ----
J=$W/t
for i in 1 2 3 4 5 6 7 8 9; do
    curl -s -o /dev/null -w '%{time_total}\n' -d name=o-clerk -d password=wrong-password $B/login >>"$W/known"
    curl -s -o /dev/null -w '%{time_total}\n' -d name=o-nobody -d password=wrong-password $B/login >>"$W/unknown"
done
KNOWN=$(sort -n "$W/known" | sed -n 5p)
UNKNOWN=$(sort -n "$W/unknown" | sed -n 5p)
awk -v a="$KNOWN" -v b="$UNKNOWN" 'BEGIN { exit !(a < 2 * b && b < 2 * a) }' && ok || bad "known $KNOWN s, unknown $UNKNOWN s"

# ---- floods ----
J=$W/m
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do LAST=$(form /login name=p-lin password=guess-$i); done
want "too many tries" 429 "$LAST"
has "says when to come again" "Retry-After" "$(cat "$W/head")"
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do LAST=$(form /login name=p-nobody2 password=guess-$i); done
want "for a name that is nobody's as well" 429 "$LAST"
for i in $(seq 80); do curl -s -o /dev/null -w '%{http_code}\n' -d name=flood-$i -d password=guess $B/login >>"$W/flood" & done
sleep 0.2
T=$(curl -s -o /dev/null -w '%{time_total}' $B/healthz)
wait_for=$(jobs -p | grep -v "^$PID$")
for p in $wait_for; do wait "$p"; done
awk -v t="$T" 'BEGIN { exit !(t < 1) }' && ok || bad "during a flood of sign-ins another page took $T s"
grep -q 503 "$W/flood" && ok || bad "a flood beyond the queue is asked to come again" "$(sort "$W/flood" | uniq -c)"
grep -qv -e 401 -e 503 -e 429 "$W/flood" && bad "a flood is answered by 401, 429 or 503" "$(sort "$W/flood" | uniq -c)" || ok

# ---- cut requests leave nothing behind ----
J=$W/x
for n in 30 60 300; do
    curl -s -m 1 -c "$J" -o /dev/null -H "Content-Length: $n" -H 'Expect:' -d 'name=p-zhou&password=correct-h' $B/login &
    CUT="${CUT:-} $!"
done
wait $CUT
[ -z "$(cookie)" ] && ok || bad "a cut request signed somebody in"
want "the server goes on" 200 "$(get /healthz)"

# ---- after a crash ----
as o-clerk
BEFORE=$(cookie)
J=$W/y
for n in p-ming p-nobody3; do
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do form /login name=$n password=guess-$i >/dev/null; done
done
kill -9 $PID
wait $PID 2>/dev/null
serve_demo "$W/node"
want "a session outlasts the program" 200 "$(curl -s -o /dev/null -w '%{http_code}' -H "Cookie: tb_session=$BEFORE" $B/desk)"
J=$W/n
want "so does a bound on guessing" 429 "$(form /login name=p-ming password=guess)"
cp "$W/body" "$W/wrong"
want "for a name that is nobody's as well" 429 "$(form /login name=p-nobody3 password=guess)"
want "told alike" "$(grep -v name= "$W/wrong")" "$(grep -v name= "$W/body")"
want "nobody else is bound" 401 "$(form /login name=p-nobody4 password=guess)"
want "so does the password" 200 "$(form /login name=p-zhou password=correct-horse-battery)"
strings -a "$W/node/store"* 2>/dev/null | grep -q "correct-horse-battery" && bad "a password in the store" || ok
strings -a "$W/node/store"* 2>/dev/null | grep -q "p-nobody3" && bad "a name that was tried stands in the store" || ok
kill $PID
wait $PID 2>/dev/null
want "one card is one person, also of two at once" 1 "$(sqlite3 "$W/node/store/store.db" "SELECT count(*) FROM party_register WHERE display_name = '叶知秋'")"
if build/tongban replay "$W/node" >"$W/out" 2>&1; then ok; else bad "replay" "$(cat "$W/out")"; fi
echo "signin: $passed passed, $failed failed"
[ $failed = 0 ]
