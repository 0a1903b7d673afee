//! Images that the same alternatives speak of. In other tools' policies the alternatives of all patterns that match add
//! up; native policies that match must all be satisfied. So the patterns are taken apart until each image is spoken of
//! once, or the conversion is refused.

use std::collections::BTreeSet;

use super::patterns::native;
use crate::policy::draft::{Draft, DraftAlternative, DraftError, Spot};
use crate::policy::names::NamePattern;
use crate::policy::pattern::Pattern;

/// Images, and the numbers of the alternatives that speak of them.
pub(super) struct Group {
    pub(super) include: Vec<Pattern>,
    pub(super) exclude: Vec<Pattern>,
    pub(super) alternatives: Vec<usize>,
}

/// A pattern, where it stands, and the alternatives that it is for.
struct Area {
    pattern: Pattern,
    spot: Spot,
    alternatives: BTreeSet<usize>,
}

/// The groups of `draft`.
///
/// # Errors
/// Patterns without a native form, and pairs of which neither holds the other and that have different keys.
pub(super) fn groups(
    draft: &Draft,
    alternatives: &[DraftAlternative],
) -> Result<Vec<Group>, Vec<DraftError>> {
    let areas = add_up(areas(draft, alternatives)?);
    let mut refused = Vec::new();
    for (at, one) in areas.iter().enumerate() {
        for other in areas.iter().skip(at + 1) {
            let nested = one.pattern.contains(&other.pattern) || other.pattern.contains(&one.pattern);
            if one.alternatives != other.alternatives && !nested && one.pattern.overlaps(&other.pattern) {
                let reason = format!(
                    "some images match `{}` too, with other keys, and any of all these keys is enough for them; native \
                     policies that both match must both be satisfied. Write patterns that have no image in common",
                    one.pattern
                );
                refused.push(DraftError::at(&other.spot, reason));
            }
        }
    }
    match refused.is_empty() {
        true => Ok(grouped(&areas)),
        false => Err(refused),
    }
}

/// Every distinct pattern with the alternatives that name it; those that name none are for all of the policy's.
fn areas(draft: &Draft, alternatives: &[DraftAlternative]) -> Result<Vec<Area>, Vec<DraftError>> {
    let mut areas: Vec<Area> = Vec::new();
    let mut refused = Vec::new();
    let mut add = |spot: &Spot, pattern: &NamePattern, number: usize| match native(pattern) {
        Ok(pattern) => match areas.iter_mut().find(|area| area.pattern == pattern) {
            Some(area) => drop(area.alternatives.insert(number)),
            None => {
                areas.push(Area { pattern, spot: spot.clone(), alternatives: BTreeSet::from([number]) });
            }
        },
        Err(reason) => refused.push(DraftError::at(spot, format!("`{pattern}`: {reason}"))),
    };
    for (number, alternative) in alternatives.iter().enumerate() {
        match &alternative.names {
            Some(names) => names.iter().for_each(|(spot, pattern)| add(spot, pattern, number)),
            None => {
                draft.policy.images.names().iter().for_each(|pattern| add(draft.name_spot(), pattern, number))
            }
        }
    }
    refused.dedup();
    if refused.is_empty() { Ok(areas) } else { Err(refused) }
}

/// To every pattern the alternatives of all that hold it.
fn add_up(areas: Vec<Area>) -> Vec<Area> {
    let all = |area: &Area| {
        let holding = areas.iter().filter(|other| other.pattern.contains(&area.pattern));
        holding.flat_map(|other| other.alternatives.iter().copied()).collect()
    };
    let summed: Vec<BTreeSet<usize>> = areas.iter().map(all).collect();
    areas.into_iter().zip(summed).map(|(area, alternatives)| Area { alternatives, ..area }).collect()
}

/// Patterns with the same alternatives together, without the narrower patterns that have others.
fn grouped(areas: &[Area]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for area in areas {
        let numbers: Vec<usize> = area.alternatives.iter().copied().collect();
        let narrower = areas
            .iter()
            .filter(|other| other.alternatives != area.alternatives && area.pattern.contains(&other.pattern));
        let position = groups.iter().position(|group| group.alternatives == numbers);
        let at = position.unwrap_or(groups.len());
        if position.is_none() {
            groups.push(Group { include: Vec::new(), exclude: Vec::new(), alternatives: numbers });
        }
        let Some(group) = groups.get_mut(at) else { continue };
        group.include.push(area.pattern.clone());
        for other in narrower {
            if !group.exclude.contains(&other.pattern) {
                group.exclude.push(other.pattern.clone());
            }
        }
    }
    groups
}
