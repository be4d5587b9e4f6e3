//! YAML text to what is wanted; the only place that knows YAML.
