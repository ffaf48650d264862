//! How spans and log records are sent by OTLP, in the words of its environment variables.

/// What is spoken to a collector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OtlpProtocol {
    /// `http/protobuf`, on port 4318 as a rule.
    #[default]
    HttpProtobuf,
    /// `http/json`, on the same, for what reads nothing else: twice as many bytes, and more work.
    HttpJson,
    /// `grpc`, on port 4317 as a rule; needs the feature `traces-grpc` or `logs-ship-grpc`.
    Grpc,
}

/// How requests to a collector are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OtlpCompression {
    /// Not at all.
    #[default]
    None,
    /// `gzip`, which all collectors read.
    Gzip,
    /// `zstd`; needs the feature `zstd`.
    Zstd,
}
