-- What the keys database knows of erasures.

-- name: last_erased
SELECT coalesce(max(number), 0) FROM erased_owner

-- name: erased_after
SELECT owner_id, number FROM erased_owner WHERE number > $1 ORDER BY number

-- name: lock_keys
-- No key is made meanwhile: one that was on its way is seen and deleted, one that comes later is refused.
LOCK TABLE case_key IN SHARE ROW EXCLUSIVE MODE

-- name: add_record
INSERT INTO erasure_record (erasure_id, record) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: add_owners
INSERT INTO erased_owner (owner_id, erasure_id) SELECT unnest($1::uuid[]), $2 ON CONFLICT DO NOTHING

-- name: destroy
-- All purposes, all versions.
DELETE FROM case_key WHERE owner_id = ANY($1)

-- name: records
SELECT record FROM erasure_record

-- name: known
SELECT erasure_id FROM erasure_record

-- name: back
SELECT DISTINCT owner_id FROM erased_owner JOIN case_key USING (owner_id)
