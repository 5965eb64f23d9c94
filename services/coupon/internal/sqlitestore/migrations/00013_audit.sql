-- +goose Up
-- Who changed what: an entry for each resource that a call changed. time is in Unix milliseconds; changes is JSON.

CREATE TABLE audit_entries (
    id           TEXT    NOT NULL PRIMARY KEY,
    time         INTEGER NOT NULL,
    principal    TEXT    NOT NULL,
    display_name TEXT    NOT NULL,
    address      TEXT    NOT NULL,
    request_id   TEXT    NOT NULL,
    method       TEXT    NOT NULL,
    resource     TEXT    NOT NULL,
    changes      TEXT
) WITHOUT ROWID, STRICT;

CREATE INDEX audit_entries_time ON audit_entries (time);
