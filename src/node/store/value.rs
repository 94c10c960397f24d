//! The three column types of the store, on their way in and out; knows no table.

use std::sync::Arc;

use rusqlite::types::ValueRef;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments, Column, Decode, Postgres, Row as _, Type};

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
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// A row of SQLite: the values, and the names of their columns, which all rows of a statement share.
pub(crate) struct SqliteRow {
    pub(crate) names: Arc<[Box<str>]>,
    pub(crate) values: Vec<Value>,
}

/// What SQLite keeps in a cell, whatever the type of the column.
pub(crate) enum Value {
    Null,
    Int(i64),
    /// A fraction, which this program never writes.
    Real,
    /// Text, perhaps damaged.
    Text(Vec<u8>),
    Bytes(Vec<u8>),
}

/// A type that cells of either database are read as.
pub(crate) trait Kind: for<'r> Decode<'r, Postgres> + Type<Postgres> {
    /// The value in a cell of SQLite; none if it is of another type.
    fn of(value: &Value) -> Option<Self>;
}

impl Value {
    pub(crate) fn of(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(value) => Self::Int(value),
            ValueRef::Real(_) => Self::Real,
            ValueRef::Text(value) => Self::Text(value.to_vec()),
            ValueRef::Blob(value) => Self::Bytes(value.to_vec()),
        }
    }

    /// The room that it takes.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Null | Self::Int(_) | Self::Real => size_of::<Self>(),
            Self::Text(value) | Self::Bytes(value) => value.len().saturating_add(size_of::<Self>()),
        }
    }
}

impl SqliteRow {
    fn at<T: Kind>(&self, index: usize) -> Option<T> {
        self.values.get(index).and_then(T::of)
    }

    fn named<T: Kind>(&self, column: &str) -> Option<T> {
        self.at(self.names.iter().position(|name| **name == *column)?)
    }
}

impl Kind for i64 {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Int(value) => Some(*value),
            Value::Null | Value::Real | Value::Text(_) | Value::Bytes(_) => None,
        }
    }
}

impl Kind for String {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Text(value) => Self::from_utf8(value.clone()).ok(),
            Value::Null | Value::Int(_) | Value::Real | Value::Bytes(_) => None,
        }
    }
}

impl Kind for Vec<u8> {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Text(value) | Value::Bytes(value) => Some(value.clone()),
            Value::Null | Value::Int(_) | Value::Real => None,
        }
    }
}

impl<T: Kind> Kind for Option<T>
where
    Self: for<'r> Decode<'r, Postgres> + Type<Postgres>,
{
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            Value::Int(_) | Value::Real | Value::Text(_) | Value::Bytes(_) => {
                T::of(value).map(Some)
            }
        }
    }
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
    pub(crate) fn sqlite(statement: &'static str, row: SqliteRow) -> Self {
        Self { statement, cells: Cells::Sqlite(row) }
    }

    pub(crate) fn postgres(statement: &'static str, row: PgRow) -> Self {
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
            Cells::Sqlite(row) => row.names.get(index).map(ToString::to_string),
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
    pub(crate) fn named<T: Kind>(&self, column: &str) -> Result<T, StoreError> {
        match &self.cells {
            Cells::Sqlite(row) => row.named(column),
            Cells::Postgres(row) => row.try_get(column).ok(),
        }
        .ok_or_else(|| self.corrupt_at(column))
    }

    /// The first column as text, to find the row by.
    fn key(&self) -> String {
        let number = self.at::<i64>(0).map(|number| number.to_string());
        let text = || self.at::<String>(0).map(|text| text.chars().take(64).collect());
        let bytes =
            || self.at::<Vec<u8>>(0).map(|b| hex::encode(b.get(..32).unwrap_or(b.as_slice())));
        number.or_else(text).or_else(bytes).unwrap_or_else(|| "without a key".into())
    }

    fn read<T: Kind>(&self, index: usize) -> Result<T, StoreError> {
        self.at(index).ok_or_else(|| self.corrupt(index))
    }

    fn at<T: Kind>(&self, index: usize) -> Option<T> {
        match &self.cells {
            Cells::Sqlite(row) => row.at(index),
            Cells::Postgres(row) => row.try_get(index).ok(),
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

/// The parameters in the form that the driver of PostgreSQL takes.
pub(crate) fn arguments(params: Vec<Param>) -> Result<PgArguments, sqlx::Error> {
    let mut arguments = PgArguments::default();
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
