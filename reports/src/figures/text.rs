//! Words fitted to their room: wrapped, cut, cleaned of what a picture cannot hold.

use super::canvas::{Canvas, Type};
use super::{fonts, style};

/// Title in bold with its unit after it, wrapped over the width; gives the y under it.
pub(crate) fn title(canvas: &mut Canvas, title: &str, unit: &str) -> f64 {
    let bold = Type::new(style::SIZE_TITLE, style::INK).bold();
    let plain = Type::new(style::SIZE_LABEL, style::MUTED);
    let line = style::SIZE_TITLE * 1.25;
    let mut y = style::SIZE_TITLE;
    let mut x = 0.0;
    if !title.is_empty() {
        let lines = lines_within(title, &bold, canvas.width(), 3);
        for (i, text) in lines.iter().enumerate() {
            if i > 0 {
                y += line;
            }
            canvas.text((0.0, y), text, bold);
            x = bold.width(text) + 5.0;
        }
    }
    if !unit.is_empty() {
        if x > 0.0 && x + plain.width(unit) > canvas.width() {
            x = 0.0;
            y += line;
        }
        for (i, text) in lines_within(unit, &plain, canvas.width() - x, 2).iter().enumerate() {
            if i > 0 {
                y += line;
            }
            canvas.text((x, y), text, plain);
        }
    }
    y + 4.0
}

/// A text cut with « … » where it would leave its room.
pub(crate) fn fit(text: &str, style: &Type, width_max: f64) -> String {
    if style.width(text) <= width_max {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if style.width(&kept) + style.width("…") > width_max {
            kept.pop();
            break;
        }
    }
    format!("{}…", kept.trim_end())
}

/// A text on at most so many lines, each within the width; what is left over is cut with « … ».
pub(crate) fn lines_within(text: &str, style: &Type, width_max: f64, lines_max: usize) -> Vec<String> {
    let mut lines = fonts::wrap(text, style.size, style.bold, width_max);
    if lines.len() > lines_max {
        let rest = lines.split_off(lines_max - 1).join(" ");
        lines.push(rest);
    }
    lines.iter().map(|line| fit(line, style, width_max)).collect()
}

/// Text of a feed as a picture can hold it: XML knows no control characters, and signs that turn the direction of
/// writing or only vary another sign would change what stands beside them.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            c if c.is_control() => Some(' '),
            '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' => None,
            '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}' | '\u{E0000}'..='\u{E0FFF}' => {
                None
            }
            c => Some(c),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_that_break_a_picture_are_left_out() {
        assert_eq!(printable("a\u{0}b\u{202E}c\u{FE0F}d\ne 12\u{202F}%"), "a bcd e 12\u{202F}%");
    }

    #[test]
    fn a_text_too_long_is_cut_within_its_room() {
        let style = Type::new(8.0, style::INK);
        assert_eq!(fit("Aude", &style, 100.0), "Aude");
        let cut = fit("aucun établissement n’a transmis", &style, 60.0);
        assert!(cut.ends_with('…') && style.width(&cut) <= 60.0, "{cut}");
        let lines = lines_within("aucun établissement n’a transmis ce jour", &style, 60.0, 2);
        assert!(lines.len() == 2 && lines[1].ends_with('…'), "{lines:?}");
    }
}
