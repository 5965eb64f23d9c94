-- +goose Up

-- Order ids are looked up every day.
CREATE INDEX conversions_transaction ON conversions (transaction_id, conversion_time);

-- The entry that made a conversion is found by way of the conversion, whose order id it has.
CREATE INDEX postbacks_transaction ON postbacks (transaction_id) WHERE later IS NOT NULL;

-- Most conversions become APPROVED. A page of these is found quickly among all; only the others need an index.
ALTER TABLE conversions ADD COLUMN unapproved TEXT AS (nullif(status, 'APPROVED')) VIRTUAL;
DROP INDEX conversions_status;
CREATE INDEX conversions_unapproved ON conversions (unapproved, conversion_time) WHERE unapproved IS NOT NULL;
