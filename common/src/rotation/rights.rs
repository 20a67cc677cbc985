//! Keeping a robot and its bridge equal while both are changed by others. No I/O.

use crate::quay::{Degree, Right, Rights};
use std::collections::BTreeSet;

/// A right, and how much of it there shall be; `None` takes it away.
pub type Change = (Right, Option<Degree>);

/// What has to change so that robot and bridge may do the same.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Merge {
    /// For the bridge.
    pub to_bridge: Vec<Change>,
    /// For the robot.
    pub to_robot: Vec<Change>,
    /// What only the bridge has, where nobody knows whether it gained it or the robot lost it.
    pub unclear: Vec<Right>,
}

/// Compares both with what the robot could do when the bridge was made: whoever changed
/// since then is followed, and where both did, the robot.
///
/// Without that (`before` is `None`) the robot is followed, and what the bridge alone has
/// is left to a person: it may have been taken from the robot meanwhile.
pub fn merge(before: Option<&Rights>, robot: &Rights, bridge: &Rights) -> Merge {
    let mut merge = Merge::default();
    let all: BTreeSet<&Right> = robot.iter().chain(bridge.iter()).map(|(r, _)| r).collect();
    for right in all {
        let (is, stands) = (robot.degree(right), bridge.degree(right));
        if is == stands {
            continue;
        }
        let Some(before) = before else {
            match is {
                Some(_) => merge.to_bridge.push((right.clone(), is)),
                None => merge.unclear.push(right.clone()),
            }
            continue;
        };
        let was = before.degree(right);
        // A bridge that lost a right is given it back: nobody knows of bridges.
        if is == was && stands.is_some() {
            merge.to_robot.push((right.clone(), stands));
        } else {
            merge.to_bridge.push((right.clone(), is));
        }
    }
    merge
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quay::Role;

    fn rights(list: &[(&str, Role)]) -> Rights {
        let right = |(name, role): &(&str, Role)| {
            (Right::Repository((*name).to_owned()), Degree::Role(*role))
        };
        list.iter().map(right).collect::<Vec<_>>().into()
    }

    fn change(name: &str, role: Option<Role>) -> Change {
        (Right::Repository(name.to_owned()), role.map(Degree::Role))
    }

    #[test]
    fn whoever_changed_is_followed() {
        use Role::{Admin, Read, Write};
        // before, robot, bridge -> to bridge, to robot
        type Case<'a> = (
            &'a [(&'a str, Role)],
            &'a [(&'a str, Role)],
            &'a [(&'a str, Role)],
            Vec<Change>,
            Vec<Change>,
        );
        let cases: Vec<Case<'_>> = vec![
            (
                &[("a", Read)],
                &[("a", Read)],
                &[("a", Read)],
                vec![],
                vec![],
            ),
            // The robot gained, lost, or changed.
            (
                &[],
                &[("a", Read)],
                &[],
                vec![change("a", Some(Read))],
                vec![],
            ),
            (
                &[("a", Read)],
                &[],
                &[("a", Read)],
                vec![change("a", None)],
                vec![],
            ),
            (
                &[("a", Read)],
                &[("a", Write)],
                &[("a", Read)],
                vec![change("a", Some(Write))],
                vec![],
            ),
            // The bridge gained: it pushed a repository into being.
            (
                &[],
                &[],
                &[("new", Admin)],
                vec![],
                vec![change("new", Some(Admin))],
            ),
            // The bridge lost what the robot still has.
            (
                &[("a", Read)],
                &[("a", Read)],
                &[],
                vec![change("a", Some(Read))],
                vec![],
            ),
            // Both changed.
            (
                &[("a", Read)],
                &[("a", Write)],
                &[("a", Admin)],
                vec![change("a", Some(Write))],
                vec![],
            ),
        ];
        for (before, robot, bridge, to_bridge, to_robot) in cases {
            let merged = merge(Some(&rights(before)), &rights(robot), &rights(bridge));
            assert_eq!((merged.to_bridge, merged.to_robot), (to_bridge, to_robot));
        }
    }

    #[test]
    fn what_may_have_been_revoked_is_never_given_back_by_guessing() {
        let (robot, bridge) = (rights(&[]), rights(&[("a", Role::Read)]));
        let merged = merge(None, &robot, &bridge);
        assert_eq!(merged.unclear, [Right::Repository("a".to_owned())]);
        assert!(merged.to_robot.is_empty() && merged.to_bridge.is_empty());
    }
}
