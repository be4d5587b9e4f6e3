mod render_plan;
mod samples;
