//! Shops and customers that follow from a seed.

/// Numbers that follow from a seed (xorshift).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }

    pub(crate) fn whole(&mut self, n: i64) -> i64 {
        i64::try_from(self.below(n.unsigned_abs())).expect("small")
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn unit(&mut self) -> f64 {
        f64::from(u32::try_from(self.below(1 << 30)).expect("small")) / f64::from(1_u32 << 30)
    }
}

/// A product as the oracle knows it.
pub(crate) struct Good {
    pub(crate) category: usize,
    pub(crate) price: i64,
    pub(crate) margin: i64,
    pub(crate) zone: usize,
    pub(crate) in_stock: bool,
}

/// An offer as the oracle knows it.
pub(crate) struct Deal {
    pub(crate) product: Option<usize>,
    pub(crate) category: usize,
    pub(crate) discount: i64,
    pub(crate) paused: bool,
    pub(crate) intent_min: f64,
    pub(crate) weight: f64,
    pub(crate) banned: bool,
    pub(crate) ends_h: i64,
}

pub(crate) struct Case {
    pub(crate) goods: Vec<Good>,
    pub(crate) deals: Vec<Deal>,
    /// Product, interest is "viewed", hours ago.
    pub(crate) views: Vec<(usize, i64)>,
    pub(crate) bought: Option<(usize, i64)>,
    pub(crate) told: Vec<(usize, i64)>,
    pub(crate) attention: i64,
    pub(crate) metres: Option<f64>,
    pub(crate) people: Option<f64>,
    pub(crate) sure: f64,
}

pub(crate) fn any_case(dice: &mut Dice) -> Case {
    let goods: Vec<Good> = (0..4 + dice.below(8))
        .map(|_| {
            let price = 100 + dice.whole(4_000);
            let margin = if dice.chance(20) { 0 } else { 1 + dice.whole(price) };
            let (category, zone) = (dice.below(3) as usize, dice.below(2) as usize);
            Good { category, price, margin, zone, in_stock: dice.chance(90) }
        })
        .collect();
    let deals = (0..1 + dice.below(120))
        .map(|_| {
            let good = dice.below(goods.len() as u64) as usize;
            Deal {
                product: dice.chance(70).then_some(good),
                category: goods[good].category,
                discount: dice.whole(goods[good].price / 3),
                paused: dice.chance(10),
                intent_min: dice.unit() * 0.6,
                weight: 0.2 + dice.unit() * 4.8,
                banned: dice.chance(5),
                ends_h: dice.whole(40) - 4,
            }
        })
        .collect();
    let count = goods.len() as u64;
    Case {
        views: (0..dice.below(8)).map(|_| (dice.below(count) as usize, dice.whole(40))).collect(),
        bought: dice.chance(30).then(|| (dice.below(count) as usize, dice.whole(1_000))),
        told: (0..dice.below(3)).map(|_| (dice.below(200) as usize, 1 + dice.whole(60))).collect(),
        attention: dice.whole(40),
        metres: dice.chance(50).then(|| dice.unit() * 20.0),
        people: dice.chance(50).then(|| dice.unit() * 12.0),
        sure: 0.7 + dice.unit() * 0.3,
        goods,
        deals,
    }
}
