//! Line ends: CR LF and LF are read as they are; a CR that stands alone ends a line as well.
//!
//! Old Macintosh tools end lines with CR alone, and files put together from several sources mix all three.

use std::io::{self, Read};

/// Looks for CR that end a line by themselves.
#[derive(Debug, Default)]
pub(crate) struct CrWatch {
    /// Inside quotes, as far as counting quotes tells.
    quoted: bool,
    /// CR seen and not judged yet.
    run: u32,
    /// CR outside quotes that no LF follows.
    lone: u64,
    /// CR of any kind.
    any: bool,
    lf: bool,
}

impl CrWatch {
    /// Takes the next bytes of the body.
    pub(crate) fn look(&mut self, chunk: &[u8]) {
        if self.run == 0 && !chunk.contains(&b'\r') {
            let quotes = chunk.iter().filter(|b| **b == b'"').count();
            self.quoted ^= quotes % 2 == 1;
            self.lf = self.lf || chunk.contains(&b'\n');
            return;
        }
        for byte in chunk {
            match byte {
                b'\r' => {
                    self.any = true;
                    self.run += 1;
                }
                b'\n' => {
                    self.lf = true;
                    // `\r\r\n` is CR LF written twice through.
                    self.lone += u64::from(self.run > 1 && !self.quoted);
                    self.run = 0;
                }
                other => {
                    self.lone += u64::from(self.run > 0 && !self.quoted);
                    self.run = 0;
                    self.quoted ^= *other == b'"';
                }
            }
        }
    }

    /// What the whole body has.
    pub(crate) fn verdict(&self) -> LineEnds {
        match (self.any, self.lf) {
            (true, false) => LineEnds::Cr,
            _ if self.lone > 0 => LineEnds::Mixed,
            _ => LineEnds::Plain,
        }
    }
}

/// How the lines of a body end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum LineEnds {
    /// LF or CR LF.
    #[default]
    Plain,
    /// CR alone, everywhere.
    Cr,
    /// CR alone on some lines.
    Mixed,
}

/// Text whose lone CR are turned into LF, and `\r\r\n` into `\r\n`.
#[derive(Debug)]
pub(crate) struct LfReader<R> {
    source: R,
    input: Vec<u8>,
    /// Part of `input` not given out yet.
    ready: std::ops::Range<usize>,
    /// CR not given out yet.
    run: u32,
    at_end: bool,
}

impl<R: Read> LfReader<R> {
    pub(crate) fn new(source: R) -> Self {
        Self { source, input: vec![0; 1 << 16], ready: 0..0, run: 0, at_end: false }
    }
}

impl<R: Read> Read for LfReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut given = 0;
        while given < out.len() {
            let Some(byte) = self.input[self.ready.clone()].first().copied() else {
                if self.at_end {
                    if self.run == 0 {
                        break;
                    }
                    self.run -= 1;
                    out[given] = b'\n';
                    given += 1;
                    continue;
                }
                if given > 0 {
                    break;
                }
                match self.source.read(&mut self.input) {
                    Ok(read) => (self.ready, self.at_end) = (0..read, read == 0),
                    Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                    Err(cause) => return Err(cause),
                }
                continue;
            };
            match (byte, self.run) {
                (b'\r', _) => {
                    self.run += 1;
                    self.ready.start += 1;
                }
                (b'\n', 1..) => {
                    self.run = 0;
                    out[given] = b'\r'; // the LF itself comes next
                    given += 1;
                }
                (_, 1..) => {
                    self.run -= 1;
                    out[given] = b'\n';
                    given += 1;
                }
                (_, 0) => {
                    self.ready.start += 1;
                    out[given] = byte;
                    given += 1;
                }
            }
        }
        Ok(given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(text: &str) -> LineEnds {
        let mut watch = CrWatch::default();
        for byte in text.as_bytes() {
            watch.look(&[*byte]);
        }
        let mut whole = CrWatch::default();
        whole.look(text.as_bytes());
        assert_eq!(watch.verdict(), whole.verdict(), "{text:?}");
        watch.verdict()
    }

    #[test]
    fn a_cr_alone_is_told_from_cr_lf() {
        assert_eq!(verdict("a\r\nb\nc"), LineEnds::Plain);
        assert_eq!(verdict("a\rb\r"), LineEnds::Cr);
        assert_eq!(verdict("a\rb\nc\r\n"), LineEnds::Mixed);
        assert_eq!(verdict("a\r\r\nb\r\r\n"), LineEnds::Mixed);
        assert_eq!(verdict("\"a\rb\"\nc\n"), LineEnds::Plain);
    }

    #[test]
    fn every_line_ends_with_lf() {
        let check = |text: &str, expected: &str| {
            for size in [1, 2, 3, 100] {
                let mut reader = LfReader::new(text.as_bytes());
                let mut all = Vec::new();
                let mut part = vec![0; size];
                loop {
                    match reader.read(&mut part).unwrap() {
                        0 => break,
                        read => all.extend_from_slice(&part[..read]),
                    }
                }
                assert_eq!(String::from_utf8(all).unwrap(), expected, "{text:?} by {size}");
            }
        };
        check("a\rb\r", "a\nb\n");
        check("a\rb\nc\r\nd", "a\nb\nc\r\nd");
        check("a\r\r\nb\r\r\n", "a\r\nb\r\n");
        check("a\r\rb", "a\n\nb");
    }
}
