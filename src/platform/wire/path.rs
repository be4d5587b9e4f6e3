//! How names become part of a path.

use thiserror::Error;

/// A name that no path can hold: URL parsers fold `.` and `..` away, also when they are percent-encoded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` cannot be part of a URL path")]
pub struct UnsafeSegment(String);

/// Returns `template` with its placeholders replaced by `names`, in order, percent-encoded.
///
/// # Errors
/// [`UnsafeSegment`] for the names `.` and `..`.
pub fn fill(template: &str, names: &[&str]) -> Result<String, UnsafeSegment> {
    let mut names = names.iter();
    let mut path = String::with_capacity(template.len());
    for segment in template.split('/').skip(1) {
        path.push('/');
        if !segment.starts_with('{') {
            path.push_str(segment);
            continue;
        }
        let name = names.next().copied().unwrap_or_default();
        if matches!(name, "" | "." | "..") {
            return Err(UnsafeSegment(name.to_owned()));
        }
        encode(name, &mut path);
    }
    Ok(path)
}

/// Appends `text` with everything percent-encoded that RFC 3986 does not call unreserved.
pub fn encode(text: &str, out: &mut String) {
    const HEX: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            let digit = |n: u8| HEX.get(usize::from(n)).copied().unwrap_or('0');
            out.push('%');
            out.push(digit(byte >> 4));
            out.push(digit(byte & 0xF));
        }
    }
}
