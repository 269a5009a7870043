use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, Header};

use super::*;

const CHART_FILE: &[u8] = b"apiVersion: v2\nname: web\nversion: 1.4.2\n";

/// An archive of entries, each with its name as it stands, whatever it is.
fn packed(entries: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, kind, content) in entries {
        let mut header = Header::new_gnu();
        // Not by the library's own setter, which refuses the very names that are tried here.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        if matches!(kind, EntryType::Symlink | EntryType::Link) {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

fn with(name: &str, kind: EntryType, content: &[u8]) -> Vec<u8> {
    packed(&[("web/Chart.yaml", EntryType::Regular, CHART_FILE), (name, kind, content)])
}

fn refused(bytes: &[u8]) -> String {
    check_archive(bytes, Some(("web", "1.4.2"))).unwrap_err().to_string()
}

#[test]
fn a_chart_is_what_it_should_be() {
    let good = with("web/templates/web.yaml", EntryType::Regular, b"kind: X");
    check_archive(&good, Some(("web", "1.4.2"))).unwrap();
    check_archive(&good, None).unwrap();
    assert_eq!(unpacked(&good).unwrap().get("templates/web.yaml").unwrap(), b"kind: X");
    for wanted in [("web", "1.4.3"), ("db", "1.4.2")] {
        let error = check_archive(&good, Some(wanted)).unwrap_err().to_string();
        assert!(error.contains("holds the chart `web 1.4.2`, and not"), "{error}");
    }
}

#[test]
fn names_that_lead_out_are_refused() {
    for name in ["/etc/evil", "web/../../evil", "../evil", "web/templates/../../../evil", "web\\..\\evil", "C:evil"] {
        let told = refused(&with(name, EntryType::Regular, b"evil"));
        assert!(told.contains("leads out of the chart's folder"), "{name}: {told}");
    }
}

#[test]
fn what_is_no_file_is_refused() {
    for (kind, what) in [
        (EntryType::Symlink, "symbolic link"),
        (EntryType::Link, "hard link"),
        (EntryType::Char, "device"),
        (EntryType::Block, "device"),
        (EntryType::Fifo, "pipe"),
    ] {
        let told = refused(&with("web/templates/evil", kind, b""));
        assert!(told.contains(&format!("`web/templates/evil` in it is a {what}")), "{told}");
    }
}

#[test]
fn bombs_are_refused_before_they_are_whole() {
    let zeros = vec![0; 4 << 20];
    let mut entries = vec![("web/Chart.yaml", EntryType::Regular, CHART_FILE)];
    entries.resize(20, ("web/zeros", EntryType::Regular, zeros.as_slice()));
    let bomb = packed(&entries);
    assert!(bomb.len() < 1 << 20, "{}", bomb.len());
    assert!(refused(&bomb).contains("more than 64 MiB unpacked"), "{}", refused(&bomb));
    let large = with("web/large", EntryType::Regular, &vec![0; 6 << 20]);
    assert!(refused(&large).contains("`web/large` in it has more than 5 MiB"), "{}", refused(&large));
    let many = packed(&vec![("web/f", EntryType::Regular, b"".as_slice()); 20_000]);
    assert!(refused(&many).contains("more than 10000 files"), "{}", refused(&many));
    // A header that promises what does not come.
    let mut cut = with("web/x", EntryType::Regular, "x".repeat(100_000).as_bytes());
    cut.truncate(cut.len() / 2);
    assert!(refused(&cut).contains("not a packed chart"), "{}", refused(&cut));
}

#[test]
fn what_is_no_chart_is_refused() {
    for (bytes, why) in [
        (b"not gzip at all".to_vec(), "not a packed chart"),
        (Vec::new(), "no Chart.yaml"),
        (packed(&[("web/values.yaml", EntryType::Regular, b"")]), "no Chart.yaml"),
        (packed(&[("Chart.yaml", EntryType::Regular, CHART_FILE)]), "lies in no folder"),
        (with("other/Chart.yaml", EntryType::Regular, CHART_FILE), "more than one folder"),
        (with("web/Chart.yaml", EntryType::Regular, CHART_FILE), "there twice"),
        (packed(&[("web/Chart.yaml", EntryType::Regular, b"a: [")]), "Chart.yaml can't be read"),
        (packed(&[("web/Chart.yaml", EntryType::Regular, b"- a")]), "and not `web 1.4.2`"),
    ] {
        let told = refused(&bytes);
        assert!(told.contains(why) || bytes.is_empty() && told.contains("not a packed chart"), "{why}: {told}");
    }
}

#[test]
fn charts_that_it_depends_on_are_in_it() {
    let needs =
        [CHART_FILE, b"dependencies: [{name: db, version: 1.x, repository: 'https://charts.example'}]\n"].concat();
    let alone = packed(&[("web/Chart.yaml", EntryType::Regular, &needs)]);
    assert!(refused(&alone).contains("needs the chart `db`"), "{}", refused(&alone));
    for place in ["web/charts/db/Chart.yaml", "web/charts/db-1.0.0.tgz"] {
        let whole = packed(&[("web/Chart.yaml", EntryType::Regular, &needs), (place, EntryType::Regular, b"")]);
        check_archive(&whole, Some(("web", "1.4.2"))).unwrap();
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..600)) {
        let _ = check_archive(&bytes, None);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&bytes).unwrap();
        let _ = check_archive(&gzip.finish().unwrap(), None);
    }
}
