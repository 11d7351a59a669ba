//! How each kind of value becomes safe text inside `safe!`.

use super::exact;
use super::log::StyledLine;
use super::safe::SafeText;
use crate::domain::{
    Actor, AssetId, AssetName, BugId, DatasetId, FeatureId, LessonId, Millis, ProjectId, ProposalId, QuestionId, RunId,
    ScheduleId, StepId, TaskId,
};
use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A value that `safe!` can show. Numbers and our own types are shown as they are; text and bytes from anywhere are
/// escaped by [`exact::encode`].
pub trait ToSafe {
    /// The value as safe text.
    fn to_safe(&self) -> SafeText;
}

macro_rules! plain {
    ($($kind:ty),*) => {$(
        // Their Display forms are printable ASCII whatever the value.
        impl ToSafe for $kind {
            fn to_safe(&self) -> SafeText {
                SafeText::trusted(self.to_string())
            }
        }
    )*};
}
plain!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, f32, f64, bool);
plain!(
    AssetId, AssetName, ProjectId, RunId, ScheduleId, StepId, QuestionId, BugId, DatasetId, FeatureId, LessonId,
    ProposalId, TaskId
);

macro_rules! escaped {
    ($($kind:ty => $bytes:expr),* $(,)?) => {$(
        impl ToSafe for $kind {
            fn to_safe(&self) -> SafeText {
                let bytes: fn(&$kind) -> &[u8] = $bytes;
                exact::encode(bytes(self))
            }
        }
    )*};
}
escaped! {
    str => str::as_bytes,
    String => |s| s.as_bytes(),
    [u8] => |s| s,
    Vec<u8> => |s| s,
    OsStr => |s| s.as_bytes(),
    OsString => |s| s.as_bytes(),
    Path => |s| s.as_os_str().as_bytes(),
    PathBuf => |s| s.as_os_str().as_bytes(),
    Actor => |s| s.label().as_bytes(),
}

impl<const N: usize> ToSafe for [u8; N] {
    fn to_safe(&self) -> SafeText {
        exact::encode(self)
    }
}

/// A dash stands for no run.
impl ToSafe for Option<RunId> {
    fn to_safe(&self) -> SafeText {
        SafeText::trusted(self.map_or_else(|| "-".to_owned(), |run| run.to_string()))
    }
}

impl ToSafe for Cow<'_, str> {
    fn to_safe(&self) -> SafeText {
        exact::encode(self.as_bytes())
    }
}

impl ToSafe for char {
    fn to_safe(&self) -> SafeText {
        exact::encode(self.encode_utf8(&mut [0; 4]).as_bytes())
    }
}

impl ToSafe for Millis {
    fn to_safe(&self) -> SafeText {
        exact::encode(self.rfc3339().as_bytes())
    }
}

impl ToSafe for SafeText {
    fn to_safe(&self) -> SafeText {
        self.clone()
    }
}

impl ToSafe for StyledLine {
    fn to_safe(&self) -> SafeText {
        self.to_terminal(true)
    }
}

impl<T: ToSafe + ?Sized> ToSafe for &T {
    fn to_safe(&self) -> SafeText {
        (**self).to_safe()
    }
}

impl<T: ToSafe + ?Sized> ToSafe for Box<T> {
    fn to_safe(&self) -> SafeText {
        (**self).to_safe()
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::{Actor, BugId, Millis};
    use crate::text::ToSafe;
    use std::path::Path;

    #[test]
    fn every_kind_is_shown_as_it_should_be() {
        assert_eq!((-5_i64).to_safe().as_str(), "-5");
        assert_eq!(f64::NAN.to_safe().as_str(), "NaN");
        assert_eq!(true.to_safe().as_str(), "true");
        assert_eq!(BugId(3).to_safe().as_str(), "b3");
        assert_eq!(Millis(0).to_safe().as_str(), "1970-01-01T00:00:00Z");
        assert_eq!(Path::new("a\nb").to_safe().as_str(), "a\\nb");
        assert_eq!(b"\xff".as_slice().to_safe().as_str(), "\\xff");
        assert_eq!('\u{202e}'.to_safe().as_str(), "\\u{202e}");
        let actor = Actor::operator(1, "x\x07");
        assert_eq!(actor.to_safe().as_str(), "x\\u{7}");
    }
}
