//! A bar chart drawn by the server, with the same numbers as a table for whoever does not see it.

use super::html::Html;

const HEIGHT: usize = 120;
const BAR: usize = 24;
const GAP: usize = 6;

/// One bar: what it stands for, and its two parts.
#[derive(Debug, Clone, Default)]
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) allowed: usize,
    pub(super) refused: usize,
}

pub(super) fn bars(html: &mut Html, title: &str, bars: &[Bar]) {
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
            if index % 3 == 0 {
                let (x, y) = (x.to_string(), (HEIGHT + 15).to_string());
                html.tag("text", &[("x", &x), ("y", &y)], |html| html.text(&bar.name));
            }
        }
        let (y, width) = (HEIGHT.to_string(), width.to_string());
        html.tag("line", &[("x1", "0"), ("x2", &width), ("y1", &y), ("y2", &y)], |_| {});
    });
    html.tag("details", &[], |html| {
        html.say("summary", "The same as a table");
        let rows = bars.iter().map(|bar| {
            vec![Html::of(&bar.name), Html::of(&bar.allowed.to_string()), Html::of(&bar.refused.to_string())]
        });
        html.table(title, &["Time (UTC)", "Went through", "Did not"], rows.collect());
    });
}
