#!/bin/bash
# Makes the database at the first start, then runs what it was asked to. POSTGRES_USER, POSTGRES_DB,
# POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE, PGDATA and /docker-entrypoint-initdb.d as in the official image.
set -euo pipefail
if [ "$1" != postgres ]; then exec "$@"; fi
sockets="-c unix_socket_directories=/tmp"
if [ ! -e "$PGDATA/initialised" ]; then
    user=${POSTGRES_USER:-postgres}
    database=${POSTGRES_DB:-$user}
    password=${POSTGRES_PASSWORD:-$(cat "${POSTGRES_PASSWORD_FILE:?set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE}")}
    mkdir -p "$PGDATA"
    # Half a database, left by a start that was cut off, is not one to go on with.
    find "$PGDATA" -mindepth 1 -delete
    initdb --username="$user" --pwfile=<(printf '%s\n' "$password") --auth-host=scram-sha-256 --auth-local=trust \
        --no-sync >/dev/null
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    pg_ctl -w -s -o "$sockets -c listen_addresses=''" start
    sql=(psql -v ON_ERROR_STOP=1 -q --host=/tmp --username="$user" --no-password)
    [ "$database" = postgres ] || "${sql[@]}" --dbname=postgres -c "CREATE DATABASE \"$database\""
    for file in /docker-entrypoint-initdb.d/*; do
        case $file in
        *.sh) bash "$file" ;;
        *.sql) "${sql[@]}" --dbname="$database" --file="$file" ;;
        esac
    done
    pg_ctl -w -s -m fast stop
    touch "$PGDATA/initialised"
fi
shift
exec postgres $sockets -c listen_addresses='*' "$@"
