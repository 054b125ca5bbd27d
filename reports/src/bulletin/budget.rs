//! How much of a page a document may take. What does not fit leaves in a fixed order: each budget gives up something more, and
//! the first whose pages fit is printed.

use vigie_queries::Outline;

/// What a document may take, from the roomiest: its first page is one page, and so is a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Budget {
    /// Sentences on what moved.
    pub(crate) points: usize,
    /// What to do.
    pub(crate) steps: usize,
    /// Alerts named on the first page; of each at most one place more.
    pub(crate) alerts: usize,
    /// Documents of one page: rows of the table. Others: rows of the table of changes, and of alerts of one kind.
    pub(crate) rows: usize,
    /// Documents of one page: height of the curves, in points; 0 leaves them out.
    pub(crate) curves_pt: Option<u16>,
    /// How many steps down it is: blocks leave at the step that the document says (`leaves_at`).
    step: usize,
}

/// A document of one page: sentences, steps, alerts, rows, height of the curves. The last one always fits (a test prints the
/// longest texts there are).
const ONE_PAGE: [(usize, usize, usize, usize, u16); 6] = [
    (7, 4, 4, 15, 104),
    (7, 3, 4, 13, 92),
    (6, 3, 4, 11, 84),
    (5, 2, 4, 8, 84),
    (4, 2, 4, 9, 0),
    (3, 1, 4, 6, 0),
];

/// First pages of the others, from the roomiest: sentences, steps, alerts.
const FIRST_PAGES: [(usize, usize, usize); 6] =
    [(12, 4, 4), (9, 3, 4), (7, 3, 4), (6, 3, 3), (5, 2, 2), (4, 1, 1)];

/// What follows the first page, from the roomiest, for the whole to have at most the document's pages: rows. Blocks leave at
/// the steps that the document says.
const OTHER_PAGES: [usize; 5] = [25, 25, 12, 4, 2];

impl Budget {
    /// What a document would have on pages without end.
    pub(crate) fn roomiest(outline: &Outline) -> Self {
        Self::of(outline, 0, 0).unwrap_or(Self {
            points: 7,
            steps: 4,
            alerts: 4,
            rows: 15,
            curves_pt: None,
            step: 0,
        })
    }

    /// After so many steps down for the first page, and for the others; none when there is no smaller one.
    pub(crate) fn of(outline: &Outline, first: usize, others: usize) -> Option<Self> {
        if is_one_page(outline) {
            let (points, steps, alerts, rows, curves_pt) = *ONE_PAGE.get(first)?;
            return Some(Self { points, steps, alerts, rows, curves_pt: Some(curves_pt), step: first });
        }
        let ((points, steps, alerts), rows) = (*FIRST_PAGES.get(first)?, *OTHER_PAGES.get(others)?);
        Some(Self { points, steps, alerts, rows, curves_pt: None, step: others })
    }

    /// Whether a block that leaves at a step is still printed; one without a step always is.
    pub(crate) fn keeps(self, leaves_at: Option<usize>) -> bool {
        leaves_at.is_none_or(|step| self.step < step)
    }
}

/// Whether a document is one page.
pub(crate) fn is_one_page(outline: &Outline) -> bool {
    outline.pages_max == 1
}
