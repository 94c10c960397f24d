-- One content key a key group, wrapped by the node's store key; null once it was destroyed.
CREATE TABLE content_keys (
    key_group TEXT NOT NULL PRIMARY KEY,
    wrapped BYTEA,
    created_at BIGINT NOT NULL,
    destroyed_at BIGINT
);
