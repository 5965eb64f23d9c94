-- +goose Up
-- What a coupon gives the shopper; the kind '' is nothing. Amounts are texts such as '50.00 EUR,55.00 USD', ids texts
-- separated by commas.

ALTER TABLE coupons ADD COLUMN discount_kind TEXT NOT NULL DEFAULT '';
ALTER TABLE coupons ADD COLUMN discount_percent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE coupons ADD COLUMN discount_fixed TEXT NOT NULL DEFAULT '';
ALTER TABLE coupons ADD COLUMN discount_minimum_amount TEXT NOT NULL DEFAULT '';
ALTER TABLE coupons ADD COLUMN discount_maximum_discount TEXT NOT NULL DEFAULT '';
ALTER TABLE coupons ADD COLUMN discount_first_order_only INTEGER NOT NULL DEFAULT 0;
ALTER TABLE coupons ADD COLUMN discount_included_ids TEXT NOT NULL DEFAULT '';
ALTER TABLE coupons ADD COLUMN discount_excluded_ids TEXT NOT NULL DEFAULT '';
