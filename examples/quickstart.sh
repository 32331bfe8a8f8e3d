#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# quickstart: a real project from a tag to a signed, logged, approved, published release; then verified
# offline, and refused after one byte was changed. Everything it makes lies in one folder.
set -eu

source_dir=$(cd "$(dirname "$0")/.." && pwd)
build=${SLIPWAY_BUILD:-$source_dir/build}
work=${QUICKSTART_DIR:-$build/quickstart}
slipway=${SLIPWAY:-$build/src/cli/slipway}
PATH=$(dirname "$slipway"):$PATH
export PATH SLIPWAY_HOME="$work/home"
unset SLIPWAY_LIBEXEC XDG_STATE_HOME
release=greeter/main@1.0.0

say() { printf '\n\033[1m==> %s\033[0m\n' "$*"; }
run() { printf '\033[2m$ %s\033[0m\n' "$*"; "$@"; }

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

printf '\n\033[1mDone.\033[0m\n'
printf 'made:      release %s, sealed, approved by alice, in the log\n' "$release"
printf 'lies in:   %s\n' "$served"
printf 'isolation: %s\n' "$executor"
printf 'next:      SLIPWAY_HOME=%s %s log tail\n' "$SLIPWAY_HOME" "$slipway"
