#!/bin/sh
# As the public image: data is made once, with the scripts of /docker-entrypoint-initdb.d on a server without network.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    mkdir -p "$PGDATA"
    eval "initdb --pgdata=\"\$PGDATA\" --username=postgres --pwfile=\"\$POSTGRES_PASSWORD_FILE\" $POSTGRES_INITDB_ARGS"
    echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
    pg_ctl --pgdata="$PGDATA" --wait --options="-c listen_addresses='' -c unix_socket_directories=/run/postgresql" start
    for script in /docker-entrypoint-initdb.d/*.sh; do
        sh "$script"
    done
    pg_ctl --pgdata="$PGDATA" --wait --mode=fast stop
fi
exec "$@" -c listen_addresses='*' -c unix_socket_directories=/run/postgresql
