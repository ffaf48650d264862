//! Spans under the names that attributes had before they were stable, for whoever still looks for those.
//!
//! By default nothing of this runs: a sink is wrapped only where old names were chosen. They are those of version 1.20 for HTTP and
//! 1.24 for databases, as "HTTP semantic convention stability migration" and its like for databases have them.

use obs_core::fields::Value;
use obs_core::keys::attribute;

use crate::record::{Attributes, Kind, SpanRecord};
use crate::sink::SpanSink;

/// Which names attributes have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Names {
    /// The stable ones.
    #[default]
    Stable,
    /// Both.
    Both,
    /// The old ones, where there is one.
    Old,
}

/// Which names the attributes of each category have; by default the stable ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Semconv {
    /// Of requests and calls over HTTP.
    pub http: Names,
    /// Of databases.
    pub database: Names,
}

impl Semconv {
    /// What can be chosen: the values of `OTEL_SEMCONV_STABILITY_OPT_IN`, and `/old` for the old names alone, which are nobody's
    /// default here.
    pub const WORDS: [&str; 6] = ["http", "http/dup", "http/old", "database", "database/dup", "database/old"];

    /// What a list of [words](Semconv::WORDS) says. Both names go before the others; words for other categories say nothing.
    pub fn of<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut chosen = Self::default();
        for word in words {
            let (category, form) = word.split_once('/').unwrap_or((word, ""));
            let names = match category {
                "http" => &mut chosen.http,
                "database" => &mut chosen.database,
                _ => continue,
            };
            match form {
                "dup" => *names = Names::Both,
                "old" if *names != Names::Both => *names = Names::Old,
                _ => {}
            }
        }
        chosen
    }

    /// Whether every name is the stable one, so that no sink need be wrapped.
    pub fn is_stable(self) -> bool {
        self == Self::default()
    }
}

/// A sink whose spans have the names that were chosen.
#[derive(Clone, Debug)]
pub struct Renamed<S> {
    inner: S,
    semconv: Semconv,
}

impl<S> Renamed<S> {
    /// Hands spans on to `inner` under these names.
    pub fn new(inner: S, semconv: Semconv) -> Self {
        Self { inner, semconv }
    }
}

impl<S: SpanSink> SpanSink for Renamed<S> {
    fn export(&self, span: &SpanRecord<'_>) {
        let is_of = |key: &str| span.attributes.iter().any(|(known, _)| known == key);
        let is_http = is_of(attribute::HTTP_REQUEST_METHOD);
        let http = if is_http { self.semconv.http } else { Names::Stable };
        let database = if is_of(attribute::DB_SYSTEM_NAME) { self.semconv.database } else { Names::Stable };
        if http == Names::Stable && database == Names::Stable {
            return self.inner.export(span);
        }
        let mut pairs = Vec::new();
        for (key, value) in span.attributes.iter() {
            let (names, old) = match of_http(key, span.kind) {
                Some(old) if is_http => (http, Some((old, value))),
                _ => (database, of_databases(key).map(|old| (old, system(key, value)))),
            };
            if names != Names::Old || old.is_none() {
                pairs.push((key, value));
            }
            if names != Names::Stable {
                pairs.extend(old);
            }
        }
        // What has several values has no other name.
        let attributes = Attributes::new(&pairs).and_lists(span.attributes.as_lists());
        self.inner.export(&SpanRecord { attributes, ..*span });
    }
}

/// The old name of an attribute of HTTP. Which side a server is on was in the name.
fn of_http(key: &str, kind: Kind) -> Option<&'static str> {
    let is_server = kind == Kind::Server;
    Some(match key {
        attribute::HTTP_REQUEST_METHOD => "http.method",
        attribute::HTTP_RESPONSE_STATUS_CODE => "http.status_code",
        attribute::HTTP_RESPONSE_BODY_SIZE => "http.response_content_length",
        attribute::URL_FULL => "http.url",
        attribute::URL_PATH => "http.target",
        attribute::URL_SCHEME => "http.scheme",
        attribute::SERVER_ADDRESS if is_server => "net.host.name",
        attribute::SERVER_PORT if is_server => "net.host.port",
        attribute::SERVER_ADDRESS => "net.peer.name",
        attribute::SERVER_PORT => "net.peer.port",
        // That of the connection, as it is here.
        attribute::CLIENT_ADDRESS => "net.sock.peer.addr",
        attribute::CLIENT_PORT => "net.sock.peer.port",
        attribute::NETWORK_PROTOCOL_VERSION => "net.protocol.version",
        attribute::SERVICE_PEER_NAME => "peer.service",
        _ => return None,
    })
}

fn of_databases(key: &str) -> Option<&'static str> {
    Some(match key {
        attribute::DB_SYSTEM_NAME => "db.system",
        attribute::DB_NAMESPACE => "db.name",
        attribute::DB_QUERY_TEXT => "db.statement",
        attribute::DB_OPERATION_NAME => "db.operation",
        attribute::DB_COLLECTION_NAME => "db.sql.table",
        _ => return None,
    })
}

/// The old names of products, where they had others.
fn system<'a>(key: &str, value: Value<'a>) -> Value<'a> {
    let (attribute::DB_SYSTEM_NAME, Value::Str(name)) = (key, value) else { return value };
    Value::Str(match name {
        "actian.ingres" => "ingres",
        "aws.dynamodb" => "dynamodb",
        "aws.redshift" => "redshift",
        "azure.cosmosdb" => "cosmosdb",
        "firebirdsql" => "firebird",
        "gcp.spanner" => "spanner",
        "h2database" => "h2",
        "ibm.db2" => "db2",
        "ibm.informix" => "informix",
        "ibm.netezza" => "netezza",
        "intersystems.cache" => "intersystems_cache",
        "microsoft.sql_server" => "mssql",
        "oracle.db" => "oracle",
        "sap.hana" => "hanadb",
        "sap.maxdb" => "maxdb",
        "softwareag.adabas" => "adabas",
        name => name,
    })
}
