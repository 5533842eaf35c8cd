//! A floor in characters: how far off answers are, cell by cell.

use geo::BoundingRect;
use model::floor::{Floor, Point};
use model::shop::Shop;

use super::paint::{Paint, Tone};

/// Most characters a line.
const WIDTH: f64 = 72.0;
/// The least that a character stands for, in metres; it is twice as high.
const CELL_M: f64 = 0.5;

/// Error at a place of the floor, in metres.
pub(super) type Sample = (Point, f64);

/// Draws a floor, up the plan to the top; `mark` is where one more receiver would help most.
pub(super) fn draw(
    shop: &Shop,
    floor: &Floor,
    samples: &[Sample],
    mark: Option<Point>,
    paint: Paint,
    out: &mut String,
) {
    let Some(bounds) = floor.outline.bounding_rect() else { return };
    let mut wide = CELL_M;
    while bounds.width() / wide > WIDTH {
        wide *= 2.0;
    }
    let high = wide * 2.0;
    let (columns, rows) = ((bounds.width() / wide).ceil() as usize, (bounds.height() / high).ceil() as usize);
    let cell = |point: Point| {
        let at =
            |metres: f64, side: f64, count: usize| ((metres / side).max(0.0) as usize).min(count.saturating_sub(1));
        (at(point.x - bounds.min().x, wide, columns), at(point.y - bounds.min().y, high, rows))
    };
    let mut sums = vec![(0.0, 0_u32); columns * rows];
    for (point, error) in samples {
        let (column, row) = cell(*point);
        let (sum, n) = &mut sums[row * columns + column];
        *sum += error;
        *n += 1;
    }
    let mut marks = vec![None; columns * rows];
    for receiver in shop.receivers.iter().chain(&shop.beacons).filter(|receiver| receiver.floor == floor.id) {
        let (column, row) = cell(receiver.point());
        marks[row * columns + column] = Some(('o', Tone::Head));
    }
    if let Some(point) = mark {
        let (column, row) = cell(point);
        marks[row * columns + column] = Some(('+', Tone::Head));
    }
    for row in (0..rows).rev() {
        let cells = (0..columns).map(|column| row * columns + column);
        let line: Vec<(char, Tone)> = cells.map(|place| marks[place].unwrap_or_else(|| digit(sums[place]))).collect();
        out.push_str("  ");
        out.push_str(painted(&line, paint).trim_end());
        out.push('\n');
    }
    out.push_str(&format!(
        "  {}\n",
        paint.on(
            Tone::Faint,
            &format!("metres off, 9 is 9 or more · one character is {wide} x {high} m · o receiver · + the place for one more")
        )
    ));
}

fn digit((sum, n): (f64, u32)) -> (char, Tone) {
    if n == 0 {
        return (' ', Tone::Plain);
    }
    let metres = sum / f64::from(n);
    let tone = if metres < 2.0 {
        Tone::Good
    } else if metres < 4.0 {
        Tone::Fair
    } else {
        Tone::Poor
    };
    (char::from_digit(metres.round().min(9.0) as u32, 10).unwrap_or('9'), tone)
}

/// The characters, painted by runs of the same tone.
fn painted(line: &[(char, Tone)], paint: Paint) -> String {
    let runs = line.chunk_by(|a, b| a.1 == b.1);
    runs.map(|run| paint.on(run[0].1, &run.iter().map(|(character, _)| *character).collect::<String>())).collect()
}

/// A patch as samples, so that it covers the characters of its square.
pub(super) fn spread(middle: Point, error: f64) -> impl Iterator<Item = Sample> {
    let steps = [-0.75, -0.25, 0.25, 0.75];
    steps.into_iter().flat_map(move |dx| steps.map(|dy| (Point { x: middle.x + dx, y: middle.y + dy }, error)))
}
