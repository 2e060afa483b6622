//! Draws the comparison as an SVG chart: throughput divided by the floor's, with a bar for each kind of work and host.

use std::fmt::Write as _;

use crate::rounds::Row;

const BAR: f64 = 18.0;
const LEFT: f64 = 190.0;
/// Width in pixels of a ratio of 1.
const FULL: f64 = 420.0;

/// Returns the color of a host: grey for the floor; the other colors can be told apart by the color-blind, too.
fn color(host: &str) -> &'static str {
    match host {
        "SQLite" => "#0072b2",
        "PostgreSQL" => "#e69f00",
        _ => "#999999",
    }
}

pub fn svg(rows: &[Row]) -> String {
    let mut body = String::new();
    let mut top = 34.0;
    let mut work = "";
    for row in rows {
        if row.work != work {
            work = row.work;
            top += 10.0;
            let _ = writeln!(body, r#"<text x="8" y="{:.0}" font-weight="bold">{work}</text>"#, top + 13.0);
        }
        let ratio = row.ratio();
        let (width, middle) = (ratio * FULL, top + 13.0);
        let calls = row.median(|sample| sample.per_second) / 1_000.0;
        let _ = writeln!(
            body,
            r#"<rect x="{LEFT}" y="{top:.0}" width="{width:.0}" height="{:.0}" fill="{}"/>"#,
            BAR - 3.0,
            color(row.host)
        );
        let _ = writeln!(
            body,
            r#"<text x="{:.0}" y="{middle:.0}">{} {ratio:.2} ({calls:.0}k calls/s)</text>"#,
            LEFT + width + 6.0,
            row.host
        );
        top += BAR;
    }
    let (height, width) = (top + 16.0, LEFT + FULL + 200.0);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0}" height="{height:.0}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="8" y="22" font-size="14">Throughput, every change durable and audited; a call that does nothing is 1</text>
{body}</svg>
"##
    )
}
