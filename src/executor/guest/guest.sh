#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# guest: what the `vm` executor runs in a machine, before and around the steps of a job; put there after each revert.
# Needs sh, tar, env, head and date; with cgroup v2 nothing of a step is left and limits hold; with setpriv a job has a user of its own.
#
#   ready ROOT EPOCH SECONDS USER   what lies in ROOT is the job's; clock, random numbers, dead-man timer; says whether there are groups
#   exec ROOT SECONDS USER MEMORY PIDS CPU FILE   runs the script on stdin; ends when nothing of it is left
#   stop ROOT                       ends what a step that was cut short has left
#   get ROOT PATH                   PATH as a tar archive, an empty one if there is none
set -u
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
verb=$1
root=$2
shift 2
all=/sys/fs/cgroup
group=$all/slipway

is_root() { [ "$(id -u)" = 0 ]; }
has_groups() { is_root && [ -e "$all/cgroup.controllers" ] && [ -w "$all/cgroup.procs" ]; }

# The machine powers itself off if nobody has asked for anything in so long.
arm() {
    is_root || return 0
    if [ -s "$root/.dead-man" ]; then kill -9 -- "-$(cat "$root/.dead-man")" 2>/dev/null; fi
    # shellcheck disable=SC2016 # the inner shell's own
    setsid sh -c 'trap "" HUP INT TERM; echo $$ >"$2"; sleep "$1"; sync; poweroff -f; echo o >/proc/sysrq-trigger' dead-man "$1" \
        "$root/.dead-man" </dev/null >/dev/null 2>&1 &
}

# Nothing of a step is left when it returns.
end_group() {
    if [ -d "$group" ]; then
        while [ -d "$group" ]; do
            echo 1 >"$group/cgroup.kill" 2>/dev/null || while read -r pid; do kill -9 "$pid"; done <"$group/cgroup.procs"
            rmdir "$group" 2>/dev/null || sleep 0.05
        done
    elif [ -s "$root/.step-pid" ]; then
        kill -9 -- "-$(cat "$root/.step-pid")" 2>/dev/null
    fi
    rm -f "$root/.step-pid"
}

value() { sed -n "s/^$2 //p" "$group/$1" 2>/dev/null; }

begin_group() {
    mkdir "$group"
    echo '+memory +pids +cpu' >"$all/cgroup.subtree_control" 2>/dev/null
    if [ "$1" != 0 ]; then
        echo "$1" >"$group/memory.max"
        echo 0 >"$group/memory.swap.max"
    fi 2>/dev/null
    if [ "$2" != 0 ]; then echo "$2" >"$group/pids.max"; fi
    if [ "$3" != 0 ]; then echo "$(($3 * 1000)) 100000" >"$group/cpu.max"; fi
}

# The step itself: in the group, as the job's user, everything it says on one stream.
enter() {
    if [ -d "$group" ]; then echo 0 >"$group/cgroup.procs" || exit 125; fi
    ulimit -c 0
    if [ "$2" != 0 ]; then ulimit -f $((($2 + 511) / 512)); fi
    if [ -n "$1" ]; then
        exec setpriv --reuid "$1" --regid "$(id -g "$1")" --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all \
            /bin/sh "$root/.step"
    fi
    exec /bin/sh "$root/.step"
}

case $verb in
ready)
    mkdir -p "$root/in" && chmod 755 "$root" "$root/in" && chmod 644 "$root/guest.sh" || exit 1
    if [ -n "$3" ] && ! { is_root && command -v setpriv && id -u "$3"; } >/dev/null; then
        echo "no user '$3', no setpriv, or the access is not root's" >&2
        exit 1
    fi
    if is_root; then
        cat "$root/entropy" >/dev/urandom
        date -u -s "@$1" >/dev/null && chown -R "${3:-0}" "$root/src" "$root/out" "$root/tmp" || exit 1
        [ -n "$3" ] || { mount --bind "$root/in" "$root/in" && mount -o remount,bind,ro "$root/in"; } 2>/dev/null
    fi
    rm -f "$root/entropy"
    arm "$2"
    if has_groups; then echo groups; else echo none; fi
    ;;
exec)
    echo $$ >"$root/.wrapper"
    rm -f "$root/.step"
    cat >"$root/.step" && chmod 755 "$root/.step" || exit 1
    arm "$1"
    if has_groups; then begin_group "$3" "$4" "$5"; fi
    if [ -d "$group" ]; then
        (enter "$2" "$6") </dev/null 2>&1
        code=$?
    else
        setsid sh -c "echo \$\$ >'$root/.step-pid'; exec /bin/sh '$root/.step'" </dev/null 2>&1
        code=$?
    fi
    echo "usage $(value cpu.stat user_usec) $(value cpu.stat system_usec) $(cat "$group/memory.peak" 2>/dev/null || echo 0)" \
        "$(value memory.events oom_kill)" >&2
    end_group
    rm -f "$root/.step" "$root/.wrapper"
    exit $code
    ;;
stop)
    if [ -s "$root/.wrapper" ]; then kill -9 "$(cat "$root/.wrapper")" 2>/dev/null; fi
    end_group
    rm -f "$root/.step" "$root/.wrapper"
    ;;
get)
    cd "$root" || exit 1
    if [ -e "$1" ] || [ -L "$1" ]; then exec tar -cf - "$1"; fi
    head -c 10240 /dev/zero
    ;;
*) exit 2 ;;
esac
