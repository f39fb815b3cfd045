//! Pairs by hand.

use super::super::hosts::tests::row;
use super::*;

fn beacon(pairs: &mut Pairs, server: &str, starts: impl Iterator<Item = i64>) -> Vec<News> {
    starts.filter_map(|start| pairs.row(&row("10.0.0.1", server, 443, start))).collect()
}

#[test]
fn told_at_twenty_then_hourly_then_at_the_end() {
    let mut pairs = Pairs::new(true, 0);
    let news = beacon(&mut pairs, "192.0.2.9", (0..100).map(|i| i * 60));
    let told: Vec<u32> = news.iter().map(|news| news.regularity.connections).collect();
    assert_eq!(told, [20, 80]);
    let last = pairs.finish();
    assert_eq!(last.iter().map(|news| news.regularity.connections).collect::<Vec<_>>(), [100]);
    assert!(pairs.finish().is_empty(), "nothing came since");
    let Endpoints::Ip { src_port, dest_port, .. } = last[0].flow.endpoints else { panic!("no addresses") };
    assert_eq!((src_port, dest_port), (0, 443));
}

/// Regular for hours to the outside is suspicious; to the inside, by a protocol that repeats, or short, it is not.
#[test]
fn the_rule_by_hand() {
    let verdict = |server: &str, count: i64, app: Protocol, begin: i64| {
        let mut pairs = Pairs::new(true, 0);
        pairs.begin = Some(Timestamp::from_parts(begin, 0));
        for i in 0..count {
            let mut row = row("10.0.0.1", server, 443, i * 60);
            row.app.protocol = app.clone();
            pairs.row(&row);
        }
        let score = pairs.finish().pop().unwrap().score.unwrap();
        assert!(!score.reasons.is_empty() && score.votes.len() == 1);
        assert!(score.reasons.iter().all(|reason| !reason.to_string().contains("{}")));
        (score.verdict, score.value.get())
    };
    let (outside, value) = verdict("192.0.2.9", 150, Protocol::TLS, 0);
    assert_eq!(outside, Verdict::Suspicious);
    assert!((value - 0.8).abs() < 0.02, "{value}");
    assert_eq!(verdict("10.0.0.9", 150, Protocol::TLS, 0).0, Verdict::Benign);
    assert_eq!(verdict("192.0.2.9", 150, Protocol::NTP, 0).0, Verdict::Benign);
    assert_eq!(verdict("192.0.2.9", 30, Protocol::TLS, 0).0, Verdict::Benign, "half an hour is too short");
    assert_eq!(verdict("192.0.2.9", 150, Protocol::TLS, -80_000).0, Verdict::Benign, "a sliver of the day watched");
}

#[test]
fn nothing_is_scored_unless_asked() {
    let mut pairs = Pairs::new(false, 0);
    let news = beacon(&mut pairs, "192.0.2.9", (0..25).map(|i| i * 60));
    assert!(news[0].score.is_none() && news[0].regularity.rita.is_some());
}

#[test]
fn the_order_of_rows_does_not_change_the_score() {
    let starts: Vec<i64> = (0..60).map(|i| i * 97 % 3_600).collect();
    let mut sorted = starts.clone();
    sorted.sort_unstable();
    let last = |starts: Vec<i64>| {
        let mut pairs = Pairs::new(true, 0);
        let news = beacon(&mut pairs, "192.0.2.9", starts.into_iter());
        assert_eq!(news.len(), 1);
        pairs.finish().pop().unwrap().regularity
    };
    assert_eq!(last(starts), last(sorted));
}

#[test]
fn memory_is_bounded_and_what_is_forgotten_counts() {
    let mut pairs = Pairs::new(false, 0);
    for i in 0..PAIRS_MAX as u32 + 5 {
        pairs.row(&row("10.0.0.1", &std::net::Ipv4Addr::from(0x5000_0000 + (i << 8)).to_string(), 443, 0));
    }
    assert_eq!((pairs.kept, pairs.capped()[0]), (PAIRS_MAX, ("pair_series", 5)));
    let news = beacon(&mut pairs, "192.0.2.9", (0..2_000).map(|i| i * 10));
    assert!(pairs.kept <= PAIRS_MAX + KEPT_MAX);
    let last = news.last().unwrap();
    assert_eq!(last.regularity.interval_median_s, Some(10.0));
    let rita = last.regularity.rita.unwrap();
    assert_eq!(rita.bins.iter().sum::<u32>() as usize, KEPT_MAX, "the watch begins with the oldest kept");
}

#[test]
fn groups_and_later_rows_are_no_connections() {
    let mut pairs = Pairs::new(true, 0);
    assert!(beacon(&mut pairs, "224.0.0.251", 0..40).is_empty());
    for start in 0..40 {
        assert!(pairs.row(&Row { continued: true, ..row("10.0.0.1", "192.0.2.9", 443, start) }).is_none());
    }
    assert!(pairs.finish().is_empty());
}
