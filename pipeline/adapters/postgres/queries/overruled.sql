-- Which rows of the policy people override most. From an instant on, and before another one.

-- name: said
SELECT p.part, p.rule, o.policy_version, o.kind, o.reason, count(*) AS times
FROM override o JOIN override_part p USING (override_id)
WHERE o.said_at >= $1 AND o.said_at < $2
GROUP BY p.part, p.rule, o.policy_version, o.kind, o.reason

-- name: decided
-- In how many cases each row decided. A case is counted once for each row that ever put it somewhere.
SELECT by.part, by.rule, d.policy_version, count(DISTINCT d.case_id) AS cases
FROM decision d
CROSS JOIN LATERAL (
    VALUES ('queue', d.queue_rule), ('priority', d.priority_rule), ('child_grade', d.child_grade_rule)
) AS by (part, rule)
WHERE d.decided_at >= $1 AND d.decided_at < $2 AND by.rule IS NOT NULL
GROUP BY by.part, by.rule, d.policy_version
