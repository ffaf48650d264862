//! Targets of the lines that obs itself writes, for level filters.

use super::macros::names;

names! {
    /// One line for each finished request.
    ACCESS = "obs::access";
    /// The `tracing` span of a request, where other layers are to see it.
    REQUEST = "obs::request";
    /// One line for each request that is to be warned of, by option.
    REQUESTS = "obs::requests";
    /// One line for each panic.
    PANIC = "obs::panic";
    /// What a flight recorder says of the lines it has let go.
    RECORDER = "obs::recorder";
    /// One line for each time a health check begins to fail or recovers.
    HEALTH = "obs::health";
    /// The phases of serving: ready, draining, finishing, flushing.
    SERVE = "obs::serve";
    /// One line for each time the configuration was read again.
    CONFIG = "obs::config";
    /// One line for each other machine that does not answer as it should when the service starts.
    EXPORT = "obs::export";
    /// What the admin listener does not serve, and what it makes of its web config file.
    ADMIN = "obs::admin";
    /// Lines about lines: that some are missing in this place, that levels were changed for a while.
    LOGS = "obs::logs";
}
