-- +goose Up
-- API keys. Secrets are stored as SHA-256 alone, in hexadecimal. Times are Unix milliseconds.

CREATE TABLE keys (
    id                          TEXT    NOT NULL PRIMARY KEY,
    display_name                TEXT    NOT NULL,
    display_name_search         TEXT,
    role                        TEXT    NOT NULL,
    permissions                 TEXT    NOT NULL, -- separated by commas
    expire_time                 INTEGER,
    requests_per_second         INTEGER NOT NULL,
    secret_hash                 TEXT    NOT NULL UNIQUE,
    secret_prefix               TEXT    NOT NULL,
    previous_secret_hash        TEXT    NOT NULL,
    previous_secret_expire_time INTEGER,
    revoke_time                 INTEGER,
    last_use_time               INTEGER,
    create_time                 INTEGER NOT NULL,
    update_time                 INTEGER NOT NULL,
    revision                    INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

CREATE INDEX keys_previous_secret ON keys (previous_secret_hash) WHERE previous_secret_hash <> '';
CREATE INDEX keys_create_time ON keys (create_time, id);
CREATE INDEX keys_without_display_name_search ON keys (id) WHERE display_name_search IS NULL;
