//! Servers that misbehave, and servers that take alerts.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What to do with one request to the object store.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    /// Pass it on.
    Pass,
    /// Answer so, without passing it on.
    Answer(u16, &'static str),
    /// Pass it on, and hang up instead of giving the answer.
    LoseAnswer,
    /// Pass it on after this long.
    Delay(Duration),
    /// Pass it on; the answer's clock is off by so many seconds.
    Clock(i64),
}

/// A proxy in front of the object store. It decides by the request's first line and its number, from 0.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    pub(crate) seen: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    pub(crate) fn start(upstream: u16, decide: impl Fn(&str, usize) -> Deed + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (decide, all) = (Arc::new(decide), Arc::clone(&seen));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (decide, seen) = (Arc::clone(&decide), Arc::clone(&all));
                std::thread::spawn(move || serve(client, upstream, decide.as_ref(), &seen));
            }
        });
        Self { port, seen }
    }
}

/// One request a connection: what is passed on says `Connection: close`.
fn serve(
    client: TcpStream,
    upstream: u16,
    decide: &dyn Fn(&str, usize) -> Deed,
    seen: &Mutex<Vec<String>>,
) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let head = read_head(&mut reader)?;
    let first = head.lines().next()?.to_owned();
    let number = {
        let mut seen = seen.lock().unwrap();
        seen.push(first.clone());
        seen.len() - 1
    };
    let length = header(&head, "content-length")
        .and_then(|value| value.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let deed = decide(&first, number);
    let mut client = client;
    match deed {
        Deed::Answer(status, code) => {
            let text = format!("<Error><Code>{code}</Code><Message>by the test</Message></Error>");
            let head = format!(
                "HTTP/1.1 {status} Test\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                text.len()
            );
            client.write_all(format!("{head}{text}").as_bytes()).ok()?;
        }
        deed => {
            if let Deed::Delay(delay) = deed {
                std::thread::sleep(delay);
            }
            let mut server = TcpStream::connect(("127.0.0.1", upstream)).ok()?;
            let (line, rest) = head.split_once("\r\n")?;
            server
                .write_all(format!("{line}\r\nConnection: close\r\n{rest}").as_bytes())
                .ok()?;
            server.write_all(&body).ok()?;
            let mut answer = Vec::new();
            server.read_to_end(&mut answer).ok()?;
            match deed {
                Deed::LoseAnswer => {}
                Deed::Clock(seconds) => client.write_all(&with_clock(&answer, seconds)).ok()?,
                _ => client.write_all(&answer).ok()?,
            }
        }
    }
    client.shutdown(Shutdown::Both).ok()
}

fn with_clock(answer: &[u8], seconds: i64) -> Vec<u8> {
    let split = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&answer[..split]);
    let lines: Vec<&str> = head
        .split("\r\n")
        .filter(|line| !line.to_ascii_lowercase().starts_with("date:"))
        .collect();
    let then = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
    let date = then.strftime("%a, %d %b %Y %H:%M:%S GMT");
    let mut out = format!("{}\r\nDate: {date}", lines.join("\r\n")).into_bytes();
    out.extend(&answer[split..]);
    out
}

fn read_head(reader: &mut impl std::io::BufRead) -> Option<String> {
    let mut head = String::new();
    loop {
        let before = head.len();
        reader.read_line(&mut head).ok().filter(|&count| count > 0)?;
        if &head[before..] == "\r\n" {
            return Some(head);
        }
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// A web server that takes webhooks; it answers 500 to the first `failures`.
pub(crate) struct Webhook {
    pub(crate) port: u16,
    pub(crate) taken: Arc<Mutex<Vec<String>>>,
}

impl Webhook {
    pub(crate) fn start(failures: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&taken);
        std::thread::spawn(move || {
            for (number, client) in listener.incoming().flatten().enumerate() {
                let mut reader = BufReader::new(client.try_clone().unwrap());
                let Some(head) = read_head(&mut reader) else { continue };
                let length = header(&head, "content-length").map_or(0, |value| value.parse().unwrap());
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let status = if number < failures { "500 No" } else { "204 Taken" };
                if number >= failures {
                    all.lock().unwrap().push(String::from_utf8(body).unwrap());
                }
                let mut client = client;
                let _ = client.write_all(
                    format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").as_bytes(),
                );
            }
        });
        Self { port, taken }
    }
}

/// A mail server; it says `try again later` to the first `failures` letters. With `tls` it offers STARTTLS and takes no
/// letter without it.
pub(crate) struct MailServer {
    pub(crate) port: u16,
    pub(crate) taken: Arc<Mutex<Vec<String>>>,
    /// Every line that was said in the clear.
    pub(crate) clear: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    pub(crate) fn start(failures: usize) -> Self {
        Self::start_with(failures, None)
    }

    pub(crate) fn start_with(failures: usize, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (taken, clear) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
        let mut post = Post {
            failures,
            refused: 0,
            taken: Arc::clone(&taken),
        };
        let heard = Arc::clone(&clear);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let _ = welcome(client, tls.as_ref(), &mut post, &heard);
            }
        });
        Self { port, taken, clear }
    }
}

/// What becomes of letters.
struct Post {
    failures: usize,
    refused: usize,
    taken: Arc<Mutex<Vec<String>>>,
}

/// The part of a session before STARTTLS (RFC 3207), or all of it.
fn welcome(
    mut client: TcpStream,
    tls: Option<&Arc<rustls::ServerConfig>>,
    post: &mut Post,
    clear: &Mutex<Vec<String>>,
) -> Option<()> {
    client.write_all(b"220 mail.test ESMTP\r\n").ok()?;
    let Some(config) = tls else {
        return receive(BufReader::new(client), post);
    };
    let mut session = BufReader::new(client);
    loop {
        let line = read_line(&mut session)?;
        clear.lock().unwrap().push(line.clone());
        match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" => say(&mut session, "250-mail.test\r\n250 STARTTLS")?,
            "STAR" => break say(&mut session, "220 go on")?,
            "QUIT" => return say(&mut session, "221 bye"),
            _ => say(&mut session, "530 only after STARTTLS")?,
        }
    }
    let connection = rustls::ServerConnection::new(Arc::clone(config)).ok()?;
    let encrypted = rustls::StreamOwned::new(connection, session.into_inner());
    receive(BufReader::new(encrypted), post)
}

fn read_line(session: &mut BufReader<impl std::io::Read>) -> Option<String> {
    let mut line = String::new();
    session.read_line(&mut line).ok().filter(|&count| count > 0)?;
    Some(line)
}

fn say<S: std::io::Read + std::io::Write>(session: &mut BufReader<S>, text: &str) -> Option<()> {
    session.get_mut().write_all(format!("{text}\r\n").as_bytes()).ok()?;
    session.get_mut().flush().ok()
}

/// One SMTP session (RFC 5321).
fn receive<S: std::io::Read + std::io::Write>(mut session: BufReader<S>, post: &mut Post) -> Option<()> {
    let mut letter = String::new();
    loop {
        let line = read_line(&mut session)?;
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => say(&mut session, "250-mail.test\r\n250-8BITMIME\r\n250 SMTPUTF8")?,
            "MAIL" if post.refused < post.failures => {
                post.refused += 1;
                say(&mut session, "451 try again later")?;
            }
            "MAIL" | "RCPT" => {
                letter.push_str(&line);
                say(&mut session, "250 fine")?;
            }
            "DATA" => {
                say(&mut session, "354 go on")?;
                loop {
                    let line = read_line(&mut session)?;
                    if line == ".\r\n" {
                        break;
                    }
                    letter.push_str(&line);
                }
                post.taken.lock().unwrap().push(std::mem::take(&mut letter));
                say(&mut session, "250 taken")?;
            }
            "QUIT" => return say(&mut session, "221 bye"),
            _ => say(&mut session, "250 fine")?,
        }
    }
}

/// A Kubernetes API server with a few objects; nodes may not be listed.
pub(crate) struct KubernetesApi {
    pub(crate) port: u16,
    /// Whether every request showed the token.
    pub(crate) authorized: Arc<std::sync::atomic::AtomicBool>,
}

impl KubernetesApi {
    /// The Application of Argo CD says that `revision` runs.
    pub(crate) fn start(revision: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let authorized = Arc::new(std::sync::atomic::AtomicBool::new(true));
        let (all, revision) = (Arc::clone(&authorized), revision.to_owned());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let mut reader = BufReader::new(client.try_clone().unwrap());
                let Some(head) = read_head(&mut reader) else { continue };
                if header(&head, "authorization") != Some("Bearer the-token") {
                    all.store(false, std::sync::atomic::Ordering::SeqCst);
                }
                let (status, body) = kubernetes(head.split(' ').nth(1).unwrap_or_default(), &revision);
                let head = format!(
                    "HTTP/1.1 {status} Test\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                let mut client = client;
                let _ = client.write_all(format!("{head}{body}").as_bytes());
            }
        });
        Self { port, authorized }
    }
}

fn kubernetes(path: &str, revision: &str) -> (u16, String) {
    let resource = |name: &str| serde_json::json!({"name": name, "verbs": ["get", "list"]});
    let body = match path {
        "/apis" => serde_json::json!({"groups": [{"preferredVersion": {"groupVersion": "apps/v1"}}]}),
        "/api/v1" => serde_json::json!({"resources": [
            resource("secrets"), resource("nodes"), resource("pods/log"), {"name": "bindings", "verbs": ["create"]},
        ]}),
        "/apis/apps/v1" => serde_json::json!({"resources": [resource("statefulsets")]}),
        "/apis/apps/v1/statefulsets" => serde_json::json!({"items": [{"metadata": {"name": "mariadb-g0"}}]}),
        "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/prod" => {
            serde_json::json!({"status": {"sync": {"revision": revision}}})
        }
        _ => return (403, "{}".to_owned()),
    };
    (200, body.to_string())
}
