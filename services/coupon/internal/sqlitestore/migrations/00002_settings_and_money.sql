-- +goose Up
-- The credentials before the last rotation are empty, and their expire time is NULL, where there are
-- none. The secrets of the offers that exist are made by the program when it
-- opens the file: SQL has no base64.

ALTER TABLE offers ADD COLUMN postback_secret TEXT NOT NULL DEFAULT '';
ALTER TABLE offers ADD COLUMN previous_postback_token TEXT NOT NULL DEFAULT '';
ALTER TABLE offers ADD COLUMN previous_postback_secret TEXT NOT NULL DEFAULT '';
ALTER TABLE offers ADD COLUMN previous_credentials_expire_time INTEGER;
ALTER TABLE offers ADD COLUMN payout_cap_currency_code TEXT NOT NULL DEFAULT '';
ALTER TABLE offers ADD COLUMN payout_cap_units INTEGER NOT NULL DEFAULT 0;
ALTER TABLE offers ADD COLUMN payout_cap_nanos INTEGER NOT NULL DEFAULT 0;
ALTER TABLE offers ADD COLUMN revenue_kind TEXT NOT NULL DEFAULT '';
ALTER TABLE offers ADD COLUMN revenue_currency_code TEXT NOT NULL DEFAULT '';
ALTER TABLE offers ADD COLUMN revenue_units INTEGER NOT NULL DEFAULT 0;
ALTER TABLE offers ADD COLUMN revenue_nanos INTEGER NOT NULL DEFAULT 0;
ALTER TABLE offers ADD COLUMN revenue_percent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE offers ADD COLUMN revenue_cap_currency_code TEXT NOT NULL DEFAULT '';
ALTER TABLE offers ADD COLUMN revenue_cap_units INTEGER NOT NULL DEFAULT 0;
ALTER TABLE offers ADD COLUMN revenue_cap_nanos INTEGER NOT NULL DEFAULT 0;
CREATE INDEX offers_by_previous_token ON offers (previous_postback_token) WHERE previous_postback_token <> '';

ALTER TABLE approvals ADD COLUMN payout_kind TEXT NOT NULL DEFAULT '';
ALTER TABLE approvals ADD COLUMN payout_currency_code TEXT NOT NULL DEFAULT '';
ALTER TABLE approvals ADD COLUMN payout_units INTEGER NOT NULL DEFAULT 0;
ALTER TABLE approvals ADD COLUMN payout_nanos INTEGER NOT NULL DEFAULT 0;
ALTER TABLE approvals ADD COLUMN payout_percent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE approvals ADD COLUMN payout_cap_currency_code TEXT NOT NULL DEFAULT '';
ALTER TABLE approvals ADD COLUMN payout_cap_units INTEGER NOT NULL DEFAULT 0;
ALTER TABLE approvals ADD COLUMN payout_cap_nanos INTEGER NOT NULL DEFAULT 0;

-- A setting that is empty or NULL is the offer's.
ALTER TABLE coupons ADD COLUMN payout_cap_currency_code TEXT NOT NULL DEFAULT '';
ALTER TABLE coupons ADD COLUMN payout_cap_units INTEGER NOT NULL DEFAULT 0;
ALTER TABLE coupons ADD COLUMN payout_cap_nanos INTEGER NOT NULL DEFAULT 0;
ALTER TABLE coupons ADD COLUMN settings_precedence TEXT NOT NULL DEFAULT '';
ALTER TABLE coupons ADD COLUMN settings_click_window INTEGER;
ALTER TABLE coupons ADD COLUMN settings_coupon_grace INTEGER;
ALTER TABLE coupons ADD COLUMN settings_default_conversion_status TEXT NOT NULL DEFAULT '';
ALTER TABLE coupons ADD COLUMN settings_fallback_url TEXT NOT NULL DEFAULT '';
