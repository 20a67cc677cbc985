//! Which names Quay takes.

/// The longest name the database keeps, with the namespace and the plus of a robot.
pub(super) const LONGEST: usize = 255;

/// Checks a name of a user, organization, team or robot (`util/validation.py`).
pub(super) fn check_namespace(name: &str) -> Result<(), &'static str> {
    if !matches(name) {
        return Err("Namespace must match expression ^([a-z0-9]+(?:[._-][a-z0-9]+)*)$");
    }
    if !(2..=LONGEST).contains(&name.chars().count()) {
        return Err("Namespace must be between 2 and 255 characters in length");
    }
    Ok(())
}

/// Words of `[a-z0-9]` with one of `._-` between them. Python's `$` also matches before a line
/// end, so one is taken along.
fn matches(name: &str) -> bool {
    let name = name.strip_suffix('\n').unwrap_or(name);
    let word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    name.split(['.', '_', '-']).all(word)
}

/// Checks a repository's name: lower case, several segments allowed.
pub(super) fn is_repository(name: &str) -> bool {
    let starts_well = |segment: &str| {
        segment
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let allowed = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-')
    };
    name.len() <= LONGEST
        && name
            .split('/')
            .all(|segment| starts_well(segment) && segment.bytes().all(allowed))
}
