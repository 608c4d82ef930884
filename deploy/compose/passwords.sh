#!/bin/sh
# Draws the passwords of Postgres, once; what is there stays. In $passwords, one file a role, which the Postgres container
# reads through the folder's group, and a pgpass for Anwang; in $gate, a pgpass for the HTTP intake, which opens the one
# database that it needs. Clients refuse a pgpass that others may read.
set -eu
passwords=/var/lib/anwang/passwords
gate=/var/lib/anwang/gate-keys
umask 077

for role in postgres anwang anwang_keys; do
    if [ ! -s "$passwords/$role" ]; then
        head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' > "$passwords/$role.new"
        chmod 0440 "$passwords/$role.new"
        mv "$passwords/$role.new" "$passwords/$role"
    fi
done

line() {
    printf '*:*:%s:%s:%s\n' "$1" "$1" "$(cat "$passwords/$1")"
}
{ line anwang; line anwang_keys; } > "$passwords/pgpass.new"
line anwang > "$gate/pgpass.new"
for folder in "$passwords" "$gate"; do
    mv "$folder/pgpass.new" "$folder/pgpass"
done
echo "the passwords are there"
