//! Task forces, their members, what members posted, and who of this authority works in them; invites nobody.

use crate::node::store::error::StoreError;
use crate::node::store::filter::{Filter, Page};
use crate::node::store::table::table;
use crate::node::store::tx::Tx;
use crate::node::store::value::params;

table! {
    /// A task force.
    TaskForce = task_forces (id) {
        /// Its object id.
        id: String,
        /// Its name.
        name: String,
        /// The authority that set it up.
        coordinator: String,
        /// Its state.
        state: String,
        /// When it ends, microseconds.
        ends_at: Option<i64>,
        /// When it was set up, microseconds.
        created_at: i64,
        /// The charter, which every other record of it names.
        head: [u8; 32],
        /// The record that closed it.
        ended_by: Option<[u8; 32]>,
    }
}

table! {
    /// A member or an authority that was invited.
    TaskForceMember = task_force_members (task_force_id, authority) {
        /// The task force.
        task_force_id: String,
        /// The authority.
        authority: String,
        /// When it joined, microseconds; none while it is invited.
        joined_at: Option<i64>,
        /// When it left, microseconds.
        left_at: Option<i64>,
        /// The record by which it left.
        left_by: Option<[u8; 32]>,
    }
}

table! {
    /// A record that a member posted.
    TaskForcePost = task_force_posts (task_force_id, record_hash) {
        /// The task force.
        task_force_id: String,
        /// The record.
        record_hash: [u8; 32],
        /// Who posted it.
        author: String,
        /// When it was kept here, microseconds.
        at: i64,
    }
}

table! {
    /// That an officer of this authority works in a task force.
    TaskForceOfficer = task_force_team (task_force_id, user_id) {
        /// The task force.
        task_force_id: String,
        /// The user.
        user_id: String,
    }
}

/// Adds a task force.
///
/// # Errors
/// [`StoreError::Conflict`] if the id is taken. All functions of this file: what the database says.
pub async fn insert(tx: &mut Tx, task_force: &TaskForce) -> Result<(), StoreError> {
    tx.insert(task_force).await
}

/// Replaces what is known of a task force.
///
/// # Errors
/// As [`insert`].
pub async fn put(tx: &mut Tx, task_force: &TaskForce) -> Result<(), StoreError> {
    tx.put(task_force).await
}

/// The task force of that id.
///
/// # Errors
/// As [`insert`].
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<TaskForce>, StoreError> {
    tx.select_one(
        "-- task_forces.get
         SELECT * FROM task_forces WHERE id = $1",
        params![id],
    )
    .await
}

/// Task forces, newest first, of those in a state if one is named.
///
/// # Errors
/// As [`insert`].
pub async fn list(
    tx: &mut Tx,
    state: Option<&str>,
    page: &Page,
) -> Result<Vec<TaskForce>, StoreError> {
    let mut query = Filter::of("-- task_forces.list\nSELECT * FROM task_forces");
    query.and_some("state = ?", state);
    query.and_page("(created_at, id) < (?, ?)", page);
    query.select(tx, "ORDER BY created_at DESC, id DESC LIMIT ?", page.limit).await
}

/// Adds a member, or changes when it joined and left.
///
/// # Errors
/// As [`insert`].
pub async fn put_member(tx: &mut Tx, member: &TaskForceMember) -> Result<(), StoreError> {
    tx.put(member).await
}

/// The member of that name, also one that left.
///
/// # Errors
/// As [`insert`].
pub async fn member(
    tx: &mut Tx,
    task_force_id: &str,
    authority: &str,
) -> Result<Option<TaskForceMember>, StoreError> {
    tx.select_one(
        "-- task_force_members.get
         SELECT * FROM task_force_members WHERE task_force_id = $1 AND authority = $2",
        params![task_force_id, authority],
    )
    .await
}

/// All members and invited authorities, also those that left.
///
/// # Errors
/// As [`insert`].
pub async fn members(tx: &mut Tx, task_force_id: &str) -> Result<Vec<TaskForceMember>, StoreError> {
    tx.select(
        "-- task_force_members.of_task_force
         SELECT * FROM task_force_members WHERE task_force_id = $1 ORDER BY authority",
        params![task_force_id],
    )
    .await
}

/// Adds an officer to the team; true if it was not in it.
///
/// # Errors
/// As [`insert`].
pub async fn add_officer(tx: &mut Tx, officer: &TaskForceOfficer) -> Result<bool, StoreError> {
    tx.insert_new(officer).await
}

/// Takes an officer out of the team; true if it was in it.
///
/// # Errors
/// As [`insert`].
pub async fn remove_officer(
    tx: &mut Tx,
    task_force_id: &str,
    user_id: &str,
) -> Result<bool, StoreError> {
    let removed = tx
        .execute(
            "-- task_force_team.remove
             DELETE FROM task_force_team WHERE task_force_id = $1 AND user_id = $2",
            params![task_force_id, user_id],
        )
        .await?;
    Ok(removed > 0)
}

/// The officers of this authority who work in a task force.
///
/// # Errors
/// As [`insert`].
pub async fn team(tx: &mut Tx, task_force_id: &str) -> Result<Vec<TaskForceOfficer>, StoreError> {
    tx.select(
        "-- task_force_team.of_task_force
         SELECT * FROM task_force_team WHERE task_force_id = $1 ORDER BY user_id",
        params![task_force_id],
    )
    .await
}

/// Adds a post; true if it was not there.
///
/// # Errors
/// As [`insert`].
pub async fn add_post(tx: &mut Tx, post: &TaskForcePost) -> Result<bool, StoreError> {
    tx.insert_new(post).await
}

/// All posts in the order in which they were kept here.
///
/// # Errors
/// As [`insert`].
pub async fn posts(tx: &mut Tx, task_force_id: &str) -> Result<Vec<TaskForcePost>, StoreError> {
    tx.select(
        "-- task_force_posts.of_task_force
         SELECT * FROM task_force_posts WHERE task_force_id = $1 ORDER BY at, record_hash",
        params![task_force_id],
    )
    .await
}
