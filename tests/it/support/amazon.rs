//! A server that stands for Amazon's: a TLS socket on loopback that serves certificates of SNS and confirms
//! subscriptions, and a key whose signatures the certificate vouches for.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use firebell::domain::Timestamp;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PKCS_RSA_SHA256};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// The host that it stands for.
pub const HOST: &str = "sns.eu-west-1.amazonaws.com";
/// The topic of its messages.
pub const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:alerts";
/// Where the certificate stands that vouches for its signatures.
pub const CERTIFICATE: &str = "/SimpleNotificationService-0.pem";

/// The key that it signs messages with. It vouches for nothing outside these tests.
const KEY: &str = include_str!("amazon-key.pem");

/// What it answers to a path: the status and headers as they stand on the wire, and the body.
type Answers = BTreeMap<String, (String, Vec<u8>)>;

/// A server on loopback in Amazon's place.
pub struct Amazon {
    address: SocketAddr,
    ca: String,
    connections: Arc<AtomicU64>,
    asked: Arc<Mutex<Vec<String>>>,
    answers: Arc<Mutex<Answers>>,
}

impl Amazon {
    /// Starts it, with its certificate where it should be.
    pub async fn start() -> Self {
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let (key, leaf) = (KeyPair::generate().unwrap(), CertificateParams::new(vec![HOST.to_owned()]).unwrap());
        let leaf = leaf.signed_by(&key, &Issuer::from_params(&ca, &ca_key)).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.der().clone()],
                PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let amazon = Self {
            address: listener.local_addr().unwrap(),
            ca: ca.self_signed(&ca_key).unwrap().pem(),
            connections: Arc::default(),
            asked: Arc::default(),
            answers: Arc::default(),
        };
        amazon.answer(CERTIFICATE, "200 OK", signing_certificate().as_bytes());
        tokio::spawn(serve(
            listener,
            TlsAcceptor::from(Arc::new(config)),
            amazon.connections.clone(),
            amazon.asked.clone(),
            amazon.answers.clone(),
        ));
        amazon
    }

    /// What asks this server whatever host is meant.
    pub fn client(&self) -> firebell::web::Amazon {
        firebell::web::Amazon::standing_at(self.address, self.ca.as_bytes()).unwrap()
    }

    /// Has it answer a path so: a status such as `200 OK`, with headers on further lines, and a body.
    pub fn answer(&self, path: &str, status: &str, body: &[u8]) {
        self.answers.lock().unwrap().insert(path.to_owned(), (status.to_owned(), body.to_vec()));
    }

    /// The certificate that vouches for its messages.
    pub fn certificate(&self) -> String {
        signing_certificate()
    }

    /// Every request that it got, as `host/path`, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// How many connections it saw, of whatever came of them.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn serve(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    connections: Arc<AtomicU64>,
    asked: Arc<Mutex<Vec<String>>>,
    answers: Arc<Mutex<Answers>>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        connections.fetch_add(1, Ordering::SeqCst);
        let (acceptor, asked, answers) = (acceptor.clone(), asked.clone(), answers.clone());
        tokio::spawn(async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") && stream.read_buf(&mut head).await.is_ok_and(|count| 0 < count) {}
            let head = String::from_utf8_lossy(&head).into_owned();
            let path = head.strip_prefix("GET ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
            let host = head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
            asked.lock().unwrap().push(format!("{host}{path}"));
            let answer = answers.lock().unwrap().get(path).cloned();
            let (status, body) = answer.unwrap_or_else(|| ("404 Not Found".to_owned(), Vec::new()));
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            // Whoever has read enough hangs up.
            let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
            let _ = stream.shutdown().await;
        });
    }
}

/// The certificate that vouches for [`KEY`].
fn signing_certificate() -> String {
    let key = KeyPair::from_pkcs8_pem_and_sign_algo(KEY, &PKCS_RSA_SHA256).unwrap();
    CertificateParams::new(vec![HOST.to_owned()]).unwrap().self_signed(&key).unwrap().pem()
}

/// A message of SNS of this type and with these fields, sent at `now` and signed.
pub fn message(kind: &str, now: Timestamp, fields: Value) -> Value {
    let mut message = json!({
        "Type": kind,
        "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
        "TopicArn": TOPIC,
        "Timestamp": now.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        "SignatureVersion": "2",
        "SigningCertURL": format!("https://{HOST}{CERTIFICATE}"),
    });
    message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let signed: &[&str] = match kind {
        "Notification" => &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
        _ => &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
    };
    let text: String =
        signed.iter().filter_map(|name| Some(format!("{name}\n{}\n", message.get(name)?.as_str().unwrap()))).collect();
    let (_, key) = x509_parser::pem::parse_x509_pem(KEY.as_bytes()).unwrap();
    let key = RsaKeyPair::from_pkcs8(&key.contents).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
    message["Signature"] = STANDARD.encode(signature).into();
    message
}
