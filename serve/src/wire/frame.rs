//! Frames on a connection: those of the Postgres protocol as they are (a kind, a length, a body), and a few between the
//! front and a worker, whose kinds that protocol does not use.

use std::io;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Front to worker, once: how to open the lake.
pub(super) const SETUP: u8 = 1;
/// Worker to front, once: it can take a client.
pub(super) const READY: u8 = 2;
/// Front to worker, once: the session of its client.
pub(super) const CLIENT: u8 = 3;
/// Worker to front: one more message of the client is through; its body is the session where that has changed.
pub(super) const DONE: u8 = 4;

/// Kind and length.
const HEAD: usize = 5;
/// Frames up to this size are handed on whole, so that an error can be put behind any of them. Longer ones go in pieces.
const WHOLE: usize = 256 << 10;
/// Bytes asked of the system at once.
const READ: usize = 16 << 10;

/// A frame with this body.
pub(super) fn frame(kind: u8, body: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(HEAD + body.len());
    frame.put_u8(kind);
    // The length counts itself. No body of ours comes near four gigabytes.
    frame.put_u32(u32::try_from(body.len() + 4).unwrap_or(u32::MAX));
    frame.put_slice(body);
    frame.freeze()
}

/// A frame, or a part of a long one.
#[derive(Debug)]
pub(super) struct Piece {
    /// Kind of its frame.
    pub(super) kind: u8,
    /// Its bytes; those of the head too.
    pub(super) bytes: Bytes,
    /// Whether it is the first of its frame.
    pub(super) starts: bool,
    /// Whether it is the last of its frame.
    pub(super) ends: bool,
}

impl Piece {
    /// The body of a frame that came whole.
    pub(super) fn body(&self) -> &[u8] {
        self.bytes.get(HEAD..).unwrap_or_default()
    }
}

/// Reads frames. Nothing is lost when [`Reader::next`] is dropped while it waits.
#[derive(Debug)]
pub(super) struct Reader<R> {
    from: R,
    buffer: BytesMut,
    /// Longest frame that is taken.
    longest: usize,
    /// Kind of the frame under way.
    kind: u8,
    /// Bytes of a long frame that are still to come.
    left: usize,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    /// Reads from `from` what comes after the bytes of `buffer`.
    pub(super) fn new(from: R, buffer: BytesMut, longest: usize) -> Self {
        Self { from, buffer, longest, kind: 0, left: 0 }
    }

    /// Whether a frame was handed on in part.
    pub(super) fn is_amid(&self) -> bool {
        self.left > 0
    }

    /// The next piece; none at the end.
    ///
    /// # Errors
    /// [`io::ErrorKind::FileTooLarge`] for a frame that is longer than allowed, [`io::ErrorKind::InvalidData`] for one
    /// that is none, [`io::ErrorKind::UnexpectedEof`] when the end comes within one, and those of the connection.
    pub(super) async fn next(&mut self) -> io::Result<Option<Piece>> {
        loop {
            if let Some(piece) = self.buffered()? {
                return Ok(Some(piece));
            }
            self.buffer.reserve(READ);
            if self.from.read_buf(&mut self.buffer).await? == 0 {
                let is_between = self.buffer.is_empty() && self.left == 0;
                return if is_between { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
        }
    }

    /// The next piece, where it has come already.
    ///
    /// # Errors
    /// As [`Reader::next`].
    pub(super) fn buffered(&mut self) -> io::Result<Option<Piece>> {
        if self.left > 0 {
            let n = self.left.min(self.buffer.len());
            if n == 0 {
                return Ok(None);
            }
            self.left -= n;
            return Ok(Some(self.piece(n, false)));
        }
        let Some(mut head) = self.buffer.get(..HEAD) else { return Ok(None) };
        let kind = head.get_u8();
        let length = head.get_u32() as usize;
        if length < 4 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let whole = length + 1;
        if whole > self.longest {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if self.buffer.len() < whole && whole <= WHOLE {
            return Ok(None);
        }
        self.kind = kind;
        let n = whole.min(self.buffer.len());
        self.left = whole - n;
        Ok(Some(self.piece(n, true)))
    }

    fn piece(&mut self, n: usize, starts: bool) -> Piece {
        Piece { kind: self.kind, bytes: self.buffer.split_to(n).freeze(), starts, ends: self.left == 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: &[u8], longest: usize) -> (Vec<(u8, usize, bool, bool)>, Option<io::ErrorKind>) {
        let mut reader = Reader::new(bytes, BytesMut::new(), longest);
        let mut pieces = Vec::new();
        loop {
            match reader.next().await {
                Ok(Some(piece)) => pieces.push((piece.kind, piece.bytes.len(), piece.starts, piece.ends)),
                Ok(None) => return (pieces, None),
                Err(fault) => return (pieces, Some(fault.kind())),
            }
        }
    }

    #[tokio::test]
    async fn frames_come_whole_and_long_ones_in_pieces() {
        let (short, long) = (frame(b'Q', b"select 1"), frame(b'D', &vec![7; WHOLE]));
        let (pieces, fault) = read(&[&short[..], &long[..], &short[..]].concat(), usize::MAX).await;
        assert_eq!(fault, None);
        assert_eq!(pieces.first(), Some(&(b'Q', 13, true, true)));
        assert_eq!(pieces.last(), Some(&(b'Q', 13, true, true)));
        let of_long = &pieces[1..pieces.len() - 1];
        assert_eq!(of_long.iter().map(|(_, n, ..)| n).sum::<usize>(), WHOLE + HEAD);
        assert!(of_long.len() > 1 && of_long.iter().all(|(kind, ..)| *kind == b'D'), "{of_long:?}");
        assert_eq!(of_long.iter().filter(|(_, _, starts, _)| *starts).count(), 1);
        assert_eq!(of_long.iter().filter(|(_, _, _, ends)| *ends).count(), 1);
    }

    #[tokio::test]
    async fn a_frame_that_is_cut_too_long_or_none_is_an_error() {
        let short = frame(b'Q', b"select 1");
        assert_eq!(read(&short[..12], usize::MAX).await.1, Some(io::ErrorKind::UnexpectedEof));
        assert_eq!(read(&short, 12).await.1, Some(io::ErrorKind::FileTooLarge));
        assert_eq!(read(&[b'Q', 0, 0, 0, 3], 100).await.1, Some(io::ErrorKind::InvalidData));
    }
}
