//! A decoder that is fuzzed, and the right messages from which it begins.

/// One decoder.
pub(crate) struct Target {
    /// Its name.
    pub(crate) name: &'static str,
    /// Messages that it reads.
    pub(crate) corpus: &'static [&'static [u8]],
    /// Whether the corpus is written in hexadecimal digits.
    pub(crate) is_hex: bool,
    /// The decoder; it says whether it read the message.
    pub(crate) run: fn(&[u8]) -> bool,
}

impl Target {
    /// The corpus as bytes.
    pub(crate) fn seeds(&self) -> Vec<Vec<u8>> {
        let bytes =
            |seed: &&[u8]| if self.is_hex { hex::decode(seed).expect("digits in the corpus") } else { seed.to_vec() };
        self.corpus.iter().map(bytes).collect()
    }
}
