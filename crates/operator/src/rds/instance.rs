//! An instance, as RDS tells of it.

use super::xml::Element;
use crate::claim::Claim;

/// The tag that says whose an instance is.
pub(crate) const TAG: &str = "pinnace.dev/owned-by";

/// The tag that says which backup an instance was made from.
pub(crate) const RESTORED_TAG: &str = "pinnace.dev/restored-from";

/// An instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Instance {
    /// What it is at, in the words of RDS.
    pub status: String,
    /// Where clients reach it, once it is known.
    pub host: Option<String>,
    /// Its port.
    pub port: u16,
    /// The role that may make databases and roles.
    pub username: String,
    /// Its version.
    pub version: String,
    /// The backup that it was made from, where it was.
    pub restored_from: Option<String>,
    pub(crate) claim: Option<Claim>,
    pub(crate) settings: Settings,
    /// What was asked for and is not yet so.
    pub(crate) pending: Pending,
}

/// What can be changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) class: String,
    pub(crate) storage_gib: u32,
    pub(crate) multi_az: bool,
    pub(crate) backup_days: u32,
    pub(crate) deletion_protection: bool,
    pub(crate) public: bool,
    pub(crate) security_groups: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pending {
    pub(crate) class: Option<String>,
    pub(crate) storage_gib: Option<u32>,
    pub(crate) multi_az: Option<bool>,
    pub(crate) backup_days: Option<u32>,
    pub(crate) version: Option<String>,
}

/// What an instance's status means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It takes connections.
    Ready,
    /// It will, by itself.
    Working,
    /// It is deleted now.
    Leaving,
    /// Somebody has to do something.
    Stuck,
}

impl Instance {
    pub(crate) fn read(element: &Element) -> Self {
        let text = |name: &str| element.text_of(name).to_owned();
        let number = |name: &str| element.text_of(name).parse().unwrap_or_default();
        let flag = |name: &str| element.text_of(name) == "true";
        let groups = element.child("VpcSecurityGroups").map(|groups| groups.children.as_slice()).unwrap_or_default();
        let tags = element.child("TagList").map(|tags| tags.children.as_slice()).unwrap_or_default();
        let tag = |key: &str| tags.iter().find(|tag| tag.text_of("Key") == key).map(|tag| tag.text_of("Value"));
        Self {
            status: text("DBInstanceStatus"),
            host: element.at(&["Endpoint", "Address"]).map(|address| address.text.clone()),
            port: element.at(&["Endpoint", "Port"]).and_then(|port| port.text.parse().ok()).unwrap_or(5432),
            username: text("MasterUsername"),
            version: text("EngineVersion"),
            restored_from: tag(RESTORED_TAG).map(str::to_owned),
            claim: tag(TAG).and_then(Claim::of_value),
            settings: Settings {
                class: text("DBInstanceClass"),
                storage_gib: number("AllocatedStorage"),
                multi_az: flag("MultiAZ"),
                backup_days: number("BackupRetentionPeriod"),
                deletion_protection: flag("DeletionProtection"),
                public: flag("PubliclyAccessible"),
                security_groups: groups.iter().map(|group| group.text_of("VpcSecurityGroupId").to_owned()).collect(),
            },
            pending: element.child("PendingModifiedValues").map(Pending::read).unwrap_or_default(),
        }
    }

    /// What its status means.
    pub fn phase(&self) -> Phase {
        match self.status.as_str() {
            "available"
            | "backing-up"
            | "storage-optimization"
            | "configuring-enhanced-monitoring"
            | "storage-config-upgrade" => Phase::Ready,
            "deleting" => Phase::Leaving,
            "failed"
            | "stopped"
            | "stopping"
            | "storage-full"
            | "restore-error"
            | "insufficient-capacity"
            | "inaccessible-encryption-credentials"
            | "inaccessible-encryption-credentials-recoverable" => Phase::Stuck,
            status if status.starts_with("incompatible-") => Phase::Stuck,
            _ => Phase::Working,
        }
    }

    /// What to do with one that is stuck.
    pub fn help(&self) -> &'static str {
        match self.status.as_str() {
            "stopped" | "stopping" => "somebody stopped it: start it in RDS",
            "storage-full" => "its storage is full: raise `storageGiB`",
            "insufficient-capacity" => "RDS has no machine of its class free: name another class",
            status if status.starts_with("inaccessible-encryption") => {
                "its key in KMS can't be used: enable it, and let RDS use it"
            }
            _ => "look at its events in RDS",
        }
    }
}

impl Pending {
    fn read(element: &Element) -> Self {
        let text = |name: &str| element.child(name).map(|child| child.text.clone());
        let number = |name: &str| text(name)?.parse().ok();
        Self {
            class: text("DBInstanceClass"),
            storage_gib: number("AllocatedStorage"),
            multi_az: text("MultiAZ").map(|flag| flag == "true"),
            backup_days: number("BackupRetentionPeriod"),
            version: text("EngineVersion"),
        }
    }
}
