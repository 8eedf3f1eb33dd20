//! CSS selectors, put into the steps that XPath is made of.

use super::{Axis, Comparison, Expression, Function, Path, PathError, Step, Steps, Test, syntax};

pub(super) fn parse(selector: &str) -> Result<Path, PathError> {
    let mut alternatives = Vec::new();
    let mut reader = Reader { whole: selector, rest: selector };
    loop {
        alternatives.push(reader.complex()?);
        if !reader.eat(",") {
            break;
        }
        reader.spaces();
    }
    if reader.rest.is_empty() {
        Ok(Path { alternatives })
    } else {
        Err(reader.wrong("this means nothing here"))
    }
}

struct Reader<'a> {
    whole: &'a str,
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn wrong(&self, why: &str) -> PathError {
        syntax(self.whole, self.whole.chars().count() - self.rest.chars().count(), why)
    }

    fn eat(&mut self, sign: &str) -> bool {
        let after = self.rest.strip_prefix(sign);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn spaces(&mut self) -> bool {
        let before = self.rest.len();
        self.rest = self.rest.trim_start();
        self.rest.len() < before
    }

    fn name(&mut self) -> Result<&'a str, PathError> {
        let in_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        let end = self.rest.find(|c: char| !in_name(c)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if name.is_empty() {
            return Err(self.wrong("a name is missing"));
        }
        self.rest = rest;
        Ok(name)
    }

    /// `a > b c`: the first part is looked for anywhere.
    fn complex(&mut self) -> Result<Steps, PathError> {
        let mut steps = vec![self.compound(Axis::DescendantOrSelf)?];
        loop {
            let spaced = self.spaces();
            if self.rest.is_empty() || self.rest.starts_with(',') {
                return Ok(Steps { absolute: false, steps });
            }
            let axis = if self.eat(">") {
                Axis::Child
            } else if self.eat("~") {
                Axis::FollowingSibling
            } else if self.eat("+") {
                return Err(self.wrong("`+` is not among the selectors that are read here"));
            } else if spaced {
                Axis::Descendant
            } else {
                return Err(self.wrong("this means nothing here"));
            };
            self.spaces();
            steps.push(self.compound(axis)?);
        }
    }

    fn compound(&mut self, axis: Axis) -> Result<Step, PathError> {
        let mut predicates = Vec::new();
        let any = self.eat("*") || self.rest.starts_with(['.', '#', '[', ':']);
        let test = if any { Test::AnyElement } else { Test::Name(self.name()?.to_owned()) };
        loop {
            if self.eat(".") {
                predicates.push(has_class(self.name()?));
            } else if self.eat("#") {
                predicates.push(equals("id", self.name()?));
            } else if self.eat("[") {
                predicates.push(self.attribute()?);
            } else if self.eat(":") {
                predicates.push(self.pseudo()?);
            } else {
                return Ok(Step { axis, test, predicates });
            }
        }
    }

    fn attribute(&mut self) -> Result<Expression, PathError> {
        self.spaces();
        let name = self.name()?;
        self.spaces();
        let sign = ["]", "=", "*=", "^=", "~="].into_iter().find(|sign| self.eat(sign));
        let Some(sign) = sign else {
            return Err(self.wrong("`=`, `*=`, `^=`, `~=` or `]` should stand here"));
        };
        if sign == "]" {
            return Ok(value_of(name));
        }
        self.spaces();
        let value = match self.rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            Some(quote) => {
                let inner = self.rest.get(1..).unwrap_or_default();
                let Some((value, rest)) = inner.split_once(quote) else {
                    return Err(self.wrong("the quote never ends"));
                };
                self.rest = rest;
                value
            }
            None => self.name()?,
        };
        self.spaces();
        if !self.eat("]") {
            return Err(self.wrong("`]` is missing"));
        }
        let text = || Expression::Text(value.to_owned());
        Ok(match sign {
            "=" => equals(name, value),
            "*=" => Expression::Function(Function::Contains, vec![value_of(name), text()]),
            "^=" => Expression::Function(Function::StartsWith, vec![value_of(name), text()]),
            _ => {
                let spaced = |inner| {
                    let space = || Expression::Text(" ".to_owned());
                    Expression::Function(Function::Concat, vec![space(), inner, space()])
                };
                let normal = Expression::Function(Function::NormalizeSpace, vec![value_of(name)]);
                Expression::Function(Function::Contains, vec![spaced(normal), spaced(text())])
            }
        })
    }

    fn pseudo(&mut self) -> Result<Expression, PathError> {
        let number = |function, number: f64| {
            let sides = (Expression::Function(function, Vec::new()), Expression::Number(number));
            Expression::Compare(Comparison::Equal, Box::new(sides))
        };
        let name = self.name()?;
        match name {
            "first-child" => Ok(number(Function::PositionOfChild, 1.0)),
            "last-child" => Ok(number(Function::ChildrenAfter, 0.0)),
            "first-of-type" => Ok(number(Function::PositionOfType, 1.0)),
            "nth-child" | "nth-of-type" => {
                let inner = self.rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
                let Some((place, rest)) = inner else {
                    return Err(self.wrong("a number in parentheses is missing"));
                };
                let Ok(place) = place.trim().parse::<u32>() else {
                    return Err(self.wrong("only plain numbers are read here"));
                };
                self.rest = rest;
                let function =
                    if name == "nth-child" { Function::PositionOfChild } else { Function::PositionOfType };
                Ok(number(function, f64::from(place)))
            }
            _ => Err(self.wrong("this pseudo class is not among those that are read here")),
        }
    }
}

fn value_of(attribute: &str) -> Expression {
    Expression::Nodes(Steps { absolute: false, steps: Vec::new() }, Some(attribute.to_owned()))
}

fn equals(attribute: &str, value: &str) -> Expression {
    let sides = (value_of(attribute), Expression::Text(value.to_owned()));
    Expression::Compare(Comparison::Equal, Box::new(sides))
}

fn has_class(class: &str) -> Expression {
    Expression::Function(Function::HasClass, vec![Expression::Text(class.to_owned())])
}
