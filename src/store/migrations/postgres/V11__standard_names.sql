-- Standard names: the number of a user's session slot, and the number of a process's last heartbeat.
ALTER TABLE sessions RENAME COLUMN place TO slot;
COMMENT ON TABLE sessions IS 'Sessions. A user has a few slots; an ended session keeps its row until its slot is used again (R24). In use of a concurrent pool (R11): count(DISTINCT user_no) where ended IS NULL AND NOT exempt.';
COMMENT ON COLUMN sessions.slot IS 'Number of the user''s session slot.';
ALTER TABLE nodes RENAME COLUMN beat TO heartbeat;
COMMENT ON TABLE nodes IS 'Processes that serve from this database, or stand by. Each sends a heartbeat once a second; one whose heartbeat does not change for 4.5 seconds is declared dead by another.';
COMMENT ON COLUMN nodes.heartbeat IS 'Number of the last heartbeat: one more each second.';
COMMENT ON COLUMN nodes.generation IS 'One more when it is declared dead: its own heartbeats change no row any more.';
COMMENT ON COLUMN tenants.license_fetch IS 'The last fetch of a license from the vendor''s folder, JSON: time, result, reason and text of a refusal; NULL: there was none.';
COMMENT ON TABLE notifications IS 'Notifications (R34), one row per topic: what was sent last, and the outbox. Written in the transaction of the change that they are about.';
COMMENT ON COLUMN notifications.event_no IS 'The audit event of the notification: it names the message.';
COMMENT ON COLUMN notifications.cleared IS 'The condition has ended since.';
COMMENT ON COLUMN notifications.facts IS 'JSON: the numbers at the time of the notification.';
COMMENT ON COLUMN audit.actor IS 'Principal that made the request, or the service.';
COMMENT ON COLUMN tokens.roles IS 'Bits: 1 application, 2 viewer, 4 manager, 8 operator.';
COMMENT ON COLUMN tokens.created_by IS 'Principal that created it.';
COMMENT ON COLUMN installation.secret IS '32 bytes. Opaque ids and page tokens are encoded and signed with it (R1). Never changed: opaque ids keep their meaning.';
