//! What the Jobs of backups run.

/// Makes a dump. One of a database is made at a time, so that what else is begun in its folder is what a try before left; of others nothing lasts
/// longer than their Job may. Only a full volume has older dumps deleted before the new one is there, as no try would mend it ever; the two newest
/// stay whatever happens. What can't be tidied, as a folder that only root may read, keeps no dump from being made.
pub(super) const DUMP: &str = r#"set -eu
mkdir -p "/backups/$FOLDER"
cd "/backups/$FOLDER"
rm -f -- *.part
find /backups -name '*.part' -mmin +1440 -exec rm -f -- {} + 2>/dev/null || true
until pg_dump --format=custom --no-owner --no-privileges --file="$NAME.part"; do
    free=$(df -Pk . | tail -n 1 | { read -r _ _ _ free _ || true; echo "$free"; })
    rm -f -- "$NAME.part"
    old=$(ls -1t -- *.dump 2>/dev/null | tail -n +3 | tail -n 1)
    case $free in '' | *[!0-9]*) exit 1 ;; esac
    if [ "$free" -ge 1024 ] || [ -z "$old" ]; then exit 1; fi
    echo "the volume is full: $old makes room" >&2
    rm -- "$old"
done
mv "$NAME.part" "$NAME.dump"
ls -1t -- *.dump | tail -n +$((KEPT + 1)) | while read -r old; do rm -- "$old"; done
ls -l -- "$NAME.dump"
"#;

/// Brings a dump back, all of it or nothing.
pub(super) const RESTORE: &str = r#"set -eu
pg_restore --exit-on-error --single-transaction --no-owner --no-privileges --no-comments --dbname="$PGDATABASE" "/backups/$FOLDER/$NAME.dump"
"#;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;
    use std::process::Command;
    use std::time::{Duration, SystemTime};

    use super::*;

    /// A volume has room for so many files.
    const PG_DUMP: &str = r#"#!/bin/sh
for one; do case $one in --file=*) touch "${one#--file=}" ;; esac; done
[ -z "${BROKEN:-}" ] && [ "$(ls | wc -l)" -le "$ROOM" ]
"#;
    const DF: &str = r#"#!/bin/sh
echo "Filesystem 1024-blocks Used Available Capacity Mounted on"
if [ "$(ls | wc -l)" -gt "$ROOM" ]; then echo "/dev/sda 9 9 0 100% /backups"; else echo "/dev/sda 9 0 9999 0% /backups"; fi
"#;

    fn program(bin: &Path, name: &str, text: &str) {
        fs::write(bin.join(name), text).unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Five dumps and what a try left are there. Whether one more could be made, and what there is then.
    fn after(room: &str, broken: &str) -> (bool, Vec<String>) {
        after_with(room, broken, &[("df", DF)])
    }

    fn after_with(room: &str, broken: &str, programs: &[(&str, &str)]) -> (bool, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let (bin, dumps) = (folder.path().join("bin"), folder.path().join("shop/shop"));
        fs::create_dir(&bin).unwrap();
        fs::create_dir_all(&dumps).unwrap();
        program(&bin, "pg_dump", PG_DUMP);
        for (name, text) in programs {
            program(&bin, name, text);
        }
        fs::write(dumps.join("0.part"), "").unwrap();
        for age in 1..=5 {
            let dump = fs::File::create(dumps.join(format!("{age}.dump"))).unwrap();
            dump.set_modified(SystemTime::now() - Duration::from_hours(age)).unwrap();
        }
        let script = DUMP.replace("/backups", folder.path().to_str().unwrap());
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let env = [
            ("PATH", path.as_str()),
            ("FOLDER", "shop/shop"),
            ("NAME", "new"),
            ("KEPT", "5"),
            ("ROOM", room),
            ("BROKEN", broken),
        ];
        let ran = Command::new("sh").args(["-c", &script]).envs(env).output().unwrap();
        let mut left: Vec<String> =
            fs::read_dir(&dumps).unwrap().map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        (ran.status.success(), left)
    }

    #[test]
    fn five_dumps_are_kept_and_what_a_try_left_goes() {
        assert_eq!(
            after("99", ""),
            (true, ["1.dump", "2.dump", "3.dump", "4.dump", "new.dump"].map(str::to_owned).to_vec())
        );
    }

    #[test]
    fn on_a_full_volume_the_oldest_make_room_and_the_two_newest_stay_whatever_happens() {
        assert_eq!(after("4", ""), (true, ["1.dump", "2.dump", "3.dump", "new.dump"].map(str::to_owned).to_vec()));
        assert_eq!(after("2", ""), (false, ["1.dump", "2.dump"].map(str::to_owned).to_vec()));
    }

    #[test]
    fn what_can_not_be_tidied_or_measured_keeps_no_dump_from_being_made_and_takes_none_away() {
        const FAILS: &str = "#!/bin/sh\nexit 1\n";
        assert!(after_with("99", "", &[("find", FAILS)]).0, "lost+found of a volume is root's");
        let all = ["1.dump", "2.dump", "3.dump", "4.dump", "5.dump"].map(str::to_owned).to_vec();
        assert_eq!(after_with("2", "", &[("df", FAILS)]), (false, all));
    }

    #[test]
    fn a_dump_that_fails_for_another_reason_takes_none_away() {
        let all = ["1.dump", "2.dump", "3.dump", "4.dump", "5.dump"].map(str::to_owned).to_vec();
        assert_eq!(after("99", "yes"), (false, all));
    }
}
