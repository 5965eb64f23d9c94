-- +goose Up
-- The search keys of names and notes: composed and folded. The program fills in the NULLs when it opens the
-- file, and finds them with the indexes.
ALTER TABLE offers ADD COLUMN display_name_search TEXT;
ALTER TABLE publishers ADD COLUMN display_name_search TEXT;
ALTER TABLE coupons ADD COLUMN internal_note_search TEXT;

CREATE INDEX offers_without_search_key ON offers (id) WHERE display_name_search IS NULL;
CREATE INDEX publishers_without_search_key ON publishers (id) WHERE display_name_search IS NULL;
CREATE INDEX coupons_without_search_key ON coupons (id) WHERE internal_note_search IS NULL;
