//! A file added to the vocabulary rebuilds it: `include_dir!` alone only notices changes of files it already holds.

fn main() {
    for part in [
        "sources",
        "marts",
        "indicators",
        "forecasts",
        "gates",
        "rules",
        "documents",
        "reference",
        "saved",
        "tables",
    ] {
        println!("cargo::rerun-if-changed={part}");
    }
}
