#[cfg(test)]
mod render_plan;
#[cfg(test)]
mod render_status;
#[cfg(test)]
mod samples;
