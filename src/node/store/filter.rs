//! Queries whose conditions depend on what the caller asks for; texts are constants of this layer, input is only bound.

use crate::node::store::error::StoreError;
use crate::node::store::tx::Tx;
use crate::node::store::value::{FromRow, Param};

/// Which part of a list is wanted; lists begin with the newest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The time and id of the last row of the page before; none for the first page.
    pub before: Option<(i64, String)>,
    /// The most rows to give.
    pub limit: i64,
}

impl Page {
    /// The first page.
    #[must_use]
    pub const fn first(limit: i64) -> Self {
        Self { before: None, limit }
    }

    /// The page after the row with that time and id.
    #[must_use]
    pub const fn after_row(time: i64, id: String, limit: i64) -> Self {
        Self { before: Some((time, id)), limit }
    }
}

/// A query with as many conditions as are wanted.
pub(crate) struct Filter {
    head: &'static str,
    conditions: Vec<&'static str>,
    params: Vec<Param>,
}

impl Filter {
    /// `head` ends before `WHERE`.
    pub(crate) const fn of(head: &'static str) -> Self {
        Self { head, conditions: Vec::new(), params: Vec::new() }
    }

    /// Adds a condition in which each `?` is one of `params`.
    pub(crate) fn and(&mut self, condition: &'static str, params: Vec<Param>) {
        self.conditions.push(condition);
        self.params.extend(params);
    }

    /// Adds a condition on one value, if there is one.
    pub(crate) fn and_some<T: Into<Param>>(&mut self, condition: &'static str, value: Option<T>) {
        if let Some(value) = value {
            self.and(condition, vec![value.into()]);
        }
    }

    /// Adds `condition`, a comparison of time and id with `(?, ?)`, unless the first page is wanted.
    pub(crate) fn and_page(&mut self, condition: &'static str, page: &Page) {
        if let Some((time, id)) = &page.before {
            self.and(condition, vec![Param::Int(*time), Param::from(id)]);
        }
    }

    /// Binds `params` to each `?` of the head, which stand before all conditions.
    pub(crate) fn before(&mut self, params: Vec<Param>) {
        self.params.splice(0..0, params);
    }

    /// Runs the query; `tail` is the order and may end in a `LIMIT ?` for `limit`.
    pub(crate) async fn select<T: FromRow>(
        mut self,
        tx: &mut Tx,
        tail: &'static str,
        limit: i64,
    ) -> Result<Vec<T>, StoreError> {
        self.params.push(Param::Int(limit));
        let text = self.text(tail);
        tx.select_built(self.head, text, self.params).await
    }

    /// Runs the query for one integer, such as a count.
    pub(crate) async fn number(self, tx: &mut Tx) -> Result<i64, StoreError> {
        let text = self.text("");
        tx.number_built(self.head, text, self.params).await
    }

    fn text(&self, tail: &str) -> String {
        let mut sql = self.head.to_owned();
        for (position, condition) in self.conditions.iter().enumerate() {
            sql.push_str(if position == 0 { " WHERE (" } else { " AND (" });
            sql.push_str(condition);
            sql.push(')');
        }
        sql.push(' ');
        sql.push_str(tail);
        let mut parts = sql.split('?');
        let mut numbered = parts.next().unwrap_or_default().to_owned();
        for (index, part) in parts.enumerate() {
            numbered.push('$');
            numbered.push_str(&(index + 1).to_string());
            numbered.push_str(part);
        }
        numbered
    }
}

/// A pattern for `LIKE ? ESCAPE '\'` that finds `text` anywhere.
pub(crate) fn anywhere(text: &str) -> String {
    let escaped: String = text
        .chars()
        .flat_map(|c| matches!(c, '%' | '_' | '\\').then_some('\\').into_iter().chain([c]))
        .collect();
    format!("%{escaped}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_joined_and_numbered() {
        let mut filter = Filter::of("-- t.list\nSELECT * FROM t");
        filter.and_some("a = ?", Some(1_i64));
        filter.and_some("b = ?", None::<i64>);
        filter.and_page("(at, id) < (?, ?)", &Page::after_row(5, "x".into(), 10));
        assert_eq!(
            filter.text("ORDER BY at LIMIT ?"),
            "-- t.list\nSELECT * FROM t WHERE (a = $1) AND ((at, id) < ($2, $3)) ORDER BY at LIMIT $4"
        );
    }

    #[test]
    fn no_condition_is_no_where() {
        assert_eq!(Filter::of("SELECT 1").text(""), "SELECT 1 ");
    }

    #[test]
    fn wildcards_in_a_search_text_are_plain() {
        assert_eq!(anywhere("50%_\\"), "%50\\%\\_\\\\%");
    }
}
