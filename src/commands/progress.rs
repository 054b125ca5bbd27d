//! Progress of long work, for people only: on standard error, when it is a terminal and nobody asked for silence.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::room::Talk;

/// A bar of so many steps.
#[must_use]
pub fn bar(talk: Talk, steps: u64) -> ProgressBar {
    shown(talk, ProgressBar::new(steps), "{spinner} {pos}/{len} {wide_bar} {elapsed} {msg}")
}

/// A sign of life while something of unknown length goes on.
#[must_use]
pub fn spinner(talk: Talk, message: &'static str) -> ProgressBar {
    shown(talk, ProgressBar::new_spinner(), "{spinner} {msg} {elapsed}").with_message(message)
}

fn shown(talk: Talk, bar: ProgressBar, template: &str) -> ProgressBar {
    if !talk.terminal {
        return ProgressBar::hidden();
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}
