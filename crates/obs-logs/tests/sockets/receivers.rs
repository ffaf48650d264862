//! Receivers at sockets, which keep the messages of each connection as they came.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};

use crate::grammar::{self, Message};
use crate::sending::{LONG, path};

/// What is done with a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    /// Everything is read.
    Reads,
    /// It is closed after so many messages.
    ClosesAfter(usize),
    /// It is closed after so many bytes, with others unread.
    BreaksAfter(usize),
    /// It is closed as soon as a message is announced that is longer.
    Refuses(usize),
    /// Nothing is read, and nothing closed.
    Hangs,
}

/// By the number of the connection, from 0.
type Manners = Arc<dyn Fn(usize) -> Manner + Send + Sync>;

#[derive(Default)]
struct Seen {
    /// The messages of each connection.
    messages: Vec<Vec<Message>>,
    /// All bytes that were read.
    bytes: usize,
    /// Connections that were closed by us.
    closed: usize,
}

/// Listens until the process ends.
pub(crate) struct Receiver {
    pub(crate) url: String,
    seen: Arc<(Mutex<Seen>, Condvar)>,
}

impl Receiver {
    fn new(url: String) -> Self {
        Self { url, seen: Arc::default() }
    }

    pub(crate) fn tcp(manners: impl Fn(usize) -> Manner + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let receiver = Self::new(format!("tcp://{}", listener.local_addr().unwrap()));
        let accept = move || Box::new(listener.accept().unwrap().0) as Box<dyn Stream>;
        receiver.serve(accept, Arc::new(manners));
        receiver
    }

    pub(crate) fn unix(manners: impl Fn(usize) -> Manner + Send + Sync + 'static) -> Self {
        Self::unix_at(path(), manners)
    }

    pub(crate) fn unix_at(path: PathBuf, manners: impl Fn(usize) -> Manner + Send + Sync + 'static) -> Self {
        let listener = UnixListener::bind(&path).unwrap();
        let receiver = Self::new(format!("unix://{}", path.display()));
        let accept = move || Box::new(listener.accept().unwrap().0) as Box<dyn Stream>;
        receiver.serve(accept, Arc::new(manners));
        receiver
    }

    /// By any listener.
    pub(crate) fn on(url: String, accept: impl FnMut() -> Box<dyn Stream> + Send + 'static) -> Self {
        let receiver = Self::new(url);
        receiver.serve(accept, Arc::new(|_| Manner::Reads));
        receiver
    }

    pub(crate) fn udp() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let receiver = Self::new(format!("udp://{}", socket.local_addr().unwrap()));
        receiver.take(move |bytes| socket.recv(bytes));
        receiver
    }

    pub(crate) fn unix_datagram() -> Self {
        let path = path();
        let socket = UnixDatagram::bind(&path).unwrap();
        let receiver = Self::new(format!("unix://{}", path.display()));
        receiver.take(move |bytes| socket.recv(bytes));
        receiver
    }

    /// Each datagram is a message.
    fn take(&self, receive: impl Fn(&mut [u8]) -> std::io::Result<usize> + Send + 'static) {
        let seen = Arc::clone(&self.seen);
        seen.0.lock().unwrap().messages.push(Vec::new());
        std::thread::spawn(move || {
            let mut bytes = vec![0; 1 << 20];
            while let Ok(length) = receive(&mut bytes) {
                let message = grammar::parse(&bytes[..length]);
                let mut kept = seen.0.lock().unwrap();
                kept.bytes += length;
                kept.messages[0].push(message);
                drop(kept);
                seen.1.notify_all();
            }
        });
    }

    fn serve(&self, mut accept: impl FnMut() -> Box<dyn Stream> + Send + 'static, manners: Manners) {
        let seen = Arc::clone(&self.seen);
        std::thread::spawn(move || {
            for number in 0.. {
                let stream = accept();
                seen.0.lock().unwrap().messages.push(Vec::new());
                let (seen, manners) = (Arc::clone(&seen), Arc::clone(&manners));
                std::thread::spawn(move || read(stream, number, manners(number), &seen));
            }
        });
    }

    /// The messages of each connection, once there are so many in all.
    pub(crate) fn wait(&self, messages: usize) -> Vec<Vec<Message>> {
        let count = |seen: &mut Seen| seen.messages.iter().map(Vec::len).sum::<usize>() < messages;
        let (seen, over) = self.seen.1.wait_timeout_while(self.seen.0.lock().unwrap(), LONG, count).unwrap();
        assert!(!over.timed_out(), "{:?}", seen.messages);
        seen.messages.clone()
    }

    /// All messages, once there are so many.
    pub(crate) fn all(&self, messages: usize) -> Vec<Message> {
        self.wait(messages).concat()
    }

    /// All bytes that were read so far.
    pub(crate) fn bytes(&self) -> usize {
        self.seen.0.lock().unwrap().bytes
    }

    /// How many connections there were so far.
    pub(crate) fn connections(&self) -> usize {
        self.seen.0.lock().unwrap().messages.len()
    }

    /// Waits until so many connections were closed from here.
    pub(crate) fn closed(&self, connections: usize) {
        let count = |seen: &mut Seen| seen.closed < connections;
        let seen = self.seen.1.wait_timeout_while(self.seen.0.lock().unwrap(), LONG, count).unwrap();
        assert!(!seen.1.timed_out());
    }
}

/// A connection of any kind.
pub(crate) trait Stream: Read + Write + Send {}

impl<S: Read + Write + Send> Stream for S {}

fn read(mut stream: Box<dyn Stream>, number: usize, manner: Manner, seen: &(Mutex<Seen>, Condvar)) {
    let (mut buffer, mut messages, mut bytes) = (Vec::new(), 0, 0);
    let mut chunk = [0; 8_192];
    loop {
        let most = match manner {
            Manner::Hangs => loop {
                std::thread::park();
            },
            Manner::BreaksAfter(most) => most - bytes,
            _ => chunk.len(),
        };
        let read = match stream.read(&mut chunk[..most.min(8_192)]) {
            Ok(read) => read,
            // A handshake of TLS that failed, or a peer that is gone.
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        bytes += read;
        seen.0.lock().unwrap().bytes += read;
        buffer.extend_from_slice(&chunk[..read]);
        while let Some(message) = next(&mut buffer) {
            seen.0.lock().unwrap().messages[number].push(grammar::parse(&message));
            messages += 1;
        }
        seen.1.notify_all();
        let is_enough = match manner {
            Manner::ClosesAfter(most) => messages >= most,
            Manner::BreaksAfter(most) => bytes >= most,
            Manner::Refuses(most) => announced(&buffer).is_some_and(|length| length > most),
            Manner::Reads | Manner::Hangs => false,
        };
        if is_enough || read == 0 {
            drop(stream);
            seen.0.lock().unwrap().closed += 1;
            return seen.1.notify_all();
        }
    }
}

/// SYSLOG-FRAME = MSG-LEN SP SYSLOG-MSG; MSG-LEN = NONZERO-DIGIT *DIGIT (RFC 6587, section 3.4.1).
fn next(buffer: &mut Vec<u8>) -> Option<Vec<u8>> {
    let space = buffer.iter().position(|byte| *byte == b' ')?;
    let end = space + 1 + announced(buffer)?;
    if buffer.len() < end {
        return None;
    }
    let rest = buffer.split_off(end);
    Some(std::mem::replace(buffer, rest).split_off(space + 1))
}

fn announced(buffer: &[u8]) -> Option<usize> {
    let space = buffer.iter().position(|byte| *byte == b' ')?;
    let length = std::str::from_utf8(&buffer[..space]).unwrap();
    assert!(length.bytes().all(|byte| byte.is_ascii_digit()) && !length.starts_with('0'), "{length}");
    Some(length.parse().unwrap())
}
