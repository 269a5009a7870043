#!/bin/sh
# Says whether PostgreSQL takes connections; with `alive` as its argument, whether it is at work at all: one that recovers takes none, and to
# kill it would make it begin anew.
if [ "${1-}" = alive ] && [ -e "$PINNACE_RUN/preparing" ]; then
    exit 0
fi
if ! command -v pg_isready >/dev/null; then
    PATH="/usr/lib/postgresql/$(ls /usr/lib/postgresql | sort -n | tail -n 1)/bin:$PATH"
fi
pg_isready --quiet --username postgres --dbname postgres --host "$PINNACE_RUN" --port "${PINNACE_PORT:-5432}"
answer=$?
if [ "${1-}" = alive ]; then
    [ "$answer" -le 1 ]
else
    [ "$answer" -eq 0 ]
fi
