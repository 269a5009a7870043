//! The shapes of states: shape and word carry the meaning, colour only helps (`reference/screens.md` 6.1).

use std::fmt;

use control::Mark;

/// A state's shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// An octagon with a cross.
    Failed,
    /// A triangle.
    Attention,
    /// A hollow diamond with a question mark.
    Waiting,
    /// A half-filled circle.
    Pinning,
    /// Two offset squares.
    Drifted,
    /// A padlock.
    Locked,
    /// A dashed circle.
    Unknown,
    /// A filled circle with a tick.
    Healthy,
    /// A hollow circle.
    Off,
}

impl Shape {
    /// Every shape, worst first.
    pub(crate) const ALL: [Self; 9] = [
        Self::Failed,
        Self::Attention,
        Self::Waiting,
        Self::Pinning,
        Self::Drifted,
        Self::Locked,
        Self::Unknown,
        Self::Healthy,
        Self::Off,
    ];

    /// Its name in styles.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Attention => "attention",
            Self::Waiting => "waiting",
            Self::Pinning => "pinning",
            Self::Drifted => "drifted",
            Self::Locked => "locked",
            Self::Unknown => "unknown",
            Self::Healthy => "healthy",
            Self::Off => "off",
        }
    }

    /// What it means, for the legend.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::Failed => "Failed: someone must act",
            Self::Attention => "Needs attention: runs and is not recorded, or is stuck",
            Self::Waiting => "Waiting for approval",
            Self::Pinning => "Pinning: a pin is under way",
            Self::Drifted => "Drifted: live differs from desired",
            Self::Locked => "Locked: automatic pins are off",
            Self::Unknown => "Unknown: not seen yet, or can't be seen",
            Self::Healthy => "Healthy: proven and recorded",
            Self::Off => "Over, and nothing was touched",
        }
    }

    /// The name of its file as the page's icon.
    pub(crate) fn icon_name(self) -> &'static str {
        match self {
            Self::Failed => "icon-failed.svg",
            Self::Attention => "icon-attention.svg",
            Self::Waiting => "icon-waiting.svg",
            Self::Pinning => "icon-pinning.svg",
            Self::Drifted => "icon-drifted.svg",
            Self::Locked => "icon-locked.svg",
            Self::Unknown => "icon-unknown.svg",
            Self::Healthy => "icon-healthy.svg",
            Self::Off => "icon-off.svg",
        }
    }

    /// It as the page's icon, legible on light and dark tabs.
    pub(crate) fn icon(self) -> String {
        let colour = match self {
            Self::Failed => "#D93A2F",
            Self::Attention => "#D97A12",
            Self::Waiting => "#8B5CC7",
            Self::Pinning => "#2F7FD6",
            Self::Drifted => "#A67F0A",
            Self::Locked | Self::Unknown | Self::Off => "#7A838C",
            Self::Healthy => "#0F8F7C",
        };
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 16 16\"><style>\
             path,circle,rect{{fill:{colour}}}\
             .line{{fill:none;stroke:{colour};stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}}\
             .cut{{fill:none;stroke:#fff;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}}\
             .dash{{stroke-dasharray:2.6 2.6}}</style>{}</svg>",
            self.drawing()
        )
    }

    fn drawing(self) -> &'static str {
        match self {
            Self::Failed => r#"<path d="M5 1h6l4 4v6l-4 4H5l-4-4V5z"/><path class="cut" d="m5.5 5.5 5 5m0-5-5 5"/>"#,
            Self::Attention => {
                r#"<path d="M8 1.3a.9.9 0 0 1 .8.5l6.2 11.8a.9.9 0 0 1-.8 1.3H1.8a.9.9 0 0 1-.8-1.3L7.2 1.8a.9.9 0 0 1 .8-.5z"/><path class="cut" d="M8 6.2v3.6m0 2.4v.1"/>"#
            }
            Self::Waiting => {
                r#"<path class="line" d="M8 1.2 14.8 8 8 14.8 1.2 8z"/><path class="line thin" d="M6.6 6.6a1.5 1.5 0 1 1 2.2 1.3c-.5.3-.8.6-.8 1.1m0 1.9v.1"/>"#
            }
            Self::Pinning => r#"<circle class="line" cx="8" cy="8" r="6.2"/><path d="M8 1.8a6.2 6.2 0 0 1 0 12.4z"/>"#,
            Self::Drifted => {
                r#"<rect class="line" x="1.6" y="1.6" width="8.4" height="8.4" rx="1"/><rect x="6" y="6" width="8.6" height="8.6" rx="1"/>"#
            }
            Self::Locked => {
                r#"<rect x="2.6" y="7" width="10.8" height="8" rx="1.6"/><path class="line" d="M5 7V5a3 3 0 0 1 6 0v2"/>"#
            }
            Self::Unknown => r#"<circle class="line dash" cx="8" cy="8" r="6.2"/>"#,
            Self::Healthy => r#"<circle cx="8" cy="8" r="7"/><path class="cut" d="m4.9 8.2 2.2 2.3 4.1-4.7"/>"#,
            Self::Off => r#"<circle class="line" cx="8" cy="8" r="6.2"/>"#,
        }
    }
}

impl From<Mark> for Shape {
    fn from(mark: Mark) -> Self {
        match mark {
            Mark::Failed => Self::Failed,
            Mark::Attention => Self::Attention,
            Mark::Waiting => Self::Waiting,
            Mark::Pinning => Self::Pinning,
            Mark::Drifted => Self::Drifted,
            Mark::Locked => Self::Locked,
            Mark::Unknown => Self::Unknown,
            Mark::Healthy => Self::Healthy,
        }
    }
}

impl fmt::Display for Shape {
    /// As markup, without any text of others. A word always stands beside it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, drawing) = (self.name(), self.drawing());
        write!(f, r#"<svg class="shape {name}" viewBox="0 0 16 16" aria-hidden="true">{drawing}</svg>"#)
    }
}

impl askama::filters::HtmlSafe for Shape {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_differs_without_its_colour() {
        let mut drawings = Shape::ALL.map(Shape::drawing);
        drawings.sort_unstable();
        assert!(drawings.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
