//! The people of one batch: whose names are whose, and what they allow, each looked up once.

use std::collections::{BTreeMap, BTreeSet};

use model::consent::ConsentRecord;
use model::ids::CustomerId;

use super::anonymous_customer;
use super::parse::Call;
use super::take::{Error, changed};
use crate::app::AppState;
use crate::identity::{self, Kind, Known, MEETING_WINDOW, Name, Verdict, judge};
use crate::regulate;
use crate::run::Taken;
use crate::secret::ServerSecret;

/// The people of one batch.
pub(super) struct People<'a> {
    app: &'a AppState,
    known: BTreeMap<CustomerId, Option<ConsentRecord>>,
    owners: BTreeMap<Name, Option<CustomerId>>,
    suppressed: BTreeMap<String, bool>,
    /// What was judged in this batch: once is enough.
    judged: BTreeSet<(Name, CustomerId)>,
}

impl<'a> People<'a> {
    pub(super) fn new(app: &'a AppState) -> Self {
        Self {
            app,
            known: BTreeMap::new(),
            owners: BTreeMap::new(),
            suppressed: BTreeMap::new(),
            judged: BTreeSet::new(),
        }
    }

    /// Whether nothing may be taken in of whom the call is about.
    pub(super) async fn is_suppressed(&mut self, call: &Call) -> Result<bool, Error> {
        let anonymous = call.anonymous.as_ref().map(model::ids::AnonymousId::as_str);
        let key = format!("{}\n{}", call.user.as_ref().map_or("", CustomerId::as_str), anonymous.unwrap_or_default());
        if let Some(known) = self.suppressed.get(&key) {
            return Ok(*known);
        }
        let is = regulate::is_suppressed(self.app, call.user.as_ref(), call.anonymous.as_ref()).await?;
        self.suppressed.insert(key, is);
        Ok(is)
    }

    /// Whether the call names somebody in a way that this batch has not settled yet.
    pub(super) fn is_news(&self, call: &Call) -> bool {
        let Some(user) = &call.user else { return false };
        names(call).any(|name| !self.judged.contains(&(name, user.clone())))
    }

    async fn record(&mut self, customer: &CustomerId) -> Result<Option<ConsentRecord>, Error> {
        if let Some(known) = self.known.get(customer) {
            return Ok(known.clone());
        }
        let record = self.app.store.customer(customer).await?.map(|customer| customer.consent);
        self.known.insert(customer.clone(), record.clone());
        Ok(record)
    }

    async fn allows_profile(&mut self, customer: &CustomerId) -> Result<bool, Error> {
        Ok(self.record(customer).await?.is_some_and(|record| record.consent.profiling))
    }

    async fn owner(&mut self, name: &Name) -> Result<Option<CustomerId>, Error> {
        if let Some(known) = self.owners.get(name) {
            return Ok(known.clone());
        }
        let owner = self.app.store.owner_of(name).await?;
        self.owners.insert(name.clone(), owner.clone());
        Ok(owner)
    }

    /// Whom the call may be about, the most trusted first: the user, the owners of its names, the visitor.
    async fn candidates(&mut self, call: &Call) -> Result<Vec<CustomerId>, Error> {
        let mut found: Vec<CustomerId> = call.user.iter().cloned().collect();
        let mut names: Vec<Name> = names(call).collect();
        names.sort();
        for name in names {
            found.extend(self.owner(&name).await?);
        }
        found.extend(call.anonymous.as_ref().map(anonymous_customer));
        let mut seen = BTreeSet::new();
        found.retain(|customer| seen.insert(customer.clone()));
        Ok(found)
    }

    /// Whose profile the call goes into: the user's, or else the visitor's, whoever of them allows one.
    pub(super) async fn profiled(&mut self, call: &Call) -> Result<Option<CustomerId>, Error> {
        for customer in self.candidates(call).await? {
            // What a user does is never put down to another user who once had the same device.
            let is_another = call.user.as_ref().is_some_and(|user| *user != customer) && is_user(&customer);
            if !is_another && self.allows_profile(&customer).await? {
                return Ok(Some(customer));
            }
        }
        Ok(None)
    }

    /// Heeds what the call says about consent, unless something newer is known.
    pub(super) async fn consent(&mut self, call: &Call) -> Result<(), Error> {
        let Some(customer) = self.candidates(call).await?.into_iter().next() else { return Ok(()) };
        let known = self.record(&customer).await?;
        let Some(record) = changed(known.as_ref(), call) else { return Ok(()) };
        self.allow(&customer, record).await
    }

    async fn allow(&mut self, customer: &CustomerId, record: ConsentRecord) -> Result<(), Error> {
        self.app.run.consent(customer.clone(), record.clone()).await?;
        self.known.insert(customer.clone(), Some(record).filter(|record| record.consent.any()));
        Ok(())
    }

    /// Joins what the call names together, as far as the rules and the user allow it.
    pub(super) async fn link(&mut self, call: &Call) -> Result<(), Error> {
        let Some(user) = call.user.clone() else { return Ok(()) };
        for name in names(call) {
            if self.judged.insert((name.clone(), user.clone())) {
                self.carry(call, &name, &user).await?;
                if self.allows_profile(&user).await? {
                    self.meet(call, name, &user).await?;
                }
            }
        }
        Ok(())
    }

    /// The consent that a visitor gave goes along with the first log-in, unless the account has its own.
    async fn carry(&mut self, call: &Call, name: &Name, user: &CustomerId) -> Result<(), Error> {
        if !call.is_login || name.kind != Kind::AnonymousId || self.record(user).await?.is_some() {
            return Ok(());
        }
        let visitor = visitor(name);
        let is_shared = self.app.store.is_shared(&name_hash(&self.app.secret, name)).await?;
        let Some(record) = self.record(&visitor).await?.filter(|record| !is_shared && record.consent.profiling) else {
            return Ok(());
        };
        self.allow(user, record).await
    }

    async fn meet(&mut self, call: &Call, name: Name, user: &CustomerId) -> Result<(), Error> {
        let owner = self.owner(&name).await?;
        if owner.as_ref() == Some(user) {
            return Ok(());
        }
        let (hash, store) = (name_hash(&self.app.secret, &name), self.app.store.clone());
        let is_shared = store.is_shared(&hash).await?;
        let met = if is_shared { 0 } else { store.meet(&hash, user, call.at, call.at - MEETING_WINDOW).await? };
        let held = store.names_held(user, name.kind).await?;
        let own = visitor(&name);
        let has_visitor = name.kind == Kind::AnonymousId && self.record(&own).await?.is_some();
        let is_user = owner.as_ref().is_some_and(is_user) || is_account(&name, self).await?;
        let small = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let known = Known {
            is_shared,
            is_user,
            owner,
            visitor: has_visitor.then_some(own),
            met: small(met),
            held: small(held),
        };
        self.heed(judge(&known, name.kind, user), name, &hash, user, call).await
    }

    async fn heed(
        &mut self,
        verdict: Verdict,
        name: Name,
        hash: &str,
        user: &CustomerId,
        call: &Call,
    ) -> Result<(), Error> {
        let store = self.app.store.clone();
        let result = match &verdict {
            Verdict::Same => return Ok(()),
            Verdict::Link => {
                store.put_name(&name, user, call.at).await?;
                "link"
            }
            Verdict::Merge { from, into } => match self.app.run.merge(from.clone(), into.clone()).await? {
                Taken::Stored | Taken::Duplicate => {
                    store.put_name(&name, into, call.at).await?;
                    self.known.remove(from);
                    self.known.remove(into);
                    self.owners.retain(|_, owner| owner.as_ref() != Some(from));
                    "merge"
                }
                Taken::NotAllowed | Taken::Unknown => "refused",
            },
            Verdict::Shared => {
                // Whoever logged in first took in what all the others had done there: that goes back.
                if let Some(owner) = self.owner(&name).await? {
                    self.app.run.split(owner, visitor(&name)).await?;
                    self.known.clear();
                }
                store.share(&name, hash, call.at).await?;
                "shared"
            }
            Verdict::Refused(_) => "refused",
        };
        metrics::counter!("identity_names_total", "kind" => name.kind.name(), "result" => result).increment(1);
        self.owners.remove(&name);
        Ok(())
    }
}

/// What is kept of a name that many use: it must not name anybody any more.
#[must_use]
pub fn name_hash(secret: &ServerSecret, name: &Name) -> String {
    let text = format!("{}\n{}", name.kind.name(), name.value);
    hex::encode(&secret.code("name", text.as_bytes())[..16])
}

/// The names in a call beside the user's.
fn names(call: &Call) -> impl Iterator<Item = Name> + '_ {
    let visitor = call.anonymous.as_ref().and_then(|id| Name::new(Kind::AnonymousId, id.as_str()));
    call.names.iter().cloned().chain(visitor)
}

/// The customer that a visitor's id is before the log-in.
fn visitor(name: &Name) -> CustomerId {
    let id = model::ids::AnonymousId::new(&name.value).expect("a name is bounded and plain");
    anonymous_customer(&id)
}

/// Whether a customer has logged in: visitors and devices alone have ids of ours.
fn is_user(customer: &CustomerId) -> bool {
    !identity::is_visitor(customer)
}

/// Whether an alias's old name is an account of its own: two accounts are never made one.
async fn is_account(name: &Name, people: &mut People<'_>) -> Result<bool, Error> {
    let Ok(customer) = CustomerId::new(&name.value) else { return Ok(false) };
    Ok(name.kind == Kind::AnonymousId && people.record(&customer).await?.is_some())
}
