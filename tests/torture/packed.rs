//! Bodies packed as servers pack them, the hostile ones included. `gzip` does the work: every Debian has it.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

/// Bytes as gzip packs them.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = Packing::new();
    writer.push(bytes);
    writer.finish()
}

/// The same bytes so many times, packed: a bomb when they are many.
pub(crate) fn gzip_repeated(head: &[u8], bytes: &[u8], times: u64) -> Vec<u8> {
    let mut writer = Packing::new();
    writer.push(head);
    for _ in 0..times {
        writer.push(bytes);
    }
    writer.finish()
}

struct Packing {
    child: std::process::Child,
    reader: std::thread::JoinHandle<Vec<u8>>,
}

impl Packing {
    fn new() -> Self {
        let mut child = Command::new("gzip")
            .args(["-c", "-6", "-n"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = child.stdout.take().unwrap();
        let reader = std::thread::spawn(move || {
            let mut packed = Vec::new();
            out.read_to_end(&mut packed).unwrap();
            packed
        });
        Self { child, reader }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.child.stdin.as_mut().unwrap().write_all(bytes).unwrap();
    }

    fn finish(mut self) -> Vec<u8> {
        drop(self.child.stdin.take());
        let packed = self.reader.join().unwrap();
        assert!(self.child.wait().unwrap().success(), "gzip");
        packed
    }
}

/// A zip of one member, from the same bytes packed by gzip (whose head has ten bytes and whose tail eight).
pub(crate) fn zip_of_gzip(name: &str, packed: &[u8], unpacked_bytes: u64) -> Vec<u8> {
    zip_of_gzips(&[(name, packed, unpacked_bytes)])
}

/// A zip of several members, each from bytes packed by gzip.
pub(crate) fn zip_of_gzips(members: &[(&str, &[u8], u64)]) -> Vec<u8> {
    let (mut body, mut list) = (Vec::new(), Vec::new());
    for (name, packed, unpacked_bytes) in members {
        let deflated = &packed[10..packed.len() - 8];
        let crc = &packed[packed.len() - 8..packed.len() - 4];
        let mut common = vec![20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0x51];
        common.extend_from_slice(crc);
        common.extend_from_slice(&u32::try_from(deflated.len()).unwrap().to_le_bytes());
        common.extend_from_slice(&u32::try_from(*unpacked_bytes).unwrap().to_le_bytes());
        common.extend_from_slice(&u16::try_from(name.len()).unwrap().to_le_bytes());
        common.extend_from_slice(&[0, 0]);
        let start = u32::try_from(body.len()).unwrap();
        body.extend_from_slice(b"PK\x03\x04");
        body.extend_from_slice(&common);
        body.extend_from_slice(name.as_bytes());
        body.extend_from_slice(deflated);
        list.extend_from_slice(b"PK\x01\x02\x14\x00");
        list.extend_from_slice(&common);
        list.extend_from_slice(&[0; 10]);
        list.extend_from_slice(&start.to_le_bytes());
        list.extend_from_slice(name.as_bytes());
    }
    let (start, length) = (u32::try_from(body.len()).unwrap(), u32::try_from(list.len()).unwrap());
    let count = u16::try_from(members.len()).unwrap().to_le_bytes();
    body.extend_from_slice(&list);
    body.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    body.extend_from_slice(&count);
    body.extend_from_slice(&count);
    body.extend_from_slice(&length.to_le_bytes());
    body.extend_from_slice(&start.to_le_bytes());
    body.extend_from_slice(&[0, 0]);
    body
}
