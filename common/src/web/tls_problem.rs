//! Why a server is not trusted, in words, and what to do about it.

use crate::hint::Hint;
use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::{CertificateError, Error as TlsError, OtherError};
use sha2::{Digest, Sha256};
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// Why there is no trusted connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsProblem {
    /// Nobody who is trusted signed the certificate.
    #[error("no trusted authority signed the server's certificate")]
    UnknownAuthority,
    /// It signed itself, and is none of those that were given.
    #[error("{0}")]
    SelfSigned(SelfSigned),
    /// Its time is over.
    #[error("the server's certificate expired at {}", time(.0))]
    Expired(Option<Timestamp>),
    /// Its time has not come.
    #[error("the server's certificate is not valid before {}", time(.0))]
    NotYet(Option<Timestamp>),
    /// It is for other names; which ones.
    #[error("the server's certificate is for another name: {0}")]
    WrongName(String),
    /// The handshake failed in another way.
    #[error("{0}")]
    Other(String),
}

/// A certificate that nobody else signed, and that was not given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelfSigned {
    /// Its SHA-256, as `openssl x509 -fingerprint -sha256` shows it.
    fingerprint: String,
}

impl SelfSigned {
    /// Tells a certificate by its fingerprint.
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Self {
        let bytes = Sha256::digest(certificate);
        let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        Self {
            fingerprint: bytes.join(":"),
        }
    }

    /// As the verdict of a verifier.
    pub(super) fn refused(self) -> TlsError {
        TlsError::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(self))))
    }
}

impl fmt::Display for SelfSigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the server's certificate is self-signed and not trusted (SHA-256 {})",
            self.fingerprint
        )
    }
}

impl Error for SelfSigned {}

impl TlsProblem {
    /// Finds it among the causes of an error. rustls hides in I/O errors, whose `source` skips
    /// over it.
    pub(crate) fn in_causes(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut cause = Some(error);
        while let Some(current) = cause {
            let inner = current
                .downcast_ref::<std::io::Error>()
                .and_then(std::io::Error::get_ref);
            if let Some(inner) = inner
                && let Some(problem) = Self::in_causes(inner)
            {
                return Some(problem);
            }
            if let Some(tls) = current.downcast_ref::<TlsError>() {
                return Some(Self::of(tls));
            }
            cause = current.source();
        }
        None
    }

    fn of(error: &TlsError) -> Self {
        let TlsError::InvalidCertificate(reason) = error else {
            return Self::Other(error.to_string());
        };
        match reason {
            CertificateError::UnknownIssuer => Self::UnknownAuthority,
            CertificateError::Expired => Self::Expired(None),
            CertificateError::ExpiredContext { not_after, .. } => Self::Expired(date(*not_after)),
            CertificateError::NotValidYet => Self::NotYet(None),
            CertificateError::NotValidYetContext { not_before, .. } => {
                Self::NotYet(date(*not_before))
            }
            CertificateError::NotValidForName => Self::WrongName("it names none".into()),
            named @ CertificateError::NotValidForNameContext { .. } => {
                Self::WrongName(named.to_string())
            }
            CertificateError::Other(OtherError(other)) => {
                match other.downcast_ref::<SelfSigned>() {
                    Some(own) => Self::SelfSigned(own.clone()),
                    None => Self::Other(other.to_string()),
                }
            }
            _ => Self::Other(error.to_string()),
        }
    }

    /// Whether it is about the certificate: then another try ends the same.
    pub(crate) fn is_about_certificate(&self) -> bool {
        !matches!(self, Self::Other(_))
    }

    /// Whether it is a matter of whom is trusted.
    pub(crate) fn is_unknown_authority(&self) -> bool {
        matches!(self, Self::UnknownAuthority | Self::SelfSigned(_))
    }

    /// What to do about it; `flag` gives a certificate for the server at `address`, which is
    /// `host:port`.
    pub(crate) fn remedy(&self, address: &str, flag: &str) -> Hint {
        match self {
            Self::UnknownAuthority | Self::Other(_) => Hint::from(format!(
                "pass the certificate of the server's authority: {flag} FILE"
            )),
            Self::SelfSigned(_) => Hint::from("save the certificate: openssl s_client -connect ")
                .word(address)
                .say(" </dev/null | openssl x509 >server.pem")
                .say("; compare its SHA-256 with the one from the server's owner, then pass ")
                .say(flag)
                .say(" server.pem"),
            Self::Expired(_) | Self::NotYet(_) => Hint::from(
                "ask the server's owner to renew the certificate, or correct this machine's clock: date",
            ),
            Self::WrongName(_) => Hint::from(
                "use a name that is in the certificate, or ask for a certificate with your name",
            ),
        }
    }
}

fn date(time: UnixTime) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(time.as_secs()).ok()?).ok()
}

fn time(time: &Option<Timestamp>) -> String {
    time.map_or_else(|| "an unknown time".to_owned(), |time| time.to_string())
}
