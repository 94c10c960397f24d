//! What customs officers talk about; knows no encoding, no store and no clock.

pub mod finding;
pub mod id;
pub mod time;

pub mod amount;
pub mod handling;
pub mod identifier;

pub mod case;
pub mod deadline;
pub mod evidence;
pub mod retention;
pub mod task_force;
pub mod workflow;

pub mod assistance;
