//! Whose certificates are trusted, and what is said of the others.

use super::tls_problem::SelfSigned;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

/// The certificates of authorities that a server may show one of.
#[derive(Debug, Clone)]
pub(crate) struct Roots {
    /// Those that were given.
    pub given: Vec<CertificateDer<'static>>,
    /// Whether the system's count too.
    pub system: bool,
}

/// The certificates in PEM text; none where it holds none, or one that is broken.
pub(crate) fn certificates(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    read.unwrap_or_default()
}

/// The certificates in PEM text that can stand for an authority. A bundle may hold others, which
/// are left out.
pub(crate) fn authorities(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    let read = CertificateDer::pem_slice_iter(pem).filter_map(Result::ok);
    read.filter(|certificate| RootCertStore::empty().add(certificate.clone()).is_ok())
        .collect()
}

/// TLS that trusts these roots and shows no certificate of its own.
pub(crate) fn tls(roots: Roots) -> Result<ClientConfig, Error> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier(roots)?);
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Trusts a chain to one of the roots, and a server certificate that is itself one of them: Go
/// takes it for a chain of one where its name, its dates and its purpose fit
/// (`Certificate.Verify` of crypto/x509), webpki refuses it as an authority's.
///
/// # Errors
/// One of the given is no certificate.
pub(crate) fn verifier(roots: Roots) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let provider = Arc::new(ring::default_provider());
    let mut store = RootCertStore::empty();
    for root in &roots.given {
        store.add(root.clone())?;
    }
    let chains: Option<Arc<dyn ServerCertVerifier>> = match store.is_empty() {
        true => None,
        false => Some(
            WebPkiServerVerifier::builder_with_provider(store.into(), Arc::clone(&provider))
                .build()
                .map_err(|error| Error::General(error.to_string()))?,
        ),
    };
    Ok(Arc::new(Verifier {
        provider,
        roots,
        chains,
        system: OnceLock::new(),
    }))
}

#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    roots: Roots,
    /// To the given roots, where there are any.
    chains: Option<Arc<dyn ServerCertVerifier>>,
    /// To the system's. To read them takes longer than the rest of a handshake, so that is left
    /// until one is needed.
    system: OnceLock<Result<rustls_platform_verifier::Verifier, Error>>,
}

impl Verifier {
    fn chains_to_system(&self) -> Result<&rustls_platform_verifier::Verifier, Error> {
        let provider = Arc::clone(&self.provider);
        let system = self
            .system
            .get_or_init(|| rustls_platform_verifier::Verifier::new(provider));
        system.as_ref().map_err(Clone::clone)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.roots.given.contains(end_entity) {
            return verify_alone(end_entity, server_name, now);
        }
        let chain = |verifier: &dyn ServerCertVerifier| {
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        let given = self.chains.as_deref().map(chain);
        let own = is_self_signed(end_entity);
        let verdict = match given {
            Some(Ok(verified)) => return Ok(verified),
            Some(Err(error)) if !self.roots.system => Err(error),
            _ if own && is_the_systems(end_entity) => {
                return verify_alone(end_entity, server_name, now);
            }
            _ => chain(self.chains_to_system()?),
        };
        verdict.map_err(|error| match error {
            // webpki calls an authority's certificate a misuse, whoever signed it.
            Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::Other(_),
            ) if own => SelfSigned::of(end_entity).refused(),
            other => other,
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let supported = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, supported)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let supported = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, supported)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// A certificate that is trusted for itself, as far as it is one for this server now.
fn verify_alone(
    certificate: &CertificateDer<'_>,
    server_name: &ServerName<'_>,
    now: UnixTime,
) -> Result<ServerCertVerified, Error> {
    // Refuses a critical extension that nobody here understands, as Go does.
    let parsed = ParsedCertificate::try_from(certificate)?;
    let (_, read) = X509Certificate::from_der(certificate)
        .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
    let [begins, ends] = [read.validity().not_before, read.validity().not_after]
        .map(|time| u64::try_from(time.timestamp()).unwrap_or(0));
    let refused = |reason| Err(Error::InvalidCertificate(reason));
    let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    if now.as_secs() < begins {
        let not_before = at(begins);
        return refused(CertificateError::NotValidYetContext {
            time: now,
            not_before,
        });
    }
    if now.as_secs() > ends {
        let not_after = at(ends);
        return refused(CertificateError::ExpiredContext {
            time: now,
            not_after,
        });
    }
    verify_server_name(&parsed, server_name)?;
    match read.extended_key_usage() {
        Ok(None) => Ok(ServerCertVerified::assertion()),
        Ok(Some(usage)) if usage.value.any || usage.value.server_auth => {
            Ok(ServerCertVerified::assertion())
        }
        _ => refused(CertificateError::InvalidPurpose),
    }
}

fn is_self_signed(certificate: &CertificateDer<'_>) -> bool {
    X509Certificate::from_der(certificate)
        .is_ok_and(|(_, read)| read.issuer().as_raw() == read.subject().as_raw())
}

/// Whether it is one of the system's roots.
#[cfg(all(unix, not(target_os = "macos")))]
fn is_the_systems(certificate: &CertificateDer<'_>) -> bool {
    let system = rustls_native_certs::load_native_certs().certs;
    system.contains(certificate)
}

/// The systems that verify certificates themselves know their own.
#[cfg(not(all(unix, not(target_os = "macos"))))]
fn is_the_systems(_: &CertificateDer<'_>) -> bool {
    false
}
