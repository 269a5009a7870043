#!/bin/sh
# PostgreSQL, started as the official image does it.
#
#   command    postgres [settings]   (or any other program)
#   user       999; every user that may write to the data folder will do
#   PGDATA     the data folder: /var/lib/postgresql/data, or better a folder below the volume's mount point
#   at the first start, when PGDATA is empty:
#   POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE (one is needed), POSTGRES_USER (postgres), POSTGRES_DB (the user's name),
#   POSTGRES_INITDB_ARGS
set -eu
export PATH="/usr/lib/postgresql/15/bin:$PATH" LANG=C.UTF-8
[ "${1#-}" = "$1" ] || set -- postgres "$@"
[ "$1" = postgres ] || exec "$@"

: "${PGDATA:=/var/lib/postgresql/data}" "${POSTGRES_USER:=postgres}"
: "${POSTGRES_DB:=$POSTGRES_USER}"
export PGDATA
mkdir -p "$PGDATA"
# A volume that is given to a group is more open than PostgreSQL takes.
chmod 0700 "$PGDATA" 2>/dev/null || true

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE"); fi
    if [ -z "${POSTGRES_PASSWORD:-}" ]; then
        echo 'POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE must be set to make a new database' >&2
        exit 1
    fi
    umask 077
    # What a start that was broken off left behind is no database yet.
    rm -rf "$PGDATA.making"
    mkdir "$PGDATA.making" 2>/dev/null && made="$PGDATA.making" || made=$PGDATA
    printf '%s\n' "$POSTGRES_PASSWORD" >/tmp/password
    initdb --pgdata "$made" --username "$POSTGRES_USER" --pwfile /tmp/password --auth-local trust --auth-host scram-sha-256 --encoding UTF8 ${POSTGRES_INITDB_ARGS:-}
    rm /tmp/password
    printf 'host all all all scram-sha-256\n' >>"$made/pg_hba.conf"
    printf "listen_addresses = '*'\njit = off\n" >>"$made/postgresql.conf"
    if [ "$POSTGRES_DB" != postgres ]; then
        printf 'CREATE DATABASE "%s";\n' "$(printf %s "$POSTGRES_DB" | sed 's/"/""/g')" | postgres --single -D "$made" postgres >/dev/null
    fi
    [ "$made" = "$PGDATA" ] || { rmdir "$PGDATA" && mv "$made" "$PGDATA"; }
fi
exec "$@"
