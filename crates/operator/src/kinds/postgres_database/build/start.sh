#!/bin/sh
# Starts PostgreSQL: makes the database folder where there is none, sets what is known of the superuser's password, and becomes the server.
# It needs PGDATA, PINNACE_RUN (a folder for sockets) and PINNACE_SETTINGS (pg_hba.conf), PINNACE_ADMIN (verifier), and of the
# image only PostgreSQL's own programs and a shell.
set -eu
umask 077

fail() {
    echo "pinnace: $*" >&2
    exit 1
}

# While this is there, a server that does not answer is at work all the same.
mkdir -p "$PINNACE_RUN"
: >"$PINNACE_RUN/preparing"
# As the first process of a pod a shell is deaf to all that it did not ask for.
trap 'exit 143' TERM INT

# What a start that was killed left. It is nobody's: a whole one bears the other name.
rm -rf "$PGDATA.new"

version=
if [ -s "$PGDATA/PG_VERSION" ]; then
    version=$(cat "$PGDATA/PG_VERSION")
elif [ -d "$PGDATA" ] && [ -n "$(ls -A "$PGDATA")" ]; then
    fail "$PGDATA holds something that is no database of PostgreSQL: look at it, and empty it if nobody needs it"
fi

# Debian has a folder for each version, others have the programs in the path.
if [ -n "$version" ] && [ -x "/usr/lib/postgresql/$version/bin/postgres" ]; then
    PATH="/usr/lib/postgresql/$version/bin:$PATH"
elif ! command -v postgres >/dev/null || ! command -v initdb >/dev/null; then
    newest=$(ls /usr/lib/postgresql 2>/dev/null | sort -n | tail -n 1)
    [ -n "$newest" ] || fail "this image has no PostgreSQL: neither in the path ($PATH) nor in /usr/lib/postgresql"
    PATH="/usr/lib/postgresql/$newest/bin:$PATH"
fi
export PATH

is=$(postgres --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
if [ -n "$version" ] && [ "$version" != "$is" ]; then
    fail "the data is of PostgreSQL $version and this image has $is: say \`version: $version\`, or move the data by pg_dump"
fi

verifier=$(cat "$PINNACE_ADMIN/verifier")
case $verifier in
    *[!A-Za-z0-9+/=:\$-]*) fail "what is known of the superuser's password is no verifier" ;;
    SCRAM-SHA-256\$*) ;;
    *) fail "what is known of the superuser's password is no verifier" ;;
esac

if [ -z "$version" ]; then
    # Nobody learns this one: the verifier takes its place below.
    head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$PINNACE_RUN/password"
    initdb --pgdata "$PGDATA.new" --username postgres --pwfile "$PINNACE_RUN/password" --auth-local trust \
        --auth-host scram-sha-256 --encoding UTF8 --locale C.UTF-8 --data-checksums
    rm -f "$PINNACE_RUN/password"
    [ ! -d "$PGDATA" ] || rmdir "$PGDATA"
    mv "$PGDATA.new" "$PGDATA"
fi
# A volume that is given to a group opens all that is in it to that group, and PostgreSQL refuses that.
chmod 0700 "$PGDATA"

# At every start, so that a password that was lost or changed by hand is mended by one.
postgres --single -D "$PGDATA" -c exit_on_error=on -c log_min_messages=warning -c log_statement=none postgres <<SQL >/dev/null
DO 'BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = ''postgres'') THEN CREATE ROLE postgres; END IF; END'
ALTER ROLE postgres SUPERUSER CREATEDB CREATEROLE INHERIT LOGIN REPLICATION BYPASSRLS CONNECTION LIMIT -1 PASSWORD '$verifier' VALID UNTIL 'infinity'
SQL

rm -f "$PINNACE_RUN/preparing"
exec postgres -D "$PGDATA" -p "${PINNACE_PORT:-5432}" -c listen_addresses="${PINNACE_LISTEN:-*}" -c unix_socket_directories="$PINNACE_RUN" \
    -c hba_file="$PINNACE_SETTINGS/pg_hba.conf" -c password_encryption=scram-sha-256 -c max_connections=500 \
    -c log_destination=stderr -c logging_collector=off
