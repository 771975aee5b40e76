#!/bin/sh
# Starts llama-server with the model that the fetcher installed last; arguments are passed on to it.
# The environment wins over the fetcher's llama.env, and an empty variable counts as absent.
set -eu

settings=${MODELS_DIR:-/models}/active/llama.env
if ! [ -r "$settings" ]; then
    echo "error: there is no model in ${MODELS_DIR:-/models} yet: see what the fetcher's log says" >&2
    exit 1
fi

# Lines are KEY='value'. They are read and never sourced: a file's name is no program.
while IFS='=' read -r key value; do
    case $key in
        LLAMA_ARG_MODEL | LLAMA_ARG_ALIAS | LLAMA_ARG_CTX_SIZE) ;;
        *) continue ;;
    esac
    value=${value#\'}
    value=${value%\'}
    [ -n "$(printenv "$key")" ] || export "$key=$value"
done <"$settings"

# llama-server counts the machine's cores and does not look at the container's CPU quota. With more threads
# than the quota pays for, all of them wait for the one that was just throttled: half the speed
# (docs/decisions/0052), so a fraction is rounded down.
cgroup=${CGROUP_DIR:-/sys/fs/cgroup}
if [ -n "${LLAMA_ARG_THREADS:-}" ]; then
    quota=-1
elif [ -r "$cgroup/cpu.max" ]; then
    read -r quota period <"$cgroup/cpu.max" # "max 100000" where there is no limit
elif [ -r "$cgroup/cpu/cpu.cfs_quota_us" ]; then
    read -r quota <"$cgroup/cpu/cpu.cfs_quota_us" # -1 where there is no limit
    read -r period <"$cgroup/cpu/cpu.cfs_period_us"
else
    quota=-1
fi
case $quota in
    max | -*) [ -n "${LLAMA_ARG_THREADS:-}" ] || unset LLAMA_ARG_THREADS ;;
    *)
        LLAMA_ARG_THREADS=$((quota / period))
        [ "$LLAMA_ARG_THREADS" -ge 1 ] || LLAMA_ARG_THREADS=1
        export LLAMA_ARG_THREADS
        ;;
esac

exec "${LLAMA_SERVER:-/app/llama-server}" --temp "${TEMPERATURE:-0.7}" "$@"
