//! Integration tests: whole parts of the product against each other.

#[cfg(test)]
mod control_plane;
#[cfg(test)]
mod openapi;
