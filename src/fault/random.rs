//! Repeatable randomness: the same seed gives the same draws on every machine and in every version.
//!
//! The generator is SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014):
//! eight bytes of state, and its output function doubles as the hash that derives one seed from another.

/// A generator of random numbers with eight bytes of state.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

// === impl Random ===

impl Random {
    /// A generator that starts from `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.state)
    }
}

/// The output function of SplitMix64: spreads every bit of `x` over the whole.
#[must_use]
pub const fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// A seed of its own for the part of a run that `label` and `number` name.
#[must_use]
pub fn derive(seed: u64, label: &str, number: u64) -> u64 {
    let named = label
        .bytes()
        .fold(mix(seed), |seed, byte| mix(seed ^ u64::from(byte)));
    mix(named ^ mix(number.wrapping_add(1)))
}

/// The top 53 bits of a draw as a number in [0, 1).
#[must_use]
pub fn unit(draw: u64) -> f64 {
    (draw >> 11) as f64 / (1_u64 << 53) as f64
}

/// A standard normal number from a draw: Box and Muller's method over its two halves.
#[must_use]
pub fn normal(draw: u64) -> f64 {
    let spread = mix(draw);
    // From (0, 1], so that the logarithm is finite.
    let radius = (-2.0 * (1.0 - unit(draw)).ln()).sqrt();
    radius * (std::f64::consts::TAU * unit(spread)).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_splitmix64s_own() {
        // The first numbers for seed 1234567, as published with the reference implementation.
        let mut random = Random::new(1_234_567);
        assert_eq!(random.draw(), 6_457_827_717_110_365_317);
        assert_eq!(random.draw(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn parts_of_a_run_draw_apart_from_each_other() {
        let seeds = [
            derive(1, "up", 1),
            derive(1, "down", 1),
            derive(1, "up", 2),
            derive(2, "up", 1),
        ];
        for (index, seed) in seeds.iter().enumerate() {
            assert!(!seeds[..index].contains(seed), "{seeds:?}");
        }
    }

    #[test]
    fn normal_numbers_have_mean_zero_and_deviation_one() {
        let mut random = Random::new(7);
        let sample: Vec<f64> = (0..100_000).map(|_| normal(random.draw())).collect();
        let mean = sample.iter().sum::<f64>() / sample.len() as f64;
        let variance = sample.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / sample.len() as f64;
        assert!(mean.abs() < 0.01, "mean {mean}");
        assert!((variance - 1.0).abs() < 0.02, "variance {variance}");
    }
}
