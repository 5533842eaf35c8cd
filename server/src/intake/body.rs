//! The body of an intake request: inflated when it is compressed, bounded before and after, whatever its content type says.

use std::io::Read as _;

/// Largest body, also after inflating.
pub const BODY_LEN_MAX: usize = 500 * 1024;

/// Why a body can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is larger than a batch may be.
    #[error("the body is larger than {BODY_LEN_MAX} bytes")]
    TooLarge,
    /// It claims to be gzip and is not, or is cut short.
    #[error("the body is not valid gzip")]
    NotGzip,
    /// An encoding other than gzip.
    #[error("the content encoding is not supported")]
    Encoding,
}

/// The plain bytes of a body. Gzip is also recognised by its magic number: some clients forget the header.
///
/// # Errors
/// [`Error`] says why it can't be read.
pub fn plain(bytes: &[u8], encoding: Option<&str>) -> Result<Vec<u8>, Error> {
    if bytes.len() > BODY_LEN_MAX {
        return Err(Error::TooLarge);
    }
    match encoding.map(|e| e.trim().to_ascii_lowercase()).as_deref() {
        Some("gzip" | "x-gzip") => inflate(bytes),
        None | Some("" | "identity") if bytes.starts_with(&[0x1f, 0x8b]) => inflate(bytes),
        None | Some("" | "identity") => Ok(bytes.to_vec()),
        Some(_) => Err(Error::Encoding),
    }
}

/// Inflates at most one byte more than is allowed, so that a bomb costs no memory.
fn inflate(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    let limit = BODY_LEN_MAX as u64 + 1;
    flate2::read::MultiGzDecoder::new(bytes).take(limit).read_to_end(&mut out).map_err(|_| Error::NotGzip)?;
    if out.len() > BODY_LEN_MAX { Err(Error::TooLarge) } else { Ok(out) }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).expect("memory takes it");
        encoder.finish().expect("memory takes it")
    }

    #[test]
    fn gzip_is_inflated_with_or_without_its_header() {
        assert_eq!(plain(&gzip(b"{}"), Some("gzip")), Ok(b"{}".to_vec()));
        assert_eq!(plain(&gzip(b"{}"), None), Ok(b"{}".to_vec()));
        assert_eq!(plain(b"{}", Some("identity")), Ok(b"{}".to_vec()));
    }

    #[test]
    fn bombs_torn_bodies_and_other_encodings_are_refused() {
        let bomb = gzip(&vec![b' '; BODY_LEN_MAX + 1]);
        assert!(bomb.len() < 2_000);
        assert_eq!(plain(&bomb, Some("gzip")), Err(Error::TooLarge));
        assert_eq!(plain(&vec![b' '; BODY_LEN_MAX + 1], None), Err(Error::TooLarge));
        let whole = gzip(b"{\"batch\":[]}");
        assert_eq!(plain(&whole[..whole.len() - 9], Some("gzip")), Err(Error::NotGzip));
        assert_eq!(plain(b"{}", Some("gzip")), Err(Error::NotGzip));
        assert_eq!(plain(b"{}", Some("br")), Err(Error::Encoding));
    }
}
