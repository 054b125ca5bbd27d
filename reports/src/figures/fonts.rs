//! The bulletin's typeface, embedded: Source Sans 3 (SIL Open Font License 1.1), see `assets/fonts/README.md`.
//!
//! Its digits all have one width, so columns of numbers line up without font features; it has the narrow no-break
//! space, the minus sign, arrows and triangles that French figures need.

/// Family name, in SVG and in the document.
pub const FAMILY: &str = "Source Sans 3";

pub(crate) const REGULAR: &[u8] = include_bytes!("../../assets/fonts/SourceSans3-Regular.otf");
pub(crate) const BOLD: &[u8] = include_bytes!("../../assets/fonts/SourceSans3-Bold.otf");
const ITALIC: &[u8] = include_bytes!("../../assets/fonts/SourceSans3-It.otf");
const SEMIBOLD: &[u8] = include_bytes!("../../assets/fonts/SourceSans3-Semibold.otf");

/// All faces (regular, italic, semi-bold 600, bold 700) as OpenType files, for the document's own font store.
#[must_use]
pub fn all() -> &'static [&'static [u8]] {
    &[REGULAR, ITALIC, SEMIBOLD, BOLD]
}
