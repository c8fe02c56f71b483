//! The value of an expression, as the AWS CLI finds it. The crate parses expressions and knows the functions; what it does
//! otherwise than the AWS CLI is done here: the order of members, and texts that are compared by `<` and its like.

use super::record::Orders;
use jmespath::ast::{Ast, Comparator};
use jmespath::{Context, DEFAULT_RUNTIME, JmespathError, Rcvar, Variable, interpret};
use serde_json::Value;

/// Evaluates one expression.
pub(super) struct Evaluator<'a> {
    orders: Orders,
    context: Context<'a>,
}

type Evaluated = Result<Rcvar, JmespathError>;

impl<'a> Evaluator<'a> {
    /// For the expression of this text, which mistakes are shown in.
    pub(super) fn new(text: &'a str) -> Self {
        Self { orders: Orders::default(), context: Context::new(text, &DEFAULT_RUNTIME) }
    }

    /// What an expression chooses from an answer.
    pub(super) fn choose(mut self, expression: &Ast, answer: &Value) -> Result<Value, JmespathError> {
        let answer = self.orders.of_json(answer);
        let chosen = self.value(&answer, expression)?;
        Ok(self.orders.to_json(&chosen))
    }

    fn value(&mut self, data: &Rcvar, node: &Ast) -> Evaluated {
        match node {
            Ast::MultiHash { .. } | Ast::MultiList { .. } if data.is_null() => Ok(null()),
            Ast::MultiHash { elements, .. } => {
                let members = elements.iter().map(|pair| Ok((pair.key.clone(), self.value(data, &pair.value)?)));
                let members = members.collect::<Result<_, JmespathError>>()?;
                Ok(self.orders.record(members))
            }
            Ast::MultiList { elements, .. } => {
                Ok(list(elements.iter().map(|element| self.value(data, element)).collect::<Result<_, _>>()?))
            }
            Ast::ObjectValues { node, .. } => {
                let record = self.value(data, node)?;
                Ok(self.values(&record).map_or_else(null, list))
            }
            Ast::Comparison { comparator, lhs, rhs, .. } => {
                let (left, right) = (self.value(data, lhs)?, self.value(data, rhs)?);
                Ok(compared(comparator, &left, &right).map_or_else(null, truth))
            }
            Ast::Function { offset, name, args } => {
                let args = args.iter().map(|arg| self.value(data, arg)).collect::<Result<Vec<_>, _>>()?;
                self.function(*offset, name, args)
            }
            Ast::Projection { lhs, rhs, .. } => {
                let left = self.value(data, lhs)?;
                let Some(items) = left.as_array() else { return Ok(null()) };
                let chosen = items.iter().map(|item| self.value(item, rhs)).collect::<Result<Vec<_>, _>>()?;
                Ok(list(chosen.into_iter().filter(|value| !value.is_null()).collect()))
            }
            Ast::Flatten { node, .. } => {
                let value = self.value(data, node)?;
                let Some(items) = value.as_array() else { return Ok(null()) };
                let flat = items.iter().flat_map(|item| item.as_array().cloned().unwrap_or_else(|| vec![item.clone()]));
                Ok(list(flat.collect()))
            }
            Ast::Condition { predicate, then, .. } => {
                if self.value(data, predicate)?.is_truthy() {
                    self.value(data, then)
                } else {
                    Ok(null())
                }
            }
            Ast::Or { lhs, rhs, .. } => {
                let left = self.value(data, lhs)?;
                if left.is_truthy() { Ok(left) } else { self.value(data, rhs) }
            }
            Ast::And { lhs, rhs, .. } => {
                let left = self.value(data, lhs)?;
                if left.is_truthy() { self.value(data, rhs) } else { Ok(left) }
            }
            Ast::Not { node, .. } => Ok(truth(!self.value(data, node)?.is_truthy())),
            Ast::Subexpr { lhs, rhs, .. } => {
                let left = self.value(data, lhs)?;
                self.value(&left, rhs)
            }
            // A step that leads beyond the end is as good as a longer one, which the crate does not bear.
            Ast::Slice { offset, start, stop, step } => {
                let most = data.as_array().map_or(1, |items| i32::try_from(items.len()).unwrap_or(i32::MAX).max(1));
                let step = (*step).clamp(-most, most);
                self.by_crate(data, &Ast::Slice { offset: *offset, start: *start, stop: *stop, step })
            }
            Ast::Field { .. } | Ast::Identity { .. } | Ast::Literal { .. } | Ast::Index { .. } | Ast::Expref { .. } => {
                self.by_crate(data, node)
            }
        }
    }

    fn by_crate(&mut self, data: &Rcvar, node: &Ast) -> Evaluated {
        interpret(data, node, &mut self.context)
    }

    /// A function of values. Those that look at the order of members, or make records, are ours.
    fn function(&mut self, offset: usize, name: &str, args: Vec<Rcvar>) -> Evaluated {
        match (name, args.as_slice()) {
            ("keys", [record]) if record.is_object() => {
                let members = self.orders.members(record).unwrap_or_default();
                Ok(list(members.into_iter().map(|(name, _)| Rcvar::new(Variable::String(name))).collect()))
            }
            ("values", [record]) if record.is_object() => Ok(list(self.values(record).unwrap_or_default())),
            ("merge", records @ [_, ..]) if records.iter().all(|record| record.is_object()) => {
                let members = records.iter().flat_map(|record| self.orders.members(record).unwrap_or_default());
                let members = members.collect();
                Ok(self.orders.record(members))
            }
            ("map", [expression, items]) if expression.is_expref() && items.is_array() => {
                let (Variable::Expref(node), Variable::Array(items)) = (&**expression, &**items) else {
                    return Ok(null());
                };
                Ok(list(items.iter().map(|item| self.value(item, node)).collect::<Result<_, _>>()?))
            }
            (_, _) => {
                let args = args.into_iter().map(|value| Ast::Literal { offset, value }).collect();
                self.by_crate(&null(), &Ast::Function { offset, name: name.to_owned(), args })
            }
        }
    }

    fn values(&self, record: &Rcvar) -> Option<Vec<Rcvar>> {
        let members = self.orders.members(record)?;
        Some(members.into_iter().map(|(_, value)| value).collect())
    }
}

/// The crate compares numbers only; times are texts.
fn compared(comparator: &Comparator, left: &Variable, right: &Variable) -> Option<bool> {
    let (Some(one), Some(other)) = (left.as_string(), right.as_string()) else {
        return left.compare(comparator, right);
    };
    Some(match comparator {
        Comparator::Equal => one == other,
        Comparator::NotEqual => one != other,
        Comparator::LessThan => one < other,
        Comparator::LessThanEqual => one <= other,
        Comparator::GreaterThan => one > other,
        Comparator::GreaterThanEqual => one >= other,
    })
}

fn null() -> Rcvar {
    Rcvar::new(Variable::Null)
}

fn truth(value: bool) -> Rcvar {
    Rcvar::new(Variable::Bool(value))
}

fn list(items: Vec<Rcvar>) -> Rcvar {
    Rcvar::new(Variable::Array(items))
}
