-- Everything a node remembers. The step of the same number for PostgreSQL makes the same tables.
-- Times are microseconds since 1970 UTC unless the column says otherwise (issued_at: seconds, as in the statement).

-- Signed statements, own and foreign, in the order in which they were committed here.
CREATE TABLE records (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    hash BLOB NOT NULL UNIQUE,
    author TEXT NOT NULL,
    object TEXT NOT NULL,
    kind TEXT NOT NULL,
    prev BLOB,
    issued_at INTEGER NOT NULL,
    stored_at INTEGER NOT NULL,
    own INTEGER NOT NULL,
    statement BLOB NOT NULL,
    leaf_hashes BLOB NOT NULL
) STRICT;
CREATE INDEX records_object ON records (object, seq);
CREATE INDEX records_kind ON records (kind, seq);

-- The fields of a record, sealed together for each key group.
CREATE TABLE record_fields (
    record_seq INTEGER NOT NULL REFERENCES records (seq),
    key_group TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (record_seq, key_group)
) STRICT;
CREATE INDEX record_fields_group ON record_fields (key_group);

-- The newest statement of each chain; changed by compare-and-swap only.
CREATE TABLE chains (
    object TEXT NOT NULL,
    author TEXT NOT NULL,
    head BLOB NOT NULL,
    length INTEGER NOT NULL,
    PRIMARY KEY (object, author)
) STRICT;

-- COSE receipts of our own log and of the peers' logs; proof is the cosigned .tlog-proof, once witnessed.
CREATE TABLE receipts (
    record_hash BLOB NOT NULL,
    origin TEXT NOT NULL,
    log_index INTEGER NOT NULL,
    tree_size INTEGER NOT NULL,
    receipt BLOB NOT NULL,
    proof BLOB,
    stored_at INTEGER NOT NULL,
    PRIMARY KEY (record_hash, origin)
) STRICT;
CREATE INDEX receipts_position ON receipts (origin, log_index);
CREATE INDEX receipts_unwitnessed ON receipts (origin, log_index) WHERE proof IS NULL;
-- How far the proofs of an own log are known to have the quorum of a witness policy; begun anew under another policy.
CREATE TABLE proof_checks (
    origin TEXT NOT NULL PRIMARY KEY,
    policy TEXT NOT NULL,
    checked INTEGER NOT NULL
) STRICT;

-- Our log of each year.
CREATE TABLE logs (
    origin TEXT NOT NULL PRIMARY KEY,
    year INTEGER NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    frontier BLOB NOT NULL,
    sealed_seq INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    closed_at INTEGER
) STRICT;
CREATE TABLE log_leaves (
    origin TEXT NOT NULL,
    idx INTEGER NOT NULL,
    record_hash BLOB NOT NULL,
    PRIMARY KEY (origin, idx),
    UNIQUE (record_hash, origin)
) STRICT, WITHOUT ROWID;
CREATE TABLE log_tiles (
    origin TEXT NOT NULL,
    level INTEGER NOT NULL,
    n INTEGER NOT NULL,
    hashes BLOB NOT NULL,
    PRIMARY KEY (origin, level, n)
) STRICT;
CREATE TABLE log_checkpoints (
    origin TEXT NOT NULL,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    note BLOB NOT NULL,
    cosigned BLOB,
    sealed_at INTEGER NOT NULL,
    published_at INTEGER,
    witnessed_at INTEGER,
    PRIMARY KEY (origin, size)
) STRICT;

-- What we have cosigned for others; changed by compare-and-swap on size and root.
CREATE TABLE witness_states (
    origin TEXT NOT NULL PRIMARY KEY,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    note BLOB NOT NULL,
    cosigned_at INTEGER NOT NULL
) STRICT;
CREATE TABLE witness_conflicts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    origin TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    request BLOB NOT NULL,
    reason TEXT NOT NULL
) STRICT;

CREATE TABLE peers (
    authority TEXT NOT NULL PRIMARY KEY,
    root_key BLOB NOT NULL,
    added_at INTEGER NOT NULL,
    removed_at INTEGER
) STRICT;
-- The cards of an authority, those of former roots too: each root counts its versions anew.
CREATE TABLE cards (
    authority TEXT NOT NULL,
    root_key BLOB NOT NULL,
    version INTEGER NOT NULL,
    card BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (authority, root_key, version)
) STRICT;

-- What is to be sent. next_at and lease_until are 0 until the row was postponed or leased, so that the index of
-- the held rows stays small however long the queue is.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    peer TEXT NOT NULL,
    conversation TEXT NOT NULL,
    record_hash BLOB NOT NULL,
    frame TEXT NOT NULL,
    disclosure BLOB,
    state TEXT NOT NULL DEFAULT 'queued',
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER NOT NULL DEFAULT 0,
    lease_token INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER NOT NULL DEFAULT 0,
    lease_no INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    queued_at INTEGER NOT NULL,
    settled_at INTEGER,
    UNIQUE (record_hash, peer, frame)
) STRICT;
CREATE INDEX outbox_queued ON outbox (peer, id) WHERE state = 'queued';
CREATE INDEX outbox_held ON outbox (peer, conversation, id)
    WHERE state = 'queued' AND (next_at > 0 OR lease_until > 0);

CREATE TABLE inbox (
    peer TEXT NOT NULL,
    record_hash BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    answer BLOB,
    PRIMARY KEY (record_hash, peer)
) STRICT;

CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    token INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT;

CREATE TABLE idempotency (
    caller TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash BLOB NOT NULL,
    status INTEGER NOT NULL,
    body BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (caller, key)
) STRICT;
CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    pseudonym TEXT NOT NULL UNIQUE,
    roles TEXT NOT NULL,
    unit TEXT NOT NULL,
    clearance INTEGER NOT NULL,
    disabled_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE tokens (
    hash BLOB NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
CREATE INDEX tokens_user ON tokens (user_id);
-- What officers are trained in and authorised to; expires_at is the beginning of the last good day.
CREATE TABLE qualifications (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    issuer TEXT NOT NULL,
    obtained_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    recorded_at INTEGER NOT NULL
) STRICT;
CREATE INDEX qualifications_user ON qualifications (user_id);

-- Who did or saw what; each row's hash covers the row before.
CREATE TABLE audit_events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    role TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT,
    purpose TEXT,
    outcome TEXT NOT NULL,
    detail TEXT,
    prev BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE INDEX audit_events_object ON audit_events (object, seq);
CREATE INDEX audit_events_actor ON audit_events (actor, seq);

-- The versions of workflows that are or were in use; cases name theirs by hash.
CREATE TABLE workflows (
    hash BLOB NOT NULL PRIMARY KEY,
    case_type TEXT NOT NULL,
    version INTEGER NOT NULL,
    content TEXT NOT NULL,
    record_hash BLOB,
    adopted_at INTEGER NOT NULL,
    UNIQUE (case_type, version)
) STRICT;

-- Orders to erase data. Like the audit trail they outlive what they are about.
CREATE TABLE erasures (
    id TEXT NOT NULL PRIMARY KEY,
    object TEXT NOT NULL,
    scope TEXT NOT NULL,
    state TEXT NOT NULL,
    ordered_by TEXT NOT NULL,
    ordered_at INTEGER NOT NULL,
    decided_at INTEGER,
    head BLOB NOT NULL
) STRICT;
CREATE INDEX erasures_ordered ON erasures (ordered_at, id);
CREATE INDEX erasures_object ON erasures (object);

-- What officers were told of deadlines, once each; not rebuilt from records.
CREATE TABLE notices (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    object TEXT NOT NULL,
    place TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    read_at INTEGER,
    mailed_at INTEGER,
    UNIQUE (object, place, due_at, kind, user_id)
) STRICT;
CREATE INDEX notices_user ON notices (user_id, at, id);
CREATE INDEX notices_unmailed ON notices (user_id, at, id) WHERE mailed_at IS NULL;

CREATE TABLE mailboxes (
    user_id TEXT NOT NULL PRIMARY KEY,
    address TEXT NOT NULL,
    pace TEXT NOT NULL,
    since INTEGER NOT NULL,
    digest_at INTEGER
) STRICT;

-- Who was let into which compartment, by whom and why.
CREATE TABLE user_compartments (
    user_id TEXT NOT NULL,
    compartment TEXT NOT NULL,
    granted_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    granted_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, compartment)
) STRICT;

-- What officers read lately, each object once: how much that is, is asked at every read. Whoever reads very much raises an
-- alarm, once in a while.
CREATE TABLE recent_reads (
    user_id TEXT NOT NULL,
    object TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (user_id, object)
) STRICT;
CREATE INDEX recent_reads_at ON recent_reads (user_id, at);
CREATE TABLE read_alarms (
    user_id TEXT NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT;

-- Projections: what lists and search read. All that follows is rebuilt from the records at any time.

CREATE TABLE object_fields (
    object TEXT NOT NULL,
    path TEXT NOT NULL,
    value BLOB NOT NULL,
    record_hash BLOB NOT NULL,
    field_index INTEGER NOT NULL,
    PRIMARY KEY (object, path)
) STRICT;

CREATE TABLE cases (
    id TEXT NOT NULL PRIMARY KEY,
    reference TEXT NOT NULL,
    title TEXT NOT NULL,
    case_type TEXT NOT NULL,
    status TEXT NOT NULL,
    unit TEXT NOT NULL,
    owner TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    head BLOB NOT NULL,
    version INTEGER NOT NULL,
    workflow BLOB NOT NULL,
    pending TEXT NOT NULL,
    proposer TEXT NOT NULL,
    status_since INTEGER NOT NULL,
    erasures INTEGER NOT NULL,
    acted_at INTEGER NOT NULL,
    review_by INTEGER,
    restricted TEXT NOT NULL,
    level INTEGER NOT NULL,
    compartment TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX cases_reference ON cases (reference);
CREATE INDEX cases_opened ON cases (opened_at, id);
CREATE INDEX cases_status ON cases (status, opened_at, id);
CREATE INDEX cases_unit ON cases (unit, opened_at, id);
CREATE INDEX cases_owner ON cases (owner, opened_at, id);
CREATE INDEX cases_restricted ON cases (opened_at, id) WHERE restricted <> '';
CREATE INDEX cases_pending ON cases (opened_at, id) WHERE pending <> '';
-- Each state that a case was in, for how long cases take; left_at is null while it stands there.
CREATE TABLE case_states (
    case_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    status TEXT NOT NULL,
    entered_at INTEGER NOT NULL,
    left_at INTEGER,
    PRIMARY KEY (case_id, position)
) STRICT;
CREATE TABLE case_outcomes (
    case_id TEXT NOT NULL,
    track TEXT NOT NULL,
    outcome TEXT NOT NULL,
    PRIMARY KEY (case_id, track)
) STRICT;
-- The imported rows on which cases were opened.
CREATE TABLE case_origins (
    case_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    row_id TEXT NOT NULL,
    PRIMARY KEY (case_id, kind, row_id)
) STRICT;
CREATE INDEX case_origins_row ON case_origins (kind, row_id);
CREATE TABLE case_team (
    case_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (case_id, user_id)
) STRICT;
CREATE INDEX case_team_user ON case_team (user_id);
-- Officers with a conflict of interest in a case, which is closed to them while the row stands.
CREATE TABLE case_conflicts (
    case_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    record_hash BLOB NOT NULL,
    PRIMARY KEY (case_id, user_id)
) STRICT;

-- What is due in a case: its open tasks, the reviews of its holds, its own review, and its erasure.
CREATE TABLE deadlines (
    object TEXT NOT NULL,
    place TEXT NOT NULL,
    kind TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    source TEXT NOT NULL,
    assignee TEXT NOT NULL,
    PRIMARY KEY (object, place)
) STRICT;
CREATE INDEX deadlines_due ON deadlines (due_at);

CREATE TABLE identifiers (
    scheme TEXT NOT NULL,
    normalised TEXT NOT NULL,
    object TEXT NOT NULL,
    path TEXT NOT NULL,
    check_result TEXT NOT NULL,
    PRIMARY KEY (object, path)
) STRICT;
CREATE INDEX identifiers_value ON identifiers (normalised, scheme);

-- What search knows of a case: keyed hashes of its words, names, identifiers and of who may open it, never the text. doc is
-- the microsecond at which the case was opened, or the next free one, so that the newest case has the highest.
CREATE TABLE search_cases (
    doc INTEGER PRIMARY KEY,
    case_id TEXT NOT NULL UNIQUE,
    terms TEXT NOT NULL
) STRICT;
CREATE VIRTUAL TABLE search_terms USING fts5 (
    terms, content = 'search_cases', content_rowid = 'doc', tokenize = 'ascii', detail = none, columnsize = 0
);
-- What is deleted leaves the index at once.
INSERT INTO search_terms (search_terms, rank) VALUES ('secure-delete', 1);

CREATE TABLE evidence (
    id TEXT NOT NULL PRIMARY KEY,
    case_id TEXT NOT NULL,
    description TEXT NOT NULL,
    form TEXT NOT NULL,
    parent TEXT,
    quantity TEXT,
    unit TEXT,
    media_type TEXT,
    size INTEGER,
    sha256 BLOB,
    blake3 BLOB,
    blob TEXT,
    holder TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    head BLOB NOT NULL
) STRICT;
CREATE INDEX evidence_case ON evidence (case_id, created_at, id);
CREATE INDEX evidence_blob ON evidence (blob);
CREATE INDEX evidence_sha256 ON evidence (sha256);
CREATE TABLE custody (
    evidence_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    record_hash BLOB NOT NULL,
    event TEXT NOT NULL,
    from_actor TEXT,
    to_actor TEXT,
    at INTEGER NOT NULL,
    PRIMARY KEY (evidence_id, position)
) STRICT;
CREATE TABLE pending_transfers (
    evidence_id TEXT NOT NULL PRIMARY KEY,
    record_hash BLOB NOT NULL,
    giver TEXT NOT NULL,
    receiver TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX pending_transfers_receiver ON pending_transfers (receiver, at);

CREATE TABLE blobs (
    name TEXT NOT NULL PRIMARY KEY,
    key_group TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    blake3 BLOB NOT NULL,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX blobs_state ON blobs (state, created_at);
CREATE TABLE blob_grants (
    blob TEXT NOT NULL,
    authority TEXT NOT NULL,
    evidence_id TEXT NOT NULL,
    granted_by_record BLOB NOT NULL,
    PRIMARY KEY (blob, authority, granted_by_record)
) STRICT;
CREATE INDEX blob_grants_record ON blob_grants (granted_by_record);

CREATE TABLE requests (
    id TEXT NOT NULL PRIMARY KEY,
    direction TEXT NOT NULL,
    peer TEXT NOT NULL,
    case_id TEXT,
    instrument TEXT NOT NULL,
    profile BLOB NOT NULL,
    state TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    answer_by INTEGER,
    late_withdrawal INTEGER NOT NULL
) STRICT;
CREATE INDEX requests_created ON requests (created_at, id);
CREATE INDEX requests_case ON requests (case_id);
CREATE INDEX requests_due ON requests (answer_by) WHERE answer_by IS NOT NULL;
CREATE TABLE request_acts (
    request_id TEXT NOT NULL,
    record_hash BLOB NOT NULL,
    author TEXT NOT NULL,
    act TEXT NOT NULL,
    position INTEGER,
    verdict TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (request_id, record_hash)
) STRICT;
CREATE INDEX request_acts_record ON request_acts (record_hash);

CREATE TABLE summaries (
    id TEXT NOT NULL PRIMARY KEY,
    case_id TEXT,
    direction TEXT NOT NULL,
    author TEXT NOT NULL,
    title TEXT NOT NULL,
    marking TEXT NOT NULL,
    purpose TEXT NOT NULL,
    delete_by INTEGER,
    withdrawn_at INTEGER,
    head BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX summaries_created ON summaries (created_at, id);
CREATE INDEX summaries_case ON summaries (case_id);
CREATE INDEX summaries_delete ON summaries (delete_by) WHERE delete_by IS NOT NULL;
CREATE TABLE summary_recipients (
    summary_id TEXT NOT NULL,
    authority TEXT NOT NULL,
    PRIMARY KEY (summary_id, authority)
) STRICT;
CREATE TABLE summary_sources (
    summary_id TEXT NOT NULL,
    record_hash BLOB NOT NULL,
    fields BLOB NOT NULL,
    PRIMARY KEY (summary_id, record_hash)
) STRICT;

CREATE TABLE task_forces (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    coordinator TEXT NOT NULL,
    state TEXT NOT NULL,
    ends_at INTEGER,
    created_at INTEGER NOT NULL,
    head BLOB NOT NULL,
    ended_by BLOB
) STRICT;
CREATE INDEX task_forces_created ON task_forces (created_at, id);
CREATE TABLE task_force_members (
    task_force_id TEXT NOT NULL,
    authority TEXT NOT NULL,
    joined_at INTEGER,
    left_at INTEGER,
    left_by BLOB,
    PRIMARY KEY (task_force_id, authority)
) STRICT;
-- Who of this authority works in it; not rebuilt from records.
CREATE TABLE task_force_team (
    task_force_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (task_force_id, user_id)
) STRICT;
CREATE TABLE task_force_posts (
    task_force_id TEXT NOT NULL,
    record_hash BLOB NOT NULL,
    author TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (task_force_id, record_hash)
) STRICT;

-- Files of rows that are being or were imported, and how far; their rows are not rebuilt from records.
CREATE TABLE imports (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    source TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    bytes INTEGER NOT NULL,
    mapping TEXT NOT NULL,
    officer TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    rows_done INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    warned INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    taken_bytes INTEGER NOT NULL,
    taken_sha256 BLOB NOT NULL
) STRICT;
CREATE INDEX imports_time ON imports (started_at, id);

-- Rows that were not taken in: where they stand in their file, and why; the rows themselves stay in the file.
CREATE TABLE import_refusals (
    import TEXT NOT NULL,
    first_byte INTEGER NOT NULL,
    end_byte INTEGER NOT NULL,
    line INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (import, first_byte)
) STRICT;

-- Imported declarations, with what scores and lists need.
CREATE TABLE declarations (
    id TEXT NOT NULL PRIMARY KEY,
    import TEXT NOT NULL,
    line INTEGER NOT NULL,
    source TEXT NOT NULL,
    imported_at INTEGER NOT NULL,
    date TEXT NOT NULL,
    hs6 TEXT NOT NULL,
    origin TEXT NOT NULL,
    departure TEXT NOT NULL,
    importer TEXT NOT NULL,
    seller TEXT NOT NULL,
    net_mass TEXT NOT NULL,
    item_price TEXT NOT NULL,
    currency TEXT NOT NULL,
    score INTEGER NOT NULL,
    reasons TEXT NOT NULL,
    raw TEXT NOT NULL
) STRICT;
CREATE INDEX declarations_score ON declarations (score, id);
CREATE INDEX declarations_hs6 ON declarations (hs6, origin);
CREATE INDEX declarations_importer ON declarations (importer);

-- Imported rows that are not scored: lines of manifests, and seizures.
CREATE TABLE imported_rows (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    import TEXT NOT NULL,
    line INTEGER NOT NULL,
    source TEXT NOT NULL,
    imported_at INTEGER NOT NULL,
    title TEXT NOT NULL,
    fields TEXT NOT NULL,
    raw TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT;
CREATE INDEX imported_rows_time ON imported_rows (kind, imported_at, id);

-- Identifiers in imported rows of every kind.
CREATE TABLE imported_identifiers (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    number INTEGER NOT NULL,
    scheme TEXT NOT NULL,
    observed TEXT NOT NULL,
    normalised TEXT NOT NULL,
    PRIMARY KEY (kind, id, number)
) STRICT;
CREATE INDEX imported_identifiers_normalised ON imported_identifiers (normalised, scheme);

-- All that is due. The answer to a request and the end of a summary are due as their rows say.
CREATE VIEW open_deadlines AS
    SELECT object, place, kind, due_at, source, assignee FROM deadlines
    UNION ALL
    SELECT id, 'answer_by', 'request_clock', answer_by, 'agreed', '' FROM requests
    WHERE answer_by IS NOT NULL AND state NOT IN
        ('DRAFT', 'ANSWERED', 'REFUSED', 'NOT_COMPETENT', 'WITHDRAWN', 'CLOSED', 'DISCARDED')
    UNION ALL
    SELECT id, 'delete_by', 'summary_retention', delete_by, 'agreed', '' FROM summaries
    WHERE delete_by IS NOT NULL AND direction = 'in';
