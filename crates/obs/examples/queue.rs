//! Sends messages to RabbitMQ, or takes them, as it is told, and says what came of each: see `cargo xtask e2e --only queue`.
//!
//! `queue URL send` has a line on standard input for each message: `EXCHANGE KEY BODY`, with `-` for the exchange without a name,
//! `PATTERN=KEY` for a key that is one of many; a word `must` in front has the message come back where nobody takes it.
//! A line `channel` has it open another channel. `queue URL take QUEUE [MESSAGES]` takes messages until its input ends, one by one
//! or so many at once.

use std::error::Error;
use std::fmt::Display;
use std::pin::pin;

use futures_core::Stream;
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, Consumer};
use obs::lapin::{Broker, Queue};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

type Failed = Box<dyn Error>;

const USAGE: &str = "queue URL send, or queue URL take QUEUE [MESSAGES]";

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    let [url, words @ ..] = &words[..] else { return Err(USAGE.into()) };
    let name = if words.first() == Some(&"send") { "sender" } else { "taker" };
    let obs = obs::builder(name).install()?;
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let input = lines();
    let broker = obs.lapin().at("127.0.0.1", None);
    match *words {
        ["send"] => send(&obs, &broker, &connection, input).await,
        ["take", queue] => take(&broker, &connection, queue, 1, input).await,
        ["take", queue, messages] => take(&broker, &connection, queue, messages.parse()?, input).await,
        _ => Err(USAGE.into()),
    }
}

async fn send(
    obs: &obs::Obs,
    broker: &Broker,
    connection: &Connection,
    mut input: UnboundedReceiver<String>,
) -> Result<(), Failed> {
    let mut channel = confirming(connection).await?;
    while let Some(line) = input.recv().await {
        let mut words: Vec<_> = line.split(' ').collect();
        let mandatory = words.first() == Some(&"must");
        if mandatory {
            words.remove(0);
        }
        match words[..] {
            ["channel"] => {
                channel = confirming(connection).await?;
                say("ok");
            }
            [exchange, key, body] => {
                let exchange = if exchange == "-" { "" } else { exchange };
                let (pattern, key) = key.split_once('=').unwrap_or((key, key));
                let destination = broker.destination(text(exchange)?, text(pattern)?);
                let sent = destination.publish().routing_key(text(key)?);
                let options = BasicPublishOptions { mandatory, ..BasicPublishOptions::default() };
                let mut headers = FieldTable::default();
                headers.insert("x-kind".into(), AMQPValue::LongString("order".into()));
                let properties = BasicProperties::default()
                    .with_message_id("m-1".into())
                    .with_correlation_id("c-1".into())
                    .with_headers(headers);
                match obs.job("order").run(sent.run(&channel, options, body.as_bytes(), properties)).await {
                    Ok(confirmed) => match confirmed.take_message() {
                        None => say("ok"),
                        Some(back) => say(format_args!("back {}", back.reply_text)),
                    },
                    Err(error) => say(format_args!("failed {error}")),
                }
            }
            _ => return Err(format!("what is `{line}`?").into()),
        }
    }
    Ok(())
}

async fn confirming(connection: &Connection) -> Result<Channel, lapin::Error> {
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}

async fn take(
    broker: &Broker,
    connection: &Connection,
    queue: &str,
    messages: usize,
    mut input: UnboundedReceiver<String>,
) -> Result<(), Failed> {
    let channel = connection.create_channel().await?;
    channel.basic_qos(messages.try_into()?, BasicQosOptions::default()).await?;
    let consumed = channel.basic_consume(
        text(queue)?,
        "taker".into(),
        BasicConsumeOptions::default(),
        FieldTable::default(),
    );
    let mut consumer = consumed.await?;
    let queue = broker.queue(obs::Target::new(queue));
    say("ready");
    let mut end = pin!(async move { while input.recv().await.is_some() {} });
    loop {
        let mut taken = Vec::new();
        while taken.len() < messages {
            tokio::select! {
                () = &mut end => return Ok(()),
                delivery = next(&mut consumer) => match delivery {
                    Some(delivery) => taken.push(delivery?),
                    None => return Err("the broker gives no more".into()),
                },
            }
        }
        work(&queue, &taken).await;
    }
}

/// What has a body `bad` fails.
async fn work(queue: &Queue, taken: &[Delivery]) {
    let done = async {
        let mut is_bad = false;
        for delivery in taken {
            tracing::info!(bytes = delivery.data.len(), "taken");
            is_bad |= delivery.data == b"bad";
            delivery.ack(BasicAckOptions::default()).await.map_err(|error| error.to_string())?;
        }
        if is_bad { Err("a bad message".to_owned()) } else { Ok(()) }
    };
    let kind = |_: &String| "bad_message";
    let ended = match taken {
        [delivery] => queue.process(delivery).run_as(done, kind).await,
        _ => queue.process_batch(taken).run_as(done, kind).await,
    };
    say(if ended.is_ok() { "done" } else { "failed" });
}

/// The next message of a stream.
async fn next(consumer: &mut Consumer) -> Option<lapin::Result<Delivery>> {
    let mut consumer = pin!(consumer);
    std::future::poll_fn(|task| consumer.as_mut().poll_next(task)).await
}

/// Standard input, line by line, until it ends.
fn lines() -> UnboundedReceiver<String> {
    let (sender, receiver) = unbounded_channel();
    // A thread of its own: a runtime waits for its blocking threads, and this one may read for ever.
    std::thread::spawn(move || {
        let lines = std::io::stdin().lines().map_while(Result::ok);
        lines.map(|line| sender.send(line)).all(|sent| sent.is_ok())
    });
    receiver
}

fn text(text: &str) -> Result<ShortString, Failed> {
    Ok(ShortString::try_new(text)?)
}

fn say(what: impl Display) {
    println!("{what}");
}
