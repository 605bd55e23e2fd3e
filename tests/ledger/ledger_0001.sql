-- A ledger of revision 0001, with one approved proposal.
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE approval (
	approval_id INTEGER NOT NULL, 
	proposal_id INTEGER NOT NULL, 
	approved_by TEXT NOT NULL, 
	approved_at VARCHAR(32) NOT NULL, 
	plan_hash VARCHAR(64) NOT NULL, 
	PRIMARY KEY (approval_id), 
	UNIQUE (proposal_id), 
	FOREIGN KEY(proposal_id) REFERENCES proposal (proposal_id)
);
INSERT INTO "approval" VALUES(1,1,'ann','2026-06-01T12:00:00.000000+00:00','125fc2b9df790a421ac95b1bd2b2f7a2d844416ec9b181e5d5e1412891044122');
CREATE TABLE attempt (
	attempt_id INTEGER NOT NULL, 
	intent_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	begun_at VARCHAR(32) NOT NULL, 
	PRIMARY KEY (attempt_id), 
	UNIQUE (intent_id, number), 
	FOREIGN KEY(intent_id) REFERENCES intent (intent_id)
);
CREATE TABLE hold (
	hold_id INTEGER NOT NULL, 
	attempt_id INTEGER NOT NULL, 
	told_at VARCHAR(32) NOT NULL, 
	until VARCHAR(32) NOT NULL, 
	reason TEXT NOT NULL, 
	PRIMARY KEY (hold_id), 
	UNIQUE (attempt_id), 
	FOREIGN KEY(attempt_id) REFERENCES attempt (attempt_id)
);
CREATE TABLE intent (
	intent_id INTEGER NOT NULL, 
	change_id INTEGER NOT NULL, 
	idempotency_key VARCHAR(64) NOT NULL, 
	intended_at VARCHAR(32) NOT NULL, 
	PRIMARY KEY (intent_id), 
	UNIQUE (change_id), 
	FOREIGN KEY(change_id) REFERENCES proposed_change (change_id), 
	UNIQUE (idempotency_key)
);
CREATE TABLE outcome (
	outcome_id INTEGER NOT NULL, 
	intent_id INTEGER NOT NULL, 
	verdict VARCHAR(16) NOT NULL, 
	read_back TEXT, 
	reason TEXT NOT NULL, 
	concluded_at VARCHAR(32) NOT NULL, 
	PRIMARY KEY (outcome_id), 
	UNIQUE (intent_id), 
	FOREIGN KEY(intent_id) REFERENCES intent (intent_id)
);
CREATE TABLE proposal (
	proposal_id INTEGER NOT NULL, 
	made_at VARCHAR(32) NOT NULL, 
	expires_at VARCHAR(32) NOT NULL, 
	proposed_by TEXT NOT NULL, 
	by_person BOOLEAN NOT NULL, 
	load_id BIGINT, 
	data_known_at VARCHAR(32), 
	undoes INTEGER, 
	findings TEXT NOT NULL, 
	plan_hash VARCHAR(64) NOT NULL, 
	PRIMARY KEY (proposal_id), 
	FOREIGN KEY(undoes) REFERENCES proposal (proposal_id)
);
INSERT INTO "proposal" VALUES(1,'2026-06-01T12:00:00.000000+00:00','2026-06-01T13:00:00.000000+00:00','rules',0,NULL,NULL,NULL,'[]','125fc2b9df790a421ac95b1bd2b2f7a2d844416ec9b181e5d5e1412891044122');
CREATE TABLE proposed_change (
	change_id INTEGER NOT NULL, 
	proposal_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	platform TEXT NOT NULL, 
	account_id TEXT NOT NULL, 
	level TEXT NOT NULL, 
	object_id TEXT NOT NULL, 
	object_name TEXT NOT NULL, 
	field TEXT NOT NULL, 
	before_value TEXT NOT NULL, 
	after_value TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	rule_id TEXT, 
	rule_version TEXT, 
	trace TEXT, 
	undoes_change INTEGER, 
	PRIMARY KEY (change_id), 
	UNIQUE (proposal_id, number), 
	FOREIGN KEY(proposal_id) REFERENCES proposal (proposal_id), 
	FOREIGN KEY(undoes_change) REFERENCES proposed_change (change_id)
);
INSERT INTO "proposed_change" VALUES(1,1,1,'meta','act_1','adset','7','Sample','daily_budget','50000000','60000000','a test',NULL,NULL,NULL,NULL);
INSERT INTO "proposed_change" VALUES(2,1,2,'meta','act_1','adset','8','Sample','status','ACTIVE','PAUSED','a test',NULL,NULL,NULL,NULL);
CREATE INDEX changed_object ON proposed_change (account_id, object_id, field);
CREATE TRIGGER proposal_no_update BEFORE UPDATE ON proposal BEGIN SELECT RAISE(ABORT, 'rows of proposal are only ever added'); END;
CREATE TRIGGER proposal_no_delete BEFORE DELETE ON proposal BEGIN SELECT RAISE(ABORT, 'rows of proposal are only ever added'); END;
CREATE TRIGGER proposed_change_no_update BEFORE UPDATE ON proposed_change BEGIN SELECT RAISE(ABORT, 'rows of proposed_change are only ever added'); END;
CREATE TRIGGER proposed_change_no_delete BEFORE DELETE ON proposed_change BEGIN SELECT RAISE(ABORT, 'rows of proposed_change are only ever added'); END;
CREATE TRIGGER approval_no_update BEFORE UPDATE ON approval BEGIN SELECT RAISE(ABORT, 'rows of approval are only ever added'); END;
CREATE TRIGGER approval_no_delete BEFORE DELETE ON approval BEGIN SELECT RAISE(ABORT, 'rows of approval are only ever added'); END;
CREATE TRIGGER intent_no_update BEFORE UPDATE ON intent BEGIN SELECT RAISE(ABORT, 'rows of intent are only ever added'); END;
CREATE TRIGGER intent_no_delete BEFORE DELETE ON intent BEGIN SELECT RAISE(ABORT, 'rows of intent are only ever added'); END;
CREATE TRIGGER attempt_no_update BEFORE UPDATE ON attempt BEGIN SELECT RAISE(ABORT, 'rows of attempt are only ever added'); END;
CREATE TRIGGER attempt_no_delete BEFORE DELETE ON attempt BEGIN SELECT RAISE(ABORT, 'rows of attempt are only ever added'); END;
CREATE TRIGGER hold_no_update BEFORE UPDATE ON hold BEGIN SELECT RAISE(ABORT, 'rows of hold are only ever added'); END;
CREATE TRIGGER hold_no_delete BEFORE DELETE ON hold BEGIN SELECT RAISE(ABORT, 'rows of hold are only ever added'); END;
CREATE TRIGGER outcome_no_update BEFORE UPDATE ON outcome BEGIN SELECT RAISE(ABORT, 'rows of outcome are only ever added'); END;
CREATE TRIGGER outcome_no_delete BEFORE DELETE ON outcome BEGIN SELECT RAISE(ABORT, 'rows of outcome are only ever added'); END;
COMMIT;
