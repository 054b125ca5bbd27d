//! What was told of each incident, and what is to be told now: a pure function of what is wrong, what was told and the time.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::calendar::instant_fr;
use crate::schedule::watch::{GONE_FOR, Problem};

/// What is told of each incident.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Book {
    open: BTreeMap<String, Incident>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Incident {
    since: Timestamp,
    told_at: Timestamp,
    sentence: String,
    /// Since when it is not seen any more.
    #[serde(default)]
    gone_since: Option<Timestamp>,
}

/// Something to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Notice {
    /// It begins.
    Begins(Problem),
    /// It lasts.
    Lasts(Timestamp, Problem),
    /// It is over.
    Ends { since: Timestamp, at: Timestamp, sentence: String },
}

impl Notice {
    /// Its lines in a mail.
    pub(super) fn text(&self) -> String {
        let of = |head: String, problem: &Problem| {
            let mut text = format!("{head}\n");
            for line in problem.detail.iter().flat_map(|detail| detail.lines()) {
                text.push_str(&format!("    {line}\n"));
            }
            if let Some(command) = &problem.command {
                text.push_str(&format!("    → {command}\n"));
            }
            text
        };
        match self {
            Self::Begins(problem) => of(problem.sentence.clone(), problem),
            Self::Lasts(since, problem) => {
                of(format!("Depuis le {} : {}", instant_fr(*since), problem.sentence), problem)
            }
            Self::Ends { since, at, sentence } => {
                format!("Terminé (du {} au {}) : {sentence}\n", instant_fr(*since), instant_fr(*at))
            }
        }
    }
}

impl Book {
    /// Compares what is wrong now with what was told. An incident that comes and goes is one: it is over once it has not been
    /// seen for [`GONE_FOR`].
    pub(super) fn compare(
        &mut self,
        now: Timestamp,
        problems: &[Problem],
        remind_after: SignedDuration,
    ) -> Vec<Notice> {
        let mut notices = Vec::new();
        for problem in problems {
            match self.open.get_mut(&problem.key) {
                None => {
                    let sentence = problem.sentence.clone();
                    let incident = Incident { since: now, told_at: now, sentence, gone_since: None };
                    self.open.insert(problem.key.clone(), incident);
                    notices.push(Notice::Begins(problem.clone()));
                }
                Some(known) => {
                    known.gone_since = None;
                    known.sentence.clone_from(&problem.sentence);
                    if now.duration_since(known.told_at) >= remind_after {
                        known.told_at = now;
                        notices.push(Notice::Lasts(known.since, problem.clone()));
                    }
                }
            }
        }
        self.open.retain(|key, known| {
            if problems.iter().any(|problem| problem.key == *key) {
                return true;
            }
            let gone = *known.gone_since.get_or_insert(now);
            if now.duration_since(gone) < GONE_FOR {
                return true;
            }
            notices.push(Notice::Ends { since: known.since, at: gone, sentence: known.sentence.clone() });
            false
        });
        notices
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::watch::Kind;

    fn problem(key: &str) -> Problem {
        Problem {
            key: key.into(),
            kind: Kind::Failed,
            sentence: format!("{key} !"),
            detail: None,
            command: None,
        }
    }

    #[test]
    fn an_incident_is_told_once_then_once_a_day_and_once_when_it_is_over() {
        let mut book = Book::default();
        let day = SignedDuration::from_hours(24);
        let start: Timestamp = "2026-11-30T06:00:00Z".parse().unwrap();
        let mut begun = 0;
        let (mut lasting, mut over) = (0, 0);
        // Looked at every ten minutes for three days and an hour; gone after two and a half days.
        for look in 0..(73 * 6) {
            let at = start + SignedDuration::from_mins(10 * look);
            let wrong: Vec<Problem> = if look < 60 * 6 {
                vec![problem("job:build"), problem("disk")]
            } else {
                vec![problem("disk")]
            };
            // Restarted now and then: what was told is read back.
            book = serde_json::from_slice(&serde_json::to_vec(&book).unwrap()).unwrap();
            for notice in book.compare(at, &wrong, day) {
                match notice {
                    Notice::Begins(_) => begun += 1,
                    Notice::Lasts(..) => lasting += 1,
                    Notice::Ends { since, .. } => {
                        assert_eq!(since, start);
                        over += 1;
                    }
                }
            }
        }
        assert_eq!((begun, lasting, over), (2, 2 + 3, 1));
    }

    #[test]
    fn what_comes_and_goes_is_one_incident() {
        let mut book = Book::default();
        let mut at: Timestamp = "2026-11-30T06:00:00Z".parse().unwrap();
        let mut notices = Vec::new();
        for turn in 0..60 {
            let wrong = if turn % 2 == 0 { vec![problem("poll")] } else { vec![] };
            notices.extend(book.compare(at, &wrong, SignedDuration::from_hours(24)));
            at += SignedDuration::from_mins(10);
        }
        assert_eq!(notices.len(), 1, "{notices:?}");
    }
}
