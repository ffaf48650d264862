//! The page's tables, read as data.

/// The page itself.
const TEXT: &str = include_str!("../../../../../docs/semantics.md");

/// A row of the table of metrics.
#[derive(Debug)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) labels: Vec<&'static str>,
    /// Without the marks of code and the remarks.
    pub(super) meaning: String,
    pub(super) exemplars: bool,
    /// Whether only some builds have it.
    pub(super) unstable: bool,
}

/// A row of a table of names.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub(super) name: &'static str,
    /// On what, where the table says.
    pub(super) on: &'static str,
    pub(super) meaning: &'static str,
}

pub(super) fn metrics() -> Vec<Metric> {
    const EXEMPLARS: &str = " With exemplars.";
    const UNSTABLE: &str = " With `tokio_unstable`.";
    let row = |cells: Vec<&'static str>| {
        let [name, kind, labels, meaning] = cells.try_into().expect("four cells");
        let labels = labels.split(", ").filter(|label| !label.is_empty()).map(code).collect();
        let remark = |remark| meaning.ends_with(remark);
        let (exemplars, unstable) = (remark(EXEMPLARS), remark(UNSTABLE));
        let plain = meaning.trim_end_matches(EXEMPLARS).trim_end_matches(UNSTABLE).replace('`', "");
        Metric { name: code(name), kind, labels, meaning: plain, exemplars, unstable }
    };
    table("Metrics").into_iter().map(row).collect()
}

/// The labels the page explains.
pub(super) fn labels() -> Vec<&'static str> {
    table("Labels").into_iter().map(|cells| code(cells[0])).collect()
}

/// The values of a label that the page names.
pub(super) fn values(label: &str) -> Vec<&'static str> {
    let row = table("Labels").into_iter().find(|cells| code(cells[0]) == label).expect(label);
    row[1].split('`').skip(1).step_by(2).collect()
}

/// The names under a heading.
pub(super) fn names(heading: &str) -> Vec<Name> {
    let row = |cells: Vec<&'static str>| match cells[..] {
        [name, meaning] => Name { name: code(name), on: "", meaning },
        [name, on, meaning] => Name { name: code(name), on, meaning },
        _ => panic!("{cells:?}"),
    };
    table(heading).into_iter().map(row).collect()
}

/// The rows of the one table under a heading, in cells.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let is = |line: &&str| line.starts_with('#') && line.trim_start_matches('#').trim() == heading;
    let after = TEXT.lines().skip_while(|line| !is(line)).skip(1);
    let rows = after.take_while(|line| !line.starts_with('#')).filter(|line| line.starts_with('|'));
    let cells = |line: &'static str| line.trim_matches('|').split('|').map(str::trim).collect();
    let rows: Vec<_> = rows.skip(2).map(cells).collect();
    assert!(!rows.is_empty(), "no table under {heading}");
    rows
}

fn code(cell: &'static str) -> &'static str {
    cell.strip_prefix('`')
        .and_then(|cell| cell.strip_suffix('`'))
        .unwrap_or_else(|| panic!("{cell} is no code"))
}
