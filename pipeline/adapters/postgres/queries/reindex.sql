-- The keys of stored reports, written anew.

-- name: next
SELECT report_id, arrival_no FROM report WHERE arrival_no > $1 ORDER BY arrival_no LIMIT $2

-- name: add_missing
-- Keys that no release seeks any more stay: they lead nowhere, and to find them would read the whole table.
INSERT INTO link_key (token, report_id, source, key_version)
SELECT token, report_id, source, key_version
FROM unnest($1::bytea[], $2::uuid[], $3::text[], $4::int[]) AS told (token, report_id, source, key_version)
WHERE NOT EXISTS (SELECT FROM link_key k WHERE k.token = told.token AND k.report_id = told.report_id)

-- name: replace
UPDATE link_key AS k SET token = told.token, key_version = $4
FROM unnest($1::bytea[], $2::bytea[], $3::uuid[]) AS told (older, token, report_id)
WHERE k.token = told.older AND k.report_id = told.report_id AND k.key_version < $4

-- name: drop_older
-- What is left was made of keys that no release seeks any more, or of a report that is erased: it leads nowhere.
DELETE FROM link_key WHERE report_id = ANY($1) AND key_version < $2
