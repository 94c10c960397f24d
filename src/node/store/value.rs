//! The three column types of the store, on their way in and out; knows no table.

use sqlx::{Arguments, Column, Database, Decode, Encode, Row as _, Type};

use crate::node::store::error::StoreError;

/// A value bound to a statement. Nulls carry their type because PostgreSQL wants to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Param {
    /// TEXT
    Text(String),
    /// BIGINT
    Int(i64),
    /// BLOB or BYTEA
    Bytes(Vec<u8>),
    /// A TEXT that is null.
    TextNull,
    /// A BIGINT that is null.
    IntNull,
    /// A BLOB or BYTEA that is null.
    BytesNull,
}

/// The parameters of a statement, in the order of its `$1`, `$2`, ...
macro_rules! params {
    ($($value:expr),* $(,)?) => { vec![$($crate::node::store::value::Param::from($value)),*] };
}
pub(crate) use params;

macro_rules! param_from {
    ($($from:ty => |$value:ident| $param:expr;)*) => {
        $(impl From<$from> for Param {
            fn from($value: $from) -> Self {
                $param
            }
        })*
    };
}

param_from! {
    &str => |value| Self::Text(value.to_owned());
    String => |value| Self::Text(value);
    &String => |value| Self::Text(value.clone());
    i64 => |value| Self::Int(value);
    u32 => |value| Self::Int(i64::from(value));
    &[u8] => |value| Self::Bytes(value.to_vec());
    Vec<u8> => |value| Self::Bytes(value);
    &Vec<u8> => |value| Self::Bytes(value.clone());
    [u8; 32] => |value| Self::Bytes(value.to_vec());
    &[u8; 32] => |value| Self::Bytes(value.to_vec());
    Option<&str> => |value| value.map_or(Self::TextNull, Self::from);
    Option<String> => |value| value.map_or(Self::TextNull, Self::from);
    &i64 => |value| Self::Int(*value);
    &Option<String> => |value| Self::from(value.as_deref());
    &Option<i64> => |value| Self::from(*value);
    &Option<[u8; 32]> => |value| Self::from(*value);
    Option<i64> => |value| value.map_or(Self::IntNull, Self::from);
    Option<&[u8]> => |value| value.map_or(Self::BytesNull, Self::from);
    Option<Vec<u8>> => |value| value.map_or(Self::BytesNull, Self::from);
    &Option<Vec<u8>> => |value| Self::from(value.as_deref());
    Option<[u8; 32]> => |value| value.map_or(Self::BytesNull, Self::from);
}

/// A row that a statement gave back. Columns are read by position; the first one names the row in errors.
pub struct Row {
    statement: &'static str,
    cells: Cells,
}

enum Cells {
    Sqlite(sqlx::sqlite::SqliteRow),
    Postgres(sqlx::postgres::PgRow),
}

/// A plain struct that is read from a row.
pub trait FromRow: Sized {
    /// Reads the columns in the order in which the statement selects them.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a column holds what this program never writes.
    fn from_row(row: &Row) -> Result<Self, StoreError>;
}

impl Row {
    pub(crate) fn sqlite(statement: &'static str, row: sqlx::sqlite::SqliteRow) -> Self {
        Self { statement, cells: Cells::Sqlite(row) }
    }

    pub(crate) fn postgres(statement: &'static str, row: sqlx::postgres::PgRow) -> Self {
        Self { statement, cells: Cells::Postgres(row) }
    }

    /// The text in column `index`.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it is null or no text; the same holds for the other readers.
    pub fn text(&self, index: usize) -> Result<String, StoreError> {
        self.read(index)
    }

    /// The text or null in column `index`.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn text_opt(&self, index: usize) -> Result<Option<String>, StoreError> {
        self.read(index)
    }

    /// The integer in column `index`.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn int(&self, index: usize) -> Result<i64, StoreError> {
        self.read(index)
    }

    /// The integer or null in column `index`.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn int_opt(&self, index: usize) -> Result<Option<i64>, StoreError> {
        self.read(index)
    }

    /// The bytes in column `index`.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn bytes(&self, index: usize) -> Result<Vec<u8>, StoreError> {
        self.read(index)
    }

    /// The bytes or null in column `index`.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn bytes_opt(&self, index: usize) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(index)
    }

    /// The 32-byte digest in column `index`.
    ///
    /// # Errors
    /// As [`Row::text`], also if it has another length.
    pub fn hash(&self, index: usize) -> Result<[u8; 32], StoreError> {
        self.bytes(index)?.try_into().map_err(|_| self.corrupt(index))
    }

    /// The 32-byte digest or null in column `index`.
    ///
    /// # Errors
    /// As [`Row::hash`].
    pub fn hash_opt(&self, index: usize) -> Result<Option<[u8; 32]>, StoreError> {
        self.bytes_opt(index)?
            .map(|bytes| bytes.try_into().map_err(|_| self.corrupt(index)))
            .transpose()
    }

    /// The error that says that column `index` of this row is unreadable.
    #[must_use]
    pub fn corrupt(&self, index: usize) -> StoreError {
        let column = match &self.cells {
            Cells::Sqlite(row) => row.columns().get(index).map(|c| c.name().to_owned()),
            Cells::Postgres(row) => row.columns().get(index).map(|c| c.name().to_owned()),
        };
        self.corrupt_at(&column.unwrap_or_else(|| format!("column {index}")))
    }

    /// The error that says that the column of that name is unreadable.
    #[must_use]
    pub fn corrupt_at(&self, column: &str) -> StoreError {
        StoreError::Corrupt {
            table: self.statement.split('.').next().unwrap_or_default(),
            column: column.to_owned(),
            row: self.key(),
        }
    }

    /// The column of that name.
    pub(crate) fn named<T>(&self, column: &str) -> Result<T, StoreError>
    where
        T: for<'r> Decode<'r, sqlx::Sqlite> + Type<sqlx::Sqlite>,
        T: for<'r> Decode<'r, sqlx::Postgres> + Type<sqlx::Postgres>,
    {
        match &self.cells {
            Cells::Sqlite(row) => row.try_get(column),
            Cells::Postgres(row) => row.try_get(column),
        }
        .map_err(|_| self.corrupt_at(column))
    }

    /// The first column as text, to find the row by.
    fn key(&self) -> String {
        let number = self.read_raw::<i64>(0).map(|number| number.to_string());
        let text = || self.read_raw::<String>(0).map(|text| text.chars().take(64).collect());
        let bytes = || {
            self.read_raw::<Vec<u8>>(0).map(|b| hex::encode(b.get(..32).unwrap_or(b.as_slice())))
        };
        number.or_else(|_| text()).or_else(|_| bytes()).unwrap_or_else(|_| "without a key".into())
    }

    fn read<T>(&self, index: usize) -> Result<T, StoreError>
    where
        T: for<'r> Decode<'r, sqlx::Sqlite> + Type<sqlx::Sqlite>,
        T: for<'r> Decode<'r, sqlx::Postgres> + Type<sqlx::Postgres>,
    {
        self.read_raw(index).map_err(|_| self.corrupt(index))
    }

    fn read_raw<T>(&self, index: usize) -> Result<T, sqlx::Error>
    where
        T: for<'r> Decode<'r, sqlx::Sqlite> + Type<sqlx::Sqlite>,
        T: for<'r> Decode<'r, sqlx::Postgres> + Type<sqlx::Postgres>,
    {
        match &self.cells {
            Cells::Sqlite(row) => row.try_get(index),
            Cells::Postgres(row) => row.try_get(index),
        }
    }
}

/// The name of a statement: the word after the `-- ` with which its text begins.
pub(crate) fn statement_name(sql: &'static str) -> &'static str {
    sql.trim_start()
        .strip_prefix("-- ")
        .and_then(|rest| rest.split_whitespace().next())
        .unwrap_or("unnamed")
}

/// The parameters in the form that the driver of `DB` takes.
pub(crate) fn arguments<DB>(params: Vec<Param>) -> Result<DB::Arguments, sqlx::Error>
where
    DB: Database,
    String: Encode<'static, DB> + Type<DB>,
    i64: Encode<'static, DB> + Type<DB>,
    Vec<u8>: Encode<'static, DB> + Type<DB>,
    Option<String>: Encode<'static, DB> + Type<DB>,
    Option<i64>: Encode<'static, DB> + Type<DB>,
    Option<Vec<u8>>: Encode<'static, DB> + Type<DB>,
{
    let mut arguments = DB::Arguments::default();
    arguments.reserve(params.len(), 0);
    for param in params {
        match param {
            Param::Text(value) => arguments.add(value),
            Param::Int(value) => arguments.add(value),
            Param::Bytes(value) => arguments.add(value),
            Param::TextNull => arguments.add(None::<String>),
            Param::IntNull => arguments.add(None::<i64>),
            Param::BytesNull => arguments.add(None::<Vec<u8>>),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_named_by_its_first_comment() {
        assert_eq!(statement_name("\n    -- records.append\n SELECT 1"), "records.append");
        assert_eq!(statement_name("SELECT 1"), "unnamed");
    }

    #[test]
    fn a_null_keeps_its_type() {
        assert_eq!(
            params![None::<&str>, None::<i64>, None::<Vec<u8>>],
            vec![Param::TextNull, Param::IntNull, Param::BytesNull]
        );
    }
}
