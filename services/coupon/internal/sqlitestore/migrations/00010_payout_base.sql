-- +goose Up
-- Which amount of a sale payout and revenue are a percentage of.

ALTER TABLE offers ADD COLUMN payout_base TEXT NOT NULL DEFAULT 'AS_SENT';
