//! What is to be done, decided from what was seen. What is as it should be, or was asked for already, is not asked for again.

use secrets::Secret;

use super::Wanted;
use super::error::RdsError;
use super::id::SnapshotId;
use super::instance::{Instance, RESTORED_TAG, TAG};
use crate::claim::Claim;

/// Parameters of a request, by name.
pub(crate) type Parameters = Vec<(String, String)>;

fn parameter(name: &str, value: impl ToString) -> (String, String) {
    (name.to_owned(), value.to_string())
}

/// What a new instance is asked for with. Its storage is encrypted, and it has no address that everybody reaches.
pub(crate) fn created(wanted: &Wanted, password: &Secret<String>) -> Parameters {
    let mut all = vec![
        parameter("DBInstanceIdentifier", &wanted.id),
        parameter("Engine", "postgres"),
        parameter("DBInstanceClass", &wanted.class),
        parameter("AllocatedStorage", wanted.storage_gib),
        parameter("StorageType", "gp3"),
        parameter("StorageEncrypted", true),
        parameter("PubliclyAccessible", false),
        parameter("MultiAZ", wanted.multi_az),
        parameter("BackupRetentionPeriod", wanted.backup_days),
        parameter("DeletionProtection", wanted.deletion_protection),
        parameter("CopyTagsToSnapshot", true),
        parameter("MasterUsername", &wanted.username),
        parameter("MasterUserPassword", password.expose()),
    ];
    all.extend(wanted.version.as_ref().map(|version| parameter("EngineVersion", version)));
    all.extend(wanted.subnet_group.as_ref().map(|group| parameter("DBSubnetGroupName", group)));
    all.extend(groups(wanted));
    all.extend(tags(&wanted.claim));
    all
}

/// What an instance is asked for with that is made from a snapshot. What a snapshot brings along is made as it should be afterwards.
pub(crate) fn restored(wanted: &Wanted, snapshot: &SnapshotId, backup: &str) -> Parameters {
    let mut all = vec![
        parameter("DBInstanceIdentifier", &wanted.id),
        parameter("DBSnapshotIdentifier", snapshot),
        parameter("DBInstanceClass", &wanted.class),
        parameter("PubliclyAccessible", false),
        parameter("MultiAZ", wanted.multi_az),
        parameter("DeletionProtection", wanted.deletion_protection),
        parameter("CopyTagsToSnapshot", true),
    ];
    all.extend(wanted.subnet_group.as_ref().map(|group| parameter("DBSubnetGroupName", group)));
    all.extend(groups(wanted));
    all.extend(tags(&wanted.claim));
    all.extend([parameter("Tags.Tag.2.Key", RESTORED_TAG), parameter("Tags.Tag.2.Value", backup)]);
    all
}

pub(crate) fn tags(claim: &Claim) -> Parameters {
    vec![parameter("Tags.Tag.1.Key", TAG), parameter("Tags.Tag.1.Value", claim)]
}

fn groups(wanted: &Wanted) -> Parameters {
    let numbered = wanted.security_groups.iter().enumerate();
    numbered
        .map(|(at, group)| parameter(&format!("VpcSecurityGroupIds.VpcSecurityGroupId.{}", at + 1), group))
        .collect()
}

/// Whether an instance may be ours.
pub(crate) fn is_ours(wanted: &Wanted, instance: &Instance) -> Result<(), RdsError> {
    match &instance.claim {
        Some(claim) if *claim == wanted.claim => Ok(()),
        Some(by) => Err(RdsError::Claimed { id: wanted.id.to_string(), by: by.clone() }),
        None => Err(RdsError::NotOurs { id: wanted.id.to_string(), tag: TAG, wanted: wanted.claim.clone() }),
    }
}

/// What is to be changed of an instance, with what it is in words; nothing where it is as it should be.
pub(crate) fn changed(wanted: &Wanted, instance: &Instance) -> Result<Option<(Parameters, String)>, RdsError> {
    let (is, pending) = (&instance.settings, &instance.pending);
    let (mut all, mut words) = (Vec::new(), Vec::new());
    let mut change = |name: &str, value: String, what: &str| {
        words.push(format!("{what} {value}"));
        all.push((name.to_owned(), value));
    };
    if *pending.class.as_ref().unwrap_or(&is.class) != wanted.class {
        change("DBInstanceClass", wanted.class.clone(), "the class");
    }
    let storage = pending.storage_gib.unwrap_or(is.storage_gib);
    if storage > wanted.storage_gib {
        let help = "storage of RDS only grows: raise `storageGiB`, or move the data to a new instance";
        let what = format!("{} GiB, where it has {storage}", wanted.storage_gib);
        return Err(RdsError::Impossible { id: wanted.id.to_string(), what, help });
    }
    if storage < wanted.storage_gib {
        change("AllocatedStorage", wanted.storage_gib.to_string(), "GiB:");
    }
    if pending.multi_az.unwrap_or(is.multi_az) != wanted.multi_az {
        change("MultiAZ", wanted.multi_az.to_string(), "a second zone:");
    }
    if pending.backup_days.unwrap_or(is.backup_days) != wanted.backup_days {
        change("BackupRetentionPeriod", wanted.backup_days.to_string(), "days of backups:");
    }
    if is.deletion_protection != wanted.deletion_protection {
        change("DeletionProtection", wanted.deletion_protection.to_string(), "protection:");
    }
    if is.public {
        change("PubliclyAccessible", "false".to_owned(), "an address for everybody:");
    }
    if let Some(version) = newer(wanted, instance)? {
        let is_major = major(&version) != major(&instance.version);
        change("EngineVersion", version, "the version");
        if is_major {
            all.push(parameter("AllowMajorVersionUpgrade", true));
        }
    }
    if !wanted.security_groups.is_empty() && sorted(&wanted.security_groups) != sorted(&is.security_groups) {
        words.push(format!("the security groups {}", wanted.security_groups.join(", ")));
        all.extend(groups(wanted));
    }
    if all.is_empty() {
        return Ok(None);
    }
    let mut parameters = vec![parameter("DBInstanceIdentifier", &wanted.id), parameter("ApplyImmediately", true)];
    parameters.extend(all);
    Ok(Some((parameters, format!("give the instance {} {}", wanted.id, words.join(", ")))))
}

/// The version that it is to be brought to. `17` is satisfied by every 17, and `17.6` by every later one of 17: RDS brings them by itself.
fn newer(wanted: &Wanted, instance: &Instance) -> Result<Option<String>, RdsError> {
    let Some(version) = &wanted.version else { return Ok(None) };
    let is = instance.pending.version.as_ref().unwrap_or(&instance.version);
    let (wants, has) = (numbers(version), numbers(is));
    if has.starts_with(&wants) || has.first() == wants.first() && has > wants {
        return Ok(None);
    }
    if wants < has {
        let what = format!("version {version}, where it has {is}");
        let help = "RDS never goes back: name a version that is as new, or move the data to a new instance";
        return Err(RdsError::Impossible { id: wanted.id.to_string(), what, help });
    }
    Ok(Some(version.clone()))
}

fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map_while(|part| part.parse().ok()).collect()
}

fn major(version: &str) -> Option<u32> {
    numbers(version).first().copied()
}

fn sorted(texts: &[String]) -> Vec<&String> {
    let mut all: Vec<&String> = texts.iter().collect();
    all.sort();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rds::InstanceId;
    use crate::rds::instance::{Pending, Settings};

    fn wanted() -> Wanted {
        Wanted {
            id: InstanceId::parse("shop").unwrap(),
            class: "db.t4g.micro".to_owned(),
            storage_gib: 20,
            version: Some("17".to_owned()),
            multi_az: true,
            subnet_group: None,
            security_groups: vec!["sg-1".to_owned(), "sg-2".to_owned()],
            backup_days: 7,
            deletion_protection: true,
            username: "pinnace".to_owned(),
            claim: Claim::of("cluster-1", "shop", "shop"),
        }
    }

    fn instance() -> Instance {
        let settings = Settings {
            class: "db.t4g.micro".to_owned(),
            storage_gib: 20,
            multi_az: true,
            backup_days: 7,
            deletion_protection: true,
            public: false,
            security_groups: vec!["sg-2".to_owned(), "sg-1".to_owned()],
        };
        Instance { status: "available".to_owned(), version: "17.6".to_owned(), settings, ..Instance::default() }
    }

    fn asked(wanted: &Wanted, instance: &Instance) -> Vec<(String, String)> {
        let changed = changed(wanted, instance).unwrap();
        changed.map(|(parameters, _)| parameters.into_iter().skip(2).collect()).unwrap_or_default()
    }

    #[test]
    fn what_is_as_it_should_be_or_on_its_way_is_not_asked_for() {
        assert_eq!(changed(&wanted(), &instance()).unwrap(), None);
        let more = Wanted { storage_gib: 50, class: "db.m7g.large".to_owned(), multi_az: false, ..wanted() };
        assert_eq!(asked(&more, &instance()).len(), 3);
        let pending = Pending {
            class: Some("db.m7g.large".to_owned()),
            storage_gib: Some(50),
            multi_az: Some(false),
            ..Pending::default()
        };
        assert_eq!(changed(&more, &Instance { pending, ..instance() }).unwrap(), None);
    }

    #[test]
    fn a_version_is_brought_up_and_never_down() {
        let of = |version: &str| Wanted { version: Some(version.to_owned()), ..wanted() };
        assert_eq!(asked(&of("17.7"), &instance()), [parameter("EngineVersion", "17.7")]);
        assert_eq!(
            asked(&of("18"), &instance()),
            [parameter("EngineVersion", "18"), parameter("AllowMajorVersionUpgrade", "true")]
        );
        assert!(matches!(changed(&of("16"), &instance()), Err(RdsError::Impossible { .. })));
        assert_eq!(changed(&of("17.2"), &instance()).unwrap(), None, "RDS brought the later one by itself");
        let told = changed(&Wanted { storage_gib: 10, ..wanted() }, &instance()).unwrap_err().to_string();
        assert!(told.contains("10 GiB, where it has 20: storage of RDS only grows"), "{told}");
    }

    #[test]
    fn an_address_for_everybody_is_taken_back() {
        let mut open = instance();
        open.settings.public = true;
        assert_eq!(asked(&wanted(), &open), [parameter("PubliclyAccessible", "false")]);
    }
}
