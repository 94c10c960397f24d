//! Task forces: a charter that every member signs, posts among the members, leaving and closing.

mod arrival;
mod room;
mod steps;
mod team;
mod view;

pub use steps::{NewPost, NewTaskForce};
pub use view::{MemberView, PostView, TaskForceQuery, TaskForceRow, TaskForceView};
