-- What watch and the watchdog ask by.

CREATE INDEX notification_of ON notification (kind, subject);

GRANT SELECT ON history TO anwang_watch;
