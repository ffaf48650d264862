//! When a service should end by itself.

use obs::ShutdownHandle;

/// At the end of standard input, where `SHOP_EXIT_ON_STDIN_EOF=1` says so: then the service never outlives the program
/// that started it.
pub fn with_the_starter(handle: ShutdownHandle) {
    if std::env::var_os("SHOP_EXIT_ON_STDIN_EOF").is_some_and(|value| value == "1") {
        // A thread of its own: the runtime waits for its blocking threads, and this one may read for ever.
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            handle.shut_down();
        });
    }
}
