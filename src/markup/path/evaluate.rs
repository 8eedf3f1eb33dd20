//! Looking for the nodes that a path names.

use super::{
    Axis, Expression, Path, PathError, Step, Steps, Test,
    functions::{Value, called, compared},
};
use crate::markup::tree::{Document, Kind, NodeId};

/// Most nodes that one path may look at: a page has thousands, and nested searches multiply.
const LOOKS_MAX: usize = 1_000_000;

/// Where a path is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// The whole text, as if it stood in a `div`: `/div/section[1]`.
    Text,
    /// One element: it is the only child of the root, and relative paths begin at it.
    Element(NodeId),
}

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Above everything.
    Top,
    /// The `div` around the whole text, which is not in the text.
    Frame,
    Node(NodeId),
}

pub(super) fn find(path: &Path, document: &Document<'_>, within: Within) -> Result<Vec<Place>, PathError> {
    let mut found = Search { document, within, framed: true, looks: 0 }.all(path);
    // People also write absolute paths without the `div` that only the editor sees.
    if within == Within::Text && matches!(&found, Ok(places) if places.is_empty()) {
        found = Search { document, within, framed: false, looks: 0 }.all(path);
    }
    found.map_err(|Costly| PathError::TooCostly { path: shown(path) })
}

fn shown(path: &Path) -> String {
    format!("with {} steps", path.alternatives.iter().map(|steps| steps.steps.len()).sum::<usize>())
}

/// The search looked at too much.
#[derive(Debug)]
pub(super) struct Costly;

pub(super) struct Search<'d, 'a> {
    pub(super) document: &'d Document<'a>,
    within: Within,
    /// Does the `div` around the text count?
    framed: bool,
    looks: usize,
}

/// One of several candidates.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) place: Place,
    /// From 1.
    pub(super) position: usize,
    pub(super) last: usize,
}

impl Search<'_, '_> {
    fn all(&mut self, path: &Path) -> Result<Vec<Place>, Costly> {
        let start = match self.within {
            Within::Text if self.framed => Place::Frame,
            Within::Text => Place::Top,
            Within::Element(id) => Place::Node(id),
        };
        let mut found = Vec::new();
        for steps in &path.alternatives {
            found.extend(self.follow(steps, start)?);
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// In document order, each once.
    pub(super) fn follow(&mut self, steps: &Steps, from: Place) -> Result<Vec<Place>, Costly> {
        let mut current = vec![if steps.absolute { Place::Top } else { from }];
        for step in &steps.steps {
            let mut next = Vec::new();
            for place in current {
                next.extend(self.step(step, place)?);
            }
            next.sort_unstable();
            next.dedup();
            current = next;
        }
        Ok(current)
    }

    /// The nodes of one step, nearest first where the axis goes backwards, as positions count.
    fn step(&mut self, step: &Step, from: Place) -> Result<Vec<Place>, Costly> {
        let mut places = Vec::new();
        for place in self.along(step.axis, from)? {
            if self.passes(&step.test, place) {
                places.push(place);
            }
        }
        for predicate in &step.predicates {
            let last = places.len();
            let mut kept = Vec::with_capacity(last);
            for (index, place) in places.into_iter().enumerate() {
                let candidate = Candidate { place, position: index + 1, last };
                let holds = match self.value(predicate, candidate)? {
                    Value::Number(number) => number == candidate.position as f64,
                    other => other.holds(),
                };
                if holds {
                    kept.push(place);
                }
            }
            places = kept;
        }
        Ok(places)
    }

    pub(super) fn look(&mut self, count: usize) -> Result<(), Costly> {
        self.looks = self.looks.saturating_add(count);
        if self.looks > LOOKS_MAX { Err(Costly) } else { Ok(()) }
    }

    fn along(&mut self, axis: Axis, from: Place) -> Result<Vec<Place>, Costly> {
        let places = match axis {
            Axis::Itself => vec![from],
            Axis::Child => self.children(from),
            Axis::Descendant => self.descendants(from),
            Axis::DescendantOrSelf => {
                let mut places = vec![from];
                places.extend(self.descendants(from));
                places
            }
            Axis::Parent => self.parent(from).into_iter().collect(),
            Axis::Ancestor => std::iter::successors(self.parent(from), |place| self.parent(*place)).collect(),
            Axis::AncestorOrSelf => std::iter::successors(Some(from), |place| self.parent(*place)).collect(),
            Axis::FollowingSibling => self.siblings(from, true),
            Axis::PrecedingSibling => self.siblings(from, false),
        };
        self.look(places.len() + 1)?;
        Ok(places)
    }

    fn children(&self, from: Place) -> Vec<Place> {
        let of = |id: NodeId| self.document.children(id).iter().map(|id| Place::Node(*id)).collect();
        match (from, self.within) {
            (Place::Top, Within::Element(id)) => vec![Place::Node(id)],
            (Place::Top, Within::Text) if self.framed => vec![Place::Frame],
            (Place::Top | Place::Frame, _) => of(self.document.root()),
            (Place::Node(id), _) => of(id),
        }
    }

    fn descendants(&self, from: Place) -> Vec<Place> {
        let of = |id: NodeId| self.document.within(id).skip(1).map(Place::Node);
        match (from, self.within) {
            (Place::Node(id), _) => of(id).collect(),
            (Place::Top, Within::Element(id)) => self.document.within(id).map(Place::Node).collect(),
            (Place::Top, Within::Text) if self.framed => {
                std::iter::once(Place::Frame).chain(of(self.document.root())).collect()
            }
            (Place::Top | Place::Frame, _) => of(self.document.root()).collect(),
        }
    }

    pub(super) fn parent(&self, from: Place) -> Option<Place> {
        match (from, self.within) {
            (Place::Top, _) => None,
            (Place::Frame, _) => Some(Place::Top),
            (Place::Node(id), Within::Element(outermost)) if id == outermost => Some(Place::Top),
            (Place::Node(id), _) => {
                let parent = self.document.parent(id)?;
                let at_top = matches!(self.document.node(parent).kind, Kind::Root);
                Some(match (at_top, self.framed) {
                    (false, _) => Place::Node(parent),
                    (true, true) => Place::Frame,
                    (true, false) => Place::Top,
                })
            }
        }
    }

    pub(super) fn siblings(&self, from: Place, after: bool) -> Vec<Place> {
        let siblings = self.parent(from).map(|parent| self.children(parent)).unwrap_or_default();
        if after {
            siblings.into_iter().filter(|place| *place > from).collect()
        } else {
            siblings.into_iter().rev().filter(|place| *place < from).collect()
        }
    }

    fn passes(&self, test: &Test, place: Place) -> bool {
        match (test, place) {
            (Test::AnyNode, _) => true,
            (Test::AnyElement, Place::Frame) => true,
            (Test::Name(name), Place::Frame) => name == "div",
            (_, Place::Top) | (Test::Text, Place::Frame) => false,
            (Test::AnyElement, Place::Node(id)) => self.document.element(id).is_some(),
            (Test::Name(name), Place::Node(id)) => self.document.is(id, name),
            (Test::Text, Place::Node(id)) => {
                matches!(self.document.node(id).kind, Kind::Text | Kind::CharacterData(_))
            }
        }
    }

    pub(super) fn value(&mut self, expression: &Expression, candidate: Candidate) -> Result<Value, Costly> {
        Ok(match expression {
            Expression::Number(number) => Value::Number(*number),
            Expression::Text(text) => Value::Text(text.clone()),
            Expression::Or(either) => {
                for one in either {
                    if self.value(one, candidate)?.holds() {
                        return Ok(Value::Truth(true));
                    }
                }
                Value::Truth(false)
            }
            Expression::And(all) => {
                for one in all {
                    if !self.value(one, candidate)?.holds() {
                        return Ok(Value::Truth(false));
                    }
                }
                Value::Truth(true)
            }
            Expression::Compare(how, sides) => {
                let left = self.value(&sides.0, candidate)?;
                let right = self.value(&sides.1, candidate)?;
                Value::Truth(compared(*how, &left, &right))
            }
            Expression::Nodes(steps, attribute) => {
                let places = self.follow(steps, candidate.place)?;
                let mut texts = Vec::new();
                for place in places {
                    match attribute {
                        Some(name) => texts.extend(self.attribute_values(place, name)),
                        None => texts.push(self.text(place)?),
                    }
                }
                Value::Nodes(texts)
            }
            Expression::Function(function, arguments) => called(self, *function, arguments, candidate)?,
        })
    }

    pub(super) fn attribute_values(&self, place: Place, name: &str) -> Vec<String> {
        let Place::Node(id) = place else { return Vec::new() };
        if name == "*" {
            let attributes = self.document.attributes(id).iter();
            return attributes.map(|attribute| self.document.value_of(attribute).into_owned()).collect();
        }
        self.document.value(id, name).map(std::borrow::Cow::into_owned).into_iter().collect()
    }

    /// The text of a node as XPath sees it.
    pub(super) fn text(&mut self, place: Place) -> Result<String, Costly> {
        let id = match (place, self.within) {
            (Place::Node(id), _) | (_, Within::Element(id)) => id,
            _ => self.document.root(),
        };
        let text = match self.document.node(id).kind {
            Kind::Text | Kind::CharacterData(_) => self.document.text_of(id).into_owned(),
            _ => self.document.whole_text(id),
        };
        self.look(text.len() / 16 + 1)?;
        Ok(text)
    }
}
