//! What an expression may use, and how much work it can make at most.

use std::collections::BTreeMap;

use kube_cel::cel::common::ast::{
    ComprehensionExpr, EntryExpr, Expr, IdedEntryExpr, IdedExpr, LiteralValue, operators,
};

use serde_json::Value;

use super::value::{Size, number};
use super::{FUNCTIONS, NAMES};

/// Values that may be looked at in one evaluation: well under a second.
pub(super) const MOST_WORK: f64 = 10_000_000.0;
/// How deep an expression may nest: it is evaluated on the stack.
const DEEPEST: usize = 48;
/// How many times `all`, `exists`, `exists_one`, `map` and `filter` may stand in each other.
const DEEPEST_LOOPS: usize = 3;

const OPERATORS: &[&str] = &[
    operators::CONDITIONAL,
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::SUBSTRACT,
    operators::ADD,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER_EQUALS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::LESS,
    operators::NEGATE,
    operators::INDEX,
    operators::OPT_INDEX,
    operators::OPT_SELECT,
    operators::NOT_STRICTLY_FALSE,
    operators::IN,
];

/// Whether an expression uses only what is known. The error says what it uses besides.
pub(super) fn check(expression: &IdedExpr) -> Result<(), String> {
    let mut names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    check_inner(expression, &mut names, 0, 0)
}

fn check_inner(expression: &IdedExpr, names: &mut Vec<String>, depth: usize, loops: usize) -> Result<(), String> {
    if depth > DEEPEST {
        return Err("the expression nests too deep: say it more shortly".to_owned());
    }
    match &expression.expr {
        Expr::Ident(name) if !names.contains(name) => {
            let known = NAMES.join("`, `");
            return Err(format!("the expression uses `{name}`, which is not there: use `{known}`"));
        }
        Expr::Call(call)
            if !OPERATORS.contains(&call.func_name.as_str()) && !FUNCTIONS.contains(&call.func_name.as_str()) =>
        {
            let known = FUNCTIONS.join("`, `");
            return Err(format!(
                "the expression uses `{}`, which is not there: use `{known}`, `has`, `all`, `exists`, `exists_one`, `map` or `filter`",
                call.func_name
            ));
        }
        Expr::Struct(_) | Expr::Unspecified => {
            return Err("the expression makes an object of a type, which is not supported".to_owned());
        }
        Expr::Comprehension(inner) => return check_loop(inner, names, depth, loops),
        _ => {}
    }
    parts(expression).into_iter().try_for_each(|part| check_inner(part, names, depth + 1, loops))
}

fn check_loop(inner: &ComprehensionExpr, names: &mut Vec<String>, depth: usize, loops: usize) -> Result<(), String> {
    if loops >= DEEPEST_LOOPS {
        return Err(format!("the expression goes through lists in lists more than {DEEPEST_LOOPS} deep"));
    }
    check_inner(&inner.iter_range, names, depth + 1, loops)?;
    check_inner(&inner.accu_init, names, depth + 1, loops)?;
    let outer = names.len();
    names.push(inner.iter_var.clone());
    names.push(inner.accu_var.clone());
    names.extend(inner.iter_var2.clone());
    let inside = [&inner.loop_cond, &inner.loop_step, &inner.result];
    inside.into_iter().try_for_each(|part| check_inner(part, names, depth + 1, loops + 1))?;
    names.truncate(outer);
    Ok(())
}

/// The parts of an expression that is no loop.
fn parts(expression: &IdedExpr) -> Vec<&IdedExpr> {
    match &expression.expr {
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => map.entries.iter().flat_map(entry_parts).collect(),
        Expr::Select(select) => vec![&*select.operand],
        _ => Vec::new(),
    }
}

fn entry_parts(entry: &IdedEntryExpr) -> Vec<&IdedExpr> {
    match &entry.expr {
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
        EntryExpr::StructField(field) => vec![&field.value],
    }
}

/// The work of an evaluation at most, in values that are looked at, for this object.
///
/// Every step may look at, and copy, all that it is given. A loop makes its steps once for each item, and what it gathers grows with
/// each of them.
pub(super) fn work(expression: &IdedExpr, object: &Value) -> f64 {
    let mut reckoning = Reckoning { object, work: 0.0 };
    reckoning.add(expression, &Names::new(), 1.0);
    reckoning.work
}

/// A part of the object that is named outright: `status.conditions`.
fn named<'a>(expression: &IdedExpr, names: &Names<'_>, object: &'a Value) -> Option<&'a Value> {
    match &expression.expr {
        Expr::Ident(name) if names.contains_key(name.as_str()) => None,
        Expr::Ident(name) if name == "object" => Some(object),
        Expr::Ident(name) => Some(object.get(name).unwrap_or(&Value::Null)),
        Expr::Select(select) => Some(named(&select.operand, names, object)?.get(&select.field).unwrap_or(&Value::Null)),
        _ => None,
    }
}

struct Reckoning<'o> {
    object: &'o Value,
    work: f64,
}

/// How large the variables of loops can be.
type Names<'a> = BTreeMap<&'a str, Size>;

impl Reckoning<'_> {
    /// Adds up the work of a part that is evaluated so many times. Gives how large its result can be.
    fn add(&mut self, expression: &IdedExpr, names: &Names<'_>, times: f64) -> Size {
        if let Expr::Comprehension(inner) = &expression.expr {
            return self.add_loop(inner, names, times);
        }
        if let Some(part) = named(expression, names, self.object) {
            let size = Size::of(part);
            self.work += times * (1.0 + size.weight);
            return size;
        }
        let given: Vec<Size> = parts(expression).into_iter().map(|part| self.add(part, names, times)).collect();
        let result = match &expression.expr {
            Expr::Ident(name) => names.get(name.as_str()).copied().unwrap_or(Size::ONE),
            Expr::Literal(LiteralValue::String(text)) => Size::of_text(text.inner().len()),
            Expr::List(_) | Expr::Map(_) => gathered(&given),
            Expr::Select(select) if select.test => Size::ONE,
            Expr::Call(call) if keeps(&call.func_name) => together(&given),
            Expr::Select(_) => together(&given),
            _ => Size::ONE,
        };
        self.work += times * (1.0 + result.weight + given.iter().map(|size| size.weight).sum::<f64>());
        result
    }

    fn add_loop(&mut self, inner: &ComprehensionExpr, names: &Names<'_>, times: f64) -> Size {
        let range = self.add(&inner.iter_range, names, times);
        let begin = self.add(&inner.accu_init, names, times);
        let rounds = range.length;
        let mut inside = names.clone();
        let item = Size { weight: range.item.max(1.0), length: range.length.min(range.item), item: range.item };
        inside.insert(&inner.iter_var, item);
        // What one round adds to what was gathered: its step, as if nothing had been gathered before.
        inside.insert(&inner.accu_var, Size { weight: 0.0, length: 0.0, item: 0.0 });
        let added = Self { object: self.object, work: 0.0 }.add(&inner.loop_step, &inside, 1.0);
        let gathered = Size {
            weight: begin.weight + rounds * added.weight,
            length: begin.length + rounds * added.length.max(1.0),
            item: begin.item.max(added.item),
        };
        inside.insert(&inner.accu_var, gathered);
        self.add(&inner.loop_cond, &inside, times * rounds);
        self.add(&inner.loop_step, &inside, times * rounds);
        self.add(&inner.result, &inside, times)
    }
}

/// Whether the result of a call holds what it was given; else it is a number or a yes or no.
fn keeps(function: &str) -> bool {
    const KEEP: &[&str] = &[
        operators::CONDITIONAL,
        operators::ADD,
        operators::INDEX,
        operators::OPT_INDEX,
        operators::OPT_SELECT,
        "string",
        "value",
        "orValue",
    ];
    KEEP.contains(&function)
}

/// Any of these, or all of them one after the other.
fn together(given: &[Size]) -> Size {
    Size {
        weight: given.iter().map(|size| size.weight).sum::<f64>().max(1.0),
        length: given.iter().map(|size| size.length).sum(),
        item: given.iter().map(|size| size.item).fold(0.0, f64::max),
    }
}

/// A list of these.
fn gathered(given: &[Size]) -> Size {
    let most = |of: fn(&Size) -> f64| given.iter().map(of).fold(0.0, f64::max);
    Size {
        weight: 1.0 + given.iter().map(|size| size.weight).sum::<f64>(),
        length: number(given.len()).max(most(|size| size.length)),
        item: most(|size| size.weight).max(most(|size| size.item)),
    }
}
