
mod render_text;
mod samples;
