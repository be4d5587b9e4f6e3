//! Text and positions: which file, which bytes, which line and column.
