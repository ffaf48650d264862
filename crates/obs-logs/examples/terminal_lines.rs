//! Two pretty lines on standard output, always the same, for whoever looks at them in a terminal.

use std::time::Duration;

use obs_core::{Base, Clock, IdSource, Resource, Timestamp};
use obs_logs::{Colours, Format, Logs, Output};
use tracing::{error, info};
use tracing_subscriber::layer::SubscriberExt;

/// 2026-10-03T12:34:56.123Z
const NOW: Timestamp = Timestamp::from_unix_nanos(1_791_030_896_123_456_789);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = Base::with(Resource::new("orders"), Clock::manual(NOW), IdSource::seeded(7));
    let output = Output::stdout().format(Format::Pretty(Colours::Auto));
    let (logs, _guard) = Logs::builder(base).output(output).build()?;
    tracing::subscriber::with_default(tracing_subscriber::registry().with(logs.layer()), || {
        info!(target: "shop", order = 42, "accepted");
        error!(target: "shop", "\u{1b}[32mgreen by force\u{1b}[0m");
    });
    logs.flush(Duration::from_secs(30))?;
    Ok(())
}
