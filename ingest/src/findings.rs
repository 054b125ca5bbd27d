//! Findings: what was odd in a body, for people to read and for programs to count.

use std::fmt;

use serde::Serialize;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Repaired without loss, and said.
    Info,
    /// Loaded, but worth a look.
    Warn,
    /// A row was set aside, or the file refused.
    Error,
}

impl Severity {
    /// The word used in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// One remark about a body.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// Physical line (the header is line 1), sheet row, or rank of the record in a JSON array.
    pub line: Option<u64>,
    /// Column as the feed names it.
    pub column: Option<String>,
    /// Stable code.
    pub code: Code,
    /// How much it matters.
    pub severity: Severity,
    /// What was found, bounded and with control characters escaped.
    pub found: Option<String>,
    /// What was expected, in French.
    pub expected: Option<String>,
    /// The French sentence, code included.
    pub message: String,
    /// The line as received (bounded, invalid bytes replaced), for rows set aside.
    pub raw: Option<String>,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal,)+) => {
        /// Stable code of a finding, of a refusal or of a failed fetch.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Code {
            /// Every code, in the order of this page.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code in kebab-case, as printed.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// What the code means (English, for the documentation).
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),+).trim_ascii(),)+
                }
            }
        }
    };
}

codes! {
    // Normalised without loss (info).
    /// Text was not UTF-8 and was converted.
    Encoding = "encoding",
    /// A byte-order mark was left out.
    ByteOrderMark = "byte-order-mark",
    /// Lines end with CR LF, or CR alone.
    LineEnds = "line-ends",
    /// The body came as gzip or as a zip of one member.
    Compression = "compression",
    /// A declared alternative delimiter is used.
    Delimiter = "delimiter",
    /// A column name differs by case or surrounding space.
    HeaderForm = "header-form",
    /// Columns that the contract does not name were left out.
    ExtraColumn = "extra-column",
    /// An optional column is absent.
    ColumnAbsent = "column-absent",
    /// A date in another accepted layout than the first.
    DateForm = "date-form",
    /// A whole number written `12.0`.
    IntegerForm = "integer-form",
    /// A decimal mark other than the declared one, where no other reading exists.
    DecimalMark = "decimal-mark",
    /// Thousands set apart by spaces.
    ThousandsSpace = "thousands-space",
    /// A code got its leading zeros back.
    LeadingZero = "leading-zero",
    /// A code in lower case.
    CodeCase = "code-case",
    /// Spaces around a value were left out.
    SurroundingSpace = "surrounding-space",
    /// A word such as `NA` stands for a missing value.
    MissingWord = "missing-word",
    /// The same row comes more than once and is kept once.
    DuplicateRow = "duplicate-row",
    /// Lines without any value were left out.
    BlankLine = "blank-line",
    /// Titles or notes before the header were left out.
    Preamble = "preamble",
    /// Lines at the foot that the contract names were left out.
    Footer = "footer",
    /// Every line, or the header, ends with a delimiter too many.
    TrailingDelimiter = "trailing-delimiter",
    /// The last line has no end, but its last value is between quotes and whole.
    NoFinalNewline = "no-final-newline",
    /// A name with an accent as a sign of its own, a space that does not break or an invisible sign, brought to one form.
    UnicodeForm = "unicode-form",

    // Loaded, but worth a look (warn).
    /// A running total falls from one day to the next.
    RunningTotalFalls = "running-total-falls",
    /// A running total could not be followed: its key has the day before other columns, and too many places.
    RunningTotalUnchecked = "running-total-unchecked",
    /// The text may be in either of two encodings, which read some of its letters differently.
    EncodingGuess = "encoding-guess",
    /// Columns of a wide table whose title could not be read were left out.
    UnreadTitle = "unread-title",
    /// The body has not the number of rows that it states, or says that more follow.
    IncompleteBody = "incomplete-body",
    /// The body lacks the number of rows that the contract says it states.
    StatedTotalAbsent = "stated-total-absent",
    /// A class of rows that the contract leaves out without naming it, or that comes for the first time.
    NewClass = "new-class",
    /// A class of rows that the newest day of the body lacks.
    MissingClass = "missing-class",
    /// The number of rows or lines is the limit of a spreadsheet or of a portal: the file may be cut there.
    RowLimit = "row-limit",
    /// The file has a header and no row.
    NoRows = "no-rows",
    /// More findings than are kept; the body as received has them all.
    FindingsLeftOut = "findings-left-out",

    // Rows set aside (error).
    /// The value is not of the column's type.
    TypeError = "type-error",
    /// A value that may not be missing is.
    MissingValue = "missing-value",
    /// The place is not known to Vigie.
    UnknownPlace = "unknown-place",
    /// The value is not among those allowed.
    UnknownValue = "unknown-value",
    /// A code of another length than the contract says.
    CodeLength = "code-length",
    /// A code that is not written as the contract says.
    CodeForm = "code-form",
    /// A time that the clocks show twice: the hour before they go back.
    AmbiguousTime = "ambiguous-time",
    /// A time that the clocks never show: 24:30, or the hour that they skip in spring.
    ImpossibleTime = "impossible-time",
    /// A time without an offset, in a column whose zone the contract does not say.
    NoTimeZone = "no-time-zone",
    /// A day that does not exist, such as 30 February.
    ImpossibleDate = "impossible-date",
    /// A date before the series can have begun.
    TooEarly = "too-early",
    /// A date after today in a column that may not hold any.
    FutureDate = "future-date",
    /// Columns of one row contradict what the contract says of them (`positives <= tests`); a warning where it asks for one.
    RelationBroken = "relation-broken",
    /// A negative count.
    NegativeCount = "negative-count",
    /// A count with a fraction.
    FractionalCount = "fractional-count",
    /// Below the least value allowed.
    BelowMin = "below-min",
    /// Above the greatest value allowed.
    AboveMax = "above-max",
    /// Scientific notation that leaves out digits: `1.23E+03` for a whole number, `3.1E+08` for a code.
    LostDigits = "lost-digits",
    /// Marks between thousands that contradict each other: `1 23`, `12,34,567`, `1.234,567`.
    ThousandsMarks = "thousands-marks",
    /// A percentage where a plain number is expected.
    Percentage = "percentage",
    /// What a spreadsheet shows in the place of a value: `#DIV/0!`, `#####`.
    SpreadsheetError = "spreadsheet-error",
    /// `1,234` or `1.234`: thousands or decimals, nobody can tell.
    AmbiguousNumber = "ambiguous-number",
    /// The key comes more than once with different values: all its rows are set aside.
    ConflictingDuplicate = "conflicting-duplicate",
    /// The last line has no line end: the body may be cut, and the last value with it.
    LineMayBeCut = "line-may-be-cut",
    /// The last line is cut short.
    LineCutShort = "line-cut-short",
    /// More or fewer fields than the header.
    FieldCount = "field-count",
    /// NUL bytes in the line.
    NulBytes = "nul-bytes",
    /// Bytes that are not text in the encoding of the file.
    InvalidText = "invalid-text",
    /// Text converted once too often somewhere before: `RhÃ´ne`.
    GarbledText = "garbled-text",
    /// The header comes again among the rows.
    RepeatedHeader = "repeated-header",
    /// A line of totals among the rows.
    TotalRow = "total-row",
    /// A note among the rows.
    NoteLine = "note-line",
    /// A quote that is not closed, or text after a closing quote.
    BadQuote = "bad-quote",
    /// A text longer than 32,767 bytes (the most a spreadsheet cell holds).
    TextTooLong = "text-too-long",
    /// A name that comes twice in one JSON object.
    DuplicateField = "duplicate-field",
    /// A line that is not a JSON object.
    BrokenRecord = "broken-record",
    /// A JSON record lacks the object that holds its fields.
    MissingRecord = "missing-record",

    // Files refused (error).
    /// The body is empty.
    EmptyBody = "empty-body",
    /// An HTML page came in place of data.
    HtmlBody = "html-body",
    /// An XML document came in place of data.
    XmlBody = "xml-body",
    /// JSON came in place of the declared format.
    JsonBody = "json-body",
    /// A binary file came in place of text.
    BinaryBody = "binary-body",
    /// The text's encoding could not be told without risk of garbling it.
    EncodingUnknown = "encoding-unknown",
    /// A required column is missing or renamed.
    MissingColumn = "missing-column",
    /// A column comes twice.
    DuplicateColumn = "duplicate-column",
    /// Another header, with other columns, comes among the rows.
    HeaderChanges = "header-changes",
    /// Days and months cannot be told apart.
    AmbiguousDates = "ambiguous-dates",
    /// Fields are separated by another delimiter than the declared ones.
    WrongDelimiter = "wrong-delimiter",
    /// More bad rows than the contract bears.
    TooManyBadRows = "too-many-bad-rows",
    /// More rows than the contract bears.
    TooManyRows = "too-many-rows",
    /// More columns than any feed has.
    TooManyColumns = "too-many-columns",
    /// A line longer than 1 MiB.
    LineTooLong = "line-too-long",
    /// The body, once decompressed, is larger than the contract bears.
    TooLarge = "too-large",
    /// The body grows out of proportion when decompressed.
    DecompressionBomb = "decompression-bomb",
    /// The archive is damaged, cut short or locked.
    BrokenArchive = "broken-archive",
    /// The archive does not hold exactly one file, or none of those declared.
    ArchiveMembers = "archive-members",
    /// The server says that there are further pages, and the source declares none.
    FurtherPages = "further-pages",
    /// The body is not well-formed JSON.
    BrokenJson = "broken-json",
    /// JSON nested too deep, or with a string too long.
    JsonShape = "json-shape",
    /// There is no array at the declared path.
    JsonPath = "json-path",
    /// The body is not a readable Excel workbook.
    BrokenWorkbook = "broken-workbook",
    /// The declared sheet is not in the workbook.
    MissingSheet = "missing-sheet",

    // Fetches that failed (error).
    /// The address is not a usable one.
    BadUrl = "bad-url",
    /// A setting of the source (secret, certificate, proxy) cannot be used.
    BadSetting = "bad-setting",
    /// No connection to the server (refused, out of reach, TLS that does not come about).
    ConnectFailed = "connect-failed",
    /// The name of the server is not known.
    NameNotFound = "name-not-found",
    /// The server's certificate is out of date, or not valid yet.
    CertificateExpired = "certificate-expired",
    /// The server's certificate comes from an unknown authority.
    CertificateAuthority = "certificate-authority",
    /// The server's certificate is made out to another name.
    CertificateName = "certificate-name",
    /// The server's certificate cannot be accepted for another reason.
    CertificateRefused = "certificate-refused",
    /// The server asks for a client certificate, or refuses the one it got.
    ClientCertificate = "client-certificate",
    /// The proxy refuses, or cannot be used.
    ProxyFailed = "proxy-failed",
    /// The server was silent too long, or the whole fetch took too long.
    TimedOut = "timed-out",
    /// The connection broke before the body was whole.
    CutShort = "cut-short",
    /// The server answered with a failure of its own (5xx, 408, 425).
    ServerError = "server-error",
    /// The server asks to come back later (429).
    TooManyRequests = "too-many-requests",
    /// The server refused (4xx) or answered something else than a body.
    HttpStatus = "http-status",
    /// The server does not answer in sound HTTP.
    BadReply = "bad-reply",
    /// Redirects in a loop, too many, from https to http, or to what is neither.
    BadRedirect = "bad-redirect",
    /// The body is larger than the contract bears.
    BodyTooLarge = "body-too-large",
    /// A page of the edition cannot be read as one, or pages lead back to one another, or do not end.
    BadPages = "bad-pages",
    /// The data changed while their pages were fetched.
    PagesChanged = "pages-changed",
    /// The folder watched cannot be read, or holds none of the files awaited.
    NoFile = "no-file",
    /// A file, or one of the files of an edition, is still being written.
    FileUnfinished = "file-unfinished",
    /// The temporary file could not be written, or the local file read.
    Disk = "disk",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_kebab_case_and_come_once() {
        let mut seen = BTreeSet::new();
        for code in Code::ALL {
            let text = code.as_str();
            assert!(seen.insert(text), "{text} comes twice");
            assert!(text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{text}");
            assert!(!code.meaning().is_empty());
        }
    }
}
