//! Images that the same alternatives speak of. In other tools' policies the alternatives of all patterns that match add
//! up; native policies that match must all be satisfied. So the patterns are taken apart until each image is spoken of
//! once, or the conversion is refused.

use std::collections::{BTreeMap, BTreeSet};

use super::patterns::native;
use crate::policy::draft::{Draft, DraftAlternative, DraftError, Spot};
use crate::policy::names::NamePattern;
use crate::policy::pattern::Pattern;

/// Most distinct patterns of one policy: each may be held against every other.
const PATTERN_LIMIT: usize = 2000;

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
/// Patterns without a native form, too many of them, and pairs of which neither holds the other and that have
/// different keys.
pub(super) fn groups(
    draft: &Draft,
    alternatives: &[DraftAlternative],
) -> Result<Vec<Group>, Vec<DraftError>> {
    let areas = add_up(areas(draft, alternatives)?);
    let mut refused = Vec::new();
    for (at, one) in areas.iter().enumerate() {
        let others = areas.iter().skip(at + 1).filter(|other| one.alternatives != other.alternatives);
        for other in others.filter(|other| one.pattern.overlaps(&other.pattern)) {
            if !one.pattern.contains(&other.pattern) && !other.pattern.contains(&one.pattern) {
                refused.push(crossing(one, other));
            }
        }
    }
    match refused.is_empty() {
        true => Ok(grouped(&areas)),
        false => Err(refused),
    }
}

fn crossing(one: &Area, other: &Area) -> DraftError {
    let reason = format!(
        "some images match `{}` too, with other keys, and any of all these keys is enough for them; native policies \
         that both match must both be satisfied. Write patterns that have no image in common",
        one.pattern
    );
    DraftError::at(&other.spot, reason)
}

/// The patterns that are written, each with its place and the number of the alternative that it is for. Alternatives
/// without patterns of their own are for all of the policy's.
fn written<'a>(
    draft: &'a Draft,
    alternatives: &'a [DraftAlternative],
) -> impl Iterator<Item = (&'a Spot, &'a NamePattern, usize)> {
    let all = || {
        draft
            .policy
            .images
            .names()
            .iter()
            .enumerate()
            .map(|(at, pattern)| (draft.name_patterns.get(at).unwrap_or(draft.name_spot()), pattern))
    };
    alternatives.iter().enumerate().flat_map(move |(number, alternative)| {
        let own = alternative.names.iter().flatten().map(|(spot, pattern)| (spot, pattern));
        let shared = alternative.names.is_none().then(all).into_iter().flatten();
        own.chain(shared).map(move |(spot, pattern)| (spot, pattern, number))
    })
}

/// Every distinct pattern with the alternatives that name it.
fn areas(draft: &Draft, alternatives: &[DraftAlternative]) -> Result<Vec<Area>, Vec<DraftError>> {
    let mut known: BTreeMap<&NamePattern, Result<Pattern, String>> = BTreeMap::new();
    let mut numbers: BTreeMap<Pattern, usize> = BTreeMap::new();
    let mut areas: Vec<Area> = Vec::new();
    let mut refused: Vec<DraftError> = Vec::new();
    for (spot, pattern, number) in written(draft, alternatives) {
        let native = match known.entry(pattern).or_insert_with(|| native(pattern)) {
            Ok(native) => native.clone(),
            Err(reason) => {
                refused.push(DraftError::at(spot, format!("`{pattern}`: {reason}")));
                continue;
            }
        };
        let at = *numbers.entry(native.clone()).or_insert(areas.len());
        match areas.get_mut(at) {
            Some(area) => drop(area.alternatives.insert(number)),
            None if at == PATTERN_LIMIT => {
                let reason = format!("more than {PATTERN_LIMIT} patterns; convert the policy in parts");
                return Err(vec![DraftError::at(spot, reason)]);
            }
            None => {
                areas.push(Area { pattern: native, spot: spot.clone(), alternatives: [number].into() });
            }
        }
    }
    let place = |error: &DraftError| error.place.map(|place| (place.line, place.column));
    refused.sort_by_key(place);
    refused.dedup();
    if refused.is_empty() { Ok(areas) } else { Err(refused) }
}

/// To every pattern the alternatives of all that hold it.
fn add_up(areas: Vec<Area>) -> Vec<Area> {
    let all = |area: &Area| {
        // Patterns are held against each other only where that could add something.
        let adding = areas.iter().filter(|other| !other.alternatives.is_subset(&area.alternatives));
        let holding = adding.filter(|other| other.pattern.contains(&area.pattern));
        let added = holding.flat_map(|other| other.alternatives.iter().copied());
        area.alternatives.iter().copied().chain(added).collect()
    };
    let summed: Vec<BTreeSet<usize>> = areas.iter().map(all).collect();
    areas.into_iter().zip(summed).map(|(area, alternatives)| Area { alternatives, ..area }).collect()
}

/// Patterns with the same alternatives together, without the narrower patterns that have others.
fn grouped(areas: &[Area]) -> Vec<Group> {
    let mut numbers: BTreeMap<&BTreeSet<usize>, usize> = BTreeMap::new();
    let mut groups: Vec<(Group, BTreeSet<&Pattern>)> = Vec::new();
    for area in areas {
        let at = *numbers.entry(&area.alternatives).or_insert(groups.len());
        if at == groups.len() {
            let alternatives = area.alternatives.iter().copied().collect();
            let group = Group { include: Vec::new(), exclude: Vec::new(), alternatives };
            groups.push((group, BTreeSet::new()));
        }
        let Some((group, excluded)) = groups.get_mut(at) else { continue };
        group.include.push(area.pattern.clone());
        let others = areas.iter().filter(|other| other.alternatives != area.alternatives);
        for other in others.filter(|other| area.pattern.contains(&other.pattern)) {
            if excluded.insert(&other.pattern) {
                group.exclude.push(other.pattern.clone());
            }
        }
    }
    groups.into_iter().map(|(group, _)| group).collect()
}
