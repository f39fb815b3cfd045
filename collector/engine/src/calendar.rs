//! A site's own days and hours.

use crate::config::SiteConfig;
use picket_event::Timestamp;

const DAY: i64 = 86_400;

/// An hour of a working day (0 to 23) or of a free day (24 to 47).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeCell(pub u8);

impl TimeCell {
    /// From class (0 working day, 1 free day) and hour.
    #[must_use]
    pub const fn new(class: u8, hour: u8) -> Self {
        Self(class * 24 + hour)
    }

    /// 0 working day, 1 free day.
    #[must_use]
    pub const fn class(self) -> u8 {
        self.0 / 24
    }

    /// 0 to 23.
    #[must_use]
    pub const fn hour(self) -> u8 {
        self.0 % 24
    }

    /// `workday-03`, `weekend-22`.
    #[must_use]
    pub fn label(self) -> String {
        format!("{}-{:02}", if self.class() == 0 { "workday" } else { "weekend" }, self.hour())
    }
}

/// Seconds east of UTC at an instant.
fn offset(site: &SiteConfig, time: Timestamp) -> i64 {
    site.offsets.iter().take_while(|(from, _)| *from <= time).last().map_or(0, |(_, seconds)| i64::from(*seconds))
}

/// Local day (days since 1970-01-01) and hour.
#[must_use]
pub fn local(site: &SiteConfig, time: Timestamp) -> (i64, u8) {
    let seconds = time.seconds().saturating_add(offset(site, time));
    (seconds.div_euclid(DAY), u8::try_from(seconds.rem_euclid(DAY) / 3600).unwrap_or(0))
}

/// When a local day ends.
#[must_use]
pub fn end(site: &SiteConfig, day: i64) -> Timestamp {
    let of = |seconds: i64| Timestamp::from_parts(day.saturating_add(1).saturating_mul(DAY).saturating_sub(seconds), 0);
    // By the offset that holds shortly before, which may not be that of the same second in UTC.
    of(offset(site, of(offset(site, of(0)) + 1)))
}

/// 0 for a working day, 1 for a weekend day or holiday.
#[must_use]
pub fn class(site: &SiteConfig, day: i64) -> u8 {
    // 1970-01-01 was a Thursday, day 3 of a week that begins on Monday.
    let weekday = u8::try_from((day + 3).rem_euclid(7)).unwrap_or(0);
    u8::from(!site.workdays.contains(&weekday) || site.holidays.contains(&day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_days_follow_offsets_and_holidays() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let mut site = SiteConfig::named("x");
        site.offsets = vec![(Timestamp::EPOCH, 3600), (at("2026-03-29T01:00:00Z"), 7200)];
        let monday = at("2026-03-01T23:30:00Z");
        let (day, hour) = local(&site, monday);
        assert_eq!((hour, class(&site, day)), (0, 0));
        assert_eq!(local(&site, at("2026-03-29T00:59:59Z")).1, 1);
        assert_eq!(local(&site, at("2026-03-29T01:00:00Z")).1, 3);
        site.holidays = vec![day];
        assert_eq!(class(&site, day), 1);
        assert_eq!(class(&site, day + 5), 1);
        assert_eq!(end(&site, day), at("2026-03-02T23:00:00Z"));
        let (changed, _) = local(&site, at("2026-03-29T12:00:00Z"));
        assert_eq!(end(&site, changed), at("2026-03-29T22:00:00Z"));
        assert_eq!(TimeCell::new(1, 3).label(), "weekend-03");
    }
}
