#!/bin/sh
# Starts Patroni, which makes, starts and watches PostgreSQL. Beside it, on the primary, what passwords and settings should be is set again
# and again (tend). It needs PGDATA, PINNACE_RUN (a folder for sockets), PINNACE_SETTINGS, PINNACE_ADMIN (verifiers and passwords), and of the
# image Patroni, PostgreSQL in Debian's folders, a shell and Python.
set -eu
umask 077

fail() {
    echo "pinnace: $*" >&2
    exit 1
}

mkdir -p "$PINNACE_RUN"

version=${PINNACE_VERSION-}
if [ -s "$PGDATA/PG_VERSION" ]; then
    is=$(cat "$PGDATA/PG_VERSION")
    [ -z "$version" ] || [ "$version" = "$is" ] ||
        fail "the data is of PostgreSQL $is and \`version: $version\` is wanted: say \`version: $is\`, or move the data by pg_dump"
    version=$is
fi
[ -n "$version" ] || version=$(ls /usr/lib/postgresql 2>/dev/null | sort -n | tail -n 1)
[ -n "$version" ] && [ -x "/usr/lib/postgresql/$version/bin/postgres" ] ||
    fail "this image has no PostgreSQL $version in /usr/lib/postgresql"
command -v patroni >/dev/null || fail "this image has no Patroni in the path ($PATH)"
export PATRONI_POSTGRESQL_BIN_DIR="/usr/lib/postgresql/$version/bin"
export PATH="$PATRONI_POSTGRESQL_BIN_DIR:$PATH"

# Patroni logs in as the superuser by the pod's own socket, which needs no password.
export PATRONI_SUPERUSER_USERNAME=postgres
# The role that copies are made by also rewinds a primary that was left behind: who may copy all that there is may read all of it anyway.
PATRONI_REPLICATION_PASSWORD=$(cat "$PINNACE_ADMIN/standby")
export PATRONI_REPLICATION_PASSWORD PATRONI_REWIND_PASSWORD="$PATRONI_REPLICATION_PASSWORD"
export PATRONI_REPLICATION_USERNAME=standby PATRONI_REWIND_USERNAME=standby
# Without this everybody who reaches the pod could give Patroni orders.
PATRONI_RESTAPI_PASSWORD=$(cat "$PINNACE_ADMIN/api")
export PATRONI_RESTAPI_USERNAME=pinnace PATRONI_RESTAPI_PASSWORD

# A volume that is given to a group opens all that is in it to that group, and PostgreSQL refuses that.
[ ! -d "$PGDATA" ] || chmod 0700 "$PGDATA"

rm -f "$PINNACE_RUN/settings-are"
while sleep "${PINNACE_TENDED_EVERY:-5}"; do
    sh "$PINNACE_SETTINGS/tend" || true
done &
exec patroni "$PINNACE_SETTINGS/patroni.json"
