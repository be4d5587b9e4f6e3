//! Integration tests: one binary, one module per subject.
#![expect(clippy::disallowed_methods, reason = "tests read files and the environment")]

#[cfg(test)]
mod apply;
#[cfg(test)]
mod approvals;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod config;
#[cfg(test)]
mod config_cases;
#[cfg(test)]
mod config_trustpager;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod control_plane;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod figures;
#[cfg(test)]
mod fuzz_smoke;
#[cfg(test)]
mod guard;
#[cfg(test)]
mod large;
#[cfg(test)]
mod links;
#[cfg(test)]
mod mutations;
#[cfg(test)]
mod odeus;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod packaging;
#[cfg(test)]
mod pipeline;
#[cfg(test)]
mod planner;
#[cfg(test)]
mod proof;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod rego;
#[cfg(test)]
mod render_markdown;
#[cfg(test)]
mod render_order;
#[cfg(test)]
mod render_plan;
#[cfg(test)]
mod render_status;
#[cfg(test)]
mod report;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod schemas;
#[cfg(test)]
mod snapshot;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod trustpager;
#[cfg(test)]
mod trustpager_plane;
#[cfg(test)]
mod words;
