#!/bin/sh
# Draws the passwords of Postgres, once; what is there stays. In $passwords, one file a role, which the Postgres container
# reads through the folder's group, and a pgpass for Anwang; in $gate, a pgpass for the HTTP intake, which opens the one
# database that it needs, in its own role alone. Clients refuse a pgpass that others may read. And the broker's certificate, by an authority of our own
# that lies with nobody else, and its operator's password; `anwang kafka accounts` draws those of the processes.
set -eu
passwords=/var/lib/anwang/passwords
gate=/var/lib/anwang/gate-keys
broker=/var/lib/anwang/kafka-broker
accounts=/var/lib/anwang/kafka-accounts
umask 077

drawn() {
    head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n'
}

for role in postgres anwang anwang_keys anwang_door; do
    if [ ! -s "$passwords/$role" ]; then
        drawn > "$passwords/$role.new"
        chmod 0440 "$passwords/$role.new"
        mv "$passwords/$role.new" "$passwords/$role"
    fi
done

line() {
    printf '*:*:%s:%s:%s\n' "$1" "$2" "$(cat "$passwords/$2")"
}
{ line anwang anwang; line anwang_keys anwang_keys; } > "$passwords/pgpass.new"
line anwang anwang_door > "$gate/pgpass.new"
for folder in "$passwords" "$gate"; do
    mv "$folder/pgpass.new" "$folder/pgpass"
done

anwang kafka certificates /var/lib/anwang/kafka-authority --broker "$broker/broker.pem" --group-readable \
    --host kafka --host localhost --host "${KAFKA_OUTSIDE%:*}"
for folder in "$broker" "$accounts"/*; do
    cp /var/lib/anwang/kafka-authority/ca.pem "$folder/ca.pem.new"
    chmod 0440 "$folder/ca.pem.new"
    mv "$folder/ca.pem.new" "$folder/ca.pem"
done
if [ ! -s "$accounts/operate/password" ]; then
    drawn > "$accounts/operate/password.new"
    mv "$accounts/operate/password.new" "$accounts/operate/password"
fi
cp "$accounts/operate/password" "$broker/operate.new"
chmod 0440 "$broker/operate.new"
mv "$broker/operate.new" "$broker/operate"
echo "the passwords are there"
