//! A certificate authority that lives as long as the sandbox.

use std::io;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// Names every server certificate holds besides the ones asked for.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// A certificate authority of the sandbox's own.
pub struct Authority {
    signs: Signs,
    pem: String,
}

/// What servers show.
enum Signs {
    /// Certificates of this issuer, a fresh one each.
    Others(Issuer<'static, KeyPair>),
    /// The authority's own certificate.
    Itself(CertificateDer<'static>, KeyPair),
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
            signs: Signs::Others(Issuer::new(params, key)),
            pem,
        }))
    }

    /// A certificate as `openssl req -x509` makes it, which its server shows and which is its own
    /// authority: for these names, and good until the end of this year.
    ///
    /// # Errors
    /// When the key or its certificate cannot be made.
    pub fn self_signed(names: &[&str], last_year: i32) -> io::Result<Arc<Self>> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "quay-sandbox itself");
        params.not_before = rcgen::date_time_ymd(last_year - 2, 1, 1);
        params.not_after = rcgen::date_time_ymd(last_year, 12, 31);
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = params.self_signed(&key).map_err(io::Error::other)?;
        Ok(Arc::new(Self {
            pem: certificate.pem(),
            signs: Signs::Itself(certificate.der().clone(), key),
        }))
    }

    /// The authority's certificate, as clients need it to trust its servers.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A TLS configuration, with a fresh certificate for the loopback names and `names` where
    /// others are signed.
    pub(super) fn server_config(&self, names: &[String]) -> io::Result<ServerConfig> {
        let (certificate, secret) = match &self.signs {
            Signs::Others(issuer) => signed(issuer, names)?,
            Signs::Itself(certificate, key) => (certificate.clone(), key.serialize_der()),
        };
        let secret = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(secret));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], secret)
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// A fresh certificate for the loopback names and `names`, and its key.
fn signed(
    issuer: &Issuer<'static, KeyPair>,
    names: &[String],
) -> io::Result<(CertificateDer<'static>, Vec<u8>)> {
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
    let leaf = params.signed_by(&key, issuer).map_err(io::Error::other)?;
    Ok((leaf.der().clone(), key.serialize_der()))
}

/// Also for a client whose clock is days off. Platform verifiers refuse server certificates that
/// live longer than 825 days.
fn limit_to_a_year(params: &mut CertificateParams) {
    let today = jiff::Zoned::now().date();
    let day = |date: jiff::civil::Date| {
        let [month, day] = [date.month(), date.day()].map(i8::unsigned_abs);
        rcgen::date_time_ymd(date.year().into(), month, day)
    };
    params.not_before = day(today.saturating_sub(jiff::Span::new().days(10)));
    params.not_after = day(today.saturating_add(jiff::Span::new().days(365)));
}
