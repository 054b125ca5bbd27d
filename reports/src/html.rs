//! The HTML twin: the same document as the PDF, in one file that needs nothing else.
//!
//! For readers on a telephone, for screen readers and for search: a language, one heading a section, heads of tables in
//! `th`, a text alternative for each figure and its numbers in a table under it. Every text is escaped: a feed's text is
//! never markup, and no mark in it reorders the page. No script, no address is called.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::clean;
use crate::document::{
    Block, Cell, Column, Document, FigureBlock, Frame, KeyFigure, Rich, Row, RowKind, Table,
};
use crate::figures::{self, fonts};
use crate::input::Logo;

/// The look, which an agency's theme may replace.
pub const STYLE: &str = include_str!("../templates/bulletin.css");

/// The rules that carry the typeface.
static TYPEFACE: LazyLock<String> = LazyLock::new(|| {
    let face = |(weight, bytes): (&str, &[u8])| {
        format!(
            "@font-face {{ font-family: \"{}\"; font-weight: {weight}; src: url(data:font/woff2;base64,{}) format(\"woff2\"); }}\n",
            fonts::WEB_FAMILY,
            base64(bytes)
        )
    };
    fonts::WEB.map(face).concat()
});

/// Writes a document as one HTML page.
///
/// `pictures` holds the figures by the names the document gives them; `style` is the CSS.
pub(crate) fn page(
    document: &Document,
    pictures: &BTreeMap<String, Vec<u8>>,
    logo: Option<&Logo>,
    style: &str,
) -> Vec<u8> {
    let mut page = Page { out: String::with_capacity(256 * 1024), pictures };
    page.write(document, logo, style);
    page.out.into_bytes()
}

struct Page<'a> {
    out: String,
    pictures: &'a BTreeMap<String, Vec<u8>>,
}

impl Page<'_> {
    fn write(&mut self, document: &Document, logo: Option<&Logo>, style: &str) {
        let head = &document.head;
        self.raw("<!DOCTYPE html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">\n");
        self.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
        self.text(&head.title);
        self.raw("</title>\n<meta name=\"author\" content=\"");
        self.text(&head.author);
        self.raw("\">\n<meta name=\"generator\" content=\"");
        self.text(concat!("Vigie ", env!("CARGO_PKG_VERSION")));
        self.raw("\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ");
        self.raw("style-src 'unsafe-inline'; img-src data:; font-src data:\">\n<style>\n");
        self.raw(&TYPEFACE);
        // The one text that is not escaped, so that it cannot end the element it stands in.
        self.raw(&style.replace("</", "<\\/"));
        self.raw("\n</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#contenu\">Aller au contenu</a>\n<header>\n");
        if let Some(logo) = logo {
            self.raw(&format!(
                "<img class=\"logo\" src=\"data:{};base64,{}\" alt=\"",
                mime(&logo.name),
                base64(&logo.bytes)
            ));
            self.text(&head.logo_alt);
            self.raw("\">\n");
        }
        self.element("p", "kind", &head.kind);
        self.element("h1", "", &head.territory);
        self.element("p", "week", &head.week);
        let publisher: Vec<&str> =
            [&head.agency, &head.service].into_iter().map(String::as_str).filter(|s| !s.is_empty()).collect();
        let line = [publisher, vec![&head.as_of, &head.edition]].concat().join(" · ");
        self.element("p", "as-of", &line);
        if !head.reviewed.is_empty() {
            self.element("p", "as-of", &head.reviewed);
        }
        self.raw("</header>\n");
        if head.frame == Frame::Bulletin {
            self.raw("<nav aria-label=\"Sommaire\">\n<ul>\n");
            for section in document.sections.iter().filter(|section| !section.title.is_empty()) {
                self.raw("<li><a href=\"#");
                self.text(&section.id);
                self.raw("\">");
                self.text(&section.title);
                self.raw("</a></li>\n");
            }
            self.raw("</ul>\n</nav>\n");
        }
        self.raw("<main id=\"contenu\">\n");
        for section in &document.sections {
            self.raw("<section id=\"");
            self.text(&section.id);
            self.raw("\">\n");
            if !section.title.is_empty() {
                self.element("h2", "", &section.title);
            }
            for block in &section.blocks {
                self.block(block);
            }
            self.raw("</section>\n");
        }
        self.raw("</main>\n<footer>\n");
        if !head.contact.is_empty() {
            self.element("p", "", &head.contact.join(" · "));
        }
        self.element("p", "", &format!("{} · {}", head.data_day, head.edition));
        self.raw("</footer>\n</body>\n</html>\n");
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading { title } => self.element("h3", "", title),
            Block::Paragraph { text } => self.runs("p", "", text),
            Block::Lead { text } => self.runs("p", "lead", text),
            Block::Note { text } => self.runs("p", "note", text),
            Block::Bullets { items } => self.list("ul", items),
            Block::Steps { title, items } => {
                self.raw("<div class=\"steps\">\n");
                self.element("h3", "", title);
                self.list("ol", items);
                self.raw("</div>\n");
            }
            Block::KeyFigures { items } => self.key_figures(items),
            Block::Table(table) => self.table(table),
            Block::Figure(figure) => self.figure(figure),
            Block::Columns { left, right, .. } => {
                self.raw("<div class=\"columns\">\n");
                for side in [left, right] {
                    self.raw("<div>\n");
                    for block in side {
                        self.block(block);
                    }
                    self.raw("</div>\n");
                }
                self.raw("</div>\n");
            }
            Block::Definitions { items } => {
                self.raw("<dl>\n");
                for item in items {
                    self.element("dt", "", &item.term);
                    let source =
                        if item.source.is_empty() { String::new() } else { format!(" {}", item.source) };
                    self.element("dd", "", &format!("{}{source}", item.text));
                }
                self.raw("</dl>\n");
            }
        }
    }

    fn list(&mut self, tag: &str, items: &[Rich]) {
        self.raw(&format!("<{tag}>\n"));
        for item in items {
            self.runs("li", "", item);
        }
        self.raw(&format!("</{tag}>\n"));
    }

    fn key_figures(&mut self, items: &[KeyFigure]) {
        self.raw("<ul class=\"key-figures\">\n");
        for item in items {
            let mark = match item.direction.as_str() {
                "up" => "▲ ",
                "down" => "▼ ",
                "flat" => "= ",
                _ => "",
            };
            self.raw("<li>");
            self.element("span", "label", &item.label);
            self.element("strong", "", &item.value);
            self.element("span", "change", &format!("{mark}{}", item.change));
            self.element("span", "detail", &item.detail);
            self.raw("</li>\n");
        }
        self.raw("</ul>\n");
    }

    fn table(&mut self, table: &Table) {
        self.raw("<div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"");
        self.text(&table.caption);
        self.raw("\">\n<table>\n");
        self.element("caption", "", &table.caption);
        self.raw("<thead>\n<tr>");
        for column in &table.columns {
            self.head_cell(column);
        }
        self.raw("</tr>\n</thead>\n<tbody>\n");
        for row in &table.rows {
            self.row(row, &table.columns);
        }
        self.raw("</tbody>\n</table>\n</div>\n");
        for note in &table.notes {
            self.element("p", "source", note);
        }
        if !table.source.is_empty() {
            self.element("p", "source", &table.source);
        }
    }

    fn head_cell(&mut self, column: &Column) {
        self.raw(if column.number { "<th scope=\"col\" class=\"number\">" } else { "<th scope=\"col\">" });
        self.text(&column.title);
        self.note(&column.note);
        if !column.subtitle.is_empty() {
            self.raw(" <small>");
            self.text(&column.subtitle);
            self.raw("</small>");
        }
        self.raw("</th>");
    }

    fn row(&mut self, row: &Row, columns: &[Column]) {
        self.raw(if row.strong { "<tr class=\"strong\">" } else { "<tr>" });
        if row.kind != RowKind::Plain {
            let (tag, class) = match row.kind {
                RowKind::Group => ("th scope=\"colgroup\"", "group"),
                _ => ("td", "across"),
            };
            self.raw(&format!("<{tag} class=\"{class}\" colspan=\"{}\">", columns.len()));
            for cell in &row.cells {
                self.cell(cell);
            }
            self.raw(if row.kind == RowKind::Group { "</th>" } else { "</td>" });
        } else {
            // Below a cell that spans rows the first column is taken.
            let taken = columns.len().saturating_sub(row.cells.len());
            for (index, cell) in row.cells.iter().enumerate() {
                let number = columns.get(index + taken).is_some_and(|column| column.number);
                let tag = if index + taken == 0 { "th" } else { "td" };
                self.raw(&format!("<{tag}"));
                match (tag, cell.rows) {
                    ("th", rows) if rows > 1 => self.raw(&format!(" scope=\"rowgroup\" rowspan=\"{rows}\"")),
                    ("th", _) => self.raw(" scope=\"row\""),
                    _ => {}
                }
                if number {
                    self.raw(" class=\"number\"");
                }
                self.raw(">");
                self.cell(cell);
                self.raw(&format!("</{tag}>"));
            }
        }
        self.raw("</tr>\n");
    }

    fn cell(&mut self, cell: &Cell) {
        if is_colour(&cell.swatch) {
            self.raw(&format!("<span class=\"swatch\" style=\"background:{}\"></span>", cell.swatch));
        }
        if cell.strong {
            self.element("strong", "", &cell.text);
        } else {
            self.text(&cell.text);
        }
        self.note(&cell.note);
        if !cell.detail.is_empty() {
            self.element("small", "", &cell.detail);
        }
    }

    fn note(&mut self, mark: &str) {
        if !mark.is_empty() {
            self.element("sup", "", mark);
        }
    }

    /// The picture itself, so that its text is text; then its numbers.
    fn figure(&mut self, figure: &FigureBlock) {
        self.raw("<figure>\n<div class=\"picture\" role=\"img\" aria-label=\"");
        self.text(&figure.alt);
        self.raw("\">\n");
        if let Some(svg) = self.pictures.get(&figure.file).and_then(|bytes| std::str::from_utf8(bytes).ok()) {
            // Drawn by us, every text in it escaped by the drawing library.
            let svg = svg.find("<svg").map_or(svg, |from| &svg[from..]);
            self.raw(&fitted(&svg.replacen("<svg", "<svg aria-hidden=\"true\" focusable=\"false\"", 1)));
        }
        self.raw("</div>\n");
        self.element(
            "figcaption",
            "",
            if figure.source.is_empty() { &figure.caption } else { &figure.source },
        );
        self.numbers(&figure.data);
        self.raw("</figure>\n");
    }

    fn numbers(&mut self, data: &figures::Table) {
        if data.rows.is_empty() {
            return;
        }
        self.raw("<details>\n<summary>Données de la figure</summary>\n<table>\n");
        self.element("caption", "", &data.caption);
        self.raw("<thead><tr>");
        for column in &data.columns {
            self.raw("<th scope=\"col\">");
            self.text(column);
            self.raw("</th>");
        }
        self.raw("</tr></thead>\n<tbody>\n");
        for row in &data.rows {
            self.raw("<tr>");
            for (index, cell) in row.iter().enumerate() {
                self.raw(if index == 0 { "<th scope=\"row\">" } else { "<td>" });
                self.text(cell);
                self.raw(if index == 0 { "</th>" } else { "</td>" });
            }
            self.raw("</tr>\n");
        }
        self.raw("</tbody>\n</table>\n</details>\n");
    }

    fn runs(&mut self, tag: &str, class: &str, runs: &Rich) {
        self.open(tag, class);
        for run in runs {
            if run.strong {
                self.element("strong", "", &run.text);
            } else {
                self.text(&run.text);
            }
        }
        self.raw(&format!("</{tag}>\n"));
    }

    /// An element that holds one text.
    fn element(&mut self, tag: &str, class: &str, text: &str) {
        self.open(tag, class);
        self.text(text);
        self.raw(&format!("</{tag}>"));
        if !matches!(tag, "strong" | "sup" | "span" | "small") {
            self.raw("\n");
        }
    }

    fn open(&mut self, tag: &str, class: &str) {
        if class.is_empty() {
            self.raw(&format!("<{tag}>"));
        } else {
            self.raw(&format!("<{tag} class=\"{class}\">"));
        }
    }

    fn raw(&mut self, markup: &str) {
        self.out.push_str(markup);
    }

    /// Text, in an element or between the double quotes of an attribute.
    fn text(&mut self, text: &str) {
        for c in clean::printable(text).chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                '\'' => self.out.push_str("&#39;"),
                c => self.out.push(c),
            }
        }
    }
}

fn is_colour(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|hex| hex.len() == 6 && hex.chars().all(|c| c.is_ascii_hexdigit()))
}

/// A figure whose texts keep the width they were drawn for: in the typeface of a theme, and where a character is not in
/// the part that the page carries.
fn fitted(svg: &str) -> String {
    let mut out = String::with_capacity(svg.len() + svg.len() / 8);
    let mut rest = svg;
    while let Some(at) = rest.find("<text ") {
        let (before, element) = rest.split_at(at);
        out.push_str(before);
        let end = element.find("</text>").unwrap_or(element.len());
        let head = element[..end].find('>').unwrap_or(end);
        let body = &element[(head + 1).min(end)..end];
        let attribute =
            |name: &str| element[..head].split_once(name).and_then(|(_, value)| value.split('"').next());
        let size = attribute("font-size=\"").and_then(|size| size.parse::<f64>().ok());
        out.push_str(&element[..head]);
        if let Some(size) = size.filter(|_| !body.trim().is_empty()) {
            let text = body.trim().replace("&apos;", "'").replace("&quot;", "\"");
            let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
            let is_bold = attribute("font-weight=\"") == Some("bold");
            let width = fonts::width(&text, size, is_bold);
            out.push_str(&format!(" textLength=\"{width:.0}\" lengthAdjust=\"spacingAndGlyphs\""));
        }
        out.push_str(&element[head..end]);
        rest = &element[end..];
    }
    out.push_str(rest);
    out
}

/// MIME type of a logo, from the end of its name.
fn mime(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("svg") => "image/svg+xml",
        Some("jpg" | "jpeg") => "image/jpeg",
        _ => "image/png",
    }
}

/// Bytes as text (RFC 4648).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let digit = (bits >> (18 - 6 * place)) & 63;
            out.push(if place <= chunk.len() { char::from(DIGITS[digit as usize]) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_a_figure_keep_their_width_and_all_else_stays() {
        let svg = "<svg><path d=\"M0\"/><text x=\"0\" font-size=\"90\" font-weight=\"bold\">\nNiveau &amp; co\n</text><text x=\"1\" \
                   font-size=\"80\">\n\n</text></svg>";
        let wide = fonts::width("Niveau & co", 90.0, true);
        let expected = format!(" textLength=\"{wide:.0}\" lengthAdjust=\"spacingAndGlyphs\">\nNiveau");
        let set = fitted(svg);
        assert!(set.contains(&expected), "{set}");
        assert_eq!(set.matches("textLength").count(), 1);
        assert_eq!(
            set.replace(&format!(" textLength=\"{wide:.0}\" lengthAdjust=\"spacingAndGlyphs\""), ""),
            svg
        );
    }

    #[test]
    fn base64_is_that_of_the_standard() {
        for (given, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(given.as_bytes()), expected);
        }
    }
}
