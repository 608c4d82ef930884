-- Keys replaced while all runs. What lies under which version, and how it is put under another.

-- name: alone
-- Held by the session: one command at a time replaces keys.
SELECT pg_try_advisory_lock(7240116)

-- name: no_longer_alone
SELECT pg_advisory_unlock(7240116)

-- name: versions
SELECT purpose, version, is_current, since, retired_at FROM key_version ORDER BY purpose, version

-- name: wrapping_versions
SELECT version, is_current, since, retired_at FROM wrapping_version ORDER BY version

-- name: begin
INSERT INTO key_version (purpose, version, proof, is_current) VALUES ($1, $2, $3, false)

-- name: begin_wrapping
INSERT INTO wrapping_version (version, is_current) VALUES ($1, false) ON CONFLICT DO NOTHING

-- name: no_current
UPDATE key_version SET is_current = false WHERE purpose = $1 AND is_current

-- name: make_current
UPDATE key_version SET is_current = true WHERE purpose = $1 AND version = $2

-- name: no_current_wrapping
UPDATE wrapping_version SET is_current = false WHERE is_current

-- name: make_current_wrapping
UPDATE wrapping_version SET is_current = true WHERE version = $1

-- name: retire
-- Waits for whoever writes under one of them.
UPDATE key_version SET retired_at = now() WHERE purpose = $1 AND version < $2 AND retired_at IS NULL

-- name: retire_wrapping
UPDATE wrapping_version SET retired_at = now() WHERE version < $1 AND retired_at IS NULL

-- name: next_wrapped
SELECT owner_id, purpose, generation, wrapped FROM case_key
WHERE key_version < $1 AND (owner_id, purpose, generation) > ($2, $3, $4)
ORDER BY owner_id, purpose, generation LIMIT $5

-- name: wrap_anew
-- One that is gone meanwhile was erased, and stays so.
UPDATE case_key AS k SET wrapped = told.wrapped, key_version = $5
FROM unnest($1::uuid[], $2::text[], $3::int[], $4::bytea[]) AS told (owner_id, purpose, generation, wrapped)
WHERE (k.owner_id, k.purpose, k.generation) = (told.owner_id, told.purpose, told.generation) AND k.key_version < $5

-- name: under_wrapping
SELECT owner_id FROM case_key WHERE key_version < $1 LIMIT 1

-- name: next_older
SELECT DISTINCT owner_id, purpose FROM case_key
WHERE generation < $1 AND (owner_id, purpose) > ($2, $3) ORDER BY owner_id, purpose LIMIT $4

-- name: owners_alive
SELECT DISTINCT owner_id FROM case_key WHERE owner_id = ANY($1)

-- name: drop_older
DELETE FROM case_key AS k WHERE k.generation < $1
AND EXISTS (SELECT FROM case_key n WHERE (n.owner_id, n.purpose) = (k.owner_id, k.purpose) AND n.generation >= $1)

-- name: versions_under
SELECT i.case_id, v.event_key, v.wrapped_key
FROM incident i JOIN report r USING (incident_id) JOIN report_version v USING (report_id)
WHERE i.case_id = ANY($1) AND sealed_under(v.wrapped_key) < $2

-- name: originals_under
SELECT i.case_id, o.event_key, o.wrapped_key
FROM incident i JOIN report r USING (incident_id) JOIN report_version v USING (report_id) JOIN report_original o USING (event_key)
WHERE i.case_id = ANY($1) AND sealed_under(o.wrapped_key) < $2

-- name: unread_under
SELECT unread_id AS case_id, unread_id AS event_key, wrapped_key FROM unread_report
WHERE unread_id = ANY($1) AND sealed_under(wrapped_key) < $2 FOR UPDATE

-- name: notes_under
SELECT case_id, note_id AS event_key, wrapped_key FROM case_note
WHERE case_id = ANY($1) AND sealed_under(wrapped_key) < $2 FOR UPDATE

-- name: wrap_versions
UPDATE report_version AS v SET wrapped_key = told.wrapped
FROM unnest($1::uuid[], $2::bytea[]) AS told (event_key, wrapped) WHERE v.event_key = told.event_key

-- name: wrap_originals
UPDATE report_original AS o SET wrapped_key = told.wrapped
FROM unnest($1::uuid[], $2::bytea[]) AS told (event_key, wrapped) WHERE o.event_key = told.event_key

-- name: wrap_unread
UPDATE unread_report AS u SET wrapped_key = told.wrapped
FROM unnest($1::uuid[], $2::bytea[]) AS told (unread_id, wrapped) WHERE u.unread_id = told.unread_id

-- name: wrap_notes
UPDATE case_note AS n SET wrapped_key = told.wrapped
FROM unnest($1::uuid[], $2::bytea[]) AS told (note_id, wrapped) WHERE n.note_id = told.note_id

-- name: under_case
-- Cases and unread reports of which something lies under an older version of their key.
SELECT DISTINCT i.case_id AS owner_id
FROM report_version v JOIN report r USING (report_id) JOIN incident i USING (incident_id)
    JOIN report_original o USING (event_key)
WHERE sealed_under(v.wrapped_key) < $1 OR sealed_under(o.wrapped_key) < $1
UNION SELECT unread_id FROM unread_report WHERE sealed_under(wrapped_key) < $1
UNION SELECT case_id FROM case_note WHERE sealed_under(wrapped_key) < $1

-- name: ties_under
SELECT staff FROM staff_tie WHERE sealed_under(sealed) < $1 LIMIT 1

-- name: under_data
SELECT DISTINCT i.case_id AS owner_id
FROM report_version v JOIN report r USING (report_id) JOIN incident i USING (incident_id)
    JOIN report_original o USING (event_key) LEFT JOIN decision d USING (event_key)
WHERE sealed_under(v.sealed) < $1 OR sealed_under(o.sealed) < $1 OR sealed_under(d.sealed_inputs) < $1
UNION SELECT unread_id FROM unread_report WHERE sealed_under(sealed) < $1
UNION SELECT case_id FROM case_note WHERE sealed_under(sealed) < $1

-- name: next_cases
SELECT case_id FROM case_file WHERE case_id > $1 ORDER BY case_id LIMIT $2

-- name: next_unread
SELECT unread_id FROM unread_report WHERE unread_id > $1 ORDER BY unread_id LIMIT $2

-- name: sealed_versions
SELECT i.case_id, v.event_key, v.sealed, v.sealed_story, v.wrapped_key, d.sealed_inputs
FROM incident i JOIN report r USING (incident_id) JOIN report_version v USING (report_id) LEFT JOIN decision d USING (event_key)
WHERE i.case_id = ANY($1) AND sealed_under(v.sealed) < $2

-- name: sealed_original
SELECT i.case_id, o.event_key, o.sealed, o.wrapped_key
FROM incident i JOIN report r USING (incident_id) JOIN report_version v USING (report_id) JOIN report_original o USING (event_key)
WHERE i.case_id = ANY($1) AND sealed_under(o.sealed) < $2

-- name: sealed_unread
SELECT unread_id AS case_id, unread_id AS event_key, sealed, wrapped_key FROM unread_report
WHERE unread_id = ANY($1) AND sealed_under(sealed) < $2 FOR UPDATE

-- name: sealed_note
SELECT case_id, note_id AS event_key, sealed, wrapped_key FROM case_note
WHERE case_id = ANY($1) AND sealed_under(sealed) < $2 FOR UPDATE

-- name: seal_versions
UPDATE report_version AS v SET wrapped_key = told.wrapped, sealed = told.sealed, sealed_story = told.story
FROM unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::bytea[]) AS told (event_key, wrapped, sealed, story)
WHERE v.event_key = told.event_key

-- name: seal_inputs
UPDATE decision AS d SET sealed_inputs = told.sealed
FROM unnest($1::uuid[], $2::bytea[]) AS told (event_key, sealed) WHERE d.event_key = told.event_key

-- name: seal_original
UPDATE report_original AS o SET wrapped_key = told.wrapped, sealed = told.sealed
FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS told (event_key, wrapped, sealed) WHERE o.event_key = told.event_key

-- name: seal_unread
UPDATE unread_report AS u SET wrapped_key = told.wrapped, sealed = told.sealed
FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS told (unread_id, wrapped, sealed) WHERE u.unread_id = told.unread_id

-- name: seal_note
UPDATE case_note AS n SET wrapped_key = told.wrapped, sealed = told.sealed
FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS told (note_id, wrapped, sealed) WHERE n.note_id = told.note_id

-- name: under_index
SELECT report_id FROM link_key WHERE key_version < $1 LIMIT 1

-- name: count_index
SELECT version, sum(n)::bigint AS n FROM (
    SELECT key_version AS version, count(*) AS n FROM link_key GROUP BY 1
    UNION ALL SELECT key_version, count(*) FROM staff_tie GROUP BY 1
) AS told GROUP BY 1

-- name: count_case
SELECT version, sum(n)::bigint AS n FROM (
    SELECT sealed_under(wrapped_key) AS version, count(*) AS n FROM report_version GROUP BY 1
    UNION ALL SELECT sealed_under(wrapped_key), count(*) FROM report_original GROUP BY 1
    UNION ALL SELECT sealed_under(wrapped_key), count(*) FROM unread_report GROUP BY 1
    UNION ALL SELECT sealed_under(wrapped_key), count(*) FROM case_note GROUP BY 1
    UNION ALL SELECT sealed_under(sealed), count(*) FROM staff_tie WHERE sealed IS NOT NULL GROUP BY 1
) AS told GROUP BY 1

-- name: count_data
SELECT version, sum(n)::bigint AS n FROM (
    SELECT sealed_under(sealed) AS version, count(*) AS n FROM report_version GROUP BY 1
    UNION ALL SELECT sealed_under(sealed), count(*) FROM report_original GROUP BY 1
    UNION ALL SELECT sealed_under(sealed), count(*) FROM unread_report GROUP BY 1
    UNION ALL SELECT sealed_under(sealed), count(*) FROM case_note GROUP BY 1
) AS told GROUP BY 1

-- name: count_digesting
-- A digest of the first version carries no version.
SELECT CASE WHEN length(digest) = 32 THEN 1 ELSE sealed_under(digest) END AS version, count(*) AS n FROM inbox GROUP BY 1

-- name: count_wrapping
SELECT key_version AS version, count(*) AS n FROM case_key GROUP BY 1
