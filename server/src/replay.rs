//! `attimo-server replay`: what came in, played again; through the same policy or through another.
//!
//! With the same policy and code the decisions are the same, byte for byte. With another policy they say who would have
//! got what: moments, answers and purchases are those that were recorded, so how people would have answered to what
//! they were not told is not known here; `evaluate offers` estimates that.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use engine::core::{Command, Core, CoreConfig, Input};
use engine::shopper::ShopperState;
use model::decision::{Choice, Decision};
use model::ids::{CustomerId, OfferId, StoreId};
use model::policy::Policy;
use model::time::Timestamp;
use serde::Serialize;

use crate::secret::ServerSecret;
use crate::store::{self, Store};

/// Inputs read at once.
const PAGE: u32 = 5_000;
/// The longest policy file that is read, in bytes.
const POLICY_MAX: u64 = 1 << 20;

/// What to play.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Decisions from this moment on are told, such as 2026-03-11T08:00:00Z.
    #[arg(long, value_parser = moment)]
    pub from: Timestamp,
    /// Decisions before this moment are told.
    #[arg(long, value_parser = moment)]
    pub to: Timestamp,
    /// Decides by this policy, a TOML file with the keys of `[policy]`; without it as each shop's files say.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Only the decisions of this store.
    #[arg(long)]
    pub store: Option<StoreId>,
    /// Writes the lines to this file and shows only the last one.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Why nothing was played.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A file can't be read or written.
    #[error("{path}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The policy is not one.
    #[error("{path} is not a policy: {problem}")]
    Policy {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The times are the wrong way round.
    #[error("--from must be before --to")]
    Order,
    /// What came in then is not kept any more, or not yet.
    #[error("what came in is kept from {first}; give a later --from")]
    TooOld {
        /// Since when.
        first: String,
    },
    /// Nothing was ever kept.
    #[error("nothing came in yet: run the server first")]
    Nothing,
}

/// What all decisions together came to; the last line.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Decisions in all.
    pub decisions: u64,
    /// What was said, by offer.
    pub said: BTreeMap<OfferId, u64>,
    /// What was chosen and held back for the measurement or in shadow, by offer.
    pub ghosts: BTreeMap<OfferId, u64>,
    /// Why it was silent, by code.
    pub silences: BTreeMap<String, u64>,
    /// Which gates refused offers, by code: caps and budgets among them.
    pub refusals: BTreeMap<String, u64>,
    /// Customers who were told something.
    pub customers: u64,
    /// The policies that decided.
    pub policies: BTreeMap<String, u64>,
}

/// What a replay gives.
#[derive(Debug, Default)]
pub struct Replayed {
    /// The decisions, in the order they were made.
    pub decisions: Vec<Decision>,
}

impl Replayed {
    /// What they came to.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut sum = Summary::default();
        let mut told: BTreeSet<&CustomerId> = BTreeSet::new();
        for decision in &self.decisions {
            sum.decisions += 1;
            *sum.policies.entry(decision.policy.as_str().to_owned()).or_default() += 1;
            match &decision.choice {
                Choice::Offer { offer } if decision.is_ghost() => *sum.ghosts.entry(offer.clone()).or_default() += 1,
                Choice::Offer { offer } => {
                    *sum.said.entry(offer.clone()).or_default() += 1;
                    told.insert(&decision.customer);
                }
                Choice::Silence { code } => *sum.silences.entry(code.clone()).or_default() += 1,
            }
            for refusal in decision.explanation.candidates.iter().filter_map(|one| one.refused.as_ref()) {
                *sum.refusals.entry(refusal.code().to_owned()).or_default() += 1;
            }
            for (code, n) in &decision.explanation.more {
                *sum.refusals.entry(code.clone()).or_default() += u64::from(*n);
            }
        }
        sum.customers = u64::try_from(told.len()).unwrap_or(u64::MAX);
        sum
    }

    /// One line for each decision, then the summary.
    #[must_use]
    pub fn lines(&self) -> String {
        let mut text = String::new();
        for decision in &self.decisions {
            let line = serde_json::to_string(decision).expect("a decision has text keys and finite numbers");
            let _ = writeln!(text, "{line}");
        }
        text + &self.last_line()
    }

    fn last_line(&self) -> String {
        let line = serde_json::json!({ "summary": self.summary() });
        format!("{line}\n")
    }
}

/// Plays and writes.
///
/// # Errors
/// What is wrong, and the fix.
pub async fn run(options: &Options, store: &Store, secret: &ServerSecret) -> Result<String, Error> {
    let policy = options.policy.as_deref().map(read_policy).transpose()?;
    let replayed = replay(options, policy, store, secret.seed()).await?;
    match &options.out {
        Some(path) => {
            let failed = |source| Error::File { path: path.clone(), source };
            std::fs::write(path, replayed.lines()).map_err(failed)?;
            Ok(replayed.last_line())
        }
        None => Ok(replayed.lines()),
    }
}

/// Plays what came in.
///
/// # Errors
/// When the times are wrong, nothing is kept of them, or the database fails.
pub async fn replay(options: &Options, policy: Option<Policy>, store: &Store, seed: u64) -> Result<Replayed, Error> {
    if options.from >= options.to {
        return Err(Error::Order);
    }
    let Some(start) = store.start_before(options.from).await? else {
        return Err(match store.first_start().await? {
            Some(first) => Error::TooOld { first: crate::live::to_rfc3339(first) },
            None => Error::Nothing,
        });
    };
    let mut player = Player::new(seed, policy);
    let mut after = start - 1;
    let mut replayed = Replayed::default();
    loop {
        let page = store.inputs(after, options.to, PAGE).await?;
        let Some(last) = page.last() else { return Ok(replayed) };
        after = last.seq;
        for one in page {
            let now = one.entry.now;
            let decided = player.play(one.entry.input, now, one.start);
            let wanted = |decision: &Decision| {
                now >= options.from && options.store.as_ref().is_none_or(|store| *store == decision.moment.store)
            };
            replayed.decisions.extend(decided.into_iter().filter(wanted));
        }
    }
}

/// A core that is fed what was recorded.
#[derive(Debug)]
struct Player {
    core: Core,
    config: CoreConfig,
    policy: Option<Policy>,
    /// What customers had become under another policy, when the recorded core began anew.
    carried: BTreeMap<CustomerId, ShopperState>,
}

impl Player {
    fn new(seed: u64, policy: Option<Policy>) -> Self {
        let config = CoreConfig { seed };
        Self { core: Self::fresh(config, policy.as_ref()), config, policy, carried: BTreeMap::new() }
    }

    fn fresh(config: CoreConfig, policy: Option<&Policy>) -> Core {
        let mut core = Core::new(config);
        if let Some(policy) = policy {
            core.decide_by(policy.clone());
        }
        core
    }

    /// Feeds one input, and gives what was decided on it.
    fn play(&mut self, mut input: Input, now: Timestamp, start: bool) -> Vec<Decision> {
        if start {
            let before = std::mem::replace(&mut self.core, Self::fresh(self.config, self.policy.as_ref()));
            if self.policy.is_some() {
                self.carried.extend(before.into_states());
            }
        }
        if let Input::Load { customer, state } = &mut input
            && let Some(carried) = self.carried.remove(customer)
        {
            *state = Some(Box::new(carried));
        }
        self.core.handle(input, now);
        let commands = std::iter::from_fn(|| self.core.poll_command());
        let decided = commands.filter_map(|command| {
            let Command::Decided(decision) = command else { return None };
            Some(decision)
        });
        decided.collect()
    }
}

/// Reads a policy that can be decided by.
///
/// # Errors
/// When the file can't be read, or what in it is wrong and how to mend it.
pub(crate) fn read_policy(path: &Path) -> Result<Policy, Error> {
    let failed = |source| Error::File { path: path.to_owned(), source };
    let wrong = |problem: String| Error::Policy { path: path.to_owned(), problem };
    if std::fs::metadata(path).map_err(failed)?.len() > POLICY_MAX {
        return Err(wrong(format!("it has more than {POLICY_MAX} bytes")));
    }
    let text = std::fs::read_to_string(path).map_err(failed)?;
    let policy: Policy = toml::from_str(&text).map_err(|cause| wrong(cause.message().to_owned()))?;
    match policy.problems().first() {
        Some(found) => Err(wrong(format!("{} {}; {}", found.key, found.problem, found.fix))),
        None => Ok(policy),
    }
}

/// Reads a moment from the command line.
///
/// # Errors
/// How it should look.
pub fn moment(text: &str) -> Result<Timestamp, String> {
    let at: jiff::Timestamp =
        text.parse().map_err(|_| format!("{text:?} is not a moment; write it like 2026-03-11T08:00:00Z"))?;
    Ok(Timestamp(at.as_millisecond()))
}
