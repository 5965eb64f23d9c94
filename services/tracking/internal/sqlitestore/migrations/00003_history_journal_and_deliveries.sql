-- +goose Up

-- The columns that change later come with defaults, which an insert need not bind.
ALTER TABLE conversions ADD COLUMN update_time INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversions ADD COLUMN postback ANY NOT NULL DEFAULT ''; -- '' is none
ALTER TABLE conversions ADD COLUMN plan_from INTEGER; -- the first change to plan deliveries of; NULL: all are planned
ALTER TABLE conversions ADD COLUMN refunded_amount_currency TEXT NOT NULL DEFAULT ''; -- '' is nothing refunded
ALTER TABLE conversions ADD COLUMN refunded_amount_units INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversions ADD COLUMN refunded_amount_nanos INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversions ADD COLUMN status_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE conversions ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
ALTER TABLE conversions ADD COLUMN conflicted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversions ADD COLUMN history TEXT NOT NULL DEFAULT ''; -- changes and conflicts, in JSON; '' is none
UPDATE conversions SET update_time = create_time;

CREATE INDEX conversions_update ON conversions (update_time);
CREATE INDEX conversions_unplanned ON conversions (update_time) WHERE plan_from IS NOT NULL;

-- The journal. Ids hold the time of the call, so that new entries go to the tree's end, and lists by
-- time are lists by id.
CREATE TABLE postbacks (
    id              ANY     NOT NULL PRIMARY KEY,
    offer           TEXT    NOT NULL,
    conversion      ANY     NOT NULL, -- '' is none
    outcome         TEXT    NOT NULL,
    reason          TEXT    NOT NULL,
    message         TEXT    NOT NULL,
    http_status     INTEGER NOT NULL,
    method          TEXT    NOT NULL,
    parameters      TEXT    NOT NULL,
    coupon_code     TEXT    NOT NULL,
    coupon_code_key TEXT    NOT NULL, -- coupon_code, folded
    transaction_id  TEXT    NOT NULL,
    idempotency_key TEXT    NOT NULL,
    ip              TEXT    NOT NULL,
    authenticated   INTEGER NOT NULL,
    create_time     INTEGER NOT NULL,
    duration        INTEGER NOT NULL, -- microseconds
    later           INTEGER, -- 1 where it did not make its conversion; NULL where it did
    replay          TEXT    NOT NULL DEFAULT '' -- the last one, in JSON; '' is none
) STRICT, WITHOUT ROWID;

-- The entry that made a conversion is named by the conversion. To index it too would cost as much as
-- the entry.
CREATE INDEX postbacks_conversion ON postbacks (conversion) WHERE later IS NOT NULL;

CREATE TABLE deliveries (
    conversion     ANY     NOT NULL,
    change         INTEGER NOT NULL,
    publisher      TEXT    NOT NULL,
    id             TEXT    NOT NULL AS (iif(typeof(conversion) = 'blob', lower(hex(conversion)), conversion) || '-' || change || '-' || publisher) VIRTUAL,
    offer          TEXT    NOT NULL,
    status         TEXT    NOT NULL,
    state          TEXT    NOT NULL,
    due_time       INTEGER, -- NULL when it is done
    first_due_time INTEGER NOT NULL,
    attempt_count  INTEGER NOT NULL,
    holder         TEXT    NOT NULL, -- the claim that it is left to until due_time; '' is none
    create_time    INTEGER NOT NULL,
    finish_time    INTEGER, -- NULL while it is due
    payload        TEXT    NOT NULL,
    attempts       TEXT    NOT NULL, -- the last ones, in JSON; '' is none
    PRIMARY KEY (conversion, change, publisher)
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_due ON deliveries (due_time, publisher) WHERE state = 'DUE';
CREATE INDEX deliveries_time ON deliveries (create_time);
CREATE INDEX deliveries_publisher ON deliveries (publisher, create_time);

-- How often coupons that have limits were used: in all (day is '') and on a day, as of a revision of
-- the coupon.
CREATE TABLE coupon_uses (
    coupon TEXT    NOT NULL,
    day    TEXT    NOT NULL,
    etag   TEXT    NOT NULL,
    uses   INTEGER NOT NULL,
    PRIMARY KEY (coupon, day)
) STRICT, WITHOUT ROWID;

CREATE INDEX coupon_uses_day ON coupon_uses (day);
