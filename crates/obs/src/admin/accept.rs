//! Takes connections in, each to a task of its own, as many as there are places.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::connection;
use super::counts::Refused;
use super::places::Room;
use super::serve::Served;
use super::socket::Socket;

/// How long to wait after accepting failed, for lack of file descriptors as a rule.
const PAUSE: Duration = Duration::from_millis(100);

/// Runs until it is dropped.
pub(super) async fn accept(socket: Socket, served: Arc<Served>) {
    loop {
        let Ok((stream, peer)) = socket.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        served.counts.connection();
        let has_room = loop {
            match served.places.room(peer.house(), Instant::now()) {
                Room::Free => break true,
                // Those that come meanwhile wait in the system's queue.
                Room::Later(after) => tokio::time::sleep(after.max(Duration::from_millis(1))).await,
                room => {
                    served.counts.refused(Refused::Busy);
                    break room == Room::Made;
                }
            }
        };
        if !has_room {
            continue;
        }
        let place = served.places.place();
        let stage = place.stage();
        let task = tokio::spawn(connection::serve(Arc::clone(&served), stream, peer, place));
        served.places.take(stage, peer.house(), Instant::now(), task.abort_handle());
        // Before the next comes, this one is listened to.
        tokio::task::yield_now().await;
    }
}
