-- compatible-with: 3
--
-- Words of statuses, for search. Offices write in many languages, so each post is stemmed by its own.

-- What is compared: without case and the width of letters. Signs of scripts that write no spaces
-- (Thai, Japanese, Chinese, Korean) stand alone, so that any part of a word is found as a phrase of
-- signs.
CREATE FUNCTION search_text(given text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(
    lower(normalize(given, NFKC)),
    '([\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af])',
    ' \1 ',
    'g');

CREATE FUNCTION without_accents(given text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN unaccent('unaccent'::regdictionary, given);

-- Words as they are written, since that is how they are stemmed, and without accents, since that is
-- how many people type them.
CREATE FUNCTION search_words(configuration text, given text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_tsvector(configuration::regconfig, given) || CASE
    WHEN without_accents(given) <> given
    THEN to_tsvector(configuration::regconfig, without_accents(given))
    ELSE '' END;

-- A word or a phrase in either spelling.
CREATE FUNCTION search_phrase(configuration text, given text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN without_accents(given) <> given
    THEN phraseto_tsquery(configuration::regconfig, given)
        || phraseto_tsquery(configuration::regconfig, without_accents(given))
    ELSE phraseto_tsquery(configuration::regconfig, given) END;

-- The text of what is shown; a paragraph ends a word, other markup does not. Entities are left to
-- PostgreSQL's parser, which skips them.
CREATE FUNCTION search_text_of_html(given text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(
    regexp_replace(given, '</?(p|br|li|ul|ol|pre|blockquote|h[1-6])\y[^>]*>', ' ', 'gi'),
    '<[^>]*>',
    '',
    'g');

-- How a language is stemmed; those that PostgreSQL 15 does not know are taken word by word.
CREATE FUNCTION search_configuration(language text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE lower(split_part(language, '-', 1))
    WHEN 'ar' THEN 'arabic'
    WHEN 'hy' THEN 'armenian'
    WHEN 'eu' THEN 'basque'
    WHEN 'ca' THEN 'catalan'
    WHEN 'da' THEN 'danish'
    WHEN 'nl' THEN 'dutch'
    WHEN 'en' THEN 'english'
    WHEN 'fi' THEN 'finnish'
    WHEN 'fr' THEN 'french'
    WHEN 'de' THEN 'german'
    WHEN 'el' THEN 'greek'
    WHEN 'hi' THEN 'hindi'
    WHEN 'hu' THEN 'hungarian'
    WHEN 'id' THEN 'indonesian'
    WHEN 'ga' THEN 'irish'
    WHEN 'it' THEN 'italian'
    WHEN 'lt' THEN 'lithuanian'
    WHEN 'ne' THEN 'nepali'
    WHEN 'no' THEN 'norwegian'
    WHEN 'nb' THEN 'norwegian'
    WHEN 'nn' THEN 'norwegian'
    WHEN 'pt' THEN 'portuguese'
    WHEN 'ro' THEN 'romanian'
    WHEN 'ru' THEN 'russian'
    WHEN 'sr' THEN 'serbian'
    WHEN 'es' THEN 'spanish'
    WHEN 'sv' THEN 'swedish'
    WHEN 'ta' THEN 'tamil'
    WHEN 'tr' THEN 'turkish'
    WHEN 'yi' THEN 'yiddish'
    ELSE 'simple'
END;

-- One row for each post (not for boosts). Beside its words stand labels, which begin with `=` as no
-- word does: `=a<author>`, `=l<language>`, `=t<hashtag>`, `=has:<what>`, `=is:<what>`.
CREATE TABLE status_words (
    status_id bigint PRIMARY KEY REFERENCES statuses ON DELETE CASCADE,
    words tsvector NOT NULL
);
CREATE INDEX status_words_index ON status_words USING gin (words);

-- The languages that posts were stemmed in: a search asks in each of them.
CREATE TABLE search_configurations (
    name text PRIMARY KEY -- of a text search configuration of PostgreSQL
);

-- The posts of before are read by the worker, from the newest back.
INSERT INTO settings (key, value)
SELECT 'search.unread_below', to_jsonb(max(id) + 1)
FROM statuses
HAVING count(*) > 0;

-- Names are compared without accents as well.
CREATE FUNCTION search_name(username_key text, display_name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN username_key || ' '
    || without_accents(lower(normalize(display_name, NFKC)));

DROP INDEX accounts_search;
CREATE INDEX accounts_search ON accounts USING gin (search_name(username_key, display_name) gin_trgm_ops);

-- Hashtags are found by their beginning.
DROP INDEX tags_search;
CREATE INDEX tags_beginning ON tags (name text_pattern_ops);
