//! Distributions and correlation, over many draws.

use std::time::Duration;

use super::*;
use crate::fault::kinds::distribution::pareto;
use crate::fault::random::Random;

/// Any time: nothing here moves.
#[expect(
    clippy::disallowed_methods,
    reason = "an origin for simulated times, never read again"
)]
fn clock() -> Instant {
    Instant::now()
}

fn stage(distribution: Distribution, correlation: f64) -> Latency {
    Latency {
        time: Duration::from_secs(10),
        motion: None,
        most: Duration::from_secs(10),
        jitter: Duration::from_secs(1),
        distribution,
        correlation,
        direction: Direction::Up,
        opened: clock(),
        handshake: Duration::ZERO,
        before: None,
    }
}

/// 200,000 values of x, sorted.
fn sample(mut stage: Latency) -> Vec<f64> {
    let mut random = Random::new(3);
    (0..200_000)
        .map(|_| {
            let draw = random.draw();
            let delay = stage
                .delay_of(draw, clock())
                .map_or(f64::NAN, |delay| delay.as_secs_f64());
            if stage.correlation > 0.0 {
                stage.before = Some(stage.normal(draw));
            }
            delay - 10.0
        })
        .collect()
}

fn moments(values: &[f64]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64;
    (mean, variance.sqrt())
}

fn p99(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() * 99 / 100]
}

/// The mean, deviation and 99th percentile of each distribution by its definition: for the Pareto ones by integrating
/// the quantile function over a fine grid.
fn defined(distribution: Distribution) -> (f64, f64, f64) {
    match distribution {
        Distribution::Uniform => (0.0, 1.0 / 3.0_f64.sqrt(), 0.98),
        Distribution::Normal => (0.0, 1.0, 2.326_35),
        Distribution::Pareto | Distribution::ParetoNormal => {
            let weight = if distribution == Distribution::Pareto {
                0.0
            } else {
                0.25
            };
            // Over z the normal density is smooth; q is its integral.
            let (mut sum, mut squares, mut mass, mut p99) = (0.0, 0.0, 0.0, 0.0);
            for step in 0..160_000 {
                let z = -8.0 + f64::from(step) * 1e-4;
                let density = (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt() * 1e-4;
                let x = weight * z + (1.0 - weight) * pareto(mass + density / 2.0);
                mass += density;
                if mass < 0.99 {
                    p99 = x;
                }
                sum += x * density;
                squares += x * x * density;
            }
            (sum, (squares - sum * sum).sqrt(), p99)
        }
    }
}

const ALL: [Distribution; 4] = [
    Distribution::Uniform,
    Distribution::Normal,
    Distribution::Pareto,
    Distribution::ParetoNormal,
];

#[test]
fn each_distribution_is_the_one_that_is_defined() {
    for distribution in ALL {
        let values = sample(stage(distribution, 0.0));
        let ((mean, deviation), p99) = (moments(&values), p99(&values));
        let (want_mean, want_deviation, want_p99) = defined(distribution);
        let few = &values[..10_000];
        println!(
            "{distribution:?}: {:?}, p99 {:.3} of 10,000; defined {want_mean:.3}, {want_deviation:.3}, p99 {want_p99:.3}",
            moments(few),
            self::p99(few)
        );
        assert!(
            (mean - want_mean).abs() < 0.01,
            "{distribution:?}: mean {mean}, not {want_mean}"
        );
        assert!(
            (deviation / want_deviation - 1.0).abs() < 0.01,
            "{distribution:?}: {deviation}, not {want_deviation}"
        );
        assert!(
            (p99 / want_p99 - 1.0).abs() < 0.02,
            "{distribution:?}: p99 {p99}, not {want_p99}"
        );
    }
}

#[test]
fn correlation_ties_neighbours_and_leaves_the_distribution() {
    for distribution in ALL {
        let values = sample(stage(distribution, 0.75));
        let (mean, deviation) = moments(&values);
        let (want_mean, want_deviation, _) = defined(distribution);
        assert!(
            (mean - want_mean).abs() < 0.03,
            "{distribution:?}: mean {mean}, not {want_mean}"
        );
        assert!(
            (deviation / want_deviation - 1.0).abs() < 0.03,
            "{distribution:?}: {deviation}, not {want_deviation}"
        );
        let pairs = values
            .windows(2)
            .map(|pair| (pair[0] - mean) * (pair[1] - mean))
            .sum::<f64>();
        let tied = pairs / (values.len() as f64 * deviation * deviation);
        assert!(
            (0.6..0.8).contains(&tied),
            "{distribution:?}: neighbours correlate by {tied}"
        );
    }
}

#[test]
fn a_delay_is_never_negative() {
    let stage = Latency {
        time: Duration::from_millis(1),
        ..stage(Distribution::Normal, 0.0)
    };
    let mut random = Random::new(9);
    assert!((0..10_000).any(|_| stage.delay_of(random.draw(), clock()) == Some(Duration::ZERO)));
}
