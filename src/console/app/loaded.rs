//! Something that the engine is asked for once it is in view, and again when it may have changed.

/// A thing of which one is held at a time.
#[derive(Debug)]
pub struct Loaded<K, T> {
    key: Option<K>,
    value: Option<Result<T, String>>,
    fresh: bool,
}

impl<K, T> Default for Loaded<K, T> {
    fn default() -> Self {
        Self { key: None, value: None, fresh: false }
    }
}

impl<K: Clone + PartialEq, T> Loaded<K, T> {
    /// Whether it has to be asked for. It counts as asked for from here on, and what was held of another is let go.
    pub fn want(&mut self, key: &K) -> bool {
        if self.key.as_ref() != Some(key) {
            *self = Self { key: Some(key.clone()), value: None, fresh: false };
        }
        !std::mem::replace(&mut self.fresh, true)
    }

    /// It may have changed.
    pub fn outdate(&mut self) {
        self.fresh = false;
    }

    /// An answer. One about another thing comes too late; a failure does not put away what is there.
    pub fn take(&mut self, key: &K, value: Result<T, String>) {
        if self.key.as_ref() == Some(key) && (value.is_ok() || !matches!(self.value, Some(Ok(_)))) {
            self.value = Some(value);
        }
    }

    /// What is there of this one.
    pub fn get(&self, key: &K) -> Option<Result<&T, &str>> {
        if self.key.as_ref() != Some(key) {
            return None;
        }
        Some(self.value.as_ref()?.as_ref().map_err(String::as_str))
    }

    /// It, if it is there.
    pub fn ok(&self) -> Option<&T> {
        self.value.as_ref()?.as_ref().ok()
    }

    /// What is there, if it is about this one, and whether it came whole.
    pub fn failed(&self) -> bool {
        matches!(self.value, Some(Err(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_asked_for_once_and_a_late_answer_about_another_is_dropped() {
        let mut loaded = Loaded::<u32, &str>::default();
        assert!(loaded.want(&1) && !loaded.want(&1));
        loaded.take(&1, Ok("one"));
        assert!(loaded.want(&2) && loaded.get(&2).is_none());
        loaded.take(&1, Ok("one"));
        assert!(loaded.get(&2).is_none());
        loaded.take(&2, Ok("two"));
        loaded.outdate();
        assert!(loaded.want(&2));
        loaded.take(&2, Err("the engine is gone".to_owned()));
        assert_eq!(loaded.get(&2), Some(Ok(&"two")));
    }
}
