//! How far a caller's trace context is believed.

/// Set per layer; the default is [`Trust::Internal`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// Callers are services of one's own: their trace goes on. Their sampled flag passes the sampler's rate limit.
    #[default]
    Internal,
    /// Callers are anybody: each request starts a trace of its own and links to the caller's.
    Edge,
}
