//! Tails of the negative binomial, in logarithms so that no surprise underflows.
//!
//! With `lambda ~ Gamma(shape, rate)` the next count is negative binomial with `size = shape` and success
//! probability `rate / (rate + 1)`; its tails are regularised incomplete beta functions (FACTS section 7).

/// `ln Gamma(x)` for x > 0, Lanczos approximation (g = 7, 9 terms), relative error below 1e-13.
#[must_use]
pub fn ln_gamma(x: f64) -> f64 {
    const COEFFICIENTS: [f64; 8] = [
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    if x < 0.5 {
        let sine = (std::f64::consts::PI * x).sin();
        return (std::f64::consts::PI / sine).ln() - ln_gamma(1.0 - x);
    }
    let x = x - 1.0;
    let mut sum = 0.999_999_999_999_809_9;
    for (i, c) in COEFFICIENTS.iter().enumerate() {
        sum += c / (x + i as f64 + 1.0);
    }
    let t = x + 7.5;
    0.5 * std::f64::consts::TAU.ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

/// Continued fraction of the incomplete beta function (Lentz), Numerical Recipes section 6.4.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let guard = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut h = d;
    for m in 1..400 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / guard(1.0 + even * d);
        c = guard(1.0 + even / c);
        h *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / guard(1.0 + odd * d);
        c = guard(1.0 + odd / c);
        let step = d * c;
        h *= step;
        if (step - 1.0).abs() < 1e-12 {
            break;
        }
    }
    h
}

/// `ln I_x(a, b)`, given `x` and `y = 1 - x` (both, so that neither loses digits). At most 0.
fn ln_beta_regularised(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if y <= 0.0 {
        return 0.0;
    }
    let front = ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * y.ln();
    if x < (a + 1.0) / (a + b + 2.0) {
        (front + (fraction(a, b, x) / a).ln()).min(0.0)
    } else {
        let rest = (front + (fraction(b, a, y) / b).ln()).exp();
        (1.0 - rest).max(f64::MIN_POSITIVE).ln().min(0.0)
    }
}

/// Counts up to which the tail is summed: most are small, and a few terms cost less than a continued fraction.
const SUMMED: f64 = 32.0;
/// Sum of the lower tail up to which what is left to 1 keeps twelve digits.
const LEFT: f64 = 0.999;

/// `ln P(X <= x)` by its terms, each from the one before: all are positive, so no digits are lost.
fn ln_summed(shape: f64, rate: f64, x: f64) -> f64 {
    let (mut term, mut sum, mut k) = (1.0, 1.0, 0.0);
    while k + 1.0 <= x {
        term *= (shape + k) / ((k + 1.0) * (rate + 1.0));
        sum += term;
        k += 1.0;
    }
    sum.ln() - shape * (1.0 / rate).ln_1p()
}

/// `ln P(X >= x)` of the count after `Gamma(shape, rate)`. `shape` and `rate` above 0, `x` at least 0.
#[must_use]
pub fn ln_upper(shape: f64, rate: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x <= SUMMED {
        // Exact where nothing is expected and one is seen, however unlikely.
        let below = ln_summed(shape, rate, x - 1.0);
        if x <= 1.0 || below < LEFT.ln() {
            return (-below.exp_m1()).max(f64::MIN_POSITIVE).ln().min(0.0);
        }
    }
    ln_beta_regularised(x, shape, 1.0 / (rate + 1.0), rate / (rate + 1.0))
}

/// `ln P(X <= x)` of the count after `Gamma(shape, rate)`.
#[must_use]
pub fn ln_lower(shape: f64, rate: f64, x: f64) -> f64 {
    if x <= SUMMED {
        return ln_summed(shape, rate, x).min(0.0);
    }
    ln_beta_regularised(shape, x.max(0.0) + 1.0, rate / (rate + 1.0), 1.0 / (rate + 1.0))
}

/// `-ln` of the two-sided tail: twice the smaller tail, at most 1.
#[cfg(test)]
pub fn surprise(shape: f64, rate: f64, x: f64) -> f64 {
    let smaller = ln_upper(shape, rate, x).min(ln_lower(shape, rate, x));
    (-(std::f64::consts::LN_2 + smaller)).max(0.0)
}

#[cfg(test)]
mod tests;
