//! Who is behind what the air says: the linked devices, and the table of the ids that they send now.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit as _, Mac as _};
use locate::identity::{Resolution, Resolver, Window};
use model::anchor::is_node;
use model::ids::{CustomerId, DeviceId, StoreId};
use model::sighting::Transmitter;
use model::subject::{Pseudonym, Subject};
use model::time::Timestamp;
use sha2::Sha256;
use wire::ble::rolling;

use super::places::Places;
use crate::secret::{ServerSecret, random_bytes};

/// Whose a device is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) customer: CustomerId,
    /// Whether the customer allows to be located.
    pub(super) locating: bool,
}

/// The linked devices and their ids on the air.
#[derive(Debug)]
pub(super) struct Identity {
    secret: ServerSecret,
    prefix: [u8; 4],
    links: BTreeMap<DeviceId, Link>,
    windows: BTreeMap<DeviceId, [Window; 3]>,
    resolver: Resolver,
    /// The same for a moment of the past that is being told now.
    past: Option<(u32, Resolver)>,
    slot: Option<u32>,
    is_stale: bool,
    /// For ids that nobody here owns: only in memory, gone with the process.
    pseudonyms: [u8; 32],
}

impl Identity {
    pub(super) fn new(secret: ServerSecret, prefix: [u8; 4]) -> Self {
        Self {
            secret,
            prefix,
            links: BTreeMap::new(),
            windows: BTreeMap::new(),
            resolver: Resolver::new(prefix),
            past: None,
            slot: None,
            is_stale: true,
            pseudonyms: random_bytes(),
        }
    }

    /// What is kept of a customer who withdrew everything: it names nobody, and is the same when the customer comes again.
    pub(super) fn trace(&self, customer: &CustomerId) -> String {
        hex::encode(&self.secret.code("withdrawal", customer.as_str().as_bytes())[..16])
    }

    pub(super) fn link(&self, device: DeviceId) -> Option<&Link> {
        self.links.get(&device)
    }

    /// Whether a subject may be kept by name: a device only while it is linked and its customer allows it.
    pub(super) fn may_name(&self, subject: &Subject) -> bool {
        match subject {
            Subject::Device(device) => self.link(*device).is_some_and(|link| link.locating),
            Subject::Tag(_) => true,
            Subject::Anonymous(_) => false,
        }
    }

    pub(super) fn put(&mut self, device: DeviceId, link: Link) -> Option<Link> {
        (self.is_stale, self.past) = (true, None);
        self.links.insert(device, link)
    }

    pub(super) fn remove(&mut self, device: DeviceId) -> Option<Link> {
        (self.is_stale, self.past) = (true, None);
        self.windows.remove(&device);
        self.links.remove(&device)
    }

    pub(super) fn devices_of(&self, customer: &CustomerId) -> Vec<DeviceId> {
        self.links.iter().filter(|(_, link)| link.customer == *customer).map(|(device, _)| *device).collect()
    }

    /// Brings the table of ids up to the moment; cheap when nothing changed.
    pub(super) fn refresh(&mut self, now: Timestamp) {
        let slot = rolling::slot(rolling::seconds(now));
        if self.slot != Some(slot) {
            self.windows.clear();
            self.slot = Some(slot);
            self.is_stale = true;
        }
        if !std::mem::take(&mut self.is_stale) {
            return;
        }
        for (device, _) in self.links.iter().filter(|(_, link)| link.locating) {
            self.windows.entry(*device).or_insert_with(|| windows(&self.secret, self.prefix, *device, slot));
        }
        let located = self.links.iter().filter(|(_, link)| link.locating);
        let replaced =
            self.resolver.replace(located.filter_map(|(device, _)| self.windows.get(device)).flatten().copied());
        if replaced.dropped > 0 {
            tracing::error!(dropped = replaced.dropped, "more devices than the table of ids can hold");
        }
    }

    /// Whose a sighting is, or the reason why it is not used.
    pub(super) fn subject(
        &self,
        transmitter: &Transmitter,
        at: Timestamp,
        store: &StoreId,
        places: &Places,
    ) -> Result<Subject, &'static str> {
        self.subject_by(&self.resolver, transmitter, at, store, places)
    }

    /// Whose a sighting of the past is, by the ids of then and the links of now: who withdrew meanwhile is nobody.
    pub(super) fn past_subject(
        &mut self,
        transmitter: &Transmitter,
        at: Timestamp,
        store: &StoreId,
        places: &Places,
    ) -> Result<Subject, &'static str> {
        let slot = rolling::slot(rolling::seconds(at));
        let past = match self.past.take() {
            Some((known, resolver)) if known == slot => resolver,
            Some(_) | None => self.resolver_of(slot),
        };
        let subject = self.subject_by(&past, transmitter, at, store, places);
        self.past = Some((slot, past));
        subject
    }

    fn resolver_of(&self, slot: u32) -> Resolver {
        let located = self.links.iter().filter(|(_, link)| link.locating);
        let mut resolver = Resolver::new(self.prefix);
        resolver.replace(located.flat_map(|(device, _)| windows(&self.secret, self.prefix, *device, slot)));
        resolver
    }

    fn subject_by(
        &self,
        resolver: &Resolver,
        transmitter: &Transmitter,
        at: Timestamp,
        store: &StoreId,
        places: &Places,
    ) -> Result<Subject, &'static str> {
        let (resolution, id) = match transmitter {
            Transmitter::Rolling(id) => (resolver.rolling(id, at), id.eid),
            Transmitter::Eid(eid) => (resolver.eid(eid, at), *eid),
            Transmitter::Beacon { uuid, major, minor } => {
                // A receiver that this store does not have advertises itself next door: it is nobody.
                let unknown = if is_node(uuid) { "unknown-node" } else { "unknown-tag" };
                let tag = places.tag(store, uuid, *major, *minor).ok_or(unknown)?;
                // Staff stay out of every figure, so they go no further than here.
                return if places.is_staff(store, tag) { Err("staff") } else { Ok(Subject::Tag(tag.clone())) };
            }
            // Only a phone's own token may say this, and then it does not come from a gateway.
            Transmitter::Device(_) => return Err("device-from-gateway"),
            Transmitter::Anonymous(pseudonym) => return Ok(Subject::Anonymous(*pseudonym)),
        };
        match resolution {
            Resolution::Device(device) => Ok(Subject::Device(device)),
            Resolution::Unknown | Resolution::Foreign => Ok(Subject::Anonymous(self.pseudonym(store, id))),
            Resolution::Forged => Err("forged-id"),
            Resolution::OutOfWindow => Err("out-of-window"),
        }
    }

    fn pseudonym(&self, store: &StoreId, id: [u8; 8]) -> Pseudonym {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.pseudonyms).expect("HMAC takes a key of any length");
        mac.update(store.as_str().as_bytes());
        mac.update(&id);
        let code: [u8; 32] = mac.finalize().into_bytes().into();
        Pseudonym(u64::from_be_bytes([code[0], code[1], code[2], code[3], code[4], code[5], code[6], code[7]]))
    }
}

/// A device's ids in the slot before, now and after: clocks stray, and messages take their time.
fn windows(secret: &ServerSecret, prefix: [u8; 4], device: DeviceId, slot: u32) -> [Window; 3] {
    let key = secret.air_key(device);
    [slot.saturating_sub(1), slot, slot.saturating_add(1)].map(|slot| {
        let eid = rolling::eid_in_slot(&key, slot);
        let from = Timestamp(i64::from(slot) * i64::from(rolling::SLOT_S) * 1_000);
        let until = Timestamp((i64::from(slot) + 1) * i64::from(rolling::SLOT_S) * 1_000);
        Window { eid, tag: rolling::tag(&key, prefix, eid, slot), device, from, until }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_790_000_000_000);

    fn identity() -> Identity {
        let mut identity = Identity::new(ServerSecret::new([1; 32]), [0xa7, 0x71, 0, 1]);
        for (device, locating) in [(1, true), (2, false)] {
            let customer = CustomerId::new(&format!("c{device}")).expect("an id");
            identity.put(DeviceId(device), Link { customer, locating });
        }
        identity.refresh(NOW);
        identity
    }

    fn on_air(identity: &Identity, device: DeviceId, at: Timestamp) -> Transmitter {
        let key = identity.secret.air_key(device);
        Transmitter::Rolling(rolling::rolling_id(&key, identity.prefix, rolling::seconds(at)))
    }

    fn subject(identity: &Identity, transmitter: &Transmitter) -> Result<Subject, &'static str> {
        let store = StoreId::new("s").expect("an id");
        identity.subject(transmitter, NOW, &store, &Places::default())
    }

    #[test]
    fn only_who_allows_it_is_known_by_name() {
        let identity = identity();
        assert_eq!(subject(&identity, &on_air(&identity, DeviceId(1), NOW)), Ok(Subject::Device(DeviceId(1))));
        let hidden = subject(&identity, &on_air(&identity, DeviceId(2), NOW)).expect("counted");
        assert!(matches!(hidden, Subject::Anonymous(_)));
        assert!(matches!(subject(&identity, &on_air(&identity, DeviceId(3), NOW)), Ok(Subject::Anonymous(_))));
    }

    #[test]
    fn who_was_heard_yesterday_is_known_by_the_ids_of_then() {
        let mut identity = identity();
        let store = StoreId::new("s").expect("an id");
        let then = NOW - model::time::Millis::hours(20);
        let transmitter = on_air(&identity, DeviceId(1), then);
        let ask = |identity: &mut Identity| {
            identity.past_subject(&transmitter, then, &store, &Places::default()).expect("somebody")
        };
        assert_eq!(ask(&mut identity), Subject::Device(DeviceId(1)));
        assert_eq!(ask(&mut identity), Subject::Device(DeviceId(1)));
        identity.remove(DeviceId(1));
        assert!(matches!(ask(&mut identity), Subject::Anonymous(_)), "who withdrew meanwhile is nobody");
    }

    #[test]
    fn withdrawal_works_at_the_next_refresh_and_forged_ids_are_refused() {
        let mut identity = identity();
        let transmitter = on_air(&identity, DeviceId(1), NOW);
        let Transmitter::Rolling(mut forged) = transmitter.clone() else { panic!("a rolling id") };
        forged.tag[0] ^= 1;
        assert_eq!(subject(&identity, &Transmitter::Rolling(forged)), Err("forged-id"));
        assert_eq!(subject(&identity, &Transmitter::Device(DeviceId(1))), Err("device-from-gateway"));
        identity.remove(DeviceId(1));
        identity.refresh(NOW);
        assert!(matches!(subject(&identity, &transmitter), Ok(Subject::Anonymous(_))));
    }

    /// Two hundred people with ten devices each, every one with a clock of its own that is off by up to five minutes, and
    /// one device in fifty by half an hour; as many strangers, and somebody who plays what was heard an hour ago.
    #[test]
    fn ten_devices_of_changing_ids_are_their_owner_s_and_nobody_else_s() {
        const PEOPLE: u32 = 200;
        let mut identity = Identity::new(ServerSecret::new([1; 32]), [0xa7, 0x71, 0, 1]);
        let owner = |device: u32| CustomerId::new(&format!("c{}", device / 10)).expect("an id");
        for device in 0..PEOPLE * 10 {
            identity.put(DeviceId(device.into()), Link { customer: owner(device), locating: true });
        }
        let (strangers, store) = (PEOPLE * 10..PEOPLE * 20, StoreId::new("s").expect("an id"));
        let (mut right, mut wrong, mut missed, mut others) = (0_u32, 0_u32, 0_u32, 0_u32);
        // Three hours, in which every id changes eleven times; each device is heard every two minutes.
        for minute in (0..180).step_by(2) {
            let now = NOW + model::time::Millis::minutes(minute);
            identity.refresh(now);
            let heard = |device: u32, shift: i64| {
                let on_air = on_air(&identity, DeviceId(device.into()), now + model::time::Millis::seconds(shift));
                match identity.subject(&on_air, now, &store, &Places::default()) {
                    Ok(Subject::Device(found)) => identity.link(found).map(|link| link.customer.clone()),
                    Ok(Subject::Anonymous(_) | Subject::Tag(_)) | Err(_) => None,
                }
            };
            for device in 0..PEOPLE * 10 {
                let off = if device % 50 == 7 { 1_800 } else { i64::from(device * 7_919 % 601) - 300 };
                match heard(device, off) {
                    Some(found) if found == owner(device) => right += 1,
                    Some(_) => wrong += 1,
                    None => missed += 1,
                }
            }
            others +=
                u32::try_from(strangers.clone().filter(|device| heard(*device, 0).is_some()).count()).expect("few");
            let played = (0..PEOPLE * 10).filter(|device| heard(*device, -3_600).is_some()).count();
            others += u32::try_from(played).expect("few");
        }
        let precision = f64::from(right) / f64::from(right + wrong + others);
        let recall = f64::from(right) / f64::from(right + wrong + missed);
        println!("precision {precision:.4}, recall {recall:.4} of {} heard", right + wrong + missed);
        assert!(precision >= 0.99 && recall >= 0.95, "precision {precision}, recall {recall}");
        assert!(missed > 0, "a clock that is off by half an hour is not believed");
    }
}
