//! Labels of captures and their flows.

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::IpAddr;
use std::path::Path;

/// Seconds by which a label's start and a flow's may differ and still be the same moment.
const START_TOLERANCE_S: f64 = 5.0;
/// Bytes of one line of labels at most.
const MAX_LINE: usize = 64 << 20;

/// Labels by capture.
#[derive(Debug, Default)]
pub struct Labels {
    captures: BTreeMap<String, Capture>,
}

#[derive(Debug)]
struct Capture {
    family: String,
    group: String,
    benign: bool,
    default_label: String,
    flows: BTreeMap<Key, Vec<(f64, String)>>,
}

/// An address and a port.
type End = (IpAddr, u16);

/// Two ends in a fixed order, and the transport: a label fits a flow in either direction.
type Key = (End, End, String);

/// One line of a labels file; fields that are not needed here are not read.
#[derive(Deserialize)]
struct Line {
    file: String,
    class: String,
    family: String,
    source: String,
    group: Option<String>,
    #[serde(default)]
    default_label: Option<String>,
    #[serde(default)]
    flows: Vec<LabelledFlow>,
}

#[derive(Deserialize)]
struct LabelledFlow {
    src_ip: IpAddr,
    src_port: Option<u16>,
    dest_ip: IpAddr,
    dest_port: Option<u16>,
    proto: String,
    start: f64,
    label: String,
}

/// What is known of one flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known<'a> {
    /// `malicious`, `benign`, `background` or `unsure`.
    pub label: &'a str,
    /// Family or application.
    pub family: &'a str,
    /// Unit to leave out as a whole.
    pub group: &'a str,
}

/// A flow's two ends as a label names them.
#[derive(Clone, Copy, Debug)]
pub struct Ends<'a> {
    /// One end.
    pub src: (IpAddr, u16),
    /// The other.
    pub dest: (IpAddr, u16),
    /// `TCP`, `UDP`.
    pub proto: &'a str,
}

impl Labels {
    /// Reads a labels file: one JSON object a capture.
    ///
    /// # Errors
    /// When the file cannot be read, or a line is not of that form; the message names file and line.
    pub fn read(path: &Path) -> Result<Self> {
        let file = std::fs::File::open(path).with_context(|| format!("open labels {}", path.display()))?;
        let mut labels = Self::default();
        for (number, line) in BufReader::new(file).lines().enumerate() {
            let at = || format!("labels {} line {}", path.display(), number + 1);
            let line = line.with_context(at)?;
            if line.len() > MAX_LINE {
                bail!("{}: longer than {MAX_LINE} bytes", at());
            }
            if !line.trim().is_empty() {
                labels.add(serde_json::from_str(&line).with_context(at)?);
            }
        }
        Ok(labels)
    }

    fn add(&mut self, line: Line) {
        let mut flows: BTreeMap<Key, Vec<(f64, String)>> = BTreeMap::new();
        for flow in line.flows {
            let (src, dest) = ((flow.src_ip, flow.src_port.unwrap_or(0)), (flow.dest_ip, flow.dest_port.unwrap_or(0)));
            flows.entry(key(src, dest, &flow.proto)).or_default().push((flow.start, flow.label));
        }
        for series in flows.values_mut() {
            series.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        let name = line.file.rsplit('/').next().unwrap_or_default().to_owned();
        let benign = line.class == "benign";
        let default_label = line.default_label.unwrap_or_else(|| if benign { "benign" } else { "unsure" }.to_owned());
        let group = line.group.unwrap_or(line.source);
        self.captures.insert(name, Capture { family: line.family, group, benign, default_label, flows });
    }

    /// What is known of a flow of a capture that began at `start` (seconds since 1970): the label of the same ends
    /// that began at that time, else the last one before it. `None` for captures without labels.
    #[must_use]
    pub fn find(&self, capture: &str, ends: &Ends<'_>, start: f64) -> Option<Known<'_>> {
        let capture = self.captures.get(capture)?;
        let series = capture.flows.get(&key(ends.src, ends.dest, ends.proto));
        let label = match series {
            Some(series) => nearest(series, start),
            None if capture.benign => "benign",
            None => &capture.default_label,
        };
        Some(Known { label, family: &capture.family, group: &capture.group })
    }

    /// What is known of a capture as a whole; `None` without labels.
    #[must_use]
    pub fn capture(&self, capture: &str) -> Option<Known<'_>> {
        let capture = self.captures.get(capture)?;
        Some(Known { label: &capture.default_label, family: &capture.family, group: &capture.group })
    }

    /// What is known of a client, server and port of a capture: malicious where one of their flows is. `None` for captures
    /// without labels.
    #[must_use]
    pub fn pair(&self, capture: &str, client: IpAddr, server: (IpAddr, u16)) -> Option<Known<'_>> {
        let is_pair = |(a, b): (End, End)| (a.0 == client && b == server) || (b.0 == client && a == server);
        self.worst(capture, &is_pair)
    }

    /// What is known of a host of a capture: malicious where a flow with it is. `None` for captures without labels.
    #[must_use]
    pub fn host(&self, capture: &str, ip: IpAddr) -> Option<Known<'_>> {
        self.worst(capture, &|(a, b)| a.0 == ip || b.0 == ip)
    }

    /// The first of `malicious`, `unsure`, `background`, `benign` among the flows that fit.
    fn worst(&self, capture: &str, fits: &dyn Fn((End, End)) -> bool) -> Option<Known<'_>> {
        let capture = self.captures.get(capture)?;
        let labels = || {
            let series = capture.flows.iter().filter(|((a, b, _), _)| fits((*a, *b))).flat_map(|(_, series)| series);
            series.map(|(_, label)| label.as_str())
        };
        let worst =
            ["malicious", "unsure", "background", "benign"].into_iter().find(|rank| labels().any(|l| l == *rank));
        let label = worst.unwrap_or(if capture.benign { "benign" } else { &capture.default_label });
        Some(Known { label, family: &capture.family, group: &capture.group })
    }
}

fn nearest(series: &[(f64, String)], start: f64) -> &str {
    let distance = |at: f64| (at - start).abs();
    let closest = series.iter().min_by(|a, b| distance(a.0).total_cmp(&distance(b.0)));
    let close = closest.filter(|(at, _)| distance(*at) <= START_TOLERANCE_S);
    let before = || series.iter().rev().find(|(at, _)| *at <= start);
    close.or_else(before).or_else(|| series.first()).map_or("unsure", |(_, label)| label)
}

fn key(a: (IpAddr, u16), b: (IpAddr, u16), proto: &str) -> Key {
    (a.min(b), a.max(b), proto.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn labels() -> Labels {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let flow = |start: u32, label: &str| {
            format!(
                r#"{{"src_ip":"10.0.0.1","src_port":4000,"dest_ip":"192.0.2.1","dest_port":443,"proto":"TCP","start":{start},"label":"{label}","app":"tls"}}"#
            )
        };
        writeln!(
            file,
            r#"{{"file":"malicious/s/x.pcap","class":"malicious","family":"f","source":"s","group":"g","default_label":"unsure","flows":[{},{}]}}"#,
            flow(1000, "malicious"),
            flow(2000, "background")
        )
        .unwrap();
        writeln!(file, r#"{{"file":"benign/s/y.pcap","class":"benign","family":"web","source":"s"}}"#).unwrap();
        Labels::read(file.path()).unwrap()
    }

    #[test]
    fn a_flow_finds_its_label_in_either_direction() {
        let labels = labels();
        let (client, server) = (("10.0.0.1".parse().unwrap(), 4000), ("192.0.2.1".parse().unwrap(), 443));
        let find = |src, dest, start| {
            labels.find("x.pcap", &Ends { src, dest, proto: "tcp" }, start).map(|known| known.label.to_owned())
        };
        assert_eq!(find(client, server, 1001.0).as_deref(), Some("malicious"));
        assert_eq!(find(server, client, 1999.0).as_deref(), Some("background"));
        assert_eq!(find(client, server, 1500.0).as_deref(), Some("malicious"), "a later row of the first flow");
        assert_eq!(find(client, (server.0, 80), 1000.0).as_deref(), Some("unsure"));
        let other = labels.find("y.pcap", &Ends { src: client, dest: server, proto: "TCP" }, 0.0).unwrap();
        assert_eq!((other.label, other.family, other.group), ("benign", "web", "s"));
        let label = |known: Option<Known<'_>>| known.map(|known| known.label.to_owned());
        assert_eq!(label(labels.pair("x.pcap", client.0, server)).as_deref(), Some("malicious"), "one flow is enough");
        assert_eq!(label(labels.pair("x.pcap", client.0, (server.0, 80))).as_deref(), Some("unsure"));
        assert_eq!(label(labels.host("x.pcap", client.0)).as_deref(), Some("malicious"));
        assert_eq!(label(labels.host("y.pcap", client.0)).as_deref(), Some("benign"));
        assert!(labels.find("z.pcap", &Ends { src: client, dest: server, proto: "TCP" }, 0.0).is_none());
    }

    #[test]
    fn a_wrong_line_is_named() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "\n{{\"file\":1}}").unwrap();
        let message = format!("{:#}", Labels::read(file.path()).unwrap_err());
        assert!(message.contains("line 2"), "{message}");
    }
}
