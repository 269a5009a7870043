//! What keeps secrets inside the process: no image of its memory is written, and what it logs and its last words when it
//! panics go through the one `redact`.

use std::any::Any;
use std::io::{self, Write as _};
use std::panic::{self, Location};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use secrets::Redactor;
use tracing_subscriber::fmt::MakeWriter;

/// Whether values are opened that no redactor is told of.
static SILENT: AtomicBool = AtomicBool::new(false);

/// The one of this process: what is registered with it is in no log line.
pub(crate) fn redactor() -> &'static Redactor {
    static REDACTOR: OnceLock<Redactor> = OnceLock::new();
    REDACTOR.get_or_init(Redactor::new)
}

/// No core dump, whoever collects them, and no look into the memory by other processes of the same user. What is started
/// from here has its own.
pub(crate) fn begin() {
    // Not there on a kernel that can't: the limit is left.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    panic::set_hook(Box::new(|info| {
        // A closed terminal can't be told about.
        let _ = writeln!(io::stderr(), "{}", last_words(info.payload(), info.location()));
    }));
}

/// For a server: what it starts writes no core dump either.
pub(crate) fn no_dumps_below() {
    // It can only be refused where it is less already.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

/// From now on a panic says where it was, and not what: values are in the clear of which the redactor knows nothing.
pub(crate) fn without_words() {
    SILENT.store(true, Ordering::Relaxed);
}

fn last_words(payload: &(dyn Any + Send), place: Option<&Location<'_>>) -> String {
    let said = payload.downcast_ref::<String>().map(String::as_str).or(payload.downcast_ref::<&str>().copied());
    let said = said.filter(|_| !SILENT.load(Ordering::Relaxed)).unwrap_or("(not said, since secrets are open here)");
    let place = place.map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let thread = std::thread::current();
    let text = format!("panicked at {place} in `{}`: {said}", thread.name().unwrap_or("unnamed"));
    secrets::clean_terminal(&redactor().redact(&text))
}

/// Standard error without secrets, a whole line at a time.
#[derive(Clone, Copy)]
pub(crate) struct CleanStderr;

impl io::Write for CleanStderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        io::stderr().write_all(redactor().redact(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl MakeWriter<'_> for CleanStderr {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        *self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_say_no_secret() {
        redactor().register("hunter22-of-the-panic");
        let payload = panic::catch_unwind(|| panic!("no char boundary in `{}`", "hunter22-of-the-panic")).unwrap_err();
        let said = last_words(payload.as_ref(), None);
        assert!(said.contains("no char boundary in `•••`"), "{said}");
    }
}
