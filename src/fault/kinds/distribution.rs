//! How jitter is distributed.
//!
//! | `dist` | x |
//! |---|---|
//! | `uniform` | uniform between -1 and 1: mean 0, standard deviation 1/√3 |
//! | `normal` | standard normal: the jitter is the standard deviation |
//! | `pareto` | 4/3 (P − 3/2), P of the Pareto distribution with shape 3 and least value 1; at most 4 |
//! | `paretonormal` | a quarter of the normal and three quarters of the Pareto value at the same quantile |
//!
//! The last two are those of the generators of `tc netem`'s tables (iproute2, `netem/pareto.c`, `netem/paretonormal.c`,
//! after NIST Net), computed without a table.

use crate::fault::param::words;

words! {
    /// A distribution of numbers around zero.
    pub(super) enum Distribution {
        Uniform = "uniform",
        Normal = "normal",
        Pareto = "pareto",
        ParetoNormal = "paretonormal",
    }
}

// === impl Distribution ===

impl Distribution {
    /// Whether its numbers are made from normal ones.
    pub(super) fn is_normal(self) -> bool {
        matches!(self, Self::Normal | Self::ParetoNormal)
    }

    /// Its number at the quantile, from 0 to 1, of a standard normal number.
    pub(super) fn at_normal(self, normal: f64) -> f64 {
        match self {
            Self::Normal => normal,
            Self::ParetoNormal => 0.25 * normal + 0.75 * pareto(quantile(normal)),
            Self::Uniform | Self::Pareto => self.at_quantile(quantile(normal)),
        }
    }

    /// Its number at a quantile, from 0 to 1. The normal ones have no closed form there, and are made by `at_normal`.
    pub(super) fn at_quantile(self, quantile: f64) -> f64 {
        match self {
            Self::Uniform | Self::Normal => 2.0 * quantile - 1.0,
            Self::Pareto | Self::ParetoNormal => pareto(quantile),
        }
    }
}

/// The quantile of a standard normal number.
fn quantile(normal: f64) -> f64 {
    0.5 * libm::erfc(-normal / std::f64::consts::SQRT_2)
}

/// netem's Pareto value at a quantile from 0 to 1: shape 3, moved to mean 0 and scaled by 4/3, cut off at 4 as its table is.
pub(super) fn pareto(quantile: f64) -> f64 {
    (4.0 / 3.0 * ((1.0 - quantile).powf(-1.0 / 3.0) - 1.5)).min(4.0)
}
