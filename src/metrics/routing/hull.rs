//! The non-decreasing upper concave envelope of (cost, quality): what can be had of some policies by drawing between them at random.
//!
//! Source: Hu et al. 2024, `RouterBench` (arXiv 2403.12031), section 3: the non-decreasing convex hull.

/// The envelope's corners, by rising cost: places in `points`. The first is the best of the cheapest, the last the cheapest of the best.
pub fn envelope(points: &[(f64, f64)]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&a, &b| {
        let by_cost = points[a].0.total_cmp(&points[b].0);
        by_cost
            .then(points[b].1.total_cmp(&points[a].1))
            .then(a.cmp(&b))
    });
    let mut corners: Vec<usize> = Vec::new();
    for place in order {
        let (x, y) = points[place];
        // What costs more and is no better is no corner.
        if corners.last().is_some_and(|&last| y <= points[last].1) {
            continue;
        }
        while let [.., before, last] = corners[..] {
            let ((x0, y0), (x1, y1)) = (points[before], points[last]);
            // The corner between stays only where it lies above the line from before to here.
            if (y1 - y0) * (x - x0) > (y - y0) * (x1 - x0) {
                break;
            }
            corners.pop();
        }
        corners.push(place);
    }
    corners
}

/// The height of the envelope through these corners at `x`: flat to the right of the last, `None` to the left of the first.
pub fn height(corners: &[(f64, f64)], x: f64) -> Option<f64> {
    let behind = corners.partition_point(|corner| corner.0 <= x);
    let before = corners.get(behind.checked_sub(1)?)?;
    Some(match corners.get(behind) {
        Some(next) => before.1 + (next.1 - before.1) * (x - before.0) / (next.0 - before.0),
        None => before.1,
    })
}

/// The mean height of the envelope between `low` and `high`, and its slope in each corner's coordinates (x, y).
///
/// The first corner must not lie to the right of `low`.
pub(super) fn mean_height(corners: &[(f64, f64)], low: f64, high: f64) -> (f64, Vec<(f64, f64)>) {
    let width = high - low;
    let mut area = 0.0;
    let mut slopes = vec![(0.0, 0.0); corners.len()];
    for (place, pair) in corners.windows(2).enumerate() {
        let [(x0, y0), (x1, y1)] = [pair[0], pair[1]];
        let (from, to) = (low.max(x0), high.min(x1));
        if to <= from {
            continue;
        }
        // How much of the stretch's mean each end carries.
        let of_second = (f64::midpoint(from, to) - x0) / (x1 - x0) * (to - from);
        let of_first = (to - from) - of_second;
        let steepness = (y1 - y0) / (x1 - x0);
        area += y0 * of_first + y1 * of_second;
        for (slope, share) in [(place, of_first), (place + 1, of_second)] {
            slopes[slope].0 -= steepness * share;
            slopes[slope].1 += share;
        }
    }
    if let (Some(&(x, y)), Some(slope)) = (corners.last(), slopes.last_mut()) {
        let flat = (high - low.max(x)).max(0.0);
        area += y * flat;
        slope.1 += flat;
    }
    let scaled = slopes.iter().map(|(x, y)| (x / width, y / width));
    (area / width, scaled.collect())
}

/// The lowest x at which the envelope reaches `y`, and its slopes in the two corners that it lies between: (corner, in x, in y) each, and in `y`.
/// `None` where it never does.
pub(super) fn reach(corners: &[(f64, f64)], y: f64) -> Option<Reach> {
    let next = corners.iter().position(|corner| corner.1 >= y)?;
    let (x1, y1) = corners[next];
    let Some(before) = next.checked_sub(1) else {
        return Some(Reach {
            x: x1,
            slopes: vec![(next, 1.0, 0.0)],
            in_y: 0.0,
        });
    };
    let (x0, y0) = corners[before];
    let share = (y - y0) / (y1 - y0);
    let in_y = (x1 - x0) / (y1 - y0);
    Some(Reach {
        x: x0 + share * (x1 - x0),
        slopes: vec![
            (before, 1.0 - share, -(1.0 - share) * in_y),
            (next, share, -share * in_y),
        ],
        in_y,
    })
}

/// Where an envelope reaches a height.
pub(super) struct Reach {
    pub(super) x: f64,
    /// For each corner that it rests on: which, and how far x moves with the corner's x and y.
    pub(super) slopes: Vec<(usize, f64, f64)>,
    /// How far x moves with the height.
    pub(super) in_y: f64,
}
