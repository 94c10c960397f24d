//! Plain structs as rows of a table: which column is which field; writes no statement that is not one row wide.

use crate::node::store::error::StoreError;
use crate::node::store::tx::Tx;
use crate::node::store::value::{FromRow, Param, Row};

/// A type that a column can be read as.
pub trait Cell: Sized {
    /// Reads the column of that name.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it holds something else.
    fn read(row: &Row, column: &str) -> Result<Self, StoreError>;
}

macro_rules! cells {
    ($($cell:ty),*) => {
        $(impl Cell for $cell {
            fn read(row: &Row, column: &str) -> Result<Self, StoreError> {
                row.named(column)
            }
        })*
    };
}

cells!(String, i64, Vec<u8>, Option<String>, Option<i64>, Option<Vec<u8>>);

impl Cell for [u8; 32] {
    fn read(row: &Row, column: &str) -> Result<Self, StoreError> {
        row.named::<Vec<u8>>(column)?.try_into().map_err(|_| row.corrupt_at(column))
    }
}

impl Cell for Option<[u8; 32]> {
    fn read(row: &Row, column: &str) -> Result<Self, StoreError> {
        row.named::<Option<Vec<u8>>>(column)?
            .map(|bytes| bytes.try_into().map_err(|_| row.corrupt_at(column)))
            .transpose()
    }
}

/// A struct that is a row of a table, field by column. Made by `table!`.
pub trait Table: FromRow {
    /// The statement that inserts a row, up to and with `VALUES`.
    const INSERT: &'static str;
    /// The clause that lets an insert replace the row that is there.
    const REPLACE: &'static str;

    /// The values of the columns in the order of [`Table::INSERT`].
    fn params(&self) -> Vec<Param>;
}

impl Tx {
    /// Inserts a row.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if a unique column has that value already.
    pub async fn insert<T: Table>(&mut self, row: &T) -> Result<(), StoreError> {
        self.insert_one(T::INSERT, "", row.params()).await?;
        Ok(())
    }

    /// Inserts a row unless one with the same key is there; true if it was new.
    ///
    /// # Errors
    /// What the database says.
    pub async fn insert_new<T: Table>(&mut self, row: &T) -> Result<bool, StoreError> {
        Ok(self.insert_one(T::INSERT, "ON CONFLICT DO NOTHING", row.params()).await? > 0)
    }

    /// Inserts a row or replaces the one with the same key.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if another unique column has that value already.
    pub async fn put<T: Table>(&mut self, row: &T) -> Result<(), StoreError> {
        self.insert_one(T::INSERT, T::REPLACE, row.params()).await?;
        Ok(())
    }

    /// Inserts rows.
    ///
    /// # Errors
    /// As [`Tx::insert`]; none is inserted then.
    pub async fn insert_all<T: Table>(&mut self, rows: &[T]) -> Result<(), StoreError> {
        self.insert_many(T::INSERT, "", rows.iter().map(Table::params).collect()).await?;
        Ok(())
    }

    /// Inserts the rows whose keys are not there; gives how many were new.
    ///
    /// # Errors
    /// What the database says.
    pub async fn insert_all_new<T: Table>(&mut self, rows: &[T]) -> Result<u64, StoreError> {
        let params = rows.iter().map(Table::params).collect();
        self.insert_many(T::INSERT, "ON CONFLICT DO NOTHING", params).await
    }

    /// Inserts rows, replacing those with the same key.
    ///
    /// # Errors
    /// As [`Tx::put`]; PostgreSQL also refuses two rows with the same key in one call.
    pub async fn put_all<T: Table>(&mut self, rows: &[T]) -> Result<(), StoreError> {
        self.insert_many(T::INSERT, T::REPLACE, rows.iter().map(Table::params).collect()).await?;
        Ok(())
    }
}

/// Declares a row: its struct, the table, its key, and one field a column under the column's name.
///
/// `Debug` shows the first field only: rows hold personal data, and log lines must not.
macro_rules! table {
    (
        $(#[$doc:meta])*
        $name:ident = $table:ident ($($key:ident),+) {
            $(#[$first_doc:meta])* $first:ident: $first_type:ty,
            $($(#[$field_doc:meta])* $field:ident: $type:ty,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name {
            $(#[$first_doc])* pub $first: $first_type,
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))
                    .field(stringify!($first), &self.$first)
                    .finish_non_exhaustive()
            }
        }

        impl $crate::node::store::value::FromRow for $name {
            fn from_row(
                row: &$crate::node::store::value::Row,
            ) -> Result<Self, $crate::node::store::error::StoreError> {
                Ok(Self {
                    $first: $crate::node::store::table::Cell::read(row, stringify!($first))?,
                    $($field: $crate::node::store::table::Cell::read(row, stringify!($field))?,)*
                })
            }
        }

        impl $crate::node::store::table::Table for $name {
            const INSERT: &'static str = concat!(
                "-- ", stringify!($table), ".insert\nINSERT INTO ", stringify!($table),
                " (", stringify!($first), $(", ", stringify!($field),)* ") VALUES"
            );
            const REPLACE: &'static str = concat!(
                "ON CONFLICT (", $crate::node::store::table::list!($($key),+), ") DO UPDATE SET ",
                stringify!($first), " = excluded.", stringify!($first),
                $(", ", stringify!($field), " = excluded.", stringify!($field),)*
            );

            fn params(&self) -> Vec<$crate::node::store::value::Param> {
                $crate::node::store::value::params![&self.$first, $(&self.$field),*]
            }
        }
    };
}
pub(crate) use table;

/// `a, b, c` as a text.
macro_rules! list {
    ($first:ident $(, $more:ident)*) => { concat!(stringify!($first) $(, ", ", stringify!($more))*) };
}
pub(crate) use list;

/// Declares a column with a closed list of words.
macro_rules! words {
    (
        $(#[$doc:meta])*
        $name:ident { $($(#[$word_doc:meta])* $variant:ident = $word:literal,)+ }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$word_doc])* $variant,)+ }

        impl $name {
            /// The word in the column.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The value that a word stands for.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl From<$name> for $crate::node::store::value::Param {
            fn from(value: $name) -> Self {
                Self::from(value.as_str())
            }
        }

        impl From<&$name> for $crate::node::store::value::Param {
            fn from(value: &$name) -> Self {
                Self::from(value.as_str())
            }
        }

        impl From<Option<$name>> for $crate::node::store::value::Param {
            fn from(value: Option<$name>) -> Self {
                Self::from(value.map($name::as_str))
            }
        }

        impl $crate::node::store::table::Cell for $name {
            fn read(
                row: &$crate::node::store::value::Row,
                column: &str,
            ) -> Result<Self, $crate::node::store::error::StoreError> {
                Self::parse(&row.named::<String>(column)?).ok_or_else(|| row.corrupt_at(column))
            }
        }
    };
}
pub(crate) use words;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::store::chains::Chain;
    use crate::node::store::outbox::OutboxState;

    #[test]
    fn a_table_spells_its_columns_once() {
        assert_eq!(
            Chain::INSERT,
            "-- chains.insert\nINSERT INTO chains (object, author, head, length) VALUES"
        );
        assert_eq!(
            Chain::REPLACE,
            "ON CONFLICT (object, author) DO UPDATE SET object = excluded.object, \
             author = excluded.author, head = excluded.head, length = excluded.length"
        );
    }

    #[test]
    fn a_row_shows_only_its_first_column_in_logs() {
        let chain = Chain { object: "o".into(), author: "a".into(), head: [7; 32], length: 1 };
        assert_eq!(format!("{chain:?}"), "Chain { object: \"o\", .. }");
        assert_eq!(chain.params().len(), 4);
    }

    #[test]
    fn a_word_is_read_as_it_is_written() {
        assert_eq!(OutboxState::parse(OutboxState::Queued.as_str()), Some(OutboxState::Queued));
        assert_eq!(OutboxState::parse("Queued"), None);
    }
}
