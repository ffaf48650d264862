//! What a link is where only the address of a well-known tool is given.

/// A tool that traces or lines are looked at in.
struct Tool {
    name: &'static str,
    /// What comes behind its address.
    rest: &'static str,
}

/// Grafana's come with the data source's uid: `tempo` and `loki`, as whoever provisions them calls them.
const TOOLS: [Tool; 5] = [
    Tool { name: "jaeger", rest: "/trace/{trace_id}?uiFind={span_id}" },
    Tool {
        name: "tempo",
        rest: r#"/explore?schemaVersion=1&panes={"t":{"datasource":"tempo","queries":[{"refId":"A","datasource":{"type":"tempo","uid":"tempo"},"queryType":"traceql","query":"{trace_id}"}],"range":{"from":"{from_ms}","to":"{to_ms}"}}}"#,
    },
    // The label and the metadata by which an output of the type `loki` ships its lines.
    Tool {
        name: "loki",
        rest: r#"/explore?schemaVersion=1&panes={"l":{"datasource":"loki","queries":[{"refId":"A","datasource":{"type":"loki","uid":"loki"},"queryType":"range","expr":"{service_name=~\".%2B\"} | trace_id=`{trace_id}`"}],"range":{"from":"{from_ms}","to":"{to_ms}"}}}"#,
    },
    // The field of ECS, in which an output of the type `elasticsearch` ships its lines.
    Tool {
        name: "kibana",
        rest: r#"/app/discover#/?_g=(time:(from:'{from}',to:'{to}'))&_a=(query:(language:kuery,query:'trace.id:"{trace_id}"'))"#,
    },
    Tool { name: "console", rest: "/traces/{trace_id}" },
];

/// The whole template of the tool at `address`, if it is one that is known.
pub(super) fn whole(name: &str, address: &str) -> Option<String> {
    let tool = TOOLS.iter().find(|tool| tool.name == name)?;
    Some(format!("{}{}", address.trim_end_matches('/'), tool.rest))
}

/// The tools that are known.
pub(crate) fn tool_names() -> impl Iterator<Item = &'static str> {
    TOOLS.iter().map(|tool| tool.name)
}
