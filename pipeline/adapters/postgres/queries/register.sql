-- Who may report, as assess and the intake read it.

-- name: version
SELECT number FROM register_version

-- name: sources_since
SELECT code, kind, role, county, name, own_topic, revoked_at FROM source WHERE changed_no > $1
