//! The messages of `grpc.health.v1` as its proto file has them, and how tonic reads and writes them.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use prost::Message;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

/// `HealthCheckRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Asked {
    #[prost(string, tag = "1")]
    pub(super) service: String,
}

/// `HealthCheckResponse`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Told {
    #[prost(enumeration = "ServingStatus", tag = "1")]
    pub(super) status: i32,
}

/// `HealthListRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct AskedAll {}

/// `HealthListResponse`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ToldAll {
    #[prost(btree_map = "string, message", tag = "1")]
    pub(super) statuses: BTreeMap<String, Told>,
}

/// `HealthCheckResponse.ServingStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub(super) enum ServingStatus {
    Unknown = 0,
    Serving = 1,
    NotServing = 2,
    /// In answers to `Watch` alone.
    ServiceUnknown = 3,
}

impl ServingStatus {
    pub(super) fn of(is_good: bool) -> Self {
        if is_good { Self::Serving } else { Self::NotServing }
    }

    /// Its name in the proto file.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Serving => "SERVING",
            Self::NotServing => "NOT_SERVING",
            Self::ServiceUnknown => "SERVICE_UNKNOWN",
        }
    }
}

impl From<ServingStatus> for Told {
    fn from(serving: ServingStatus) -> Self {
        Self { status: serving.into() }
    }
}

/// Writes messages of one type and reads those of another.
pub(super) struct Messages<E, D>(PhantomData<fn(E) -> D>);

impl<E, D> Default for Messages<E, D> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<E, D> fmt::Debug for Messages<E, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Messages")
    }
}

impl<E: Message + 'static, D: Message + Default + 'static> Codec for Messages<E, D> {
    type Encode = E;
    type Decode = D;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self::default()
    }

    fn decoder(&mut self) -> Self {
        Self::default()
    }
}

impl<E: Message, D> Encoder for Messages<E, D> {
    type Item = E;
    type Error = Status;

    fn encode(&mut self, item: E, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(buffer).map_err(|error| Status::internal(error.to_string()))
    }
}

impl<E, D: Message + Default> Decoder for Messages<E, D> {
    type Item = D;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<D>, Status> {
        D::decode(buffer).map(Some).map_err(|error| Status::internal(error.to_string()))
    }
}
