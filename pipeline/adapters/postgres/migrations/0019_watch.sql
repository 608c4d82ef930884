-- What watch and the watchdog ask by.

CREATE INDEX notification_of ON notification (kind, subject);

GRANT SELECT ON history TO anwang_watch;

-- What lost its timer is armed again by watch, from what it reads itself.
GRANT INSERT ON timer TO anwang_watch;
