-- name: raise_alarm
-- Something new happened: it rings, whoever had settled what happened before.
INSERT INTO alarm AS a (code, subject, raised_by) VALUES ($1, $2, $3)
ON CONFLICT (code, subject) DO UPDATE SET
    seen_at = now(), settled_at = NULL, settled_by = NULL,
    raised_at = CASE WHEN a.settled_at IS NULL THEN a.raised_at ELSE now() END
RETURNING raised_at = now() AS is_new

-- name: keep_ringing
-- Something lasts. What a person has settled stays settled while it lasts; gone for a minute and back, it rings anew.
INSERT INTO alarm AS a (code, subject, raised_by) VALUES ($1, $2, $3)
ON CONFLICT (code, subject) DO UPDATE SET
    seen_at = now(),
    raised_at = CASE WHEN a.settled_at IS NULL OR (a.settled_by IS NOT NULL AND a.seen_at > now() - interval '60 s')
        THEN a.raised_at ELSE now() END,
    settled_at = CASE WHEN a.settled_by IS NOT NULL AND a.seen_at > now() - interval '60 s' THEN a.settled_at END,
    settled_by = CASE WHEN a.settled_by IS NOT NULL AND a.seen_at > now() - interval '60 s' THEN a.settled_by END
RETURNING raised_at = now() AS is_new

-- name: silence_alarm
-- The cause has gone by itself; when it comes back, it rings, whoever had settled it before.
UPDATE alarm SET settled_at = now(), settled_by = NULL
WHERE code = $1 AND subject = $2 AND (settled_at IS NULL OR settled_by IS NOT NULL)
