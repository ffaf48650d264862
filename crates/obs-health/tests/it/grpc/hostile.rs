//! Requests that are none, and checks that hang.

use std::future::pending;
use std::marker::PhantomData;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use obs_health::Settings;
use obs_health::tonic::HealthService;
use prost::Message;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Code, Status};
use tonic_health::pb::health_check_response::ServingStatus::{NotServing, Serving};
use tower::ServiceExt;

use super::super::rig::{Rig, SECOND, settle};
use super::{client, next, watch};

/// A codec of any messages.
pub(super) struct Any<E, D>(PhantomData<fn(E) -> D>);

pub(super) fn codec<E, D>() -> Any<E, D> {
    Any(PhantomData)
}

impl<E: Message + 'static, D: Message + Default + 'static> Codec for Any<E, D> {
    type Encode = E;
    type Decode = D;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        codec()
    }

    fn decoder(&mut self) -> Self {
        codec()
    }
}

impl<E: Message, D> Encoder for Any<E, D> {
    type Item = E;
    type Error = Status;

    fn encode(&mut self, item: E, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(buffer).map_err(|error| Status::internal(error.to_string()))
    }
}

impl<E, D: Message + Default> Decoder for Any<E, D> {
    type Item = D;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<D>, Status> {
        D::decode(buffer).map(Some).map_err(|error| Status::internal(error.to_string()))
    }
}

/// The code that is answered to a body that is sent as it is.
async fn code(rig: &Rig, method: &str, body: impl Into<Bytes>) -> Code {
    let request = Request::post(format!("/grpc.health.v1.Health/{method}"))
        .header("content-type", "application/grpc")
        .body(Full::new(body.into()))
        .unwrap();
    let answer = HealthService::new(&rig.health).oneshot(request).await.unwrap();
    let of = |headers: &http::HeaderMap| Some(Code::from_bytes(headers.get("grpc-status")?.as_bytes()));
    let in_head = of(answer.headers());
    match in_head {
        Some(code) => code,
        None => of(answer.into_body().collect().await.unwrap().trailers().unwrap()).unwrap(),
    }
}

/// A message with its prefix.
fn framed(message: &[u8]) -> Vec<u8> {
    let mut framed = vec![0];
    framed.extend_from_slice(&u32::try_from(message.len()).unwrap().to_be_bytes());
    framed.extend_from_slice(message);
    framed
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_none_are_refused_and_leave_no_watch_behind() {
    let rig = Rig::new();
    assert_eq!(code(&rig, "Check", framed(b"")).await, Code::Ok);
    for (what, body, expected) in [
        ("nothing", Vec::new(), Code::Internal),
        ("half a prefix", vec![0, 0], Code::Internal),
        ("less than it says", vec![0, 0, 0, 0, 9, b'x'], Code::Internal),
        ("no protobuf", framed(&[0xff; 40]), Code::Internal),
        ("a name that is no UTF-8", framed(b"\x0a\x02\xff\xfe"), Code::Internal),
        ("a name of another type", framed(b"\x08\x01"), Code::Internal),
        ("compressed, and nobody said how", vec![1, 0, 0, 0, 0], Code::Internal),
        ("a flag that is none", vec![7, 0, 0, 0, 0], Code::Internal),
        // tonic's code for what is too long.
        ("4 GiB to come", vec![0, 0xff, 0xff, 0xff, 0xff], Code::OutOfRange),
        (
            "a name without end",
            framed(&[b"\x0a\x80\x40".as_slice(), &[b'x'; 8_192]].concat()),
            Code::OutOfRange,
        ),
        ("a field of a later version", framed(b"\x10\x07\x1a\x01x"), Code::Ok),
    ] {
        assert_eq!(code(&rig, "Check", body.clone()).await, expected, "{what}");
        if expected != Code::Ok {
            assert_eq!(code(&rig, "Watch", body).await, expected, "{what}");
        }
    }
    for method in ["", "Che", "check", "Check/", "Watch2"] {
        assert_eq!(code(&rig, method, framed(b"")).await, Code::Unimplemented, "{method}");
    }
    assert!(format!("{:?}", HealthService::new(&rig.health)).contains("watches: 0"));
}

#[tokio::test(start_paused = true)]
async fn no_answer_waits_for_checks_that_hang_or_panic() {
    let rig = Rig::new();
    let slow = Settings::new().timeout(3_600 * SECOND);
    for number in 0..100 {
        rig.health.check_with(format!("hung-{number}"), slow, pending::<Result<(), String>>).unwrap();
    }
    rig.health.check("panics", || async { panic!("no shelf") as Result<(), String> }).unwrap();
    rig.health.group("hung", ["hung-7"]).unwrap();
    settle().await;
    let client = client(&rig.health);
    // Polled once and by hand: an answer that had to wait for anything would be pending.
    let mut task = Context::from_waker(Waker::noop());
    for _ in 0..1_000 {
        for (name, expected) in [("", NotServing), ("hung", NotServing), ("liveness", Serving)] {
            let mut client = client.clone();
            let answer = pin!(client.check(super::asked(name))).poll(&mut task);
            let Poll::Ready(answer) = answer else { panic!("{name} waits") };
            assert_eq!(answer.unwrap().into_inner().status(), expected, "{name}");
        }
    }
    let mut first = client.clone();
    let Poll::Ready(mut watch) = pin!(watch(&mut first, "")).poll(&mut task) else { panic!("it waits") };
    assert_eq!(pin!(next(&mut watch)).poll(&mut task), Poll::Ready(Some(NotServing)));
}
