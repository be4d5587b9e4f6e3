//! The embedded control plane: axum over SQLite, executing the same machines that planning uses.
