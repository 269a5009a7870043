#!/bin/sh
# Patroni 3 with PostgreSQL 15. It is set up by PATRONI_... in the environment, or by a file: patroni /path/to/patroni.yml.
#
#   user       999; every user that may write to the data folder will do
#   data       /var/lib/postgresql/data, where PATRONI_POSTGRESQL_DATA_DIR names a folder below it
set -eu
export PATH="/usr/lib/postgresql/15/bin:$PATH" LANG=C.UTF-8
: "${PATRONI_POSTGRESQL_BIN_DIR:=/usr/lib/postgresql/15/bin}"
export PATRONI_POSTGRESQL_BIN_DIR
exec "$@"
