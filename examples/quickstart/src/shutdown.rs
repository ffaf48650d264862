//! When the service should end.

use tokio::signal::unix::{SignalKind, signal};

/// Resolves at SIGINT or SIGTERM, and at the end of standard input where `QUICKSTART_EXIT_ON_STDIN_EOF=1` says so:
/// then the service never outlives the program that started it.
pub(crate) async fn asked() {
    let signalled = async |kind| match signal(kind) {
        Ok(mut signals) => {
            signals.recv().await;
        }
        Err(_) => std::future::pending().await,
    };
    tokio::select! {
        () = signalled(SignalKind::interrupt()) => {}
        () = signalled(SignalKind::terminate()) => {}
        () = starter_gone() => {}
    }
}

async fn starter_gone() {
    if std::env::var_os("QUICKSTART_EXIT_ON_STDIN_EOF").is_none_or(|value| value != "1") {
        return std::future::pending().await;
    }
    let (gone, told) = tokio::sync::oneshot::channel();
    // A thread of its own: the runtime waits for its blocking threads, and this one may read for ever.
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = gone.send(());
    });
    let _ = told.await;
}
