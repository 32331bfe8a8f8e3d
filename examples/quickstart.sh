#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# quickstart: a real project from a tag to a signed, logged, approved, published release; then verified
# offline, and refused after one byte was changed; then the server's page of it. Everything it makes lies in
# one folder. The server stays when a person looks on (a terminal), unless --no-serve; in CI it ends here.
set -eu

source_dir=$(cd "$(dirname "$0")/.." && pwd)
build=${SLIPWAY_BUILD:-$source_dir/build}
work=${QUICKSTART_DIR:-$build/quickstart}
slipway=${SLIPWAY:-$build/src/cli/slipway}
PATH=$(dirname "$slipway"):$PATH
export PATH SLIPWAY_HOME="$work/home"
unset SLIPWAY_LIBEXEC XDG_STATE_HOME
release=greeter/main@1.0.0
keep_server=0
if [ -t 1 ] && [ -z "${CI:-}" ]; then keep_server=1; fi
if [ "${1:-}" = --no-serve ]; then keep_server=0; fi

say() { printf '\n\033[1m==> %s\033[0m\n' "$*"; }
run() { printf '\033[2m$ %s\033[0m\n' "$*"; "$@"; }

if [ -f "$work/server.pid" ]; then # of the quickstart before: it holds the folder that is made anew
    kill "$(cat "$work/server.pid")" 2>/dev/null && sleep 1 || true
fi
rm -rf "$work"
mkdir -p "$work/people" "$work/offline" "$work/site"

say "1. A project: a git repository with a tag"
cp -R "$source_dir/examples/greeter" "$work/greeter"
(
    cd "$work/greeter"
    export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
    git init -q -b main .
    git -c user.name=Ada -c user.email=ada@example.org add -A
    git -c user.name=Ada -c user.email=ada@example.org commit -q -m "greeter 1.0.0"
    git -c user.name=Ada -c user.email=ada@example.org tag -a v1.0.0 -m "greeter 1.0.0"
)

executor=sandbox
if ! reason=$("$slipway" admin isolation 2>&1); then
    executor=host
    printf '\n\033[1;31m!!! NO ISOLATION: %s\033[0m\n' "$reason"
    printf '\033[1;31m!!! Jobs run directly on this host. Provenance, page and verify will say so.\033[0m\n'
fi

say "2. An engine, and a person whose key it never sees"
run slipway keys new --out "$work/people/alice.key"
run slipway init --root-key "$work/root.key"
if [ "$executor" = host ]; then
    run slipway roster set greeter --person "alice=$work/people/alice.key.pub" --approvals 1 --allow-unisolated --root-key "$work/root.key"
else
    run slipway roster set greeter --person "alice=$work/people/alice.key.pub" --approvals 1 --root-key "$work/root.key"
fi
run mv "$work/root.key" "$work/offline/root.key" # to a safe, in real life; until then every command nags
run slipway target set greeter/site --type directory --location "$work/site"

say "3. The tag: claimed, built in clean machines, attested"
if [ "$executor" = host ]; then
    run slipway run --source "$work/greeter" --tag v1.0.0 --executor host
else
    run slipway run --source "$work/greeter" --tag v1.0.0
fi

say "4. The release: sealed, requested, approved by a person, published"
run slipway release seal "$release"
run slipway release request "$release" --target site
slipway trust export --project greeter > "$work/trust.json"
run slipway release approve "$release" --person alice --key "$work/people/alice.key" --trust "$work/trust.json"
run slipway release publish "$release"

say "5. Verified offline, with the release folder and a trust file alone"
served="$work/site/greeter/main/1.0.0"
run slipway verify "$served" --trust "$work/trust.json"

say "6. One byte changed: refused"
cp -R "$served" "$work/tampered"
printf 'X' | dd of="$work/tampered/greeter" bs=1 seek=100 conv=notrunc status=none
code=0
run slipway verify "$work/tampered" --trust "$work/trust.json" || code=$?
[ "$code" = 10 ] || { echo "quickstart: a changed byte was not refused (exit $code)"; exit 1; }

say "7. The server, and the page of the run"
printf '\033[2m$ slipway serve --listen 127.0.0.1:0 --public\033[0m\n'
slipway serve --listen 127.0.0.1:0 --public > "$work/server.log" 2>&1 &
server=$!
echo "$server" > "$work/server.pid"
url=
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    url=$(sed -n 's/^listening  *//p' "$work/server.log")
    [ -z "$url" ] || break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.25
done
[ -n "$url" ] || { echo "quickstart: the server did not start:"; cat "$work/server.log"; exit 1; }
run slipway show 1 >/dev/null # through the server: it holds the folder now
page=$url/projects/greeter/runs/1

printf '\n\033[1mDone.\033[0m\n'
printf 'made:      release %s, sealed, approved by alice, in the log\n' "$release"
printf 'lies in:   %s\n' "$served"
printf 'isolation: %s\n' "$executor"
printf 'next:      SLIPWAY_HOME=%s %s log tail\n' "$SLIPWAY_HOME" "$slipway"
printf 'page:      %s\n' "$page"
if [ "$keep_server" = 1 ]; then
    printf 'server:    process %s; stop it with: kill %s\n' "$server" "$server"
else
    kill "$server"
    wait "$server" || { echo "quickstart: the server did not end in order"; exit 1; }
    rm -f "$work/server.pid"
    printf 'server:    stopped; start it with: SLIPWAY_HOME=%s %s serve --public\n' "$SLIPWAY_HOME" "$slipway"
fi
