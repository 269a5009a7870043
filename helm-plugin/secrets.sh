#!/bin/sh
# All of it is in pinnace; here it is only found.
PINNACE="${PINNACE_BIN:-pinnace}"
if ! command -v "$PINNACE" >/dev/null 2>&1; then
    echo "error: helm secrets needs the program pinnace: put it into PATH, or set PINNACE_BIN to where it is" >&2
    exit 1
fi
exec "$PINNACE" secrets helm "$@"
