#!/bin/sh
# Two databases, each owned by a role of its own name that has no right over the server or the other database. Run by
# the image when it makes its data, and by hand to give the roles the passwords that stand in the volume now.
set -eu
psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet --tuples-only --username postgres --dbname postgres <<'SQL'
SELECT format('CREATE ROLE %I', name) FROM unnest(ARRAY['anwang', 'anwang_keys', 'anwang_door']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
\set password `cat /run/passwords/anwang`
ALTER ROLE anwang LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
\set password `cat /run/passwords/anwang_keys`
ALTER ROLE anwang_keys LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
\set password `cat /run/passwords/anwang_door`
ALTER ROLE anwang_door LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING ''UTF8''', name, name)
FROM unnest(ARRAY['anwang', 'anwang_keys']) AS name
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = name) \gexec
\i /run/anwang/roles.sql
-- Each may take these, one at a time, and has the rights of none of them by itself. No person's work is in the database of keys.
SELECT format('GRANT %I TO anwang', rolname) FROM pg_roles WHERE rolname LIKE 'anwang\_%' AND NOT rolcanlogin \gexec
GRANT anwang_assess, anwang_relay, anwang_auditor, anwang_intake, anwang_feeds, anwang_desk, anwang_watch, anwang_operate, anwang_people
    TO anwang_keys;
REVOKE CONNECT, TEMPORARY ON DATABASE anwang, anwang_keys FROM PUBLIC;
-- The HTTP intake stands at the door: it can be nobody else.
GRANT anwang_intake TO anwang_door;
GRANT CONNECT ON DATABASE anwang TO anwang_door;
SQL
