//! Keys and values from where they already stand, within the limits, without joining them.

use std::borrow::Cow;

use obs_core::fields::{Fields, Value};

use super::List;

/// Keys and values out of a list and up to two [`Fields`], without joining them; and those that are several values.
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'a> {
    pairs: &'a [(&'a str, Value<'a>)],
    fields: Option<&'a Fields>,
    /// Keys of several values, after all others.
    lists: &'a [(Cow<'static, str>, List)],
    /// A field that is shown elsewhere.
    without: Option<&'static str>,
    /// Fields of the whole request; a key that is known already is the span's own.
    request: Option<&'a Fields>,
    /// How many are shown.
    most: usize,
    /// How many characters of a text are shown.
    length: usize,
}

impl Default for Attributes<'_> {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl<'a> Attributes<'a> {
    /// Of a list.
    pub const fn new(pairs: &'a [(&'a str, Value<'a>)]) -> Self {
        Self {
            pairs,
            fields: None,
            lists: &[],
            without: None,
            request: None,
            most: usize::MAX,
            length: usize::MAX,
        }
    }

    /// The same followed by `fields`.
    #[must_use]
    pub const fn and(mut self, fields: &'a Fields) -> Self {
        self.fields = Some(fields);
        self
    }

    /// The same followed by keys that have several values each.
    #[must_use]
    pub const fn and_lists(mut self, lists: &'a [(Cow<'static, str>, List)]) -> Self {
        self.lists = lists;
        self
    }

    /// A field that is there but not shown.
    pub(crate) const fn without(mut self, key: &'static str) -> Self {
        self.without = Some(key);
        self
    }

    /// The same followed by the fields of the whole request whose keys are not known yet.
    pub(crate) const fn and_request(mut self, fields: Option<&'a Fields>) -> Self {
        self.request = fields;
        self
    }

    /// The first `most` of them with texts of at most `length` characters, and how many are left out.
    #[inline]
    pub(crate) fn within(mut self, most: usize, length: Option<usize>) -> (Self, u32) {
        self.length = length.unwrap_or(usize::MAX);
        let fields = self.fields.map_or(0, Fields::len).saturating_sub(usize::from(self.without.is_some()));
        let own = self.pairs.len() + fields + self.lists.len();
        if own <= most && self.request.is_none() {
            return (self, 0);
        }
        self.narrowed(own, most)
    }

    fn narrowed(mut self, own: usize, most: usize) -> (Self, u32) {
        let request = self.request.map_or(0, |_| self.of_request().count());
        let dropped = (own + request).saturating_sub(most);
        if dropped > 0 {
            self.lists = &self.lists[..self.lists.len().min(most)];
            self.most = most - self.lists.len();
        }
        (self, u32::try_from(dropped).unwrap_or(u32::MAX))
    }

    /// Each key that has several values; [`Attributes::iter`] knows nothing of them.
    pub fn lists(&self) -> impl Iterator<Item = (&'a str, &'a List)> + use<'a> {
        self.lists.iter().map(|(key, list)| (key.as_ref(), list))
    }

    /// The keys that have several values as they stand, for other attributes to be followed by them.
    pub(crate) fn as_lists(&self) -> &'a [(Cow<'static, str>, List)] {
        self.lists
    }

    /// The list, where that is all there is.
    #[inline]
    pub(crate) fn as_list(&self) -> Option<&'a [(&'a str, Value<'a>)]> {
        let is_all = self.fields.is_none() && self.lists.is_empty() && !self.is_narrowed();
        is_all.then_some(self.pairs)
    }

    fn is_narrowed(&self) -> bool {
        self.most < usize::MAX || self.length < usize::MAX || self.request.is_some()
    }

    /// As [`Attributes::iter`], in two plain loops where no limit is in sight, which is nearly always.
    #[inline]
    pub(crate) fn for_each(&self, mut each: impl FnMut(&'a str, Value<'a>)) {
        if self.is_narrowed() {
            return self.iter().for_each(|(key, value)| each(key, value));
        }
        for (key, value) in self.pairs {
            each(key, *value);
        }
        let Some(fields) = self.fields else { return };
        fields.iter().for_each(|(key, value)| {
            if self.without.is_none_or(|without| key != without) {
                each(key, value);
            }
        });
    }

    /// Each key and its value.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> + use<'a> {
        let (without, length) = (self.without, self.length);
        let fields = self.fields.into_iter().flat_map(Fields::iter);
        self.pairs
            .iter()
            .copied()
            .chain(fields.filter(move |(key, _)| without.is_none_or(|without| *key != without)))
            .chain(self.of_request())
            .take(self.most)
            .map(move |(key, value)| (key, shortened(value, length)))
    }

    fn of_request(self) -> impl Iterator<Item = (&'a str, Value<'a>)> + use<'a> {
        self.request.into_iter().flat_map(Fields::iter).filter(move |(key, _)| !self.has(key))
    }

    fn has(&self, key: &str) -> bool {
        self.pairs.iter().any(|(known, _)| *known == key)
            || self.fields.is_some_and(|fields| fields.find(key).is_some())
            || self.lists.iter().any(|(known, _)| known == key)
    }
}

/// Cut after `length` characters; a text of no more bytes has no more characters.
#[inline]
fn shortened(value: Value<'_>, length: usize) -> Value<'_> {
    match value {
        Value::Str(text) if text.len() > length => Value::Str(first(text, length)),
        value => value,
    }
}

#[cold]
fn first(text: &str, characters: usize) -> &str {
    let end = text.char_indices().nth(characters).map_or(text.len(), |(at, _)| at);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&'static str, i64)]) -> Fields {
        let mut fields = Fields::new();
        for (key, value) in pairs {
            fields.set(*key, Value::I64(*value));
        }
        fields
    }

    #[test]
    fn each_key_is_shown_once_and_the_spans_own_wins() {
        let pairs = [("a", Value::I64(1))];
        let (own, request) = (fields(&[("b", 2)]), fields(&[("a", 10), ("c", 3), ("b", 20)]));
        let attributes = Attributes::new(&pairs).and(&own).and_request(Some(&request));
        let keys = |attributes: Attributes<'_>| -> Vec<_> {
            attributes.iter().map(|(key, value)| format!("{key}={value:?}")).collect()
        };
        assert_eq!(keys(attributes), ["a=I64(1)", "b=I64(2)", "c=I64(3)"]);
        for (most, shown, dropped) in [(0, 0, 3), (2, 2, 1), (3, 3, 0), (9, 3, 0)] {
            let (attributes, left_out) = attributes.within(most, None);
            assert_eq!((attributes.iter().count(), left_out), (shown, dropped), "{most}");
        }
    }

    #[test]
    fn both_ways_to_walk_show_the_same() {
        let pairs = [("a", Value::Str("日本語")), ("b", Value::I64(1))];
        let (mut own, mut request) = (fields(&[("c", 2), ("message", 3)]), fields(&[("a", 10), ("d", 4)]));
        own.set("e", Value::Str("日本語"));
        request.set("f", Value::Str("日本語"));
        let all = Attributes::new(&pairs).and(&own);
        for attributes in [all, all.without("message"), all.and_request(Some(&request))] {
            for (most, length) in [(9, None), (9, Some(1)), (3, None), (1, Some(2)), (5, Some(9)), (0, None)]
            {
                let (attributes, _) = attributes.within(most, length);
                let mut walked = Vec::new();
                attributes.for_each(|key, value| walked.push((key, value)));
                assert_eq!(walked, attributes.iter().collect::<Vec<_>>(), "{most} {length:?}");
            }
        }
    }

    #[test]
    fn what_is_shown_elsewhere_is_neither_shown_nor_counted() {
        let own = fields(&[("a", 1), ("message", 2)]);
        let (attributes, dropped) = Attributes::default().and(&own).without("message").within(1, None);
        assert_eq!((attributes.iter().next(), dropped), (Some(("a", Value::I64(1))), 0));
    }

    #[test]
    fn texts_are_cut_by_characters_and_numbers_are_not() {
        let pairs = [("a", Value::Str("日本語")), ("b", Value::U64(12_345)), ("c", Value::Str("ab"))];
        let shown = |length| {
            let (attributes, _) = Attributes::new(&pairs).within(9, length);
            attributes.iter().map(|(_, value)| value).collect::<Vec<_>>()
        };
        let number = Value::U64(12_345);
        assert_eq!(shown(Some(2)), [Value::Str("日本"), number, Value::Str("ab")]);
        assert_eq!(shown(Some(3)), [Value::Str("日本語"), number, Value::Str("ab")]);
        assert_eq!(shown(Some(0)), [Value::Str(""), number, Value::Str("")]);
        assert_eq!(shown(None), [Value::Str("日本語"), number, Value::Str("ab")]);
    }
}
