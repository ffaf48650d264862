//! The registry from outside: runs, what happens when nothing runs any more, probes and numbers.

mod hostile;
mod numbers;
mod probes;
mod registration;
mod rig;
mod runs;
mod stuck;
