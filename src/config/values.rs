//! Values that read but cannot be meant: no memory, no attempt, a wait of nothing, a placeholder that nobody fills in.

use std::path::Path;

use jiff::SignedDuration;
use vigie_queries::Vocabulary;

use crate::config::Config;
use crate::config::lines::Places;

/// Placeholders of a target's address: the name of the file.
const OF_TARGETS: &[&str] = &["file"];

/// What cannot be meant in a configuration and in its rules, `file:line: what` each.
pub(crate) fn odd(file: &Path, config: &Config, vocabulary: &Vocabulary) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let places = Places::of(&text);
    let mut told = Vec::new();
    let mut tell = |path: &[&str], what: String| {
        told.push(format!("{}:{}: {}: {what}", file.display(), places.line(path), path.join(".")));
    };
    let serve = &config.serve;
    let counts: [(&[&str], u64, u64); 9] = [
        (&["memory_mib"], config.memory_mib as u64, 64),
        (&["schedule", "fetches_at_once"], config.schedule.fetches_at_once as u64, 1),
        (&["fetch", "attempts"], u64::from(config.fetch.attempts), 1),
        (&["delivery", "attempts"], u64::from(config.delivery.attempts), 1),
        (&["smtp", "attachment_max_kib"], u64::from(config.smtp.attachment_max_kib), 1),
        (&["serve", "connections"], serve.connections as u64, 1),
        (&["serve", "rows_max"], serve.rows_max, 1),
        (&["serve", "memory_mib"], serve.memory_mib as u64, 16),
        (&["smtp", "port"], config.smtp.port.map_or(1, u64::from), 1),
    ];
    for (path, found, least) in counts {
        if found < least {
            tell(path, format!("found {found}, at least {least} is expected"));
        }
    }
    let waits: [(&[&str], SignedDuration); 9] = [
        (&["fetch", "connect_timeout"], config.fetch.connect_timeout),
        (&["fetch", "read_timeout"], config.fetch.read_timeout),
        (&["fetch", "total_deadline"], config.fetch.total_deadline),
        (&["serve", "login_timeout"], serve.login_timeout),
        (&["serve", "statement_timeout"], serve.statement_timeout),
        (&["serve", "idle_timeout"], serve.idle_timeout),
        (&["delivery", "retry_after"], config.delivery.retry_after),
        (&["delivery", "timeout"], config.delivery.timeout),
        (&["notify", "remind_after"], config.notify.remind_after),
    ];
    for (path, wait) in waits {
        // A pause before the next try may be none.
        let may_be_none = path.last() == Some(&"retry_after");
        if wait.is_negative() || (wait.is_zero() && !may_be_none) {
            tell(path, format!("found {wait:#}, a time longer than none is expected"));
        }
    }
    for (place, target) in config.send.iter().enumerate() {
        if let Some(url) = &target.url {
            address(&["send", &place.to_string(), "url"], url, OF_TARGETS, &mut tell);
        }
    }
    for rule in vocabulary.rules() {
        let file = format!("rules/{}.toml", rule.id);
        let text = vocabulary.text(&file);
        let places = Places::of(text);
        for (key, days) in [("raise_days", rule.raise_days), ("clear_days", rule.clear_days)] {
            if days == 0 {
                let line = places.line(&[key]);
                told.push(format!("{file}:{line}: {key}: found 0, at least 1 (the first day) is expected"));
            }
        }
    }
    told
}

/// An address has no placeholder that nobody fills in.
fn address(path: &[&str], url: &str, known: &[&str], tell: &mut impl FnMut(&[&str], String)) {
    for part in url.split('{').skip(1) {
        let Some((name, _)) = part.split_once('}') else { continue };
        if !known.contains(&name) {
            let fills: Vec<String> = known.iter().map(|name| format!("{{{name}}}")).collect();
            tell(path, format!("nothing fills in {{{name}}}; known: {}", fills.join(", ")));
        }
    }
}

/// A sentence that begins with a path of keys (`sources.tests.url: …`), with the file and line where that stands.
pub(crate) fn placed(file: &Path, sentence: String) -> String {
    let Some((path, _)) = sentence.split_once(": ").filter(|(path, _)| path.starts_with("sources.")) else {
        return sentence;
    };
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let path: Vec<&str> = path.split('.').collect();
    format!("{}:{}: {sentence}", file.display(), Places::of(&text).line(&path))
}
