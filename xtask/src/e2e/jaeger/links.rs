//! From a line to its trace by the link on the line, and from the trace back to all its lines by the link in Jaeger's pages.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::server::Jaeger;
use crate::e2e::eventually::eventually;
use crate::e2e::lines::{self, ACCESS, field};
use crate::e2e::requests::Request;
use crate::e2e::victoria::server::Victoria;
use crate::http;
use crate::json::Json;
use crate::shop::Shop;
use crate::{Result, cargo};

/// The page that tells people what to configure.
const PAGE: &str = "docs/traces.md";

/// The address of VictoriaLogs on that page.
const VICTORIA: &str = "https://victoria-logs.example.com";

/// What has lines point to Jaeger, as the page has it.
pub(super) fn configuration(jaeger: SocketAddr) -> String {
    format!("links: {{ to: {{ jaeger: 'http://{jaeger}' }}, on_line: jaeger }}\n")
}

/// Writes the file for Jaeger's pages: the page's own, with this VictoriaLogs in it.
pub(super) fn ui(victoria: SocketAddr, folder: &Path) -> Result<PathBuf> {
    let page = cargo::root().join(PAGE);
    let text = std::fs::read_to_string(&page).map_err(|error| format!("{PAGE}: {error}"))?;
    let blocks = text.split("```json\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0));
    let block = blocks.into_iter().find(|block| block.contains("linkPatterns"));
    let block = block.ok_or_else(|| format!("{PAGE} has no linkPatterns"))?;
    if !block.contains(VICTORIA) {
        return Err(format!("{PAGE} has no link to {VICTORIA}"));
    }
    let file = folder.join("jaeger-ui.json");
    std::fs::write(&file, block.replace(VICTORIA, &format!("http://{victoria}")))
        .map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(file)
}

/// Follows the link on a line that failed, or else finds that there is none, and the link back.
pub(super) fn there_and_back(
    jaeger: &Jaeger,
    victoria: &Victoria,
    shop: &Shop,
    request: &Request,
    failed: bool,
) -> Result<String> {
    let mut told = Vec::new();
    let mut trace_id = request.trace_id.clone();
    for service in shop.services() {
        let texts = service.lines();
        let of_trace = texts.iter().filter(|text| text.contains(&request.trace_id)).cloned();
        let of_trace = lines::parse(of_trace.collect())?;
        let access = of_trace.iter().find(|(_, line)| field(line, "target") == ACCESS);
        let (text, access) = access.ok_or_else(|| format!("no line of {}", service.name))?;
        let link = field(access, "trace_url");
        if link.is_empty() == failed {
            return Err(format!("a link, or none, on {text}"));
        }
        if failed {
            trace_id = followed(jaeger, link)?;
        }
        told.extend(of_trace.into_iter().map(|(text, _)| text));
    }
    let target = "/insert/jsonline?_msg_field=message&_time_field=timestamp&_stream_fields=target";
    let taken = http::send_text(victoria.at, "POST", target, &(told.join("\n") + "\n"));
    let taken = taken.map_err(|error| format!("victoria-logs: {error}"))?;
    if taken.status != 200 {
        return Err(format!("victoria-logs answers {} to lines: {}", taken.status, taken.text()));
    }
    let query = back(jaeger, victoria, &trace_id)?;
    eventually(|| {
        let found = victoria.query("0", &query)?;
        if let Some(other) = found.iter().find(|line| field(line, "trace_id") != request.trace_id) {
            return Err(format!("{query} finds a line of another trace: {other}"));
        }
        match found.len() {
            lines if lines == told.len() => Ok(format!("{lines} lines of three services by {query}")),
            lines => Err(format!("{query} finds {lines} of {} lines", told.len())),
        }
    })
}

/// The trace that a link leads to.
fn followed(jaeger: &Jaeger, link: &str) -> Result<String> {
    let target = link.strip_prefix(&format!("http://{}", jaeger.query));
    let target = target.ok_or_else(|| format!("{link} does not lead to {}", jaeger.query))?;
    let page = http::get(jaeger.query, target, &[]).map_err(|error| format!("{link}: {error}"))?;
    if page.status != 200 || !page.text().contains("<html") {
        return Err(format!("{link} is answered {}: {}", page.status, page.text()));
    }
    // The page asks for the trace that stands in its path, and marks what `uiFind` names.
    let id = target.strip_prefix("/trace/").and_then(|rest| rest.split_once("?uiFind="));
    let (trace_id, span_id) = id.ok_or_else(|| format!("{link} names no trace"))?;
    let spans = jaeger.trace(trace_id)?;
    match spans.iter().find(|span| span.span_id == span_id) {
        Some(span) => Ok(span.trace_id.clone()),
        None => Err(format!("{link}: none of {} spans is {span_id}", spans.len())),
    }
}

/// The question for VictoriaLogs in the link that Jaeger's page shows at this trace.
fn back(jaeger: &Jaeger, victoria: &Victoria, trace_id: &str) -> Result<String> {
    let page = http::get(jaeger.query, &format!("/trace/{trace_id}"), &[]);
    let page = page.map_err(|error| format!("jaeger's page: {error}"))?.text();
    let configured = page.split_once("JAEGER_CONFIG = ").and_then(|(_, rest)| rest.split_once("};"));
    let (configured, _) = configured.ok_or_else(|| format!("jaeger's page has no configuration: {page}"))?;
    let configured = Json::parse(&format!("{configured}}}"))?;
    let patterns = configured.at(&["linkPatterns"]).map(Json::array).unwrap_or_default();
    let address = format!("http://{}/select/vmui/#/?query=", victoria.at);
    let query = patterns.iter().find_map(|pattern| field(pattern, "url").strip_prefix(&address));
    let query = query.ok_or_else(|| format!("no link to {address} in {configured}"))?;
    let query = query.split('&').next().unwrap_or_default();
    Ok(query.replace("%3A", ":").replace("#{traceID}", trace_id))
}
