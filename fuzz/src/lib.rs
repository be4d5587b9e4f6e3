//! The fuzz targets of scopeform.

pub mod targets;
