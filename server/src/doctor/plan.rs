//! What a shop's plan promises, before anything hangs on a wall.

use locate::inform::{self, Addition, Advice, Chart, Effect, Forecast, Radio, Removal, ZoneForecast};
use model::shop::Shop;
use serde::Serialize;

use super::map;
use super::paint::{Paint, Table, Tone};
use super::words::{self, Verdict, count, metres, percent};

/// A mistake that is made at least so often is shown.
const OFTEN: f64 = 0.1;

/// What a plan promises.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Promise {
    /// Which store.
    pub store: String,
    /// What to expect of it.
    pub forecast: Forecast,
    /// What to add, and what would be missed least.
    pub advice: Advice,
}

impl Promise {
    /// Works out what a plan promises.
    #[must_use]
    pub fn of(shop: &Shop) -> Self {
        let chart = Chart::new(shop, inform::ears(shop), Radio::default());
        Self {
            store: shop.store.id.to_string(),
            forecast: inform::forecast(&chart),
            advice: inform::advise(&chart, &std::collections::BTreeMap::new()),
        }
    }

    /// Says it in words.
    #[must_use]
    pub fn text(&self, shop: &Shop, paint: Paint) -> String {
        let mut out = String::new();
        self.summary(shop, paint, &mut out);
        for floor in 0..self.forecast.floors.len() {
            self.floor(shop, floor, paint, &mut out);
        }
        if !self.forecast.zones.is_empty() {
            words::paragraph(words::VERDICTS, 2, &mut out);
        }
        self.pairs(shop, paint, &mut out);
        advice(shop, &self.advice, paint, &mut out);
        self.maps(shop, paint, &mut out);
        out.push('\n');
        words::paragraph(
            "Worked out from the plan alone, for one answer from a few seconds of frames of somebody who stands. \
             It knows nothing of crowds, reflections and shelves that are not on the plan; when people walk through, \
             `attimo-server doctor place` says how it turned out.",
            0,
            &mut out,
        );
        out
    }

    fn summary(&self, shop: &Shop, paint: Paint, out: &mut String) {
        let forecast = &self.forecast;
        let area: f64 = forecast.floors.iter().map(|floor| floor.area_m2).sum();
        let (ends, what) = ends(shop);
        out.push_str(&format!("{}\n", paint.on(Tone::Head, &format!("{}: what its plan promises", shop.store.name))));
        words::paragraph(
            &format!(
                "{area:.0} m², {}, {}, {}.",
                count(forecast.floors.len(), "floor", "floors"),
                count(forecast.zones.len(), "zone", "zones"),
                count(ends, what.0, what.1),
            ),
            0,
            out,
        );
        let zones = forecast.zone_share.map_or_else(String::new, |share| {
            format!(", and somebody who stands in a zone is placed in it {} of the time", percent(share))
        });
        words::paragraph(
            &format!("Half of the answers will be off by less than {}{zones}.", metres(forecast.error_m)),
            0,
            out,
        );
    }

    fn floor(&self, shop: &Shop, number: usize, paint: Paint, out: &mut String) {
        let forecast = &self.forecast.floors[number];
        let mut title = format!("{}: off by {}", words::floor(shop, &forecast.id), metres(forecast.error_m));
        if self.forecast.floors.len() > 1 {
            title += &format!(", the right floor {} of the time", percent(forecast.floor_share));
        }
        out.push_str(&format!("\n{}\n", paint.on(Tone::Head, &title)));
        let zones = self.forecast.zones.iter().filter(|zone| zone.floor == forecast.id);
        let mut table =
            Table::new(&["zone", ">m²", ">heard well by", ">off by", ">placed right", "", "else placed in"]);
        let mut any = false;
        for zone in zones {
            any = true;
            let name = (Tone::Plain, words::zone(shop, &zone.id).to_owned());
            if !zone.standing {
                table.row(vec![
                    name,
                    (Tone::Faint, format!("{:.0}", zone.area_m2)),
                    (Tone::Faint, "no room to stand".into()),
                ]);
                continue;
            }
            let verdict = Verdict::of(zone.share);
            table.row(vec![
                name,
                (Tone::Plain, format!("{:.0}", zone.area_m2)),
                (Tone::Plain, format!("{:.1}", zone.receivers)),
                (Tone::Plain, metres(zone.error_m)),
                (verdict.tone(), percent(zone.share)),
                (verdict.tone(), verdict.word().to_owned()),
                (Tone::Plain, elsewhere(shop, zone)),
            ]);
        }
        if any {
            table.write(paint, out);
        }
    }

    fn pairs(&self, shop: &Shop, paint: Paint, out: &mut String) {
        if self.forecast.zones.is_empty() {
            return;
        }
        out.push_str(&format!("\n{}\n", paint.on(Tone::Head, "Zones that cannot be told apart")));
        if self.forecast.pairs.is_empty() {
            out.push_str("  None.\n");
        }
        for pair in self.forecast.pairs.iter().take(words::PAIRS_MAX) {
            let (a, b) = (words::zone(shop, &pair.a), words::zone(shop, &pair.b));
            out.push_str(&format!("  {}\n", paint.on(Tone::Poor, &format!("{a} and {b}"))));
            let taken = |who: &str, share: f64, other: &str| {
                format!("Somebody in {who} is placed in {other} {} of the time", percent(share))
            };
            let both = format!("{}, somebody in {b} in {a} {}.", taken(a, pair.a_as_b, b), percent(pair.b_as_a));
            words::paragraph(&format!("{both} {}", words::why(pair)), 4, out);
        }
        words::more(self.forecast.pairs.len(), out);
    }

    fn maps(&self, shop: &Shop, paint: Paint, out: &mut String) {
        for floor in &shop.floors {
            out.push_str(&format!("\n{}\n", paint.on(Tone::Head, &format!("{}: how exact it is where", floor.name))));
            let spots = self.forecast.spots.iter().filter(|spot| spot.floor == floor.id);
            let samples: Vec<map::Sample> = spots.map(|spot| (spot.point, spot.error_m)).collect();
            let add = self.advice.add.as_ref().filter(|add| add.floor == floor.id).map(|add| add.point);
            map::draw(shop, floor, &samples, add, paint, out);
        }
    }
}

/// What there is to hear with, and its name.
fn ends(shop: &Shop) -> (usize, (&'static str, &'static str)) {
    if shop.receivers.is_empty() && !shop.beacons.is_empty() {
        (shop.beacons.len(), ("beacon", "beacons"))
    } else {
        (shop.receivers.len(), ("receiver", "receivers"))
    }
}

/// Where somebody in a zone is placed when not there.
fn elsewhere(shop: &Shop, zone: &ZoneForecast) -> String {
    let named = zone.elsewhere.iter().map(|(id, share)| (words::zone(shop, id), *share));
    let mut all: Vec<(&str, f64)> =
        named.chain([("no zone", zone.nowhere)]).filter(|(_, share)| *share >= OFTEN).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    let all: Vec<String> = all.iter().take(2).map(|(name, share)| format!("{name} {}", percent(*share))).collect();
    all.join(", ")
}

/// Writes what to add, and what would be missed least.
pub(super) fn advice(shop: &Shop, advice: &Advice, paint: Paint, out: &mut String) {
    let (_, (one, _)) = ends(shop);
    out.push_str(&format!("\n{}\n", paint.on(Tone::Head, &format!("One more {one}"))));
    match &advice.add {
        Some(Addition { floor, point, z, effect }) => words::paragraph(
            &format!(
                "It helps most at x {:.1}, y {:.1} on {}, {z:.1} m high: {}.",
                point.x,
                point.y,
                words::floor(shop, floor),
                told(effect)
            ),
            2,
            out,
        ),
        None => out.push_str("  There is no place for one.\n"),
    }
    if let Some(Removal { id, effect }) = &advice.least {
        words::paragraph(&format!("Of those there, {id} would be missed least: {} without it.", told(effect)), 2, out);
    }
}

fn told(effect: &Effect) -> String {
    let (before, after) = effect.error_m;
    let errors = format!("off by {before:.1} m → {after:.1} m on the mean");
    effect.zone_share.map_or(errors.clone(), |(before, after)| {
        format!("placed right {:.0} % → {:.0} % of the time, {errors}", before * 100.0, after * 100.0)
    })
}
