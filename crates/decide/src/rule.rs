//! Rules in CEL, written by a shop's staff and never taken from the public. They are bounded before they are read, may
//! name only what is listed here, and an error in one is a refusal.

use std::fmt;
use std::sync::{Arc, LazyLock};

use cel::common::ast::{EntryExpr, Expr, IdedExpr};
use cel::{Context as Scope, Env, Program, Value};
use model::offer::Channel;
use model::units::Cents;

use crate::evaluate::Context;
use crate::gates::Case;
use crate::rank;
use crate::scene::Scene;

/// Longest rule, in bytes.
pub const LEN_MAX: usize = 512;
/// Most words and signs of a rule.
pub const TOKENS_MAX: usize = 200;
/// Deepest nesting of brackets.
pub const DEPTH_MAX: usize = 8;
/// Most signs that open, close or negate next to each other.
pub const RUN_MAX: usize = 3;
/// From so many bytes on at most a quarter may be brackets.
pub const DENSE_FROM: usize = 32;

/// What a rule may read of the moment and the customer.
pub const OF_CUSTOMER: [&str; 16] = [
    "channel",
    "company",
    "crowding",
    "dwell_s",
    "fatigue",
    "hour",
    "relationship",
    "returns",
    "spend",
    "speed",
    "store",
    "told_today",
    "trigger",
    "visits",
    "weekday",
    "zone",
];
/// What the rule of an offer may read beside it.
pub const OF_OFFER: [&str; 9] =
    ["bought_days", "brand", "category", "discount", "intent", "margin", "price", "product", "segment"];
/// The days since a purchase that never was.
pub const NEVER_BOUGHT: f64 = 100_000.0;

const OPERATORS: [&str; 18] = [
    "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "_&&_", "_||_", "!_", "-_", "_+_", "_-_", "_*_", "_/_", "_%_",
    "_?_:_", "_[_]", "@in",
];
const FUNCTIONS: [&str; 5] = ["@not_strictly_false", "size", "startsWith", "endsWith", "contains"];

/// Everything that CEL knows by itself; costly to build, so it is built once.
static WORDS: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// Why a rule can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// It is too long, too deep or too dense to be read safely.
    #[error("the rule is {what}; write it shorter, or as two offers")]
    Bound {
        /// Which bound.
        what: &'static str,
    },
    /// It is not CEL.
    #[error("the rule can't be read: {problem}")]
    Syntax {
        /// What the parser says.
        problem: String,
    },
    /// It names something that there is not.
    #[error("the rule names {name:?}, which there is not; see docs/shop.md for what a rule may read")]
    Unknown {
        /// The name.
        name: String,
    },
    /// It goes through a list within going through a list.
    #[error("the rule goes through more than one list; one is allowed")]
    Nested,
}

/// A rule, ready to be asked.
#[derive(Clone)]
pub struct Rule {
    program: Arc<Program>,
    text: Arc<str>,
    reads: Vec<&'static str>,
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rule").field(&self.text).finish()
    }
}

impl Rule {
    /// Reads a rule.
    ///
    /// # Errors
    /// [`RuleError`] says what is wrong with it.
    pub fn compile(text: &str) -> Result<Self, RuleError> {
        bounds(text)?;
        let problem =
            |cause: &dyn fmt::Display| RuleError::Syntax { problem: cause.to_string().chars().take(200).collect() };
        let program = WORDS.compile(text).map_err(|cause| problem(&cause))?;
        let mut lists = 0;
        count_lists(program.expression(), &mut lists);
        if lists > 1 {
            return Err(RuleError::Nested);
        }
        let reads = known(&program, lists > 0)?;
        Ok(Self { program: Arc::new(program), text: Arc::from(text), reads })
    }

    /// Whether it holds. What is not known makes it fail.
    ///
    /// # Errors
    /// What went wrong, in a few words; count it as a refusal.
    pub fn holds(&self, facts: &Facts<'_>) -> Result<bool, String> {
        let mut scope = Scope::with_env(Arc::clone(&WORDS));
        for name in &self.reads {
            let value = facts.value(name).ok_or_else(|| format!("{name} is not known"))?;
            scope.add_variable_from_value(*name, value);
        }
        match self.program.execute(&scope) {
            Ok(Value::Bool(holds)) => Ok(holds),
            Ok(_) => Err("it is neither true nor false".to_owned()),
            Err(cause) => Err(cause.to_string()),
        }
    }

    /// What it reads, in the order of the alphabet.
    #[must_use]
    pub fn reads(&self) -> &[&'static str] {
        &self.reads
    }
}

/// Refuses before the parser sees it what could take it long or deep.
fn bounds(text: &str) -> Result<(), RuleError> {
    let over = |is: bool, what| if is { Err(RuleError::Bound { what }) } else { Ok(()) };
    over(text.trim().is_empty(), "empty")?;
    over(text.len() > LEN_MAX, "longer than 512 bytes")?;
    let opens = |c: char| matches!(c, '(' | '[' | '{');
    let closes = |c: char| matches!(c, ')' | ']' | '}');
    let (mut depth, mut deepest, mut run, mut longest, mut brackets, mut tokens) = (0_usize, 0, 0, 0, 0_usize, 0_usize);
    let mut in_word = false;
    for c in text.chars() {
        let word = c.is_alphanumeric() || c == '_' || c == '.';
        tokens += usize::from(!(c.is_whitespace() || word && in_word));
        in_word = word;
        depth = if opens(c) { depth + 1 } else { depth.saturating_sub(usize::from(closes(c))) };
        deepest = deepest.max(depth);
        brackets += usize::from(opens(c) || closes(c));
        if !c.is_whitespace() {
            run = if opens(c) || closes(c) || matches!(c, '!' | '-') { run + 1 } else { 0 };
            longest = longest.max(run);
        }
    }
    over(tokens > TOKENS_MAX, "longer than 200 words and signs")?;
    over(deepest > DEPTH_MAX, "nested more than 8 deep")?;
    over(longest > RUN_MAX, "holding more than 3 brackets or negations in a row")?;
    over(text.len() >= DENSE_FROM && brackets * 4 >= text.len(), "a quarter or more of brackets")
}

/// Every name that a rule reads, when all of them are known.
fn known(program: &Program, lists: bool) -> Result<Vec<&'static str>, RuleError> {
    let references = program.references();
    let unknown = |name: &str| RuleError::Unknown { name: name.chars().take(64).collect() };
    let mut functions = references.functions();
    functions.sort_unstable();
    if let Some(name) = functions.into_iter().find(|name| !OPERATORS.contains(name) && !FUNCTIONS.contains(name)) {
        return Err(unknown(name));
    }
    let mut variables = references.variables();
    variables.sort_unstable();
    let mut reads = Vec::new();
    let mut own = 0;
    for name in variables {
        match OF_CUSTOMER.iter().chain(&OF_OFFER).find(|known| **known == name) {
            Some(known) => reads.push(*known),
            // Going through a list brings a name of its own and the one that collects.
            None if lists && (name.starts_with('@') || name.starts_with("__")) => {}
            None if lists && own == 0 => own += 1,
            None => return Err(unknown(name)),
        }
    }
    Ok(reads)
}

fn count_lists(node: &IdedExpr, lists: &mut usize) {
    let entry = |entry: &EntryExpr, lists: &mut usize| match entry {
        EntryExpr::StructField(field) => count_lists(&field.value, lists),
        EntryExpr::MapEntry(pair) => {
            count_lists(&pair.key, lists);
            count_lists(&pair.value, lists);
        }
    };
    match &node.expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
        Expr::Call(call) => {
            call.target.iter().for_each(|target| count_lists(target, lists));
            call.args.iter().for_each(|arg| count_lists(arg, lists));
        }
        Expr::Comprehension(all) => {
            *lists += 1;
            for part in [&all.iter_range, &all.accu_init, &all.loop_cond, &all.loop_step, &all.result] {
                count_lists(part, lists);
            }
        }
        Expr::List(list) => list.elements.iter().for_each(|element| count_lists(element, lists)),
        Expr::Map(map) => map.entries.iter().for_each(|one| entry(&one.expr, lists)),
        Expr::Select(select) => count_lists(&select.operand, lists),
        Expr::Struct(named) => named.entries.iter().for_each(|one| entry(&one.expr, lists)),
    }
}

/// What a rule may read, found when it is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    context: &'a Context<'a>,
    scene: &'a Scene<'a>,
    case: Option<&'a Case<'a>>,
}

impl<'a> Facts<'a> {
    /// For the rule of a segment.
    #[must_use]
    pub const fn of_customer(context: &'a Context<'a>, scene: &'a Scene<'a>) -> Self {
        Self { context, scene, case: None }
    }

    /// For the rule of an offer.
    #[must_use]
    pub const fn of_offer(case: &'a Case<'a>) -> Self {
        Self { context: case.context, scene: case.scene, case: Some(case) }
    }

    fn value(&self, name: &str) -> Option<Value> {
        let (context, scene, moment) = (self.context, self.scene, &self.context.moment);
        let person = context.person;
        match name {
            "channel" => Some(channel(moment.channel).into()),
            "company" => {
                let company = moment.around.company.as_ref()?;
                company.within(crate::features::PEOPLE_AGE, context.now).map(|others| Value::Int(i64::from(*others)))
            }
            "crowding" => scene.crowding.map(Value::Float),
            "dwell_s" => Some(Value::Float(moment.dwell.as_seconds())),
            "fatigue" => Some(Value::Float(scene.fatigue)),
            "hour" => Some(Value::Int(i64::from(scene.local.hour()))),
            "relationship" => Some(Value::Float(person.relationship(context.history, context.now))),
            "returns" => Some(Value::Int(i64::from(person.returns))),
            "spend" => Some(Value::Float(person.spend)),
            "speed" => scene.speed.map(Value::Float),
            "store" => Some(moment.store.as_str().into()),
            "told_today" => Some(Value::Int(i64::from(Scene::within(scene.contacts.iter(), 24, context.now)))),
            "trigger" => Some(moment.trigger.name().into()),
            "visits" => Some(Value::Int(i64::from(person.visits))),
            "weekday" => Some(Value::Int(i64::from(scene.local.weekday().to_monday_one_offset()))),
            "zone" => Some(moment.zone.as_str().into()),
            _ => self.of_case(self.case?, name),
        }
    }

    fn of_case(&self, case: &Case<'_>, name: &str) -> Option<Value> {
        let catalogue = self.context.catalogue;
        let product = || rank::wanted_product(case);
        let amount = |amount: Cents| Value::Int(amount.0);
        match name {
            "bought_days" => {
                let bought = self.context.history.bought().get(&product()?.id);
                let days = |at| self.context.now.since(at).as_seconds() / 86_400.0;
                Some(Value::Float(bought.map_or(NEVER_BOUGHT, |bought| days(bought.at))))
            }
            "brand" => Some(catalogue.brand_of(case.index).unwrap_or("").into()),
            "category" => Some(catalogue.category_of(case.index).map_or("", |category| category.as_str()).into()),
            "discount" => Some(amount(case.offer.discount)),
            "intent" => Some(Value::Float(case.intent)),
            "margin" => product().map(|product| Value::Float(rank::margin(product))),
            "price" => product().map(|product| amount(product.price)),
            "product" => product().map(|product| product.id.as_str().into()),
            "segment" => {
                let own = self.scene.segment(self.context);
                Some(own.map_or("", |index| catalogue.segments[index].id.as_str()).into())
            }
            _ => None,
        }
    }
}

const fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Push => "push",
        Channel::Web => "web",
        Channel::Kiosk => "kiosk",
        Channel::Screen => "screen",
        Channel::Till => "till",
    }
}

#[cfg(test)]
mod tests;
