//! One table of results, for people as Markdown and for programs as one JSON object a row.

use serde_json::{Map, Value};

/// One value in a row.
#[derive(Debug, Clone)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A number and how many decimals people want to see of it.
    Number(f64, usize),
    /// Not measured, or not counted.
    Nothing,
}

impl Cell {
    /// A number that may be missing.
    pub fn number(value: Option<f64>, decimals: usize) -> Self {
        value.map_or(Self::Nothing, |value| Self::Number(value, decimals))
    }

    /// Words.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(value, decimals) => grouped(*value, *decimals),
            Self::Nothing => "-".to_owned(),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Text(text) => Value::from(text.as_str()),
            Self::Number(value, _) => Value::from(*value),
            Self::Nothing => Value::Null,
        }
    }
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A Markdown table.
    Markdown,
    /// One JSON object a row.
    Json,
}

/// A titled table.
#[derive(Debug, Clone)]
pub struct Table {
    title: String,
    columns: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// An empty table.
    ///
    /// Columns are keys of the JSON form, so no two share a name.
    pub fn new(title: impl Into<String>, columns: &[&'static str]) -> Self {
        debug_assert!(columns.iter().enumerate().all(|(at, name)| !columns[..at].contains(name)));
        Self { title: title.into(), columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row; it has one cell for each column.
    pub fn push(&mut self, row: Vec<Cell>) {
        debug_assert_eq!(row.len(), self.columns.len());
        self.rows.push(row);
    }

    /// The table in `form`, ending in a line feed.
    pub fn render(&self, form: Form) -> String {
        match form {
            Form::Markdown => self.markdown(),
            Form::Json => self.json(),
        }
    }

    fn markdown(&self) -> String {
        let mut lines = vec![format!("### {}", self.title), String::new()];
        lines.push(format!("| {} |", self.columns.join(" | ")));
        let alignment = self.columns.iter().enumerate().map(|(at, _)| if at == 0 { "---" } else { "---:" });
        lines.push(format!("|{}|", alignment.collect::<Vec<_>>().join("|")));
        for row in &self.rows {
            lines.push(format!("| {} |", row.iter().map(Cell::shown).collect::<Vec<_>>().join(" | ")));
        }
        lines.push(String::new());
        lines.join("\n") + "\n"
    }

    fn json(&self) -> String {
        let mut text = String::new();
        for row in &self.rows {
            let mut object = Map::new();
            object.insert("table".to_owned(), Value::from(self.title.as_str()));
            for (column, cell) in self.columns.iter().zip(row) {
                object.insert((*column).to_owned(), cell.json());
            }
            text.push_str(&Value::Object(object).to_string());
            text.push('\n');
        }
        text
    }
}

/// A number with its thousands apart.
fn grouped(value: f64, decimals: usize) -> String {
    let plain = format!("{value:.decimals$}");
    let (whole, fraction) = plain.split_once('.').map_or((plain.as_str(), None), |(w, f)| (w, Some(f)));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut shown = String::from(sign);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    if let Some(fraction) = fraction {
        shown.push('.');
        shown.push_str(fraction);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_hold_the_same_rows() {
        let mut table = Table::new("t", &["stack", "instructions"]);
        table.push(vec![Cell::text("bare"), Cell::Number(17_500.25, 1)]);
        table.push(vec![Cell::text("other"), Cell::Nothing]);
        assert_eq!(
            table.render(Form::Markdown),
            "### t\n\n| stack | instructions |\n|---|---:|\n| bare | 17,500.2 |\n| other | - |\n\n"
        );
        assert_eq!(
            table.render(Form::Json),
            "{\"instructions\":17500.25,\"stack\":\"bare\",\"table\":\"t\"}\n\
             {\"instructions\":null,\"stack\":\"other\",\"table\":\"t\"}\n"
        );
    }
}
