//! The store on both databases: each rule is one function, run on SQLite and on a PostgreSQL that the suite starts.
//!
//! To add a rule, write `pub(crate) async fn rule(place: Place)` in the file of its concept and name it in `suite!` below.
//! All PostgreSQL runs share one test, because a server for each would take most of the time.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use sealane::domain::time::Timestamp;
use sealane::node::clock::ManualClock;
use sealane::node::store::{KeyVault, Store, StoreConfig, StoreError};
use tempfile::TempDir;

use crate::support::postgres::PostgresServer;

mod counts;
mod deadlines;
mod engine;
mod imports;
mod only_postgres;
mod only_sqlite;
mod outbox;
mod people;
mod projections;
mod search;
mod tables;
mod vault;

/// An empty place for a store.
pub(crate) struct Place {
    pub(crate) main: StoreConfig,
    pub(crate) keys: StoreConfig,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) folder: TempDir,
}

impl Place {
    fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| StoreConfig::Sqlite { path: folder.path().join(name) };
        Self { main: file("sealane.db"), keys: file("keys.db"), clock: clock(), folder }
    }

    fn postgres(url: &str) -> Self {
        let config = StoreConfig::Postgres { url: url.to_owned() };
        let folder = tempfile::tempdir().unwrap();
        Self { main: config.clone(), keys: config, clock: clock(), folder }
    }

    pub(crate) async fn open(&self) -> Store {
        self.try_open().await.unwrap()
    }

    pub(crate) async fn try_open(&self) -> Result<Store, StoreError> {
        Store::open(&self.main, self.clock.clone()).await
    }

    pub(crate) async fn open_vault(&self) -> KeyVault {
        KeyVault::open(&self.keys, self.clock.clone()).await.unwrap()
    }
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_secs(1_795_502_520)))
}

/// A digest made of one byte.
pub(crate) fn hash(byte: u8) -> [u8; 32] {
    [byte; 32]
}

/// A digest made of a number.
pub(crate) fn numbered(number: i64) -> [u8; 32] {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&number.to_be_bytes());
    digest
}

/// Runs a body that gives what the database says.
macro_rules! write {
    ($store:expr, |$tx:ident| $body:expr) => {
        $store.write("test", move |$tx| Box::pin(async move { $body }))
    };
}
pub(crate) use write;

/// Reads on a snapshot and panics on an error.
macro_rules! read {
    ($store:expr, |$tx:ident| $body:expr) => {{
        let read: Result<_, sealane::node::store::StoreError> =
            $store.read("test", move |$tx| Box::pin(async move { $body })).await;
        read.unwrap()
    }};
}
pub(crate) use read;

macro_rules! suite {
    ($($module:ident: $($rule:ident),+ $(,)?;)+) => {
        mod sqlite {
            $(mod $module {
                $(#[tokio::test]
                async fn $rule() {
                    crate::store::$module::$rule(crate::store::Place::sqlite()).await;
                })+
            })+
        }

        #[tokio::test]
        async fn every_rule_holds_on_postgresql() {
            let server = PostgresServer::start().await;
            let mut broken = Vec::new();
            $($({
                let name = concat!(stringify!($module), "_", stringify!($rule));
                // A database name has at most 63 bytes.
                let database = format!("t{}_{}", line_of(name), &name[..name.len().min(40)]);
                let place = Place::postgres(&server.database(&database).await);
                if tokio::spawn(crate::store::$module::$rule(place)).await.is_err() {
                    broken.push(name);
                }
            })+)+
            only_postgres::every_rule(&server).await;
            assert!(broken.is_empty(), "broken on PostgreSQL: {broken:?}");
        }
    };
}

/// A number that tells long names with the same beginning apart.
fn line_of(name: &str) -> u32 {
    name.bytes().fold(0, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)))
}

suite! {
    counts:
        cases_are_counted_by_group_and_time,
        versions_of_workflows_stay,
        what_is_closed_to_whoever_asks_is_not_counted;
    deadlines:
        a_notice_is_given_once_and_read_by_its_officer,
        an_officer_has_one_mailbox_until_it_is_cleared_or_the_account_disabled,
        cases_whose_review_or_retention_passed_are_told_until_they_are_restricted,
        what_is_due_is_listed_soonest_first,
        what_was_neither_read_nor_mailed_is_found;
    engine:
        a_body_that_goes_on_after_a_failed_statement_is_undone,
        a_closed_store_refuses_and_keeps_what_it_answered,
        a_corrupt_row_is_named_by_table_and_column,
        a_panicking_body_is_undone_and_harms_nobody_else,
        a_reader_cannot_write,
        a_reader_sees_one_snapshot,
        a_reader_that_goes_away_leaves_no_transaction_behind,
        a_second_open_shares_the_store,
        a_stale_chain_head_conflicts,
        a_store_of_a_newer_version_is_refused,
        many_rows_are_inserted_in_few_statements,
        one_failure_does_not_touch_the_others_of_its_batch,
        sixty_four_writers_share_commits_and_are_all_durable;
    imports:
        a_row_and_an_import_are_erased_and_no_other,
        a_row_replaces_that_of_another_import_and_not_of_its_own,
        an_import_moves_on_from_where_it_stands_and_ends_once,
        declarations_are_listed_by_score,
        imported_rows_are_found_by_what_identifies_them_now,
        refused_rows_come_back_in_the_order_of_the_file,
        rows_know_their_place_and_the_cases_that_were_opened_on_them;
    outbox:
        a_long_queue_does_not_hold_up_another_conversation,
        a_lost_lease_is_fenced_off,
        a_row_that_is_queued_anew_while_it_is_sent_is_sent_again,
        a_postponed_row_is_due_at_once_when_its_peer_is_back,
        a_record_is_queued_once_for_a_peer_and_frame,
        a_row_waits_while_an_older_one_of_its_conversation_is_leased,
        a_row_waits_while_an_older_one_of_its_conversation_is_postponed,
        leases_of_a_process_that_is_no_more_are_released,
        proofs_are_queued_anew_for_whom_they_went_to_before,
        rows_of_a_removed_peer_wait_until_it_is_pinned_again,
        what_is_sealed_and_may_not_leave_yet_is_not_leased,
        rows_are_leased_in_order_once_sealed;
    people:
        a_conflict_stands_once_until_it_is_lifted,
        an_officer_is_let_into_a_compartment_once,
        qualifications_are_kept_and_revoked_once,
        reads_are_counted_within_a_window_and_alarms_kept_apart;
    projections:
        a_custody_chain_does_not_fork,
        a_hand_over_waits_and_ends_once,
        blobs_are_completed_once_and_granted,
        cases_are_filtered_and_paged,
        evidence_is_found_by_what_is_known_of_it,
        fields_and_identifiers_of_an_object,
        requests_and_their_acts_in_order,
        summaries_with_recipients_and_sources,
        task_forces_with_members_and_posts;
    search:
        a_forgotten_case_is_found_by_nothing,
        cases_are_found_by_groups_of_terms_newest_first,
        many_cases_that_fit_are_paged_like_few;
    tables:
        a_lease_passes_on_with_a_higher_token,
        a_log_grows_from_the_size_it_had,
        a_record_is_kept_once_and_found_again,
        a_token_speaks_for_its_officer_until_it_is_revoked,
        a_witness_never_goes_back,
        an_answer_is_kept_for_a_repeated_request,
        audit_events_are_chained,
        checkpoints_are_published_and_witnessed,
        incoming_records_are_noted_once,
        peers_and_the_card_that_counts,
        receipts_stay_as_they_came;
    vault:
        a_destroyed_key_does_not_come_back,
        a_key_is_put_once,
        a_key_is_rewrapped_only_from_the_known_wrapping;
}
