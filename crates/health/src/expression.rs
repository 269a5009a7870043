//! An expression in CEL about one object: read when the config is, evaluated within a bound.
//!
//! The language has no loops of its own, but lists in lists make work that grows without a limit, and the interpreter has no limit
//! either. So only functions are let in whose results are no larger than what they are given, and before each evaluation the work
//! that it may make is added up ([`bound`]) from the size of the object at hand. No clock is needed, and nothing has to be stopped.

mod bound;
mod value;

use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use kube_cel::cel::{Context, ParseErrors, Program, Value as Cel, functions};
use serde_json::Value;

/// An expression that could be read.
#[derive(Clone)]
pub struct Expression {
    source: String,
    program: Arc<Program>,
}

/// Why a text is no expression that may be evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadExpression {
    /// What is wrong, and what to do.
    pub message: String,
    /// Line and column in the expression, from 1, where known.
    pub at: Option<(u64, u64)>,
}

/// Why an evaluation gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// The object is too large for this expression.
    TooMuchWork,
    /// It could not be evaluated: mostly a field that is not there (yet).
    Error(String),
}

/// The longest expression. One that people can read is shorter.
const LONGEST: usize = 1_000;
/// Operators, dots and brackets in one expression, all together: they bound how deep it can nest.
const MOST_OPERATORS: usize = 200;
/// Brackets in each other; the reader takes much longer with each.
const DEEPEST_BRACKETS: usize = 20;
/// The stack that an expression of that many operators is read on; what of it is not used costs nothing.
const STACK: usize = 64 * 1024 * 1024;
/// The names that an expression may use for the object and its parts.
pub(crate) const NAMES: &[&str] = &["object", "metadata", "spec", "status"];

impl Expression {
    /// Reads an expression and checks that what it uses is known.
    pub fn parse(source: &str) -> Result<Self, BadExpression> {
        let bad = |message: String| BadExpression { message, at: None };
        if source.len() > LONGEST {
            let length = source.len();
            return Err(bad(format!("the expression has {length} bytes, the limit is {LONGEST}: say it more shortly")));
        }
        if operators(source) > MOST_OPERATORS {
            return Err(bad(format!("the expression has more than {MOST_OPERATORS} operators: say it more shortly")));
        }
        if nesting(source) > DEEPEST_BRACKETS {
            return Err(bad(format!("the expression has more than {DEEPEST_BRACKETS} brackets in each other")));
        }
        let program = read_aside(source)?;
        Ok(Self { source: source.to_owned(), program: Arc::new(program) })
    }

    /// Whether it holds for an object.
    pub(crate) fn holds(&self, object: &Value) -> Result<bool, NoAnswer> {
        match self.evaluate(object)? {
            Cel::Bool(holds) => Ok(holds),
            other => Err(NoAnswer::Error(format!("it gives a {}, not true or false", other.type_of()))),
        }
    }

    /// The text that it makes of an object.
    pub(crate) fn text(&self, object: &Value) -> Result<String, NoAnswer> {
        match self.evaluate(object)? {
            Cel::String(text) => Ok(text.to_string()),
            other => Err(NoAnswer::Error(format!("it gives a {}, not a text", other.type_of()))),
        }
    }

    fn evaluate(&self, object: &Value) -> Result<Cel, NoAnswer> {
        if bound::work(self.program.expression(), object) > bound::MOST_WORK {
            return Err(NoAnswer::TooMuchWork);
        }
        let mut context = context();
        let references = self.program.references();
        for name in NAMES.iter().filter(|name| references.has_variable(name)) {
            let part = if *name == "object" { Some(object) } else { object.get(*name) };
            // What is not there is empty, so that asking for a field of it is an error and no answer.
            let part = part.map_or_else(|| Cel::Map(HashMap::<String, Cel>::new().into()), value::to_cel);
            context.add_variable_from_value(*name, part);
        }
        let evaluated = catch_unwind(AssertUnwindSafe(|| self.program.execute(&context)));
        let evaluated = evaluated.map_err(|_| NoAnswer::Error("it can't be evaluated".to_owned()))?;
        // The words of an error hold values, and an object may hold secrets or be long.
        evaluated.map_err(|error| NoAnswer::Error(crate::words::short(&error.to_string())))
    }
}

/// Reads an expression on a stack of its own: the reader calls itself for every bracket, and a stack that is full ends the
/// whole program. It is generated, and has given up by a panic before; that must not end more than this reading either.
fn read_aside(source: &str) -> Result<Program, BadExpression> {
    let unreadable = || BadExpression { message: "the expression can't be read".to_owned(), at: None };
    std::thread::scope(|scope| {
        let reading = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || {
            let program = Program::compile(source).map_err(|errors| first(&errors))?;
            bound::check(program.expression()).map_err(|message| BadExpression { message, at: None })?;
            Ok(program)
        });
        reading.map_err(|_| unreadable())?.join().map_err(|_| unreadable())?
    })
}

/// Only what is let in. None of these makes more of what it is given.
fn context() -> Context<'static> {
    let mut context = Context::empty();
    context.add_function("contains", functions::contains);
    context.add_function("size", functions::size);
    context.add_function("startsWith", functions::starts_with);
    context.add_function("endsWith", functions::ends_with);
    context.add_function("string", functions::string);
    context.add_function("double", functions::double);
    context.add_function("int", functions::int);
    context.add_function("value", functions::optional_value);
    context.add_function("hasValue", functions::optional_has_value);
    context.add_function("orValue", functions::optional_or_value);
    context
}

/// The functions of [`context`].
const FUNCTIONS: &[&str] =
    &["contains", "size", "startsWith", "endsWith", "string", "double", "int", "value", "hasValue", "orValue"];

/// How many brackets are open at once, those in texts counted too.
fn nesting(source: &str) -> usize {
    let (mut open, mut most) = (0_usize, 0);
    for byte in source.bytes() {
        match byte {
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        most = most.max(open);
    }
    most
}

fn operators(source: &str) -> usize {
    source.bytes().filter(|byte| b"+-*/%&|<>=!?:.,[({".contains(byte)).count()
}

fn first(errors: &ParseErrors) -> BadExpression {
    let Some(error) = errors.errors.first() else {
        return BadExpression { message: "the expression can't be read".to_owned(), at: None };
    };
    let (line, column) = error.pos;
    let from_one = |n: isize| u64::try_from(n).ok().filter(|n| *n > 0);
    // The reader counts columns from 0.
    let at = from_one(line).zip(from_one(column + 1));
    BadExpression { message: format!("the expression can't be read: {}", crate::words::short(&error.msg)), at }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Expression {}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({})", self.source)
    }
}

impl fmt::Display for BadExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some((line, column)) => write!(f, "{} (line {line}, column {column} of it)", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for BadExpression {}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMuchWork => f.write_str("the object is too large for this rule"),
            Self::Error(why) => f.write_str(why),
        }
    }
}

#[cfg(test)]
mod tests;
