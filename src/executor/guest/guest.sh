#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# guest: what the `vm` executor runs in a machine, before and around the steps of a job; put there after each revert.
# Starts few programs: under emulation each costs a tenth of a second. Needs sh, tar, env, head and date; with cgroup v2 nothing of a step is left and limits hold; with setpriv a job has a user of its own.
#
#   ready ROOT EPOCH SECONDS USER   what lies in ROOT is the job's; clock, random numbers, dead-man timer; says whether there are groups
#   exec ROOT SECONDS USER MEMORY PIDS CPU FILE   runs the script on stdin; ends when nothing of it is left
#   stop ROOT                       ends what a step that was cut short has left
#   get ROOT PATH                   PATH as a tar archive, an empty one if there is none
set -u
umask 022
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
verb=$1
root=$2
shift 2
all=/sys/fs/cgroup
group=$all/slipway

is_root() { [ -w /proc/1/oom_score_adj ]; }
has_groups() { [ -e "$all/cgroup.controllers" ] && [ -w "$all/cgroup.procs" ]; }

# The number in a file, into $number.
number_in() {
    number=
    [ -r "$1" ] && read -r number <"$1" # not -s: files of the kernel have no size
    [ -n "$number" ]
}

# The machine powers itself off if nobody has asked for anything in so long.
arm() {
    is_root || return 0
    if number_in "$root/.dead-man"; then kill -9 -- "-$number" 2>/dev/null; fi
    # shellcheck disable=SC2016 # the inner shell's own
    setsid sh -c 'trap "" HUP INT TERM; echo $$ >"$2"; sleep "$1"; sync; poweroff -f; echo o >/proc/sysrq-trigger' dead-man "$1" \
        "$root/.dead-man" </dev/null >/dev/null 2>&1 &
}

# Nothing of a step is left when it returns.
end_group() {
    if [ -d "$group" ]; then
        while ! { echo 1 >"$group/cgroup.kill" && rmdir "$group"; } 2>/dev/null && [ -d "$group" ]; do
            [ -e "$group/cgroup.kill" ] || while read -r pid; do kill -9 "$pid"; done <"$group/cgroup.procs"
            sleep 0.05
        done
    elif number_in "$root/.step-pid"; then
        kill -9 -- "-$number" 2>/dev/null
    fi
    rm -f "$root/.step" "$root/.step-pid" "$root/.wrapper"
}

# The value of a name in a file of the group, into $value.
value_of() {
    value=0
    while read -r name found; do
        if [ "$name" = "$2" ]; then value=$found; fi
    done <"$group/$1"
} 2>/dev/null

begin_group() {
    if [ -d "$group" ]; then end_group; fi
    mkdir "$group" || exit 125
    echo '+memory +pids +cpu' >"$all/cgroup.subtree_control"
    if [ "$1" != 0 ]; then
        echo "$1" >"$group/memory.max"
        echo 0 >"$group/memory.swap.max"
    fi
    if [ "$2" != 0 ]; then echo "$2" >"$group/pids.max"; fi
    if [ "$3" != 0 ]; then echo "$(($3 * 1000)) 100000" >"$group/cpu.max"; fi
} 2>/dev/null

# The step itself: in the group, as the job's user, everything it says on one stream.
enter() {
    if [ -d "$group" ]; then echo 0 >"$group/cgroup.procs" || exit 125; fi
    ulimit -c 0
    if [ "$2" != 0 ]; then ulimit -f $((($2 + 511) / 512)); fi
    if [ -n "$1" ]; then
        number_in "$root/.group"
        exec setpriv --reuid "$1" --regid "$number" --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all \
            /bin/sh "$root/.step"
    fi
    exec /bin/sh "$root/.step"
}

report_usage() {
    if [ ! -d "$group" ]; then return; fi
    value_of cpu.stat user_usec
    usage=$value
    value_of cpu.stat system_usec
    usage="$usage $value"
    number_in "$group/memory.peak"
    usage="$usage ${number:-0}"
    value_of memory.events oom_kill
    echo "usage $usage $value" >&2
}

case $verb in
ready)
    if [ ! -d "$root/in" ]; then mkdir "$root/in" || exit 1; fi
    chmod -R a+rX "$root/in" || exit 1
    if [ -n "$3" ] && ! { is_root && command -v setpriv >/dev/null && id -g "$3" >"$root/.group"; }; then
        echo "no user '$3', no setpriv, or the access is not root's" >&2
        exit 1
    fi
    if is_root; then
        cat "$root/entropy" >/dev/urandom
        date -u -s "@$1" >/dev/null && chown -R "${3:-0}" "$root/src" "$root/out" "$root/tmp" || exit 1
        [ -n "$3" ] || { mount --bind "$root/in" "$root/in" && mount -o remount,bind,ro "$root/in"; } 2>/dev/null
    fi
    arm "$2"
    if has_groups; then echo groups; else echo none; fi
    ;;
exec)
    echo $$ >"$root/.wrapper"
    cat >"$root/.step" || exit 125
    arm "$1"
    if has_groups; then
        begin_group "$3" "$4" "$5"
        (enter "$2" "$6") </dev/null 2>&1
        code=$?
    else
        # shellcheck disable=SC2016 # the inner shell's own
        setsid sh -c 'echo $$ >"$1/.step-pid"; exec /bin/sh "$1/.step"' step "$root" </dev/null 2>&1
        code=$?
    fi
    report_usage
    end_group
    exit $code
    ;;
stop)
    if number_in "$root/.wrapper"; then kill -9 "$number" 2>/dev/null; fi
    end_group
    ;;
get)
    cd "$root" || exit 1
    if [ -e "$1" ] || [ -L "$1" ]; then exec tar -cf - "$1"; fi
    head -c 10240 /dev/zero
    ;;
*) exit 2 ;;
esac
