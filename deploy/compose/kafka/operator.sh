#!/bin/sh
# Gives the operator the password that stands in the volume now: after it was drawn anew, and once for a broker that was made
# before it asked for passwords. Calls the broker by the broker's own certificate.
set -eu
cat > /tmp/operator.properties <<'SETTINGS'
security.protocol=SSL
ssl.keystore.type=PEM
ssl.keystore.location=/run/kafka-broker/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location=/run/kafka-broker/ca.pem
SETTINGS
exec /opt/kafka/bin/kafka-configs.sh --bootstrap-server localhost:9094 --command-config /tmp/operator.properties \
    --alter --entity-type users --entity-name anwang.operate \
    --add-config "SCRAM-SHA-512=[password=$(cat /run/kafka-broker/operate)]"
