//! What is done with calls that could be read: consent first, then events of those who allow a profile. The rest is counted and dropped.

use std::collections::BTreeMap;

use model::consent::{Consent, ConsentRecord};
use model::event::{Event, EventKind};
use model::ids::CustomerId;

use super::anonymous_customer;
use super::parse::{Call, Preferences};
use crate::app::AppState;
use crate::run::Taken;
use crate::store;

/// Why the calls could not be taken; the client sends them again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The store failed.
    #[error("look up the customers of a batch")]
    Store(#[from] store::Error),
    /// The server is stopping.
    #[error(transparent)]
    Stopped(#[from] crate::run::Stopped),
}

/// How many events went which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) stored: usize,
    pub(crate) duplicate: usize,
    /// No consent to a profile: nothing was kept.
    pub(crate) no_consent: usize,
    /// Nothing that a decision reads: nothing was kept.
    pub(crate) unread: usize,
}

/// Takes calls in their order. When it returns, what is kept is on disk.
pub(crate) async fn take(app: &AppState, calls: Vec<Call>) -> Result<Tally, Error> {
    let mut people = People { app, known: BTreeMap::new() };
    let (mut tally, mut events) = (Tally::default(), Vec::new());
    for call in calls {
        if call.consent.any() {
            // What came before a change of consent is decided under the consent of its own time.
            settle(app, &mut events, &mut tally).await?;
            people.consent(&call).await?;
        }
        let Some(customer) = people.profiled(&call).await? else {
            tally.no_consent += call.says.len();
            continue;
        };
        for (n, what) in call.says.iter().enumerate() {
            match what {
                // Data that nobody reads is data that nobody keeps.
                EventKind::Other { .. } => tally.unread += 1,
                EventKind::Interest { .. }
                | EventKind::Purchased { .. }
                | EventKind::Returned { .. }
                | EventKind::Opened
                | EventKind::Complained
                | EventKind::Preferences(_)
                | EventKind::Contacted { .. }
                | EventKind::Consent(_) => {
                    let event = Event { id: call.event_id(n), at: call.at, what: what.clone() };
                    events.push((customer.clone(), event));
                }
            }
        }
    }
    settle(app, &mut events, &mut tally).await?;
    Ok(tally)
}

async fn settle(app: &AppState, events: &mut Vec<(CustomerId, Event)>, tally: &mut Tally) -> Result<(), Error> {
    if events.is_empty() {
        return Ok(());
    }
    for taken in app.run.events(std::mem::take(events)).await? {
        match taken {
            Taken::Stored => tally.stored += 1,
            Taken::Duplicate => tally.duplicate += 1,
            Taken::NotAllowed | Taken::Unknown => tally.no_consent += 1,
        }
    }
    Ok(())
}

/// The people of one batch, each looked up once.
struct People<'a> {
    app: &'a AppState,
    known: BTreeMap<CustomerId, Option<ConsentRecord>>,
}

impl People<'_> {
    async fn record(&mut self, customer: &CustomerId) -> Result<Option<ConsentRecord>, Error> {
        if let Some(known) = self.known.get(customer) {
            return Ok(known.clone());
        }
        let record = self.app.store.customer(customer).await?.map(|customer| customer.consent);
        self.known.insert(customer.clone(), record.clone());
        Ok(record)
    }

    /// Whose profile the call goes into: the user's, or else the visitor's, whoever of them allows one.
    async fn profiled(&mut self, call: &Call) -> Result<Option<CustomerId>, Error> {
        for customer in candidates(call) {
            if self.record(&customer).await?.is_some_and(|record| record.consent.profiling) {
                return Ok(Some(customer));
            }
        }
        Ok(None)
    }

    /// Heeds what the call says about consent, unless something newer is known.
    async fn consent(&mut self, call: &Call) -> Result<(), Error> {
        let Some(customer) = candidates(call).into_iter().next() else { return Ok(()) };
        let known = self.record(&customer).await?;
        let Some(record) = changed(known.as_ref(), call) else { return Ok(()) };
        self.app.run.consent(customer.clone(), record.clone()).await?;
        self.known.insert(customer, Some(record).filter(|record| record.consent.any()));
        Ok(())
    }
}

fn candidates(call: &Call) -> Vec<CustomerId> {
    call.user.iter().cloned().chain(call.anonymous.as_ref().map(anonymous_customer)).collect()
}

/// The consent that the call leads to; none when it changes nothing.
fn changed(known: Option<&ConsentRecord>, call: &Call) -> Option<ConsentRecord> {
    if known.is_some_and(|known| known.at > call.at) {
        return None;
    }
    let before = known.map(|known| known.consent).unwrap_or_default();
    let after = merged(before, call.consent);
    let record = |known: &ConsentRecord| known.text_version.clone();
    let text_version = known.map_or_else(|| "unstated".to_owned(), record);
    (after != before).then(|| ConsentRecord { consent: after, at: call.at, text_version, channel: "segment".into() })
}

/// Everybody who reads the page knows the write key: it may withdraw anything, and grant a profile only.
fn merged(before: Consent, said: Preferences) -> Consent {
    Consent {
        locating: before.locating && said.locating != Some(false),
        profiling: said.profiling.unwrap_or(before.profiling),
        marketing_push: before.marketing_push && said.marketing_push != Some(false),
    }
}

#[cfg(test)]
mod tests {
    use model::ids::MessageId;
    use model::time::Timestamp;

    use super::*;

    fn said(locating: Option<bool>, profiling: Option<bool>, marketing_push: Option<bool>) -> Preferences {
        Preferences { locating, profiling, marketing_push }
    }

    #[test]
    fn a_write_key_grants_a_profile_and_nothing_else() {
        let all = said(Some(true), Some(true), Some(true));
        let granted = merged(Consent::default(), all);
        assert_eq!(granted, Consent { locating: false, profiling: true, marketing_push: false });
        let full = Consent { locating: true, profiling: true, marketing_push: true };
        assert_eq!(merged(full, all), full);
        assert_eq!(merged(full, said(None, None, None)), full);
        assert_eq!(merged(full, said(Some(false), None, None)), Consent { locating: false, ..full });
        assert_eq!(merged(full, said(Some(false), Some(false), Some(false))), Consent::default());
    }

    #[test]
    fn an_old_message_does_not_undo_a_newer_consent() {
        let call = |at| Call {
            id: MessageId::new("m").expect("an id"),
            user: None,
            anonymous: None,
            at: Timestamp(at),
            consent: said(None, Some(true), None),
            says: vec![],
        };
        let withdrawn = ConsentRecord {
            consent: Consent { locating: true, ..Consent::default() },
            at: Timestamp(10),
            text_version: "2".into(),
            channel: "app".into(),
        };
        assert_eq!(changed(Some(&withdrawn), &call(9)), None);
        let later = changed(Some(&withdrawn), &call(11)).expect("a change");
        assert_eq!(later.consent, Consent { locating: true, profiling: true, marketing_push: false });
        assert_eq!((later.text_version.as_str(), later.channel.as_str()), ("2", "segment"));
        assert_eq!(changed(Some(&later), &call(12)), None);
    }

    #[test]
    fn a_long_visitor_id_still_makes_a_customer() {
        let long = model::ids::AnonymousId::new(&"x".repeat(256)).expect("an id");
        assert!(anonymous_customer(&long).as_str().starts_with("anonymous:"));
        let short = model::ids::AnonymousId::new("a-1").expect("an id");
        assert_eq!(anonymous_customer(&short).as_str(), "anonymous:a-1");
    }
}
