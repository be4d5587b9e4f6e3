//! What the exhaustive check found, each as the smallest world that shows it.
