//! A certificate authority that lives as long as the sandbox.

use std::io;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// Names every server certificate holds besides the ones asked for.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// A certificate authority of the sandbox's own.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    /// A new authority with a key nobody else has.
    ///
    /// # Errors
    /// When the key or its certificate cannot be made.
    pub fn new() -> io::Result<Arc<Self>> {
        let mut params = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "quay-sandbox authority");
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        limit_to_a_year(&mut params);

        let key = KeyPair::generate().map_err(io::Error::other)?;
        let pem = params.self_signed(&key).map_err(io::Error::other)?.pem();
        Ok(Arc::new(Self {
            issuer: Issuer::new(params, key),
            pem,
        }))
    }

    /// The authority's certificate, as clients need it to trust its servers.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A TLS configuration with a fresh certificate for the loopback names and `names`.
    pub(super) fn server_config(&self, names: &[String]) -> io::Result<ServerConfig> {
        let mut subjects: Vec<String> = LOOPBACK.map(String::from).to_vec();
        subjects.extend(
            names
                .iter()
                .filter(|name| !LOOPBACK.contains(&name.as_str()))
                .cloned(),
        );
        let mut params = CertificateParams::new(subjects).map_err(io::Error::other)?;
        params
            .distinguished_name
            .push(DnType::CommonName, "quay-sandbox");
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        limit_to_a_year(&mut params);

        let key = KeyPair::generate().map_err(io::Error::other)?;
        let leaf = params
            .signed_by(&key, &self.issuer)
            .map_err(io::Error::other)?;
        let secret = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], secret)
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// Platform verifiers refuse server certificates that live longer than 825 days.
fn limit_to_a_year(params: &mut CertificateParams) {
    let year = i32::from(jiff::Zoned::now().year());
    params.not_before = rcgen::date_time_ymd(year - 1, 12, 31);
    params.not_after = rcgen::date_time_ymd(year + 1, 12, 31);
}
