//! How many clients there may be: in all, of one user, and so that there is always room for the engine's own user and root, whatever
//! others do.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Most clients at once.
const MOST: usize = 256;
/// Of these, how many only the engine's own user and root get.
const KEPT: usize = 32;
/// Most clients of another user.
const MOST_OF_ONE: usize = 32;

/// Who is there.
#[derive(Debug, Default, Clone)]
pub(super) struct Places(Arc<Mutex<HashMap<u32, usize>>>);

/// One client's place; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Places,
    uid: u32,
}

impl Places {
    /// A place for a client of this user; or why there is none. `own` is the engine's own user, or root.
    pub fn take(&self, uid: u32, own: bool) -> Result<Place, String> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = taken.values().sum();
        let most = if own { MOST } else { MOST - KEPT };
        if all >= most {
            return Err(format!("the engine has {all} clients already: close some, then try again"));
        }
        let of_one = taken.entry(uid).or_default();
        if !own && *of_one >= MOST_OF_ONE {
            return Err(format!(
                "user {uid} has {of_one} connections to the engine already: close some, then try again"
            ));
        }
        *of_one += 1;
        Ok(Place { places: self.clone(), uid })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.uid) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.uid);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{KEPT, MOST, MOST_OF_ONE, Places};

    #[test]
    fn nobody_takes_everything() {
        let places = Places::default();
        let mut held: Vec<_> = (0..MOST_OF_ONE).map(|_| places.take(1000, false).unwrap()).collect();
        assert!(places.take(1000, false).unwrap_err().contains("user 1000 has 32 connections"));
        for uid in 1001.. {
            let more: Vec<_> = (0..MOST_OF_ONE).map_while(|_| places.take(uid, false).ok()).collect();
            if more.is_empty() {
                break;
            }
            held.extend(more);
        }
        assert_eq!(held.len(), MOST - KEPT);
        let own: Vec<_> = (0..KEPT).map(|_| places.take(0, true).unwrap()).collect();
        assert!(places.take(0, true).unwrap_err().contains("256 clients"));
        drop(own);
        drop(held.split_off(MOST - KEPT - 1));
        assert!(places.take(1000, false).is_err(), "still at its own cap");
        assert!(places.take(9999, false).is_ok());
    }
}
