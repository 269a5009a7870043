//! What a pin does to the outside, as data. `control` performs it; nothing here does.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing that a pin wants done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Fetch, edit and render, to know what people would be asked about. Reads only.
    Propose,
    /// Put the question to people, or let the policy answer it.
    Ask,
    /// Say that nobody answered in time.
    Expire,
    /// Take the instance's one candidate slot.
    Claim,
    /// Fetch, edit on HEAD and render.
    Render,
    /// Dry-run the whole set at the API server.
    DryRun,
    /// Write the inventory with the candidate's objects.
    WriteInventory,
    /// Apply every object.
    Apply,
    /// Watch until the verdict.
    Watch,
    /// Make the commit in the mirror.
    Commit,
    /// Push it.
    Push,
    /// Redo the edit on a HEAD that moved.
    Redo,
    /// Name the verified commit in the inventory and prune.
    Settle,
    /// Drop the candidate: make the cluster equal to the verified commit again.
    ConvergeBack,
}

/// Where an effect's key lives in the outside system, so that after an unknown answer it is looked for before it is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPlace {
    /// It changes nothing outside, or only our own database, which is transactional.
    NothingOutside,
    /// The candidate's pin id in the inventory object; server-side apply of the same bytes is idempotent under it.
    Inventory,
    /// The commit trailer `Pinnace-Pin`.
    CommitTrailer,
}

impl Effect {
    /// Every effect, in the order of a pin's life.
    pub const ALL: [Self; 14] = [
        Self::Propose,
        Self::Ask,
        Self::Expire,
        Self::Claim,
        Self::Render,
        Self::DryRun,
        Self::WriteInventory,
        Self::Apply,
        Self::Watch,
        Self::Commit,
        Self::Push,
        Self::Redo,
        Self::Settle,
        Self::ConvergeBack,
    ];

    /// Where its key lives.
    pub fn key_place(self) -> KeyPlace {
        match self {
            Self::Propose
            | Self::Ask
            | Self::Expire
            | Self::Claim
            | Self::Render
            | Self::DryRun
            | Self::Watch
            | Self::Redo => KeyPlace::NothingOutside,
            Self::WriteInventory | Self::Apply | Self::Settle | Self::ConvergeBack => KeyPlace::Inventory,
            Self::Commit | Self::Push => KeyPlace::CommitTrailer,
        }
    }

    /// Its name in logs, metrics and on the barrier.
    pub fn name(self) -> &'static str {
        match self {
            Self::Propose => "propose",
            Self::Ask => "ask",
            Self::Expire => "expire",
            Self::Claim => "claim",
            Self::Render => "render",
            Self::DryRun => "dry-run",
            Self::WriteInventory => "write-inventory",
            Self::Apply => "apply",
            Self::Watch => "watch",
            Self::Commit => "commit",
            Self::Push => "push",
            Self::Redo => "redo",
            Self::Settle => "settle",
            Self::ConvergeBack => "converge-back",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
