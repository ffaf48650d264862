//! The measured process: one stack on one thread, steered over standard input and output.
//!
//! Commands are lines: `flush` (answer `ok`), `stat` (answer `stat CPU_NS ALLOCATIONS BYTES`), `instructions
//! on` and `instructions off` (answer `ok`). The end of the input ends the process, after all telemetry went
//! out.

use crate::scenario;
use crate::stack::{self, Service, Surroundings};
use bench::arguments::Arguments;
use bench::steered::answer;
use bench::{allocation, callgrind, clock};
use std::io::BufRead as _;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Serves the row named by `--serve` until its input ends.
///
/// # Errors
/// The row is unknown, or its stack or the listener could not be made.
pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let name = arguments.text("serve").unwrap_or_default();
    let row = stack::find(name).ok_or_else(|| format!("no stack {name:?}"))?;
    let name = arguments.text("role").unwrap_or_default();
    let role = scenario::role(name).ok_or_else(|| format!("no role {name:?}"))?;
    let service = Service { role, next: arguments.text("next").unwrap_or_default().to_owned() };
    let surroundings = Surroundings {
        ratio: row.ratio,
        log_file: arguments.text("log").ok_or("--log is missing")?.into(),
        otlp: arguments.text("otlp").ok_or("--otlp is missing")?.to_owned(),
    };
    if arguments.has("count-allocations") {
        allocation::start_counting();
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("runtime: {error}"))?;
    let shutdown = runtime.block_on(async {
        let stack = (row.build)(service, &surroundings)?;
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| format!("bind: {error}"))?;
        let app = listener.local_addr().map_err(|error| format!("address: {error}"))?;
        let (quit, quitting) = oneshot::channel::<()>();
        let flush = stack.flush;
        std::thread::Builder::new()
            .name("control".to_owned())
            .spawn(move || {
                obey(&*flush);
                let _ = quit.send(());
            })
            .map_err(|error| format!("control thread: {error}"))?;
        answer(&format!("ready {app} {}", stack.metrics.unwrap_or(app)));
        axum::serve(listener, stack.app)
            .with_graceful_shutdown(async { drop(quitting.await) })
            .await
            .map_err(|error| format!("serve: {error}"))?;
        Ok::<_, String>(stack.shutdown)
    })?;
    shutdown();
    Ok(())
}

/// Obeys commands until the input ends.
fn obey(flush: &dyn Fn()) {
    for line in std::io::stdin().lock().lines() {
        match line.as_deref() {
            Ok("flush") => {
                flush();
                answer("ok");
            }
            Ok("instructions on") => {
                callgrind::count_instructions(true);
                answer("ok");
            }
            Ok("instructions off") => {
                callgrind::count_instructions(false);
                answer("ok");
            }
            Ok("stat") => {
                let (cpu, allocated) = (clock::process_cpu(), allocation::so_far());
                answer(&format!("stat {} {} {}", cpu.as_nanos(), allocated.count, allocated.bytes));
            }
            _ => return,
        }
    }
}
