//! Why a finding does not count: the rules say so until a day, or a document that they trust does.

use jiff::civil::Date;

use super::finding::Finding;
use super::openvex::statements::VexIgnore;
use super::rules::RulesIgnore;
use crate::model::Digest;

/// Why a finding does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ignore {
    /// An entry of the rules.
    Rules(RulesIgnore),
    /// A statement in an OpenVEX document.
    Vex(VexIgnore),
}

impl Ignore {
    /// The reason; escaped.
    pub fn reason(&self) -> &str {
        match self {
            Self::Rules(ignore) => &ignore.reason,
            Self::Vex(ignore) => &ignore.reason,
        }
    }

    /// The last day on which it does not count; a statement has none.
    pub fn expires(&self) -> Option<Date> {
        match self {
            Self::Rules(ignore) => Some(ignore.expires),
            Self::Vex(_) => None,
        }
    }
}

/// A finding that does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// The finding.
    pub finding: Finding,
    /// Why it is ignored, and until when.
    pub ignore: Ignore,
}

impl Ignored {
    /// The OpenVEX document that it is ignored by.
    pub(super) fn document(&self) -> Option<Digest> {
        match &self.ignore {
            Ignore::Vex(ignore) => Some(ignore.document),
            Ignore::Rules(_) => None,
        }
    }
}
