//! The name of an organization or a user.

use super::robot::is_name;

/// Reads an organization's or user's name, as Quay allows them.
pub fn parse_namespace(text: &str) -> Result<String, String> {
    if is_name(text) {
        return Ok(text.to_owned());
    }
    let hint = text
        .split(['+', '/'])
        .next()
        .unwrap_or(text)
        .to_ascii_lowercase();
    if hint != text && is_name(&hint) {
        return Err(format!(
            "`{text}` is not an organization; did you mean `{hint}`?"
        ));
    }
    Err(format!(
        "`{text}` is not an organization: names are 2 to 255 lower-case letters and digits, \
         with single `.`, `_` or `-` between them"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_robot_or_repository_given_as_organization_is_recognised() {
        assert_eq!(parse_namespace("my_org"), Ok("my_org".to_owned()));
        for wrong in ["myorg+deploy", "myorg/app", "MyOrg"] {
            assert!(
                parse_namespace(wrong).unwrap_err().contains("`myorg`"),
                "{wrong}"
            );
        }
        assert!(parse_namespace("..").is_err());
    }
}
