-- What the intake asks and tells.

-- name: credentials_since
SELECT digest, source, purpose, expires_at FROM credential WHERE changed_no > $1

-- name: is_good
-- Asked first: a code that is none takes no lock and changes no version.
SELECT EXISTS (SELECT FROM credential WHERE digest = $1 AND purpose = 'enrolment' AND (expires_at IS NULL OR expires_at > now()))

-- name: spend
-- A one-time code opens once: of two who show it at the same moment one finds no row. It ends before any time that a
-- transaction may hold for now: the one that waited may have begun first.
UPDATE credential SET expires_at = 'epoch', changed_no = $2
WHERE digest = $1 AND purpose = 'enrolment' AND (expires_at IS NULL OR expires_at > now())
RETURNING source

-- name: receipt
SELECT receipt_state($1, $2)

-- name: own_counts
SELECT month, accepted, taken_over FROM own_counts($1) ORDER BY month

-- name: tell_spool
INSERT INTO spool (gateway, waiting, oldest_at) VALUES ($1, $2, $3)
ON CONFLICT (gateway) DO UPDATE SET waiting = excluded.waiting, oldest_at = excluded.oldest_at, told_at = now()
