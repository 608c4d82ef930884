#!/bin/sh
# Formats the storage the first time, then runs the broker. For images with Apache Kafka 4 below /opt/kafka.
set -eu
data=/var/lib/kafka/data
settings=/etc/anwang/kafka/server.properties
if [ ! -f "$data/log/meta.properties" ]; then
    # Into a draft that is then renamed: a format that was cut off is never taken for a broker's data.
    rm -rf "$data/draft"
    sed "s|^log.dirs=.*|log.dirs=$data/draft|" "$settings" > /tmp/format.properties
    # A leading dash would be read as an option.
    cluster="$(head -c 16 /dev/urandom | base64 | tr '+/' 'AA' | tr -d '=\n')"
    /opt/kafka/bin/kafka-storage.sh format --cluster-id "$cluster" --config /tmp/format.properties
    mv "$data/draft" "$data/log"
fi
exec /opt/kafka/bin/kafka-server-start.sh "$settings"
