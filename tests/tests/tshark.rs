//! Agreement with tshark on what handshakes, banners and questions say.

use picket_tests::peers::causes::Cause;
use picket_tests::peers::claims::{Comparison, What, differing, picket};
use picket_tests::peers::tshark;
use picket_tests::place::{files, repository, shared, tool};

/// Of the corpus every so many captures in the daily run, all of them with `PICKET_FULL_SCALE`; of the published ones all.
const DAILY_STEP: usize = 12;
/// The least share of tshark's claims that must be made here too.
const AGREEMENT: f64 = 0.995;

/// Differences go to `target/tshark-differences.txt`, the summary to `target/tshark-agreement.txt`.
#[test]
fn handshakes_banners_and_questions_agree_with_tshark() {
    const NAME: &str = "handshakes_banners_and_questions_agree_with_tshark";
    let (Some(shared), Some(program)) = (shared(NAME), tool(NAME, "tshark")) else { return };
    let endings = ["pcap", "pcapng", "cap"];
    let step = if std::env::var_os("PICKET_FULL_SCALE").is_some() { 1 } else { DAILY_STEP };
    let mut captures: Vec<_> = files(&shared.join("corpus"), &endings).into_iter().step_by(step).collect();
    captures.extend(files(&shared.join("vectors"), &endings));
    let mut comparison = Comparison::default();
    for capture in &captures {
        let mut peer = tshark::claims(&program, capture).unwrap();
        let mine = picket(capture);
        tshark::look(&program, capture, &differing(&mine, &peer), &mut peer).unwrap();
        let name = capture.strip_prefix(&shared).unwrap_or(capture).display().to_string();
        comparison.add(&name, &mine, &peer);
    }
    let target = repository().join("target");
    std::fs::create_dir_all(&target).unwrap();
    std::fs::write(target.join("tshark-agreement.txt"), comparison.to_string()).unwrap();
    std::fs::write(target.join("tshark-differences.txt"), comparison.differences.join("\n")).unwrap();
    eprint!("{comparison}");
    for (what, agreement) in &comparison.kinds {
        assert!(agreement.share() >= AGREEMENT, "{what:?}: {agreement:?}\n{}", comparison.differences.join("\n"));
    }
    let unexplained = comparison.causes.keys().filter(|(.., cause)| *cause == Cause::Unexplained).count();
    assert_eq!(unexplained, 0, "{comparison}\n{}", comparison.differences.join("\n"));
    let compared: Vec<What> = comparison.kinds.keys().copied().collect();
    assert_eq!(compared, What::ALL, "everything that docs/protocols.md says is compared");
    assert!(comparison.kinds.values().any(|agreement| agreement.both > 50), "{comparison}");
}
