#!/bin/sh
# Redis, started as the official image does it: redis-server [settings], in /data, as user 999.
set -eu
cd /data
[ "${1#-}" = "$1" ] || set -- redis-server "$@"
# Nobody but the pod's own network reaches it, and passwords are the operator's affair.
[ "$1" != redis-server ] || set -- "$@" --protected-mode no
exec "$@"
