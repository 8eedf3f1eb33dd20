//! XPath as a value.

use super::{
    Axis, Comparison, Expression, Function, Path, PathError, Step, Steps, Test,
    lexer::{Word, words},
    syntax,
};

/// Deepest nesting of predicates and parentheses.
const DEPTH_MAX: usize = 20;

pub(super) fn parse(path: &str) -> Result<Path, PathError> {
    let words = words(path)?;
    let mut parser = Parser { path, words, at: 0, depth: 0 };
    let mut alternatives = vec![parser.location(false)?.0];
    while parser.eat("|") {
        alternatives.push(parser.location(false)?.0);
    }
    match parser.words.get(parser.at) {
        None => Ok(Path { alternatives }),
        Some(_) => Err(parser.wrong("the path should end here")),
    }
}

struct Parser<'a> {
    path: &'a str,
    words: Vec<(Word, usize)>,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Word> {
        self.words.get(self.at).map(|(word, _)| word)
    }

    fn peek_second(&self) -> Option<&Word> {
        self.words.get(self.at + 1).map(|(word, _)| word)
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Word::Sign(found)) if *found == sign)
    }

    fn eat(&mut self, sign: &str) -> bool {
        let found = self.is(sign);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), PathError> {
        if self.eat(sign) { Ok(()) } else { Err(self.wrong(format!("`{sign}` is missing"))) }
    }

    fn wrong(&self, why: impl Into<String>) -> PathError {
        let end = self.path.chars().count();
        syntax(self.path, self.words.get(self.at).map_or(end, |(_, place)| *place), why)
    }

    fn name(&mut self) -> Option<String> {
        let Some(Word::Name(name)) = self.peek() else { return None };
        let name = name.clone();
        self.at += 1;
        Some(name)
    }

    /// A path; inside predicates it may end in an attribute.
    fn location(&mut self, may_be_attribute: bool) -> Result<(Steps, Option<String>), PathError> {
        let mut steps = Vec::new();
        let absolute = self.is("/") || self.is("//");
        if self.eat("//") {
            steps.push(anywhere());
        } else if self.eat("/") && !self.begins_step() {
            return Ok((Steps { absolute, steps }, None));
        }
        loop {
            if self.eat("@") {
                if !may_be_attribute {
                    return Err(self.wrong("the path names an attribute, not an element"));
                }
                let name = if self.eat("*") { Some("*".to_owned()) } else { self.name() };
                let name = name.ok_or_else(|| self.wrong("the attribute has no name"))?;
                return Ok((Steps { absolute, steps }, Some(name)));
            }
            steps.push(self.step()?);
            if self.eat("//") {
                steps.push(anywhere());
            } else if !self.eat("/") {
                return Ok((Steps { absolute, steps }, None));
            }
        }
    }

    fn begins_step(&self) -> bool {
        matches!(self.peek(), Some(Word::Name(_) | Word::Sign("*" | "." | ".." | "@")))
    }

    fn step(&mut self) -> Result<Step, PathError> {
        if self.eat("..") {
            return Ok(Step { axis: Axis::Parent, test: Test::AnyNode, predicates: Vec::new() });
        }
        if self.eat(".") {
            let predicates = self.predicates()?;
            return Ok(Step { axis: Axis::Itself, test: Test::AnyNode, predicates });
        }
        let mut axis = Axis::Child;
        if matches!(self.peek_second(), Some(Word::Sign("::"))) {
            let name = self.name().unwrap_or_default();
            axis = axis_of(&name).ok_or_else(|| self.wrong(format!("there is no axis `{name}` here")))?;
            self.at += 1;
        }
        let test = self.test()?;
        Ok(Step { axis, test, predicates: self.predicates()? })
    }

    fn test(&mut self) -> Result<Test, PathError> {
        if self.eat("*") {
            return Ok(Test::AnyElement);
        }
        let Some(name) = self.name() else { return Err(self.wrong("the name of an element is missing")) };
        if !self.eat("(") {
            return Ok(Test::Name(name));
        }
        self.expect(")")?;
        match name.as_str() {
            "text" => Ok(Test::Text),
            "node" => Ok(Test::AnyNode),
            _ => Err(self.wrong(format!("`{name}()` names no nodes"))),
        }
    }

    fn predicates(&mut self) -> Result<Vec<Expression>, PathError> {
        let mut predicates = Vec::new();
        while self.eat("[") {
            predicates.push(self.expression()?);
            self.expect("]")?;
        }
        Ok(predicates)
    }

    fn expression(&mut self) -> Result<Expression, PathError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.wrong("the path is nested too deep"));
        }
        let mut either = vec![self.both()?];
        while self.eat_word("or") {
            either.push(self.both()?);
        }
        self.depth -= 1;
        Ok(one_or(either, Expression::Or))
    }

    fn both(&mut self) -> Result<Expression, PathError> {
        let mut all = vec![self.comparison()?];
        while self.eat_word("and") {
            all.push(self.comparison()?);
        }
        Ok(one_or(all, Expression::And))
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Word::Name(name)) if name == word);
        self.at += usize::from(found);
        found
    }

    fn comparison(&mut self) -> Result<Expression, PathError> {
        let left = self.operand()?;
        let sign = match self.peek() {
            Some(Word::Sign("=")) => Comparison::Equal,
            Some(Word::Sign("!=")) => Comparison::Different,
            Some(Word::Sign("<")) => Comparison::Less,
            Some(Word::Sign("<=")) => Comparison::LessOrEqual,
            Some(Word::Sign(">")) => Comparison::Greater,
            Some(Word::Sign(">=")) => Comparison::GreaterOrEqual,
            _ => return Ok(left),
        };
        self.at += 1;
        Ok(Expression::Compare(sign, Box::new((left, self.operand()?))))
    }

    fn operand(&mut self) -> Result<Expression, PathError> {
        match self.peek() {
            Some(Word::Number(number)) => {
                let number = *number;
                self.at += 1;
                Ok(Expression::Number(number))
            }
            Some(Word::Text(text)) => {
                let text = text.clone();
                self.at += 1;
                Ok(Expression::Text(text))
            }
            Some(Word::Sign("(")) => {
                self.at += 1;
                let inner = self.expression()?;
                self.expect(")")?;
                Ok(inner)
            }
            Some(Word::Name(name))
                if matches!(self.peek_second(), Some(Word::Sign("("))) && !is_node_test(name) =>
            {
                self.function()
            }
            _ => {
                let (steps, attribute) = self.location(true)?;
                Ok(Expression::Nodes(steps, attribute))
            }
        }
    }

    fn function(&mut self) -> Result<Expression, PathError> {
        let name = self.name().unwrap_or_default();
        let Some((function, least, most)) = function_of(&name) else {
            return Err(self.wrong(format!("there is no function `{name}` here")));
        };
        self.expect("(")?;
        let mut arguments = Vec::new();
        while !self.eat(")") {
            if !arguments.is_empty() {
                self.expect(",")?;
            }
            arguments.push(self.expression()?);
        }
        if arguments.len() < least || arguments.len() > most {
            return Err(self.wrong(format!("`{name}` does not take {} arguments", arguments.len())));
        }
        Ok(Expression::Function(function, arguments))
    }
}

fn is_node_test(name: &str) -> bool {
    matches!(name, "text" | "node")
}

fn anywhere() -> Step {
    Step { axis: Axis::DescendantOrSelf, test: Test::AnyNode, predicates: Vec::new() }
}

fn one_or(mut list: Vec<Expression>, several: fn(Vec<Expression>) -> Expression) -> Expression {
    match (list.len(), list.pop()) {
        (1, Some(one)) => one,
        (_, last) => {
            list.extend(last);
            several(list)
        }
    }
}

fn axis_of(name: &str) -> Option<Axis> {
    Some(match name {
        "child" => Axis::Child,
        "descendant" => Axis::Descendant,
        "descendant-or-self" => Axis::DescendantOrSelf,
        "self" => Axis::Itself,
        "parent" => Axis::Parent,
        "ancestor" => Axis::Ancestor,
        "ancestor-or-self" => Axis::AncestorOrSelf,
        "following-sibling" => Axis::FollowingSibling,
        "preceding-sibling" => Axis::PrecedingSibling,
        _ => return None,
    })
}

/// The function and how many arguments it takes.
fn function_of(name: &str) -> Option<(Function, usize, usize)> {
    Some(match name {
        "position" => (Function::Position, 0, 0),
        "last" => (Function::Last, 0, 0),
        "not" => (Function::Not, 1, 1),
        "contains" => (Function::Contains, 2, 2),
        "starts-with" => (Function::StartsWith, 2, 2),
        "normalize-space" => (Function::NormalizeSpace, 0, 1),
        "string" => (Function::String, 0, 1),
        "string-length" => (Function::StringLength, 0, 1),
        "concat" => (Function::Concat, 2, 20),
        "count" => (Function::Count, 1, 1),
        "name" | "local-name" => (Function::Name, 0, 0),
        "translate" => (Function::Translate, 3, 3),
        "true" => (Function::True, 0, 0),
        "false" => (Function::False, 0, 0),
        "hasclass" => (Function::HasClass, 1, 10),
        _ => return None,
    })
}
