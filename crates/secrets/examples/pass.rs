//! `cargo xtask bench secrets`: a thousand encrypted files, each with a key of its own, opened one after the other as a pass over
//! all instances does.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark that can't go on stops")]

use std::time::{Duration, Instant};

use secrets::sops::{Creation, Encrypted, Format, Identities, Recipient, encrypt, generate};
use secrets::{Redactor, Secret};

const FILES: usize = 1000;
const VALUES: usize = 5;
const PASSES: usize = 5;

fn plain(file: usize) -> String {
    let value = |at: usize| format!("  KEY_{at}: value-{at}-of-file-{file}-{:064x}\n", file * 31 + at);
    let values: String = (0..VALUES).map(value).collect();
    format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: keys-{file}\nstringData:\n{values}")
}

fn main() {
    let (private, public) = generate();
    let keys = Identities::parse(&Secret::new(private.expose().to_owned())).unwrap();
    let creation = Creation::for_recipients(vec![Recipient::parse(&public).unwrap()]);
    let sealed =
        |file: usize| encrypt("s.yaml", plain(file).as_bytes(), Format::Yaml, &creation, "2026-01-31T12:00:00Z");
    let began = Instant::now();
    let files: Vec<Vec<u8>> = (0..FILES).map(|file| sealed(file).unwrap()).collect();
    let sealing = began.elapsed();
    let mut opened = Vec::new();
    for _ in 0..PASSES {
        let redactor = Redactor::new();
        let began = Instant::now();
        for (at, bytes) in files.iter().enumerate() {
            let file = Encrypted::parse("s.yaml", bytes, Format::Yaml).unwrap();
            let values = file.open(&keys).unwrap();
            for value in values.secrets() {
                redactor.register(std::str::from_utf8(value.expose().expose()).unwrap());
            }
            assert_eq!(values.content().unwrap().expose(), plain(at).as_bytes());
        }
        opened.push(began.elapsed());
        let began = Instant::now();
        let text = "a log line that holds value-3-of-file-500 and nothing else to be seen ".repeat(4);
        (0..1000).for_each(|_| drop(redactor.redact(&text)));
        println!("  1,000 log lines redacted: {} ms", began.elapsed().as_millis());
    }
    opened.sort_unstable();
    let (best, worst) = (opened.first().unwrap(), opened.last().unwrap());
    let ms = |time: &Duration| time.as_millis();
    println!("{FILES} files of {VALUES} values encrypted: {} ms", ms(&sealing));
    println!(
        "{FILES} files opened, checked and registered, {PASSES} passes: {} to {} ms; goal < 1000 ms",
        ms(best),
        ms(worst)
    );
}
