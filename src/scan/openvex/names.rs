//! Names of one vulnerability: what statements call alike by naming it together.

use std::collections::HashMap;

/// Names in groups, whatever their case. What any statement names together is one vulnerability, and so is what
/// shares a name with it.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    numbers: HashMap<String, usize>,
    known: Vec<Known>,
}

/// A name: a group is told by the one that no other stands above. The smaller group goes below the larger, so that
/// few stand above any.
#[derive(Debug, Clone, Copy)]
struct Known {
    above: Option<usize>,
    /// How many are in the group, while nothing stands above.
    group: usize,
}

impl Names {
    /// `together` are names of one vulnerability.
    pub(super) fn join(&mut self, together: &[String]) {
        let mut group = None;
        for name in together {
            let own = self.number(name);
            let own = self.top(own);
            group = Some(group.map_or(own, |group| self.unite(group, own)));
        }
    }

    /// The group of `name`, if a statement names it. It may change while more is joined.
    pub(super) fn group(&self, name: &str) -> Option<usize> {
        let number = self.numbers.get(&name.to_ascii_lowercase())?;
        Some(self.top(*number))
    }

    fn number(&mut self, name: &str) -> usize {
        let next = self.known.len();
        let number = *self.numbers.entry(name.to_ascii_lowercase()).or_insert(next);
        if number == next {
            self.known.push(Known { above: None, group: 1 });
        }
        number
    }

    fn top(&self, mut number: usize) -> usize {
        while let Some(above) = self.known.get(number).and_then(|known| known.above) {
            number = above;
        }
        number
    }

    /// The group that two groups are from now on.
    fn unite(&mut self, one: usize, other: usize) -> usize {
        let size = |number: usize| self.known.get(number).map_or(0, |known| known.group);
        let all = size(one) + size(other);
        let (small, large) = if size(one) < size(other) { (one, other) } else { (other, one) };
        if small != large {
            self.set(small, Known { above: Some(large), group: 0 });
            self.set(large, Known { above: None, group: all });
        }
        large
    }

    fn set(&mut self, number: usize, is: Known) {
        if let Some(known) = self.known.get_mut(number) {
            *known = is;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(together: &[&[&str]]) -> Names {
        let mut names = Names::default();
        for group in together {
            names.join(&group.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        }
        names
    }

    #[test]
    fn names_that_share_one_are_of_one_group_in_any_order() {
        for together in [
            [&["a", "b"][..], &["c", "d"], &["d", "B"], &["e"]],
            [&["d", "b"][..], &["e"], &["a", "b"], &["C", "d", "d"]],
        ] {
            let names = names(&together);
            let group = names.group("a");
            assert!(group.is_some());
            assert!(["b", "c", "d", "D"].iter().all(|name| names.group(name) == group));
            assert!(names.group("e").is_some_and(|other| Some(other) != group));
            assert_eq!(names.group("f"), None);
        }
    }
}
