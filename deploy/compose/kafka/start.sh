#!/bin/sh
# Formats the storage the first time, with the operator's account, then runs the broker. For images with Apache Kafka 4 below
# /opt/kafka. KAFKA_OUTSIDE is where sources elsewhere find it.
set -eu
data=/var/lib/kafka/data
settings=/tmp/server.properties
sed "s|OUTSIDE://localhost:9096|OUTSIDE://${KAFKA_OUTSIDE:-localhost:9096}|" /etc/anwang/kafka/server.properties > "$settings"
if [ ! -f "$data/log/meta.properties" ]; then
    # Into a draft that is then renamed: a format that was cut off is never taken for a broker's data.
    rm -rf "$data/draft"
    sed "s|^log.dirs=.*|log.dirs=$data/draft|" "$settings" > /tmp/format.properties
    # A leading dash would be read as an option.
    cluster="$(head -c 16 /dev/urandom | base64 | tr '+/' 'AA' | tr -d '=\n')"
    operator="SCRAM-SHA-512=[name=anwang.operate,password=$(cat /run/kafka-broker/operate)]"
    # What it prints verifies passwords.
    /opt/kafka/bin/kafka-storage.sh format --cluster-id "$cluster" --config /tmp/format.properties --add-scram "$operator" > /dev/null
    mv "$data/draft" "$data/log"
fi
exec /opt/kafka/bin/kafka-server-start.sh "$settings"
