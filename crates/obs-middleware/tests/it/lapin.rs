//! Messages of RabbitMQ without a broker: what their headers carry, and what observers of operations are told of them.

use std::sync::{Arc, Mutex};

use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, ByteArray, FieldArray, FieldTable, ShortString};
use obs_core::observe::{Candidate, Operation, OperationEnd, OperationObserver};
use obs_core::propagate::{Extractor, Header, Injector};
use obs_core::{Base, Context, Resource};
use obs_middleware::client::lapin::{Broker, Headers};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// What is told of an operation, a line each.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl OperationObserver for Told {
    fn sample(&self, candidate: &Candidate<'_>) -> Option<bool> {
        Some(candidate.decided().unwrap_or(true))
    }

    fn finish(&self, context: &Context, operation: &Operation<'_>, end: &OperationEnd<'_>) {
        let (first, second) = operation.name;
        let pairs: Vec<_> =
            operation.attributes.iter().map(|(key, value)| format!("{key}={value:?}")).collect();
        let links: Vec<_> = operation.links.iter().map(|link| link.span_id.to_string()).collect();
        let parent = operation.parent.map(|parent| parent.to_string()).unwrap_or_default();
        self.0.lock().unwrap().push(format!(
            "{:?} {first} {} of {} under {parent}, links {links:?} | {:?} {:?} | {}",
            operation.kind,
            second.unwrap_or_default(),
            context.ids().trace_id,
            operation.labels,
            end.fault,
            pairs.join(" ")
        ));
    }
}

fn broker() -> (Broker, Arc<Told>) {
    let base = Base::new(Resource::new("shop"));
    let told = Arc::<Told>::default();
    base.operations.register(Arc::<Told>::clone(&told));
    (Broker::new(Some(base)).at("rabbit.test", Some(5_671)), told)
}

fn lines(told: &Told) -> Vec<String> {
    std::mem::take(&mut *told.0.lock().unwrap())
}

fn delivery(exchange: &str, key: &str, headers: &[(&str, AMQPValue)]) -> Delivery {
    let mut delivery = Delivery::mock(7, exchange.into(), key.into(), false, b"hello".to_vec());
    delivery.properties = properties(headers);
    delivery
}

fn properties(headers: &[(&str, AMQPValue)]) -> BasicProperties {
    let mut table = FieldTable::default();
    for (name, value) in headers {
        table.insert(ShortString::from(*name), value.clone());
    }
    BasicProperties::default().with_headers(table)
}

fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}

/// The names of all headers.
fn names(properties: &BasicProperties) -> Vec<&str> {
    let table = properties.headers().as_ref().unwrap();
    table.inner().keys().map(ShortString::as_str).collect()
}

#[test]
fn context_is_written_beside_the_headers_that_are_there() {
    let (broker, _) = broker();
    let stale = "00-11111111111111111111111111111111-2222222222222222-01";
    let mut sent = properties(&[("traceparent", text(stale)), ("x-delay", AMQPValue::LongInt(5_000))])
        .with_priority(3)
        .with_message_id("m-1".into());
    let placed = broker.destination("shop".into(), "orders.placed".into());
    let published = placed.publish().inject(&mut sent);
    assert_eq!(names(&sent), ["traceparent", "x-delay"]);
    assert_eq!((sent.priority(), sent.message_id()), (&Some(3), &Some("m-1".into())));
    assert_eq!(sent.headers().as_ref().unwrap().inner()["x-delay"], AMQPValue::LongInt(5_000));
    let opened = published.into_opened();
    let ids = opened.context().unwrap().ids();
    let written = String::from_utf8(Headers(&sent).once(Header::Traceparent).unwrap().to_vec()).unwrap();
    assert!(written.contains(&format!("-{}-{}-", ids.trace_id, ids.span_id)), "{written}");
    assert!(!written.contains("1111"), "{written}");
}

#[test]
fn a_message_of_nobody_is_sent_as_it_is() {
    let mut sent = BasicProperties::default();
    let placed = Broker::new(None).destination("shop".into(), "orders.placed".into());
    drop(placed.publish().inject(&mut sent));
    assert_eq!(sent, BasicProperties::default());
}

#[test]
fn what_carries_headers_is_read_written_and_emptied() {
    fn holds(mut set: impl FnMut(Header, Option<&str>), get: impl Fn(Header) -> Option<Vec<u8>>) {
        set(Header::B3, Some("0"));
        set(Header::B3, Some("1"));
        assert_eq!(get(Header::B3).as_deref(), Some(&b"1"[..]));
        set(Header::B3, None);
        set(Header::Baggage, None);
        assert_eq!(get(Header::B3), None);
    }
    let table = std::cell::RefCell::new(FieldTable::default());
    table.borrow_mut().insert("x-kind".into(), text("order"));
    holds(
        |header, value| match value {
            Some(value) => Headers(&mut *table.borrow_mut()).set(header, value),
            None => Headers(&mut *table.borrow_mut()).erase(header),
        },
        |header| Headers(&mut *table.borrow_mut()).once(header).map(<[u8]>::to_vec),
    );
    assert!(table.borrow().contains_key("x-kind"));
    let properties = std::cell::RefCell::new(properties(&[("x-kind", text("order"))]).with_priority(3));
    holds(
        |header, value| match value {
            Some(value) => Headers(&mut *properties.borrow_mut()).set(header, value),
            None => Headers(&mut *properties.borrow_mut()).erase(header),
        },
        |header| Headers(&mut *properties.borrow_mut()).once(header).map(<[u8]>::to_vec),
    );
    assert_eq!(names(&properties.borrow()), ["x-kind"]);
    assert_eq!(properties.borrow().priority(), &Some(3));
}

#[tokio::test]
async fn a_message_is_processed_as_a_part_of_the_senders_trace() {
    let (broker, told) = broker();
    let orders = broker.queue("orders");
    for value in [
        text(CALLER),
        AMQPValue::ShortString(CALLER.into()),
        AMQPValue::ByteArray(ByteArray::from(CALLER.as_bytes())),
    ] {
        let mut message = delivery("shop", "orders.placed", &[("traceparent", value)]);
        message.properties =
            message.properties.with_message_id("m-1".into()).with_correlation_id("c-1".into());
        orders.process(&message).run_as(async { Err::<(), _>("torn") }, |_| "bad_message").await.unwrap_err();
        let span = "b7ad6b7169203331";
        let expected = format!(
            "Consumer process orders of {TRACE} under {span}, links [{span:?}] | [\"rabbitmq\", \"orders\", \"process\"] \
             Some(\"bad_message\") | messaging.system=Str(\"rabbitmq\") \
             messaging.destination.name=Str(\"shop:orders.placed:orders\") messaging.destination.template=Str(\"orders\") \
             messaging.operation.name=Str(\"process\") messaging.operation.type=Str(\"process\") \
             messaging.message.id=Str(\"m-1\") messaging.message.conversation_id=Str(\"c-1\") \
             messaging.message.body.size=I64(5) messaging.rabbitmq.destination.routing_key=Str(\"orders.placed\") \
             messaging.rabbitmq.message.delivery_tag=I64(7) server.address=Str(\"rabbit.test\") server.port=I64(5671) \
             obs.outcome=Str(\"server_error\") error.type=Str(\"bad_message\")"
        );
        assert_eq!(lines(&told), [expected]);
    }
}

#[tokio::test]
async fn headers_that_are_none_begin_a_trace() {
    let (broker, told) = broker();
    let orders = broker.queue("orders");
    let array = FieldArray::from(vec![text(CALLER), text(CALLER)]);
    let mut table = FieldTable::default();
    table.insert("traceparent".into(), text(CALLER));
    for value in [
        text(""),
        text(&CALLER.repeat(10_000)),
        AMQPValue::LongString(b"00-\xff\xfe".to_vec().into()),
        AMQPValue::ByteArray(ByteArray::from(vec![0; 55])),
        AMQPValue::LongLongInt(17),
        AMQPValue::Boolean(true),
        AMQPValue::Timestamp(17),
        AMQPValue::FieldArray(array),
        AMQPValue::FieldTable(table),
        AMQPValue::Void,
    ] {
        let headers =
            [("traceparent", value.clone()), ("tracestate", value.clone()), ("baggage", value.clone())];
        orders.process(&delivery("shop", "orders.placed", &headers)).run(async {}).await;
        let line = lines(&told).remove(0);
        assert!(line.contains(" under , links [] | ") && !line.contains(TRACE), "{value:?}: {line}");
    }
    let mut bare = delivery("shop", "orders.placed", &[]);
    bare.properties = BasicProperties::default();
    orders.process(&bare).run(async {}).await;
    assert!(lines(&told)[0].contains(" under , links [] | "));
}

#[tokio::test]
async fn inside_of_something_else_and_in_a_batch_messages_are_linked() {
    let (broker, told) = broker();
    let orders = broker.queue("orders");
    let message = delivery("shop", "orders.placed", &[("traceparent", text(CALLER))]);
    let other = delivery("shop", "orders.placed", &[("traceparent", AMQPValue::Void)]);
    orders.process_batch([&message, &other, &message]).run(orders.process(&message).run(async {})).await;
    let [inner, batch] = &lines(&told)[..] else { panic!("two") };
    let link = "b7ad6b7169203331";
    assert!(inner.contains(&format!(", links [{link:?}] | ")) && !inner.contains(TRACE), "{inner}");
    assert!(batch.contains(&format!(" under , links [{link:?}, {link:?}] | ")), "{batch}");
    assert!(batch.contains("messaging.batch.message_count=I64(3)"), "{batch}");
}

#[test]
fn destinations_are_named_by_what_is_known_of_them() {
    let (broker, told) = broker();
    let name = |line: &str, of: &str| {
        let start = line.find(&format!("{of}=Str(\"")).map(|at| at + of.len() + 6)?;
        Some(line[start..].split('"').next().unwrap().to_owned())
    };
    // By the conventions for RabbitMQ, `messaging.destination.name` of producers.
    for (exchange, key, expected) in [
        ("shop", "orders.placed", "shop:orders.placed"),
        ("", "orders", "orders"),
        ("news", "", "news"),
        ("", "", "amq.default"),
    ] {
        drop(
            broker.destination(exchange.into(), key.into()).publish().inject(&mut BasicProperties::default()),
        );
        let line = lines(&told).remove(0);
        assert!(line.starts_with(&format!("Producer publish {expected} of ")), "{line}");
        assert_eq!(name(&line, "messaging.destination.name").as_deref(), Some(expected));
        assert_eq!(name(&line, "messaging.destination.template"), None);
        let told_key = Some(key.to_owned()).filter(|key| !key.is_empty());
        assert_eq!(name(&line, "messaging.rabbitmq.destination.routing_key"), told_key);
    }
    // The same of consumers.
    for (exchange, key, expected) in [
        ("shop", "orders.placed", "shop:orders.placed:orders"),
        ("shop", "orders", "shop:orders"),
        ("", "orders", "orders"),
        ("news", "", "news:orders"),
    ] {
        drop(broker.queue("orders").process(&delivery(exchange, key, &[])).open());
        let line = lines(&told).remove(0);
        assert!(line.starts_with("Consumer process orders of "), "{line}");
        assert_eq!(name(&line, "messaging.destination.name").as_deref(), Some(expected));
    }
    let regions = broker.destination("shop".into(), "orders.{region}".into());
    drop(regions.publish().routing_key("orders.eu".into()).inject(&mut BasicProperties::default()));
    let line = lines(&told).remove(0);
    assert!(line.starts_with("Producer publish shop:orders.{region} of "), "{line}");
    assert!(line.contains("[\"rabbitmq\", \"shop:orders.{region}\", \"publish\"]"), "{line}");
    assert_eq!(name(&line, "messaging.destination.name").as_deref(), Some("shop:orders.eu"));
    assert_eq!(name(&line, "messaging.destination.template").as_deref(), Some("shop:orders.{region}"));
    assert!(line.contains("obs.outcome=Str(\"cancelled\")"), "nobody has sent it: {line}");
}
