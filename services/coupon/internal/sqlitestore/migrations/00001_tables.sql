-- +goose Up
-- Columns that lists are filtered and ordered by have the API's names. Times are Unix milliseconds,
-- durations seconds, booleans 0 and 1. expire_time of a coupon that does not expire is the last
-- millisecond of the year 9999. code_key is the code in upper case.

CREATE TABLE offers (
    id                        TEXT PRIMARY KEY,
    display_name              TEXT NOT NULL,
    landing_page_url          TEXT NOT NULL,
    fallback_url              TEXT NOT NULL,
    state                     TEXT NOT NULL,
    postback_auth             TEXT NOT NULL,
    postback_token            TEXT NOT NULL,
    precedence                TEXT NOT NULL,
    click_window              INTEGER NOT NULL,
    coupon_grace              INTEGER NOT NULL,
    unique_codes              INTEGER NOT NULL,
    payout_kind               TEXT NOT NULL,
    payout_currency_code      TEXT NOT NULL,
    payout_units              INTEGER NOT NULL,
    payout_nanos              INTEGER NOT NULL,
    payout_percent            INTEGER NOT NULL,
    default_conversion_status TEXT NOT NULL,
    currency_code             TEXT NOT NULL,
    create_time               INTEGER NOT NULL,
    update_time               INTEGER NOT NULL,
    revision                  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX offers_by_token ON offers (postback_token);

CREATE TABLE publishers (
    id           TEXT PRIMARY KEY,
    display_name TEXT NOT NULL,
    state        TEXT NOT NULL,
    create_time  INTEGER NOT NULL,
    update_time  INTEGER NOT NULL,
    revision     INTEGER NOT NULL
) STRICT;

-- The id is offer/publisher.
CREATE TABLE approvals (
    id          TEXT PRIMARY KEY,
    offer       TEXT NOT NULL,
    publisher   TEXT NOT NULL,
    state       TEXT NOT NULL,
    source      TEXT NOT NULL,
    create_time INTEGER NOT NULL,
    update_time INTEGER NOT NULL,
    revision    INTEGER NOT NULL
) STRICT;
CREATE INDEX approvals_by_offer ON approvals (offer, id);
CREATE INDEX approvals_by_publisher ON approvals (publisher, id);

-- The id is offer/publisher/CODE.
CREATE TABLE coupons (
    id                   TEXT PRIMARY KEY,
    offer                TEXT NOT NULL,
    publisher            TEXT NOT NULL,
    code                 TEXT NOT NULL,
    code_key             TEXT NOT NULL,
    start_time           INTEGER NOT NULL,
    expire_time          INTEGER NOT NULL,
    internal_note        TEXT NOT NULL,
    enabled              INTEGER NOT NULL,
    archived             INTEGER NOT NULL,
    payout_kind          TEXT NOT NULL,
    payout_currency_code TEXT NOT NULL,
    payout_units         INTEGER NOT NULL,
    payout_nanos         INTEGER NOT NULL,
    payout_percent       INTEGER NOT NULL,
    create_time          INTEGER NOT NULL,
    update_time          INTEGER NOT NULL,
    revision             INTEGER NOT NULL
) STRICT;
CREATE INDEX coupons_by_code ON coupons (code_key, offer, publisher);
CREATE INDEX coupons_by_publisher ON coupons (publisher, create_time, id);
CREATE INDEX coupons_by_offer ON coupons (offer, create_time, id);
CREATE INDEX coupons_by_time ON coupons (create_time, id);
