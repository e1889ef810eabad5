use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use galeno_contract::api::ServerTls;
use hyper::StatusCode;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, RootCertStore, crypto::ring::default_provider},
};

use super::Tls;
use crate::{answer::with, listen};

const NAME: &str = "web.clinic.example";

/// An authority of certificates, for one test.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// A certificate and its key, in PEM.
    fn issue(&self) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

struct Files {
    directory: TempDir,
    tls: ServerTls,
}

impl Files {
    fn new((certificate, key): &(String, String), client_authority: Option<&Authority>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| -> PathBuf { directory.path().join(name) };
        let tls = ServerTls {
            certificate_file: path("tls.crt"),
            key_file: path("tls.key"),
            client_ca_file: client_authority.map(|_| path("ca.crt")),
        };
        if let Some(authority) = client_authority {
            std::fs::write(path("ca.crt"), &authority.pem).unwrap();
        }
        let files = Self { directory, tls };
        files.write("tls.crt", certificate);
        files.write("tls.key", key);
        files
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.directory.path().join(name), text).unwrap();
    }
}

/// Serves one word over TLS until the sender is dropped.
async fn served(tls: Tls) -> (SocketAddr, watch::Sender<bool>) {
    let listener = listen::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(listen::serve(listener, Some(tls), stopped, Duration::ZERO, |_| {
        with(StatusCode::OK, "text/plain", "no-store", Bytes::from_static(b"served"))
    }));
    (address, stop)
}

/// A client that trusts one authority, and offers these protocols and, where one is given, a certificate.
fn client(trusts: &Authority, protocols: &[&str], own: Option<(String, String)>) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(trusts.pem.as_bytes()).unwrap())
        .unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match own {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => builder
            .with_client_auth_cert(
                vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
            )
            .unwrap(),
    };
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

async fn connect(client: &TlsConnector, address: SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    client.connect(ServerName::try_from(NAME).unwrap(), stream).await
}

async fn ask(client: &TlsConnector, address: SocketAddr) -> std::io::Result<String> {
    let mut stream = connect(client, address).await?;
    let request = format!("GET / HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    Ok(text)
}

#[tokio::test]
async fn it_serves_over_tls_and_offers_http2_first() {
    let authority = Authority::new();
    let files = Files::new(&authority.issue(), None);
    let (address, _stop) = served(Tls::read(&files.tls).unwrap()).await;
    let answer = ask(&client(&authority, &["http/1.1"], None), address).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("served"),
        "{answer}"
    );
    let both = client(&authority, &["http/1.1", "h2"], None);
    let stream = connect(&both, address).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
}

#[tokio::test]
async fn whoever_trusts_another_authority_or_speaks_no_tls_gets_nothing() {
    let authority = Authority::new();
    let files = Files::new(&authority.issue(), None);
    let (address, _stop) = served(Tls::read(&files.tls).unwrap()).await;
    let stranger = client(&Authority::new(), &["http/1.1"], None);
    assert!(ask(&stranger, address).await.is_err());
    let mut plain = TcpStream::connect(address).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    // An alert of TLS, or an end without a word: both are no HTTP.
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP/"), "{answer:?}");
}

#[tokio::test]
async fn with_an_authority_of_clients_a_certificate_of_it_is_needed() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let files = Files::new(&authority.issue(), Some(&clients));
    let (address, _stop) = served(Tls::read(&files.tls).unwrap()).await;
    assert!(ask(&client(&authority, &["http/1.1"], None), address).await.is_err());
    let wrong = client(&authority, &["http/1.1"], Some(Authority::new().issue()));
    assert!(ask(&wrong, address).await.is_err());
    let right = client(&authority, &["http/1.1"], Some(clients.issue()));
    assert!(ask(&right, address).await.unwrap().ends_with("served"));
}

#[tokio::test]
async fn a_new_certificate_is_in_force_without_a_restart_and_a_broken_one_is_not() {
    let (first, second) = (Authority::new(), Authority::new());
    let files = Files::new(&first.issue(), None);
    let tls = Tls::read(&files.tls).unwrap();
    let (address, _stop) = served(tls.clone()).await;
    assert!(!tls.look().unwrap());
    files.write("tls.crt", "no certificate");
    assert!(tls.look().is_err());
    ask(&client(&first, &["http/1.1"], None), address).await.unwrap();
    let (certificate, key) = second.issue();
    files.write("tls.crt", &certificate);
    let told = format!("{:#}", tls.look().unwrap_err());
    assert!(told.contains("do not belong together"), "{told}");
    files.write("tls.key", &key);
    assert!(tls.look().unwrap());
    ask(&client(&second, &["http/1.1"], None), address).await.unwrap();
    assert!(ask(&client(&first, &["http/1.1"], None), address).await.is_err());
}

#[test]
fn files_that_do_not_fit_are_named() {
    let authority = Authority::new();
    let files = Files::new(&authority.issue(), None);
    files.write("tls.key", "no key");
    let told = format!("{:#}", Tls::read(&files.tls).err().unwrap());
    assert!(told.contains("tls.key") && told.contains("private key"), "{told}");
    std::fs::remove_file(&files.tls.certificate_file).unwrap();
    let told = format!("{:#}", Tls::read(&files.tls).err().unwrap());
    assert!(told.contains("cannot read") && told.contains("tls.crt"), "{told}");
}
