//! What a check is, for whoever writes one, and how the registry holds checks of any type.

use std::fmt::Display;
use std::pin::Pin;

use crate::error::CheckError;

/// Asks one dependency whether it can be used. A closure that returns a future of `Result<(), E>` is one, for any `E`
/// that can be printed.
///
/// A check is run in the background, on the service's runtime, one run at a time; no probe ever waits for it.
///
/// ```
/// use obs_health::{Check, CheckError};
///
/// struct Disk {
///     limit_bytes: u64,
/// }
///
/// impl Check for Disk {
///     async fn check(&self) -> Result<(), CheckError> {
///         let written = std::fs::metadata("/")?.len();
///         if written < self.limit_bytes { Ok(()) } else { Err(CheckError::new("the disk is full")) }
///     }
/// }
/// # fn is_check(_: impl Check) {}
/// # is_check(Disk { limit_bytes: 1 });
/// ```
///
/// # Cancel safety
/// A run that takes longer than its time-out is dropped where it waits, as is one under way when the registry ends.
pub trait Check: Send + Sync + 'static {
    /// One run. It must wait with `.await`, never by blocking its thread: only then can it be cut short.
    ///
    /// # Errors
    /// Why the dependency cannot be used.
    fn check(&self) -> impl Future<Output = Result<(), CheckError>> + Send;
}

impl<C, F, E> Check for C
where
    C: Fn() -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), E>> + Send,
    E: Display,
{
    async fn check(&self) -> Result<(), CheckError> {
        self().await.map_err(CheckError::new)
    }
}

/// One run of a check of any type.
pub(crate) type Run<'a> = Pin<Box<dyn Future<Output = Result<(), CheckError>> + Send + 'a>>;

/// A check of any type.
pub(crate) trait AnyCheck: Send + Sync {
    /// Begins a run. No code of the check's own runs before the first poll.
    fn begin(&self) -> Run<'_>;
}

impl<C: Check> AnyCheck for C {
    fn begin(&self) -> Run<'_> {
        Box::pin(async move { self.check().await })
    }
}
