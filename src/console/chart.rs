//! A bar chart drawn by the server, with the same numbers as a table for whoever does not see it.

use super::html::Html;

const HEIGHT: usize = 120;
/// Where names stand one above the other on a telephone, fewer of them are written.
const NAMED_EVERY: usize = 3;
const BAR: usize = 24;
const GAP: usize = 6;

/// One bar: what it stands for, and its two parts.
#[derive(Debug, Clone, Default)]
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) allowed: usize,
    pub(super) refused: usize,
}

/// The heads are those of the table: the name, and what the two parts are; an empty one has no column.
pub(super) fn bars(html: &mut Html, title: &str, heads: [&'static str; 3], bars: &[Bar]) {
    let top = bars.iter().map(|bar| bar.allowed + bar.refused).max().unwrap_or_default().max(1);
    let width = bars.len() * (BAR + GAP) + GAP;
    let view = format!("0 0 {width} {}", HEIGHT + 20);
    html.tag("svg", &[("viewBox", &view), ("aria-hidden", "true"), ("focusable", "false")], |html| {
        for (index, bar) in bars.iter().enumerate() {
            let x = GAP + index * (BAR + GAP);
            let allowed = bar.allowed * HEIGHT / top;
            let refused = bar.refused * HEIGHT / top;
            for (class, y, height) in [
                ("allowed", HEIGHT.saturating_sub(allowed), allowed),
                ("refused", HEIGHT.saturating_sub(allowed + refused), refused),
            ] {
                let (x, y) = (x.to_string(), y.to_string());
                let (width, height) = (BAR.to_string(), height.to_string());
                html.tag(
                    "rect",
                    &[("class", class), ("x", &x), ("y", &y), ("width", &width), ("height", &height)],
                    |_| {},
                );
            }
            if index % NAMED_EVERY == 0 {
                let (x, y) = (x.to_string(), (HEIGHT + 15).to_string());
                html.tag("text", &[("x", &x), ("y", &y)], |html| html.text(&bar.name));
            }
        }
        let (y, width) = (HEIGHT.to_string(), width.to_string());
        html.tag("line", &[("x1", "0"), ("x2", &width), ("y1", &y), ("y2", &y)], |_| {});
    });
    html.tag("details", &[], |html| {
        html.say("summary", "The same as a table");
        let columns = heads.iter().filter(|head| !head.is_empty()).count();
        let rows = bars.iter().map(|bar| {
            let mut row = vec![
                Html::of(&bar.name),
                Html::of(&bar.allowed.to_string()),
                Html::of(&bar.refused.to_string()),
            ];
            row.truncate(columns);
            row
        });
        html.table(title, heads.get(..columns).unwrap_or_default(), rows.collect());
    });
}

/// Two lines over the same times, such as what half of the calls took and what nearly all did. A time at
/// which there was nothing has no point.
pub(super) fn lines(
    html: &mut Html,
    title: &str,
    heads: [&'static str; 3],
    points: &[(String, Option<(u64, u64)>)],
) {
    let known = points.iter().filter_map(|(_, values)| *values);
    let top = known.map(|(one, other)| one.max(other)).max().unwrap_or_default().max(1);
    let width = points.len() * (BAR + GAP) + GAP;
    let view = format!("0 0 {width} {}", HEIGHT + 20);
    html.tag("svg", &[("viewBox", &view), ("aria-hidden", "true"), ("focusable", "false")], |html| {
        let y_of = |value: u64| {
            HEIGHT.saturating_sub(usize::try_from(value * HEIGHT as u64 / top).unwrap_or(HEIGHT))
        };
        for (class, is_second) in [("most", true), ("half", false)] {
            let mut path = String::new();
            let mut is_down = false;
            for (index, (_, values)) in points.iter().enumerate() {
                let x = GAP + index * (BAR + GAP) + BAR / 2;
                let Some((half, most)) = values else {
                    is_down = false;
                    continue;
                };
                let y = y_of(if is_second { *most } else { *half });
                path.push_str(&format!("{}{x} {y}", if is_down { "L" } else { "M" }));
                is_down = true;
                let (x, y) = (x.to_string(), y.to_string());
                html.tag("circle", &[("class", class), ("cx", &x), ("cy", &y), ("r", "3")], |_| {});
            }
            html.tag("path", &[("class", class), ("d", &path)], |_| {});
        }
        for (index, (name, _)) in points.iter().enumerate().filter(|(index, _)| index % NAMED_EVERY == 0) {
            let (x, y) = ((GAP + index * (BAR + GAP)).to_string(), (HEIGHT + 15).to_string());
            html.tag("text", &[("x", &x), ("y", &y)], |html| html.text(name));
        }
        let (y, width) = (HEIGHT.to_string(), width.to_string());
        html.tag("line", &[("x1", "0"), ("x2", &width), ("y1", &y), ("y2", &y)], |_| {});
    });
    html.tag("p", &[("class", "key")], |html| {
        for (class, head) in [("half", heads[1]), ("most", heads[2])] {
            html.say_as("span", class, head);
        }
    });
    html.tag("details", &[], |html| {
        html.say("summary", "The same as a table");
        let rows = points.iter().map(|(name, values)| {
            let cell =
                |value: Option<u64>| Html::of(&value.map_or("-".to_owned(), |value| value.to_string()));
            vec![Html::of(name), cell(values.map(|(half, _)| half)), cell(values.map(|(_, most)| most))]
        });
        html.table(title, &heads, rows.collect());
    });
}
