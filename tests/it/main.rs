//! Integration tests: one binary, one module per subject.

#[cfg(test)]
mod apply;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod config;
#[cfg(test)]
mod config_cases;
#[cfg(test)]
mod odeus;
#[cfg(test)]
mod render_plan;
#[cfg(test)]
mod render_status;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod schemas;
