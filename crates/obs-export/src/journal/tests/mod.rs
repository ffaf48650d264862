//! The journal under everything that can happen to it.

mod independent;
