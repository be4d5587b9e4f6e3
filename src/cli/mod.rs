//! The command line: the only place with files, environment, terminal and clock.
