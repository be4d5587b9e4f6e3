//! Integration tests, one binary.

mod config;
mod config_cases;
mod schemas;
