//! Integration tests: one binary, one module per subject.

#[cfg(test)]
mod odeus;
mod render_plan;
mod samples;
