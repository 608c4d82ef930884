-- name: settings
-- As they hold for who asks: a role or a database may have its own.
SELECT name, lower(setting) AS setting FROM pg_settings WHERE name = ANY ($1::text[]) ORDER BY name
