-- +goose Up

-- Reports that wait to be judged automatically.
CREATE TABLE deferred (
    id          ANY     NOT NULL PRIMARY KEY,
    reason      TEXT    NOT NULL,
    conversion  ANY     NOT NULL, -- the sale's, which may not be there yet
    postback    ANY     NOT NULL, -- the journal's entry, whose ids are in order of time; '' is none
    entry       TEXT    NOT NULL, -- that entry, in JSON
    tries       INTEGER NOT NULL,
    due_time    INTEGER NOT NULL,
    expire_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX deferred_conversion ON deferred (conversion, postback);
CREATE INDEX deferred_due ON deferred (reason, due_time);
