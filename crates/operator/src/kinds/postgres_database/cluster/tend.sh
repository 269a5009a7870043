#!/bin/sh
# On the primary: sets what is known of the passwords where it is another, so that one that was lost or changed by hand is mended within
# seconds, and gives Patroni the settings of the whole cluster where they are others. On one that is primary no more: sends its clients away.
set -eu

ask() {
    psql --no-psqlrc --quiet --no-align --tuples-only --set ON_ERROR_STOP=1 --host "$PINNACE_RUN" --username postgres --dbname postgres
}

# A server that is not up is looked at again soon.
is=$(echo "SELECT CASE WHEN NOT pg_is_in_recovery() THEN 'primary' ELSE COALESCE((SELECT status FROM pg_stat_wal_receiver), 'alone') END" |
    ask 2>/dev/null) || exit 0

# Who was primary may have clients that came before another took its place: they could write nothing more and would never know why. They
# come again, and by then are led to that one.
if [ "$is" != primary ]; then
    [ -e "$PINNACE_RUN/was-primary" ] || exit 0
    ask >/dev/null <<SQL
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename NOT IN ('postgres', 'standby');
SQL
    [ "$is" != streaming ] || rm -f "$PINNACE_RUN/was-primary"
    exit 0
fi
: >"$PINNACE_RUN/was-primary"

verifier() {
    text=$(cat "$PINNACE_ADMIN/$1")
    case $text in
        *[!A-Za-z0-9+/=:\$-]*) return 1 ;;
        SCRAM-SHA-256\$*) printf %s "$text" ;;
        *) return 1 ;;
    esac
}
if admin=$(verifier verifier) && standby=$(verifier standby-verifier); then
    # It waits for no copy, and verifiers get into no log.
    ask <<SQL
SET synchronous_commit = local;
SET lock_timeout = '5s';
SET log_statement = none;
SET log_min_duration_statement = -1;
SET log_min_error_statement = panic;
DO 'BEGIN
    IF NOT EXISTS (SELECT FROM pg_authid WHERE rolname = ''postgres'' AND rolcreatedb AND rolcreaterole AND rolreplication AND rolbypassrls
            AND rolconnlimit = -1 AND rolpassword = ''$admin'' AND COALESCE(rolvaliduntil, ''infinity'') = ''infinity'') THEN
        ALTER ROLE postgres CREATEDB CREATEROLE LOGIN REPLICATION BYPASSRLS CONNECTION LIMIT -1 PASSWORD ''$admin'' VALID UNTIL ''infinity'';
    END IF;
    IF EXISTS (SELECT FROM pg_authid WHERE rolname = ''standby'' AND NOT (rolcanlogin AND rolreplication AND rolconnlimit = -1
            AND rolpassword = ''$standby'' AND COALESCE(rolvaliduntil, ''infinity'') = ''infinity'')) THEN
        ALTER ROLE standby LOGIN REPLICATION CONNECTION LIMIT -1 PASSWORD ''$standby'' VALID UNTIL ''infinity'';
    END IF;
END';
SQL
else
    echo "pinnace: what is known of the passwords is no verifier" >&2
fi

settings=$(cat "$PINNACE_SETTINGS/settings.json")
if [ "$settings" != "$(cat "$PINNACE_RUN/settings-are" 2>/dev/null)" ]; then
    python3 "$PINNACE_SETTINGS/settings.py"
    printf %s "$settings" >"$PINNACE_RUN/settings-are"
fi
