//! Use cases of declarations: list by suspicion, show. They come in with the other imported files; opening a case stands
//! with the cases.

mod read;

pub use read::{DeclarationQuery, DeclarationView};
