//! The built shop, asked as a customer asks it and judged by what its operator sees.

mod configuration;
mod ending;
mod ordering;
mod queries;
mod service;
mod shop;
