#!/bin/sh
# Ends PostgreSQL: connections are cut, and what was begun is given up. Told by SIGTERM it would wait for every client to leave by itself.
if [ -s "$PGDATA/postmaster.pid" ]; then
    kill -INT "$(head -n 1 "$PGDATA/postmaster.pid")"
fi
