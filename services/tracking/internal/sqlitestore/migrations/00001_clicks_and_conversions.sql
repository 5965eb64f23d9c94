-- +goose Up

-- Times are Unix milliseconds, UTC. Ids that are 16 bytes written in hexadecimal (a UUID, a hash)
-- are held as these bytes. Text is never NULL: '' is none.

-- Clicks are only ever read by id. Ids are time-ordered, so that new ones go to the tree's end.
CREATE TABLE clicks (
    id           ANY     NOT NULL PRIMARY KEY,
    offer        TEXT    NOT NULL,
    publisher    TEXT    NOT NULL,
    coupon       TEXT    NOT NULL,
    coupon_code  TEXT    NOT NULL,
    reason       TEXT    NOT NULL,
    pub_click_id TEXT    NOT NULL,
    pub_sub_id   TEXT    NOT NULL,
    pub_unique1  TEXT    NOT NULL,
    pub_unique2  TEXT    NOT NULL,
    pub_unique3  TEXT    NOT NULL,
    pub_unique4  TEXT    NOT NULL,
    pub_unique5  TEXT    NOT NULL,
    crawler      INTEGER NOT NULL,
    ip           TEXT    NOT NULL,
    user_agent   TEXT    NOT NULL,
    referer      TEXT    NOT NULL,
    time         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A conversion's id is a hash. The rows themselves are kept in the order of arrival, which is a
-- quarter cheaper to write than rows spread by their hash. They are never deleted.
CREATE TABLE conversions (
    id              ANY     NOT NULL PRIMARY KEY,
    content_hash    ANY     NOT NULL,
    offer           TEXT    NOT NULL,
    publisher       TEXT    NOT NULL,
    coupon          TEXT    NOT NULL,
    coupon_code     TEXT    NOT NULL,
    coupon_code_key TEXT    NOT NULL, -- coupon_code, folded
    click           TEXT    NOT NULL, -- as reported, so any text
    transaction_id  TEXT    NOT NULL,
    event           TEXT    NOT NULL,
    amount_currency TEXT    NOT NULL, -- '' is no amount
    amount_units    INTEGER NOT NULL,
    amount_nanos    INTEGER NOT NULL,
    payout_currency TEXT    NOT NULL, -- '' is no payout
    payout_units    INTEGER NOT NULL,
    payout_nanos    INTEGER NOT NULL,
    status          TEXT    NOT NULL,
    outcome         TEXT    NOT NULL,
    method          TEXT    NOT NULL,
    reason          TEXT    NOT NULL,
    explanation     TEXT    NOT NULL,
    candidates      TEXT    NOT NULL, -- one resource name a line
    pub_unique1     TEXT    NOT NULL,
    pub_unique2     TEXT    NOT NULL,
    pub_unique3     TEXT    NOT NULL,
    pub_unique3_key TEXT    NOT NULL, -- pub_unique3, folded
    pub_unique4     TEXT    NOT NULL,
    pub_unique5     TEXT    NOT NULL,
    pub_click_id    TEXT    NOT NULL,
    pub_sub_id      TEXT    NOT NULL,
    conversion_time INTEGER NOT NULL,
    create_time     INTEGER NOT NULL,
    undeduplicated  INTEGER NOT NULL
) STRICT;

CREATE INDEX conversions_time ON conversions (conversion_time);
CREATE INDEX conversions_offer ON conversions (offer, conversion_time);
CREATE INDEX conversions_publisher ON conversions (publisher, conversion_time);
CREATE INDEX conversions_pub_unique3 ON conversions (pub_unique3_key, conversion_time);
CREATE INDEX conversions_status ON conversions (status, conversion_time);
