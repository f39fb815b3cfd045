//! The classifiers: what each reads and how it is fitted.

use crate::data::{Data, Sample};
use crate::table::Table;
use crate::{Settings, boosting, forest, regression};
use picket_event::Classifier;
use picket_feature::Schema;
use picket_score::Refusal;
use picket_score::linear::Linear;
use picket_score::trees::Trees;

/// A classifier that is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Extra trees on what is offered, the hellos, the certificate and the pair.
    Certificate,
    /// Logistic regression on the hellos' tokens.
    Handshake,
    /// Boosted trees on sizes and times.
    Flow,
    /// The untrained sum of signs.
    Signs,
}

/// A fitted model.
#[derive(Clone, Debug)]
pub enum Fitted {
    /// Mean of leaves.
    Forest(Trees),
    /// Boosted, with its base.
    Boosting(Trees),
    /// Tokens.
    Tokens(Linear),
    /// The feature at this place.
    Feature(usize),
}

/// The feature that holds the untrained sum.
pub(crate) const POINTS: &str = "points";

impl Kind {
    /// Every classifier, in the order of votes.
    pub const ALL: [Self; 4] = [Self::Certificate, Self::Handshake, Self::Flow, Self::Signs];

    /// Its name in votes.
    #[must_use]
    pub const fn classifier(self) -> Classifier {
        match self {
            Self::Certificate => Classifier::Certificate,
            Self::Handshake => Classifier::Handshake,
            Self::Flow => Classifier::Flow,
            Self::Signs => Classifier::Signs,
        }
    }

    /// The schemas it reads.
    #[must_use]
    pub const fn reads(self) -> &'static [Schema] {
        match self {
            Self::Certificate => &[Schema::Offer, Schema::Handshake, Schema::Certificate, Schema::Pair],
            Self::Handshake => &[],
            Self::Flow => &[Schema::Flow],
            Self::Signs => &[Schema::Points],
        }
    }

    /// The features without which it abstains.
    #[must_use]
    pub const fn needs(self) -> &'static [&'static str] {
        match self {
            Self::Certificate | Self::Handshake => &["client_extensions"],
            Self::Flow => &["client_extensions", "dst2src_mean_ps", "src2dst_head_entropy"],
            Self::Signs => &[POINTS],
        }
    }

    /// The places of its features in the vector.
    #[must_use]
    pub fn columns(self, data: &Data) -> Vec<usize> {
        let names: Vec<String> = self.reads().iter().flat_map(|schema| schema.names()).collect();
        names.iter().filter_map(|name| data.column(name)).collect()
    }

    /// Fits it to rows of a data set.
    ///
    /// # Errors
    /// [`Refusal::Model`] where the result is over a bundle's caps.
    pub fn fit(self, data: &Data, rows: &[usize], settings: &Settings) -> Result<Fitted, Refusal> {
        let samples: Vec<&Sample> = rows.iter().filter_map(|row| data.samples.get(*row)).collect();
        let weights = data.weights(rows);
        let classes: Vec<bool> = samples.iter().map(|sample| sample.malicious()).collect();
        match self {
            Self::Signs => {
                let missing = || Refusal::Manifest(format!("no feature {POINTS}"));
                Ok(Fitted::Feature(data.column(POINTS).ok_or_else(missing)?))
            }
            Self::Handshake => {
                let rows: Vec<regression::TokenRow<'_>> = samples
                    .iter()
                    .zip(&classes)
                    .zip(&weights)
                    .map(|((sample, class), weight)| (sample.tokens.as_slice(), *class, *weight))
                    .collect();
                regression::fit(&rows, &settings.regression).map(Fitted::Tokens)
            }
            Self::Certificate | Self::Flow => {
                let vectors: Vec<&[f32]> = samples.iter().map(|sample| sample.vector.as_slice()).collect();
                let table = Table::new(&vectors, &classes, &weights);
                let columns = self.columns(data);
                if self == Self::Flow {
                    boosting::grow(&table, &columns, &settings.boosting).map(Fitted::Boosting)
                } else {
                    forest::grow(&table, &columns, &settings.forest).map(Fitted::Forest)
                }
            }
        }
    }
}

impl Fitted {
    /// The raw output for a sample.
    #[must_use]
    pub fn raw(&self, sample: &Sample) -> f32 {
        match self {
            Self::Forest(trees) | Self::Boosting(trees) => trees.predict(&sample.vector),
            Self::Tokens(linear) => linear.predict(&sample.tokens),
            Self::Feature(column) => sample.vector.get(*column).copied().unwrap_or(f32::NAN),
        }
    }
}
