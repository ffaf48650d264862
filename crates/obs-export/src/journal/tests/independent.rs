//! A second reader of the format.
