//! Several values under one key.

use obs_core::fields::Value;

/// Several values of one kind, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum List {
    /// Texts.
    Str(Vec<String>),
    /// Signed integers.
    I64(Vec<i64>),
    /// Floats.
    F64(Vec<f64>),
    /// Each true or false.
    Bool(Vec<bool>),
}

impl List {
    /// Those that are of the kind of the first.
    pub(crate) fn of(values: &[Value<'_>]) -> Self {
        fn all<T>(values: &[Value<'_>], of: impl Fn(Value<'_>) -> Option<T>) -> Vec<T> {
            values.iter().filter_map(|value| of(*value)).collect()
        }
        match values.first() {
            Some(Value::I64(_) | Value::U64(_)) => Self::I64(all(values, |value| match value {
                Value::I64(number) => Some(number),
                Value::U64(number) => i64::try_from(number).ok(),
                _ => None,
            })),
            Some(Value::F64(_)) => Self::F64(all(values, |value| match value {
                Value::F64(number) => Some(number),
                _ => None,
            })),
            Some(Value::Bool(_)) => Self::Bool(all(values, |value| match value {
                Value::Bool(value) => Some(value),
                _ => None,
            })),
            Some(Value::Str(_)) | None => Self::Str(all(values, |value| match value {
                Value::Str(text) => Some(text.to_owned()),
                _ => None,
            })),
        }
    }

    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Self::Str(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::Bool(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value at this place.
    pub fn get(&self, at: usize) -> Option<Value<'_>> {
        match self {
            Self::Str(values) => values.get(at).map(|text| Value::Str(text)),
            Self::I64(values) => values.get(at).map(|number| Value::I64(*number)),
            Self::F64(values) => values.get(at).map(|number| Value::F64(*number)),
            Self::Bool(values) => values.get(at).map(|value| Value::Bool(*value)),
        }
    }

    /// Each value.
    pub fn iter(&self) -> impl Iterator<Item = Value<'_>> {
        (0..self.len()).filter_map(|at| self.get(at))
    }

    /// About how much memory it holds, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Str(values) => values.iter().map(|text| text.len() + size_of::<String>()).sum(),
            values => values.len() * size_of::<u64>(),
        }
    }
}
