//! Stands in for an engine and tries what none may: one word says what, the exit status whether it could.

use std::io::Write as _;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [what, on @ ..] = args.as_slice() else { return ExitCode::from(64) };
    let on = on.first().map_or("", String::as_str);
    match attempt(what, on) {
        Ok(said) => {
            let _ = std::io::stdout().write_all(said.as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn attempt(what: &str, on: &str) -> std::io::Result<String> {
    let number = || on.parse::<usize>().unwrap_or(0);
    match what {
        "read" => std::fs::read_to_string(on),
        "list" => std::fs::read_dir(on).map(|entries| entries.count().to_string()),
        "write" => std::fs::write(on, "written").map(|()| "written".to_owned()),
        "write-home" => {
            let home = std::env::var("HOME").unwrap_or_default();
            std::fs::write(format!("{home}/file"), vec![b'x'; number()]).map(|()| "written".to_owned())
        }
        "link" => std::fs::hard_link(on, std::env::var("HOME").unwrap_or_default() + "/link").map(|()| String::new()),
        "chmod" => {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(on, std::fs::Permissions::from_mode(0o777)).map(|()| String::new())
        }
        "truncate" => std::fs::OpenOptions::new().write(true).open(on)?.set_len(0).map(|()| String::new()),
        "connect" => std::net::TcpStream::connect(on).map(|_| "connected".to_owned()),
        "datagram" => std::net::UdpSocket::bind("127.0.0.1:0").map(|_| "bound".to_owned()),
        "unix" => std::os::unix::net::UnixStream::connect(on).map(|_| "connected".to_owned()),
        "run" => Command::new(on).output().map(|_| "ran".to_owned()),
        "become" => {
            use std::os::unix::process::CommandExt as _;
            Err(Command::new(on).exec())
        }
        "signal" => {
            let pid =
                rustix::process::Pid::from_raw(on.parse().unwrap_or(1)).ok_or(std::io::ErrorKind::InvalidInput)?;
            rustix::process::test_kill_process(pid).map(|()| "reached".to_owned()).map_err(Into::into)
        }
        "leave-group" => rustix::process::setsid().map(|_| "left".to_owned()).map_err(Into::into),
        "thread" => std::thread::spawn(|| "threaded".to_owned()).join().map_err(|_| std::io::ErrorKind::Other.into()),
        "environment" => Ok(std::env::vars().map(|(name, _)| name).collect::<Vec<_>>().join("\n")),
        "eat" => Ok(vec![1_u8; number()].iter().map(|one| usize::from(*one)).sum::<usize>().to_string()),
        "say" => Ok("y\n".repeat(number() / 2)),
        "spin" => loop {
            std::hint::spin_loop();
        },
        "hang" => {
            std::thread::park();
            Ok(String::new())
        }
        "open" => (0..number())
            .map(|_| std::fs::File::open("/dev/null"))
            .collect::<Result<Vec<_>, _>>()
            .map(|all| all.len().to_string()),
        _ => Err(std::io::ErrorKind::Unsupported.into()),
    }
}
